#!/usr/bin/env bash
# Resolve the development packages and write requirements/dev.lock, with a hash for each file.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/find_python.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
create_venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet uv
"$work/venv/bin/uv" pip compile --quiet --upgrade --universal --generate-hashes --no-header \
    --no-emit-index-url --group dev pyproject.toml --output-file requirements/dev.lock

# The lock names packages and hashes only; where they come from is each machine's own setting.
if grep -n '://' requirements/dev.lock; then
    echo "requirements/dev.lock names an address" >&2
    exit 1
fi
