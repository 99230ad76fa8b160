# shellcheck shell=bash
# Sourced by ./dev: builds the tests and runs every stage, or the stages and
# tests whose name contains one of the arguments. Ends with a table.
#
# A stage is a script tests/*/stage.sh, or ctest. A stage script prints lines
# `SKIP name: why` for what it left out; a skip that .ci/expected-skips does
# not list is a failure.
build test
command -v npm >/dev/null || need_packages "for js-libp2p, the reference peer" $packages_node
# NATs need root; without it that stage is skipped.
[ "$(id -u)" -ne 0 ] || { command -v nft && command -v ip; } >/dev/null ||
	need_packages "for nodes behind NATs" $packages_nat

results=$(mktemp)
failed=0
wanted=("$@")

want() { # want NAME: is the stage asked for?
	local w
	[ ${#wanted[@]} -eq 0 ] && return 0
	for w in "${wanted[@]}"; do
		[[ $1 == *"$w"* || $w == "$1"* ]] && return 0
	done
	return 1
}

# Lines of ctest, cmocka, node --test and unittest.
went_well='^ *Start +[0-9]+:|^ *[0-9]+/[0-9]+ Test .* Passed '
went_well+='|^\[ (RUN     |      OK) \]|^ *✔|^\S+ \(\S+\).* \.\.\. ok$'

# stage NAME COMMAND...: run it, show its output when it fails.
stage() {
	local name=$1 log start seconds state
	shift
	log=build/test/stage-$(tr -c 'a-z0-9\n' - <<<"$name").log
	start=$SECONDS
	printf '== %s\n' "$name" >&2
	if "$@" >"$log" 2>&1; then state=ran; else state=FAILED; fi
	seconds=$((SECONDS - start))
	local skips
	skips=$(grep -ac '^SKIP ' "$log" || true)
	if [ "$state" = FAILED ]; then
		failed=1
		# What went well would push out what did not.
		grep -avE "$went_well" "$log" | tail -n 100 | cut -c1-400 >&2
	fi
	printf '%-14s %-7s %5ss  %s\n' "$name" "$state" "$seconds" \
		"$([ "$skips" -gt 0 ] && echo "$skips skipped")" >>"$results"
	local line what
	while IFS= read -r line; do
		what=${line#SKIP }
		what=${what%%:*}
		if grep -qxF "$what" .ci/expected-skips; then
			printf '  skipped      %s\n' "${line#SKIP }" >>"$results"
		else
			printf '  NOT EXPECTED %s\n' "${line#SKIP }" >>"$results"
			failed=1
		fi
	done < <(grep -a '^SKIP ' "$log" || true)
}

ctest_stage() { # ctest_stage LABEL
	local filter=() w rc=0
	# Arguments that name single tests, "unit/base", narrow the run.
	for w in "${wanted[@]}"; do
		[[ $w == "$1"/* ]] && filter+=(-R "$w")
	done
	ctest --test-dir build/test -L "^$1\$" --output-on-failure -j 2 \
		--no-tests=error "${filter[@]}" || rc=$?
	grep -ah '^SKIP ' build/test/Testing/Temporary/LastTest.log || true
	return $rc
}

for label in unit fuzz; do
	want "$label" && stage "$label" ctest_stage "$label"
done
for script in tests/*/stage.sh; do
	[ -e "$script" ] || continue
	name=$(basename "$(dirname "$script")")
	want "$name" && stage "$name" bash "$script" "$root/build/test"
done

printf '\n%-14s %-7s %6s\n' stage result time
cat "$results"
passed=$(grep -c ' ran ' "$results" || true)
bad=$(grep -cE ' FAILED |NOT EXPECTED' "$results" || true)
skipped=$(grep -c '^  skipped' "$results" || true)
rm -f "$results"
printf '%s passed, %s failed, %s skipped\n' "$passed" "$bad" "$skipped"
exit "$failed"
