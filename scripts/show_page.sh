#!/usr/bin/env bash
# Show the administrators' page over four weeks of the sample application, in the directory $1,
# until Ctrl-C; they are made there unless they are there. STAY=no only looks whether it answers.
# `holdfast` and `python` are those of PATH.
set -euo pipefail
cd "$1"

say() {
    if [[ -t 1 ]]; then printf '\n\033[1m# %s\033[0m\n' "$*"; else printf '\n# %s\n' "$*"; fi
}
end_server() {
    trap - EXIT
    trap '' INT TERM HUP # whoever presses Ctrl-C twice waits all the same: nothing is left behind
    if [[ -n ${server:-} ]]; then
        kill -TERM "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
}
trap end_server EXIT
trap 'end_server; echo; exit 0' INT TERM HUP

# They are made where they stay, for what happens in them names its place; `weeks.part` says that
# they are not done.
if [[ ! -d weeks || -e weeks.part ]]; then
    rm -rf weeks weeks.part
    : >weeks.part
    say "Four weeks at the shop: backups, checks and a restore, really run by a clock that is set"
    (umask 077 && python -c 'import secrets; print(secrets.token_urlsafe(12))' >login)
    python -m examples.sample_app.history --in weeks --password-file login
    rm weeks.part
fi
cd weeks
: >../server.log
holdfast serve --port 0 2>>../server.log &
server=$!
until address=$(sed -n 's/^Serving .* at \(http[^ ]*\)$/\1/p' ../server.log) && [[ -n $address ]]; do
    if ! kill -0 "$server" 2>/dev/null; then
        cat ../server.log >&2
        exit 1
    fi
    sleep 0.1
done
python - "$address" ../login <<'EOF'
import sys
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from examples.sample_app.office import Person

address, login = sys.argv[1:]
own = build_opener(ProxyHandler({}))  # no proxy stands before this machine itself
with own.open(address, timeout=120) as answer:
    assert answer.headers.get_content_type() == "text/html", "there is no page"
anna = Person(f"{address}api/v1/", "anna", Path(login).read_text().strip())
anna.log_in()
print("The page answers, and the API says that the backups are", anna.ask("GET", "health")["status"])
anna.log_out()
EOF

say "The page; Ctrl-C ends it"
echo "Address:  $address"
echo "User:     anna (otto may not restore, vera only looks)"
echo "Password: $(cat ../login)"
if [[ ${STAY:-yes} != no ]]; then
    wait "$server" || true # a signal ends it above; here it has ended by itself
    cat ../server.log >&2
    exit 1
fi
