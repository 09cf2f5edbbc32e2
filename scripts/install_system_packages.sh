#!/usr/bin/env bash
# Install the Debian packages that the tests use; elsewhere name the missing programs and stop.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=()
programs=()
while read -r package program; do
    if ! command -v "$program" >/dev/null; then
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
echo "Installing for the tests: ${packages[*]}"
apt-get -qq update
DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${packages[@]}" >/dev/null
for program in "${programs[@]}"; do
    command -v "$program" >/dev/null || { echo "$program is still missing" >&2; exit 1; }
done
