#!/bin/sh
# Makes .venv with exactly what a lock names. Usage: bootstrap.sh run|dev
#
# Needs a Python of 3.11 or newer with venv (PYTHON=... chooses one). Debian's own comes first where it can make a venv:
# it is built with profiles (takes a third less time than pyenv's), gets Debian's fixes, and every user may read it. On
# a bare Debian 12 the missing python3-venv and ca-certificates are installed when root, else named. The package itself
# is installed in place, without a build environment of its own: nothing comes from outside the lock.
set -eu
cd "$(dirname "$0")/.."
lock=requirements/$1.lock
VENV=.venv

is_new_enough() { # PYTHON
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    debian=
    if [ -e /etc/debian_version ] && has_venv /usr/bin/python3; then
        debian=/usr/bin/python3
    fi
    for candidate in ${PYTHON:-} $debian python3 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if is_new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    echo "skrytka: no Python of 3.11 or newer found; name one: make PYTHON=/path/to/python3 $1" >&2
    exit 1
}

has_venv() { # PYTHON: can it make one with pip in it?
    "$1" -c 'import ensurepip, venv' 2>/dev/null
}

make_venv() {
    python=$(find_python "$1")
    wanted=
    has_venv "$python" || wanted=python3-venv
    [ -e /etc/ssl/certs/ca-certificates.crt ] || [ ! -e /etc/debian_version ] || wanted="$wanted ca-certificates"
    if [ -n "$wanted" ]; then
        # shellcheck disable=SC2086 # a list of words
        sh scripts/apt.sh "the virtual environment" $wanted
    fi
    if ! has_venv "$python"; then
        echo "skrytka: $python has no venv module; on Debian it is in the package python3-venv" >&2
        exit 1
    fi
    "$python" -m venv --clear "$VENV"
}

if ! is_new_enough "$VENV/bin/python" || ! "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
    echo "skrytka: making $VENV" >&2
    make_venv "$1"
fi
echo "skrytka: installing $lock" >&2
"$VENV/bin/python" -m pip install -q --disable-pip-version-check --require-hashes -r "$lock" >&2
"$VENV/bin/python" -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation --no-index -e . >&2
touch "$VENV/.$1-lock"
