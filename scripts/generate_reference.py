"""Write the pages of docs/reference that are made from the code.

python -m scripts.generate_reference            writes errors.md, python.md and openapi*.json
python -m scripts.generate_reference --check    fails if one is out of date
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from holdfast.errors import HoldfastError
from scripts.openapi_document import openapi_document, openapi_text, server_document
from scripts.python_page import python_page

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
ERRORS_PAGE = REFERENCE / "errors.md"
PYTHON_PAGE = REFERENCE / "python.md"
OPENAPI_DOCUMENT = REFERENCE / "openapi.json"
SERVER_DOCUMENT = REFERENCE / "openapi-server.json"

_HEAD = """\
# Errors

Every error that Holdfast raises on purpose. This page is made from `src/holdfast/errors.py` by
`make reference`.

The message of an error says what happened and to what; its hint says what to do. With `--json`, an
error is the one document on standard output, and holds the code below. In Python, catch
`HoldfastError` or any class here; each has `message`, `hint`, `code`, `exit_code` and `http_status`
(for REST APIs made over the library).

| code | meaning | class | exit | HTTP |
|---|---|---|---|---|
"""


def error_classes(base: type[HoldfastError] = HoldfastError) -> Iterator[type[HoldfastError]]:
    """Yield `base` and everything derived from it that `errors.py` defines, as a tree."""
    yield base
    for derived in base.__subclasses__():
        if derived.__module__ == HoldfastError.__module__:
            yield from error_classes(derived)


def errors_page() -> str:
    """Return the page of errors."""
    return _HEAD + "".join(_row(each) for each in error_classes())


def _row(error: type[HoldfastError]) -> str:
    meaning = (error.__doc__ or "").partition("\n")[0].replace("|", "\\|")
    # The bases between it and HoldfastError say what else catches it.
    bases = [base.__name__ for base in error.__mro__ if issubclass(base, HoldfastError)][1:-1]
    name = f"`{error.__name__}`" + (f" ({', '.join(bases)})" if bases else "")
    return f"| `{error.code}` | {meaning} | {name} | {error.exit_code} | {error.http_status} |\n"


def main() -> int:
    """Write the pages, or compare them."""
    parser = argparse.ArgumentParser(description="Write the generated pages of docs/reference.")
    parser.add_argument("--check", action="store_true", help="only say whether they are current")
    check = parser.parse_args().check
    status = 0
    pages = {
        ERRORS_PAGE: errors_page(),
        PYTHON_PAGE: python_page(),
        OPENAPI_DOCUMENT: openapi_text(openapi_document()),
        SERVER_DOCUMENT: openapi_text(server_document()),
    }
    for path, text in pages.items():
        if check and not (path.exists() and path.read_text() == text):
            print(f"{path} is out of date; run `make reference`.", file=sys.stderr)
            status = 1
        elif not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return status


if __name__ == "__main__":
    sys.exit(main())
