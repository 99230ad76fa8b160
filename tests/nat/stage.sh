#!/usr/bin/env bash
# stage.sh BUILD: nodes behind real NATs: network namespaces with nftables in
# between. Needs root. All of it lives in namespaces of its own (mounts, net,
# processes), so whatever happens, nothing is left behind.
set -eu
build=$(realpath "$1")
cd "$(dirname "$0")"
skip() {
	echo "SKIP nat/namespaces: $1"
	exit 0
}
[ "$(id -u)" -eq 0 ] || skip "needs root"
command -v nft >/dev/null || skip "nftables is not installed"
command -v ip >/dev/null || skip "iproute2 is not installed"
inside=(unshare --mount --net --pid --fork --kill-child=KILL --mount-proc)
"${inside[@]}" sh -c 'mkdir -p /run/netns && mount -t tmpfs none /run/netns &&
	ip netns add probe && ip -n probe link set lo up &&
	ip netns exec probe nft add table ip probe' >/dev/null 2>&1 ||
	skip "namespaces or nftables are refused here"
OHCN_BUILD=$build exec "${inside[@]}" python3 nat_test.py "${@:2}"
