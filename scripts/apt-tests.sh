#!/bin/sh
# Installs (or names) the Debian packages of the tests and the bench: those of tests/debian-packages.txt whose program or
# file is missing (a program may have come otherwise: npm with its own package of nodejs, say).
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin

is_here() { # PROBE: as tests/support/needs.py looks
    case $1 in
    /*)
        # shellcheck disable=SC2086 # a pattern
        set -- $1
        [ -e "$1" ]
        ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

missing=
while read -r package probe _; do
    case $package in '' | '#'*) continue ;; esac
    is_here "$probe" || missing="$missing $package"
done <tests/debian-packages.txt
# shellcheck disable=SC2086 # a list of words
exec sh scripts/apt.sh "the tests" $missing
