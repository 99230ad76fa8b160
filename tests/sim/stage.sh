#!/usr/bin/env bash
# stage.sh BUILD: 200 small seeds of the simulator under sanitizers, some of
# them twice; the same hashes from an optimised build of gcc and one of clang;
# planted bugs. `./dev soak` goes on with new seeds and large worlds.
set -eu
build=$(realpath "$1")
cd "$(dirname "$0")/../.."

# both COMMAND A B: two at a time, since the machine has two cores at least.
both() {
	"$@" & first=$!
	"${second[@]}"
	wait "$first"
}

"$build/tests/sim" --self-test
"$build/tests/sim_stub" --self-test
second=("$build/tests/sim_stub" --seeds 91-200)
both "$build/tests/sim" --seeds 1-90

# The same histories from other compilers and without sanitizers.
"$build/tests/sim" --seeds 1-4 --hashes >"$build/sim-hashes"
"$build/tests/sim_stub" --seeds 1-10 --hashes >>"$build/sim-hashes"
same() { # same NAME CMAKE-ARGS...
	local other=$build/sim-$1
	shift
	cmake -S . -B "$other" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo "$@" >/dev/null
	cmake --build "$other" --target sim sim_stub >/dev/null
	"$other/tests/sim" --seeds 1-4 --hashes >"$other/hashes"
	"$other/tests/sim_stub" --seeds 1-10 --hashes >>"$other/hashes"
	diff "$build/sim-hashes" "$other/hashes"
}
same gcc -DCMAKE_C_COMPILER=gcc
if command -v clang >/dev/null; then
	same clang -DCMAKE_C_COMPILER=clang
else
	echo "SKIP sim/clang: clang is not installed"
fi

# A store on disk and one in memory do not change what happens.
"$build/sim-gcc/tests/sim" --seeds 3-4 --hashes >"$build/sim-memory"
"$build/sim-gcc/tests/sim" --seeds 3-4 --hashes --lmdb >"$build/sim-lmdb"
diff "$build/sim-memory" "$build/sim-lmdb"

# Nodes that keep different things end with what a naive model computes, and
# sync falls silent.
"$build/sim-gcc/tests/sim_stub" --converge --seeds 1-4
if "$build/sim-gcc/tests/sim_stub" --converge --seeds 1-3 \
	--plant no-winner >/dev/null; then
	echo "planted bug not found: no-winner"
	exit 1
fi

# Are the checks awake? Some that are found at once; all of them in soak.
for plant in store-lost index-hole iwant-deaf expiry-mono seen-short; do
	if "$build/sim-gcc/tests/sim_stub" --plant "$plant" --seeds 1-2 \
		>/dev/null; then
		echo "planted bug not found: $plant"
		exit 1
	fi
done
