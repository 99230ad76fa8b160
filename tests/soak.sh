# shellcheck shell=bash
# Sourced by ./dev: the long runs. SECONDS_PER_TARGET of fuzzing for each
# target (default 600), then KILLS power cuts of a node under load (default
# 200), then SEEDS histories of the simulator (default 2000) from SEED on, then
# every attack at full size with ten seeds.
# Fuzzing adds its time to tests/fuzz/LEDGER.tsv; a finding ends the run.
per_target=${SECONDS_PER_TARGET:-600}
kills=${KILLS:-200}
say "fuzzing each target for $per_target s"
./dev fuzz --all "$per_target"
build test
say "clang's warnings in every file"
python3 tests/lint/clang.py build/test
say "$kills power cuts"
python3 tests/e2e/power_cut.py "$root/build/test" --kills "$kills"
python3 tests/e2e/power_cut.py "$root/build/test" --kills "$kills" --peers 3
say "a flipped bit, ${FLIPS:-60} times in each region of a store's file"
OHCN_FLIPS=${FLIPS:-60} bash tests/e2e/stage.sh "$root/build/test" damage
say "other implementations, with peers in go and rust; 20,000 random records"
OHCN_CASES=20000 OHCN_SEED=$(date +%s) bash tests/interop/stage.sh "$root/build/test" js go rust

# New seeds each time, every planted bug, and worlds that are large.
build release sim sim_stub
seeds=${SEEDS:-2000}
from=${SEED:-$(($(date +%s) * 1000))}
say "$seeds seeds of the simulator, from $from on"
build/release/tests/sim_stub --seeds "$from-$((from + seeds - 1))"
build/release/tests/sim --seeds "$from-$((from + seeds / 10 - 1))"
say "planted bugs"
build/release/tests/sim_stub --converge --seeds "$from-$((from + seeds / 10 - 1))"
build/release/tests/sim_stub --converge --seeds "$from-$((from + 2))" --nodes 200
build/release/tests/sim_stub --plants 60
say "200 nodes with everything real, 2,000 without cryptography"
build/release/tests/sim --scenario s1 --lmdb --compare default,eager
build/release/tests/sim_stub --scenario s1-2000 --compare default,eager
build release attack attack_stub
say "attacks at full size, 10 seeds"
build/release/tests/attack_stub --seeds 10
build/release/tests/attack --seeds 3 s6 forged
