# Sourced: find a Python that Holdfast runs on, and make virtual environments with it.

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3.11 python3.12 python3.13 python3.14 python3 /usr/bin/python3; do
        # A pyenv shim may exist for a version that is not installed, so run it.
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "Holdfast needs Python 3.11 or newer, and none was found on PATH." >&2
    echo "Install it (on Debian: apt-get install python3 python3-venv) or set PYTHON." >&2
    return 1
}

create_venv() {
    local python
    python=$(find_python)
    # Debian's Python carries venv without ensurepip until python3-venv is installed.
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
            apt-get -qq update
            DEBIAN_FRONTEND=noninteractive apt-get -qq install -y python3-venv >/dev/null
        else
            echo "Python's venv module is missing (on Debian: apt-get install python3-venv)." >&2
            return 1
        fi
    fi
    "$python" -m venv --clear "$1"
}
