#!/usr/bin/env bash
# Install the Debian packages that the tests use; elsewhere name the missing programs and stop.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PATH:/usr/sbin:/sbin" # servers and debootstrap stand there, which not every user's PATH names

is_there() { # a program by its name, or a file by its path, which may be a pattern
    if [[ $1 == /* ]]; then
        compgen -G "$1" >/dev/null
    else
        command -v "$1" >/dev/null
    fi
}

packages=()
programs=()
while read -r package program; do
    if ! is_there "$program"; then
        packages+=("$package")
        programs+=("$program")
    fi
done < <(grep -v '^#' requirements/system.txt)

if ((${#packages[@]} == 0)); then
    exit 0
fi
if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
    echo "The tests need programs that are not on this machine: ${programs[*]}" >&2
    echo "Install them (Debian packages: ${packages[*]}) and run this again." >&2
    exit 1
fi

scratch=$(mktemp -d -p /var/tmp)
policy=/usr/sbin/policy-rc.d
made_policy=
clean_up() {
    rm -rf "$scratch"
    [[ -z $made_policy ]] || rm -f "$policy"
}
trap clean_up EXIT

# apt's own user writes temporary files, for which /tmp does not serve everywhere.
chmod 1777 "$scratch"
export TMPDIR="$scratch"
# The tests start servers of their own; those that the packages bring are not to be started.
if [[ ! -e $policy ]]; then
    made_policy=yes
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

echo "Installing for the tests: ${packages[*]}"
apt-get -qq update
DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${packages[@]}" >/dev/null
for program in "${programs[@]}"; do
    is_there "$program" || { echo "$program is still missing" >&2; exit 1; }
done
