# shellcheck shell=bash
# Sourced by ./dev: builds the optimised simulator and runs it: the one with
# real cryptography, or with --stub the one without.
which=sim
args=()
for a in "$@"; do
	case $a in
	--stub) which=sim_stub ;;
	--real) which=sim ;;
	*) args+=("$a") ;;
	esac
done
[ ${#args[@]} -gt 0 ] || args=(--help)
build release "$which"
exec "build/release/tests/$which" "${args[@]}"
