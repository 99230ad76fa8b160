# shellcheck shell=bash
# Sourced by ./dev: the long runs. SECONDS_PER_TARGET of fuzzing for each
# target (default 600), then KILLS power cuts of a node under load (default
# 200), then SEEDS histories of the simulator (default 2000) from SEED on.
# What fuzzing finds lies in build/fuzz/found/.
per_target=${SECONDS_PER_TARGET:-600}
kills=${KILLS:-200}
# shellcheck disable=SC2086
need_packages "to fuzz" $packages_clang
build fuzz
for source in tests/fuzz/*_fuzz.c; do
	name=$(basename "$source" _fuzz.c)
	say "fuzzing $name for $per_target s"
	mkdir -p "build/fuzz/found/$name"
	"build/fuzz/tests/fuzz_$name" -max_total_time="$per_target" \
		-max_len=70000 -artifact_prefix="build/fuzz/found/$name/" \
		-print_final_stats=1 "build/fuzz/found/$name" \
		"tests/fuzz/corpus/$name"
done
build test
say "$kills power cuts"
python3 tests/e2e/power_cut.py "$root/build/test" --kills "$kills"
say "other implementations, with peers in go and rust"
bash tests/interop/stage.sh "$root/build/test" go rust

# New seeds each time, every planted bug, and worlds that are large.
build release sim sim_stub
seeds=${SEEDS:-2000}
from=${SEED:-$(($(date +%s) * 1000))}
say "$seeds seeds of the simulator, from $from on"
build/release/tests/sim_stub --seeds "$from-$((from + seeds - 1))"
build/release/tests/sim --seeds "$from-$((from + seeds / 10 - 1))"
say "planted bugs"
build/release/tests/sim_stub --plants 60
say "200 nodes with everything real, 2,000 without cryptography"
build/release/tests/sim --scenario s1 --lmdb --compare default,eager
build/release/tests/sim_stub --scenario s1-2000 --compare default,eager
