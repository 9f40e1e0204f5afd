#!/bin/sh
# Installs Debian packages that are missing, or names them. Usage: apt.sh WHY PACKAGE...
#
# Nothing is done where all are there. As root on Debian the missing ones are installed: nothing is removed, no
# recommended package comes along, and no daemon is started (policy-rc.d says 101 while apt works, and is put back
# after). NO_APT=1, another user or another system: the command is printed and the exit code is 0, because what then
# cannot run says so itself.
set -eu

why=$1
shift
POLICY=/usr/sbin/policy-rc.d
SAVED=$POLICY.skrytka-saved
MARK="made by skrytka while apt works"

is_installed() { # PACKAGE
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

is_ours() { # FILE
    grep -q "$MARK" "$1" 2>/dev/null
}

put_policy_back() {
    if [ -e "$SAVED" ]; then
        mv -f "$SAVED" "$POLICY"
    elif is_ours "$POLICY"; then
        rm -f "$POLICY"
    fi
}

hold_daemons() { # what a killed run left behind is put right here too
    trap put_policy_back EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    if [ -e "$POLICY" ] && ! is_ours "$POLICY"; then
        mv -f "$POLICY" "$SAVED"
    fi
    printf '#!/bin/sh\n# %s\nexit 101\n' "$MARK" >"$POLICY"
    chmod 755 "$POLICY"
}

apt_install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-remove --no-install-recommends "$@" </dev/null >&2
}

missing=
if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "skrytka: this is not Debian; what these Debian packages hold is wanted for $why: $*" >&2
    exit 0
fi
for package in "$@"; do
    is_installed "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "${NO_APT:-0}" = 1 ] || [ "$(id -u)" != 0 ]; then
    echo "skrytka: missing for $why; to install it:" >&2
    echo "    sudo apt-get install --no-remove --no-install-recommends$missing" >&2
    exit 0
fi

echo "skrytka: installing for $why (NO_APT=1 leaves it out):$missing" >&2
hold_daemons
case " $missing " in
*" postfix "*) echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections ;;
esac
apt-get update -q </dev/null >&2
# shellcheck disable=SC2086 # a list of words
if ! apt_install $missing; then
    echo "skrytka: not all at once; one by one, so that one that cannot be had does not keep the others out" >&2
    for package in $missing; do
        apt_install "$package" || echo "skrytka: $package could not be installed" >&2
    done
fi
