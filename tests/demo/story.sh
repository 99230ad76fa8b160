# shellcheck shell=bash
# Sourced by ./dev: builds the program and tells the story.
case "${1:-}" in
-h | --help | help) exec python3 tests/demo/story.py --help ;;
esac
# shellcheck disable=SC2086
need_packages "to build and run the story" $packages python3
build release ohcn
exec python3 tests/demo/story.py --build build/release "$@"
