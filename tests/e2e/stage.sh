#!/usr/bin/env bash
# stage.sh BUILD: the end-to-end tests: real nodes as processes, driven through
# the command line and the local API. `./dev soak` cuts the power 200 times.
set -eu
build=$(realpath "$1")
cd "$(dirname "$0")"
OHCN_BUILD=$build exec python3 run.py "${@:2}"
