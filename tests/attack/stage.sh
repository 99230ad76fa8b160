#!/usr/bin/env bash
# stage.sh BUILD: every attack on small worlds under sanitizers, of one seed.
# What the defences hold must hold, and without them each attack must succeed;
# two histories are run twice. Marks about proportions that small worlds do
# not have are not judged here (attack_full_size() in the code): ./dev attack
# and ./dev soak do.
set -eu
build=$(realpath "$1")
small=(--percent 10)

with_defence() {
	"$build/tests/attack_stub" "${small[@]}"
}

without_defence() {
	"$build/tests/attack_stub" "${small[@]}" --without-defence
}

# Bad signatures are what these two are about.
real() {
	"$build/tests/attack" "${small[@]}" s6 forged
}

hashes() {
	"$build/tests/attack_stub" "${small[@]}" --hashes s6 forged
}

# Two at a time, since the machine has two cores at least.
with_defence &
first=$!
without_defence
real
hashes >"$build/attack-hashes"
hashes | diff "$build/attack-hashes" -
wait "$first"
