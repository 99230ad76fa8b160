# The local HTTP API of real nodes: what every route answers, and what it
# must refuse.
set -eu
build=$1
cd "$(dirname "$0")/../.."
exec python3 tests/api/api.py "$build"
