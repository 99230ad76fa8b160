# shellcheck shell=bash
# Sourced by ./dev: builds the benchmarks optimised and runs those whose name
# contains one of the arguments, or all. --json: one line per figure. A light
# node's day is in light.py. Those of the network (gossip, dial, stream, node,
# spread) are in network.py, which names the peers that they run beside.
names=() json=
for a in "$@"; do
	case "$a" in
	--json) json=--json ;;
	*) names+=("$a") ;;
	esac
done
# Without its rivals a benchmark runs on, and says what is not installed.
rivals=
for n in "${names[@]}"; do
	[[ match_bench == *"$n"* || path_bench == *"$n"* ||
		market_bench == *"$n"* ]] && rivals=1
done
if [ ${#names[@]} -eq 0 ] || [ -n "$rivals" ]; then
	# shellcheck disable=SC2086
	(need_packages "to compare matching" $packages_rivals) || :
	[ ! -f build/release/build.ninja ] ||
		cmake --preset release >/dev/null # to find them
fi
build release
found=0
for source in tests/bench/*_bench.c; do
	[ -e "$source" ] || continue
	name=$(basename "$source" .c)
	if [ ${#names[@]} -gt 0 ]; then
		hit=
		for n in "${names[@]}"; do [[ $name == *"$n"* ]] && hit=1; done
		[ -n "$hit" ] || continue
	fi
	found=1
	[ -n "$json" ] || printf '== %s\n' "$name"
	"build/release/tests/$name" $json
done
light=
for n in "${names[@]}"; do [[ ${n%%.*} == light ]] && light=1; done
if [ ${#names[@]} -eq 0 ] || [ -n "$light" ]; then
	found=1
	command -v python3 >/dev/null || need_packages "to run it" python3
	python3 tests/bench/light.py "$root/build/release" $json
fi
network=()
for n in "${names[@]}"; do
	case "${n%%.*}" in gossip | dial | stream | node | spread) network+=("$n") ;; esac
done
if [ ${#names[@]} -eq 0 ] || [ ${#network[@]} -gt 0 ]; then
	found=1
	command -v python3 >/dev/null || need_packages "to run them" python3
	# what brings npm is not always Debian's package; without it js is
	# left out, with a line that says so
	# shellcheck disable=SC2086
	command -v npm >/dev/null || need_packages "for js-libp2p" $packages_node
	python3 tests/bench/network.py "$root/build/release" $json "${network[@]}"
fi
[ "$found" = 1 ] || die "bench: nothing of that name" "there are: $(cd tests/bench && ls ./*_bench.c | sed 's|./||; s|_bench.c||' | tr '\n' ' ')gossip dial stream node spread light"
