# shellcheck shell=bash
# Sourced by ./dev: `./dev interop [NAME...]`.
for name in "$@"; do
	case $name in
	js | go | rust | suite) ;;
	-h | --help)
		sed -n '2,/^set -eu/s/^# \{0,1\}//p' tests/interop/stage.sh
		exit 0
		;;
	*) die "interop: there is no '$name'" "try: js, go, rust, suite, or nothing for all of them" ;;
	esac
done
[ $# -gt 0 ] || set -- js go rust suite
build test ohcn tool_peer tool_judge tool_messages tool_credential
command -v npm >/dev/null || need_packages "for js-libp2p, the reference peer" $packages_node
exec bash tests/interop/stage.sh "$root/build/test" "$@"
