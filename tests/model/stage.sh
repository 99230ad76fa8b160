# The introduction with an intruder, every state of a bounded model: the
# claims hold, each planted flaw breaks them, and the end can be reached.
# Needs spin and a C compiler.
set -eu
model=$(cd "$(dirname "$0")" && pwd)/introduction.pml
if ! command -v spin >/dev/null; then
	echo "SKIP model/spin: spin is not installed (apt-get install spin)"
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# check FLAW CLAIM: prints the number of errors that were found.
check() {
	spin -DFLAW="$1" -a "$model" >spin.log 2>&1 || { cat spin.log; exit 1; }
	"${CC:-cc}" -O1 -w -o pan pan.c
	./pan -a -N "$2" -m100000 >pan.log 2>&1
	grep -q '^Full statespace search' pan.log || { cat pan.log; exit 1; }
	! grep -q 'max search depth too small' pan.log || { cat pan.log; exit 1; }
	sed -n 's/.*errors: \([0-9]*\)$/\1/p' pan.log
}

expect() { # expect FLAW CLAIM ERRORS
	local found
	found=$(check "$1" "$2")
	if [ "$found" != "$3" ]; then
		echo "flaw $1, $2: $found errors, not $3"
		exit 1
	fi
	echo "flaw $1, $2: $found errors, as it should be"
}

expect 0 claims 0
for flaw in 1 2 3; do
	expect "$flaw" claims 1
done
expect 0 nobody_arrives 1
expect 0 nobody_errs 1
