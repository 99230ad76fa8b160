# The layer order and the other rules of the house; and that the lint is not
# blind: a planted breach of each rule must be found.
set -eu
cd "$(dirname "$0")/../.."
python3 tests/lint/lint.py
python3 tests/lint/planted.py
