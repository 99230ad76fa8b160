# shellcheck shell=bash
# Sourced by ./dev: builds the tests and runs every stage, or the stages and
# tests whose name contains one of the arguments. Ends with a table.
#
# Two lanes run at a time: stages that compute, and stages that mostly wait
# for processes of their own, which go first where both want a processor.
#
# A stage is a script tests/*/stage.sh, or ctest. A stage script prints lines
# `SKIP name: why` for what it left out; a skip that .ci/expected-skips does
# not list is a failure.
#
# Stages of the waiting lane run real processes on a clock that other work on
# the machine bends. One that fails there runs once more, alone; the table
# says so, and what failed the first time stays in the stage's log. Of e2e only
# the files that failed run again.
build test
command -v npm >/dev/null || need_packages "for js-libp2p, the reference peer" $packages_node
# NATs need root; without it that stage is skipped.
[ "$(id -u)" -ne 0 ] || { command -v nft && command -v ip; } >/dev/null ||
	need_packages "for nodes behind NATs" $packages_nat

results=$(mktemp -d)
wanted=("$@")

want() { # want NAME: is the stage asked for?
	local w
	[ ${#wanted[@]} -eq 0 ] && return 0
	for w in "${wanted[@]}"; do
		[[ $1 == *"$w"* || $w == "$1"* ]] && return 0
	done
	return 1
}

# Lines of ctest, cmocka, node --test, mocha and unittest.
went_well='^ *Start +[0-9]+:|^ *[0-9]+/[0-9]+ Test .* Passed '
went_well+='|^\[ (RUN     |      OK) \]|^ *✔|^\S+ \(\S+\).* \.\.\. ok$'
went_well+='|^    - |^  \S+/\S+/\S+ echo$'

# stage NAME COMMAND...: run it; its row of the table, and what it says when
# it fails, go to files.
stage() {
	local name=$1 log start seconds state
	shift
	log=build/test/stage-$(tr -c 'a-z0-9\n' - <<<"$name").log
	start=$SECONDS
	local again=""
	printf '== %s\n' "$name" >&2
	if "$@" >"$log" 2>&1; then state=ran; else state=FAILED; fi
	if [ "$state" = FAILED ] && [[ " ${waiting[*]} " == *" $name "* ]]; then
		printf '== %s: FAILED, once more\n' "$name" >&2
		mv "$log" "${log%.log}-first.log"
		[ -z "${lane_pid:-}" ] || wait "$lane_pid" || true
		if OHCN_AGAIN=1 "$@" >"$log" 2>&1; then state=ran; else state=FAILED; fi
		again="second try, the first failed: ${log%.log}-first.log "
	fi
	seconds=$((SECONDS - start))
	[ "$state" = ran ] || printf '== %s: FAILED\n' "$name" >&2
	local skips
	skips=$(grep -ac '^SKIP ' "$log" || true)
	if [ "$state" = FAILED ]; then
		# What went well would push out what did not.
		grep -avE "$went_well" "$log" | cat -s | tail -n 100 |
			cut -c1-400 >"$results/$name.failed" || true
	fi
	printf '%-14s %-7s %5ss  %s%s\n' "$name" "$state" "$seconds" "$again" \
		"$([ "$skips" -gt 0 ] && echo "$skips skipped")" >>"$results/$name"
	local line what
	while IFS= read -r line; do
		what=${line#SKIP }
		what=${what%%:*}
		if grep -qxF "$what" .ci/expected-skips; then
			printf '  skipped      %s\n' "${line#SKIP }"
		else
			printf '  NOT EXPECTED %s\n' "${line#SKIP }"
		fi
	done < <(grep -a '^SKIP ' "$log" || true) >>"$results/$name"
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

lane() { # lane STAGE...: those that are asked for, one after the other
	local name
	for name in "$@"; do
		want "$name" || continue
		case $name in
		unit | fuzz) stage "$name" ctest_stage "$name" ;;
		*) stage "$name" bash "tests/$name/stage.sh" "$root/build/test" ;;
		esac
	done
}

computing=(unit fuzz lint model attack sim)
waiting=()
for script in tests/*/stage.sh; do
	name=$(basename "$(dirname "$script")")
	[[ " ${computing[*]} " == *" $name "* ]] || waiting+=("$name")
done

# In a process group of its own, which ends with us however we end.
set -m
{
	renice -n 5 "$BASHPID" >/dev/null || true
	lane "${computing[@]}"
} &
lane_pid=$!
set +m
trap 'kill -- "-$lane_pid" 2>/dev/null; rm -rf "$results"' EXIT
lane "${waiting[@]}"
wait "$lane_pid" || true
trap 'rm -rf "$results"' EXIT

failed=0
table=()
for name in "${computing[@]}" "${waiting[@]}"; do
	want "$name" || continue
	[ -s "$results/$name" ] ||
		printf '%-14s FAILED  it did not end\n' "$name" >"$results/$name"
	table+=("$results/$name")
	[ -e "$results/$name.failed" ] || continue
	printf '\n== %s failed; the end of its output:\n' "$name" >&2
	cat "$results/$name.failed" >&2
done
[ ${#table[@]} -gt 0 ] || die "no stage is called '${wanted[*]}'"
printf '\n%-14s %-7s %6s\n' stage result time
cat "${table[@]}"
passed=$(cat "${table[@]}" | grep -c ' ran ' || true)
bad=$(cat "${table[@]}" | grep -cE ' FAILED |NOT EXPECTED' || true)
skipped=$(cat "${table[@]}" | grep -c '^  skipped' || true)
[ "$bad" -eq 0 ] || failed=1
printf '%s passed, %s failed, %s skipped\n' "$passed" "$bad" "$skipped"
exit "$failed"
