#!/usr/bin/env bash
# Back up, prove, change, and restore a real application in ./demo. Every command shown is the
# one that a user would type, run as it stands. Then show the page, until Ctrl-C (STAY=no ends).
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/find_python.sh

rm -rf demo/app demo/original demo/restored demo/backups demo/holdfast.toml demo/password demo/changes.txt demo/recovery-kit.txt \
    demo/weeks demo/weeks.part demo/login demo/server.log
mkdir -p demo
if [[ ! -x demo/.venv/bin/holdfast ]]; then
    echo "Installing Holdfast into demo/.venv"
    create_venv demo/.venv
fi
demo/.venv/bin/python -m pip install --quiet '.[server]'
started=$SECONDS

export PATH="$PWD/demo/.venv/bin:$PATH" PYTHONPATH="$PWD"
cd demo
cp ../examples/sample_app/holdfast.toml .
(umask 077 && echo 'a password for practice' >password)

say() {
    if [[ -t 1 ]]; then printf '\n\033[1m# %s\033[0m\n' "$*"; else printf '\n# %s\n' "$*"; fi
}
run() {
    local argument shown='$'
    for argument; do
        if [[ $argument == *[!A-Za-z0-9_./=-]* ]]; then argument="\"$argument\""; fi
        shown+=" $argument"
    done
    echo "$shown"
    "$@"
}
newest_id() { holdfast list --limit 1 --json | sed -n 's/.*"backup_id": *"\([^"]*\)".*/\1/p' | head -1; }

say "A music shop: an SQLite database, 44 thumbnails, a table of settings"
run python -m examples.sample_app.build --into app
cp -a app original

say "A repository, and a first backup in it"
run holdfast init --recovery-kit recovery-kit.txt
run holdfast create --description "Before the day" --tags demo
first=$(newest_id)

say "Proof that it is intact, and that each row's file is in it"
run holdfast verify "$first"

say "A day at the shop: sales, new prices, one event cancelled, one announced"
run python -m examples.sample_app.change --in app
python -m examples.sample_app.compare --databases original/app.db app/app.db \
    --folders original/thumbnails app/thumbnails >changes.txt && exit 1 # nothing changed?
echo "Live rows and files against those of the first backup: $(tail -n 1 changes.txt)"

say "A second backup: only what changed is stored"
run holdfast create --description "After the day" --tags demo

say "The first backup, restored into a new place and compared row by row, byte by byte"
run holdfast restore "$first" --into restored
run python -m examples.sample_app.compare \
    --databases original/app.db restored/database/app.db \
    --folders original/thumbnails restored/files/thumbnails

say "A drill: the newest backup restored into a scratch place, checked and timed"
run holdfast drill latest

say "What there is now"
run holdfast list
run holdfast stats
echo
echo "Done in $((SECONDS - started)) s. Everything is in ./demo; try: cd demo && .venv/bin/holdfast --help"

exec bash ../scripts/show_page.sh .
