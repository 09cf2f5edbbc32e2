"""Compare two databases row by row, and two folders file by file; exit 1 on any difference.

python -m examples.sample_app.compare --databases A.db B.db --folders A B
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sqlite3
import stat
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a comparison of one table or of one folder found.

    Attributes:
        first: Rows of the table, or files of the folder, on the first side; second alike.
        differing: Rows or files that only one side has; a changed one counts twice.
    """

    name: str
    first: int
    second: int
    differing: int


def compare_databases(first: Path, second: Path) -> Iterator[Comparison]:
    """Yield a comparison for the schema and for each table of either database."""
    with closing(_open(first)) as a, closing(_open(second)) as b:
        yield _compare("(schema)", _schema(a), _schema(b))
        for table in sorted(_tables(a) | _tables(b)):
            yield _compare(table, _rows(a, table), _rows(b, table))


def compare_folders(first: Path, second: Path) -> Comparison:
    """Compare the files of two folders: path, permissions, time of change, every byte."""
    return _compare(f"files in {first.name}", _files(first), _files(second))


def _compare(name: str, first: Counter[object], second: Counter[object]) -> Comparison:
    differing = (first - second) + (second - first)
    return Comparison(
        name=name, first=first.total(), second=second.total(), differing=differing.total()
    )


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def _tables(connection: sqlite3.Connection) -> set[str]:
    rows = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    return {name for (name,) in rows}


def _schema(connection: sqlite3.Connection) -> Counter[object]:
    return Counter(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema"))


def _rows(connection: sqlite3.Connection, table: str) -> Counter[object]:
    if table not in _tables(connection):
        return Counter()
    # repr tells 1 from 1.0 and from '1', which == does not.
    quoted = table.replace('"', '""')
    return Counter(repr(row) for row in connection.execute(f'SELECT * FROM "{quoted}"'))


def _files(folder: Path) -> Counter[object]:
    found: Counter[object] = Counter()
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            status = path.lstat()
            checksum = hashlib.sha256(path.read_bytes()).hexdigest()
            mode = stat.S_IMODE(status.st_mode)
            found[str(path.relative_to(folder)), mode, status.st_mtime_ns, checksum] += 1
    return found


def main() -> int:
    """Compare what the command line names and print a line for each table and folder."""
    parser = argparse.ArgumentParser(description="Compare two databases and two folders.")
    parser.add_argument("--databases", nargs=2, type=Path, required=True, metavar="FILE")
    parser.add_argument("--folders", nargs=2, type=Path, metavar="DIR")
    options = parser.parse_args()
    comparisons = list(compare_databases(*options.databases))
    if options.folders:
        comparisons.append(compare_folders(*options.folders))
    for item in comparisons:
        verdict = f"{item.differing} differ" if item.differing else "equal"
        print(f"  {item.name:<20} {item.first:>6} {item.second:>6}   {verdict}")
    differing = sum(item.differing for item in comparisons)
    print(f"Compared {sum(item.first for item in comparisons)}: {differing} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
