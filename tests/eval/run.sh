# shellcheck shell=bash
# Sourced by ./dev: builds the evaluations optimised and runs those whose name
# contains one of the arguments, or all. --json: one line per figure, as the
# benchmarks print them. The data lies beside the source folder, or where
# OHCN_DATA says; without it an evaluation says SKIP and why.
names=() json=
for a in "$@"; do
	case "$a" in
	--json) json=--json ;;
	-*) die "eval: unknown option $a" "try: ./dev --help" ;;
	*) names+=("$a") ;;
	esac
done
build release
found=0 failed=0
for source in tests/eval/*_eval.c; do
	[ -e "$source" ] || continue
	name=$(basename "$source" .c)
	if [ ${#names[@]} -gt 0 ]; then
		hit=
		for n in "${names[@]}"; do [[ $name == *"$n"* ]] && hit=1; done
		[ -n "$hit" ] || continue
	fi
	found=1
	[ -n "$json" ] || printf '== %s\n' "$name"
	"build/release/tests/$name" $json || failed=1
done
[ "$found" = 1 ] || die "eval: nothing of that name" "there are: $(cd tests/eval && ls ./*_eval.c | sed 's|./||; s|_eval.c||' | tr '\n' ' ')"
exit $failed
