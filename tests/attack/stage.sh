#!/usr/bin/env bash
# stage.sh BUILD: every attack on small worlds, of one seed. What the defences
# hold must hold, and without them each attack must succeed; two histories are
# run twice. Marks about proportions that small worlds do not have are not
# judged here (attack_full_size() in the code): ./dev attack and ./dev soak do.
#
# Defended worlds run under sanitizers. The undefended ones, and the twins of
# S9, which differ from it in who the spies are, take an optimised build: the
# one that the simulator's stage makes and compares with.
set -eu
build=$(realpath "$1")
cd "$(dirname "$0")/../.."
small=(--percent 10)
twins=(s9-first s9-fifth)
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

cmake -S . -B "$build/sim-gcc" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
	-DCMAKE_C_COMPILER=gcc >/dev/null
cmake --build "$build/sim-gcc" --target attack_stub >/dev/null
checked=$build/tests/attack_stub
quick=$build/sim-gcc/tests/attack_stub

# The longest first, then what else the program has.
slow=(s9 s4 s5 s1 s3)
names=("${slow[@]}")
while IFS= read -r name; do
	[[ " ${slow[*]} ${twins[*]} " == *" $name "* ]] || names+=("$name")
done < <("$checked" --help | sed -nE 's/^  ([a-z][a-z0-9-]*) .*/\1/p')
[ ${#names[@]} -gt 10 ] || {
	echo "attack --help lists too few attacks: ${names[*]}"
	exit 1
}

# One line each: a name for the log, then the command.
jobs() {
	local name
	for name in "${names[@]}"; do
		echo "$name $checked ${small[*]} $name"
	done
	# Bad signatures are what these two are about.
	echo "real $build/tests/attack ${small[*]} s6 forged"
	echo "without-defence $quick ${small[*]} --without-defence"
	echo "twins $quick ${small[*]} ${twins[*]}"
	echo "hashes-checked $checked ${small[*]} --hashes s6 forged"
	echo "hashes-quick $quick ${small[*]} --hashes s6 forged"
}

# Two at a time, since the machine has two cores at least.
failed=0
# shellcheck disable=SC2016 # for the inner shell
jobs | xargs -P 2 -L 1 bash -c \
	'log=$0/$1; shift; "$@" >"$log" 2>&1 || { mv "$log" "$log.failed"; exit 1; }' \
	"$logs" || failed=1
for log in "$logs"/*; do
	printf '== %s\n' "${log##*/}"
	cat "$log"
done
[ $failed -eq 0 ] || exit 1
diff "$logs/hashes-checked" "$logs/hashes-quick"
