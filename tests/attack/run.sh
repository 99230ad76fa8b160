# shellcheck shell=bash
# Sourced by ./dev: builds the optimised simulator and runs the attacks on it:
# without cryptography, or with --real with all of it.
which=attack_stub
args=()
for a in "$@"; do
	case $a in
	--stub) which=attack_stub ;;
	--real) which=attack ;;
	*) args+=("$a") ;;
	esac
done
build release "$which"
exec "build/release/tests/$which" "${args[@]}"
