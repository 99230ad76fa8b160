# shellcheck shell=bash
# Sourced by ./dev: builds the benchmarks optimised and runs those whose name
# contains one of the arguments, or all. --json: one line per figure.
names=() json=
for a in "$@"; do
	case "$a" in
	--json) json=--json ;;
	*) names+=("$a") ;;
	esac
done
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
[ "$found" = 1 ] || die "bench: nothing of that name" "there are: $(cd tests/bench && ls ./*_bench.c | sed 's|./||; s|_bench.c||' | tr '\n' ' ')"
