#!/bin/sh
# Installs (or names) the Debian packages of the tests and the bench: those of tests/debian-packages.txt.
set -eu
cd "$(dirname "$0")/.."
# shellcheck disable=SC2046 # a list of words
exec sh scripts/apt.sh "the tests" $(awk '!/^#/ && NF { print $1 }' tests/debian-packages.txt)
