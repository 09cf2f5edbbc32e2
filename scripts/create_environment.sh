#!/usr/bin/env bash
# Make .venv with the locked development packages and Holdfast itself, editable.
# Does nothing when the lock and pyproject.toml are those of the last run.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/find_python.sh

environment=.venv
wanted=$(cat requirements/dev.lock pyproject.toml | sha256sum | cut -d' ' -f1)
stamp=$environment/.installed

if [[ -x $environment/bin/python && -f $stamp && $(<"$stamp") == "$wanted" ]]; then
    exit 0
fi
if ! "$environment/bin/python" -m pip --version >/dev/null 2>&1; then
    create_venv "$environment"
fi
echo "Installing the development packages into $environment"
"$environment/bin/python" -m pip install --quiet --require-hashes --no-deps -r requirements/dev.lock
"$environment/bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable .
echo "$wanted" >"$stamp"
