"""A token for the rows of tables that changes with every commit into them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from holdfast.models.progress import CancellationToken
from holdfast.sources.postgresql.inspection import Table
from holdfast.sources.postgresql.session import Session

_ROWS = """
SELECT pg_catalog.count(*) AS n, coalesce(pg_catalog.sum(pg_catalog.hashtextextended(
       t.ctid::pg_catalog.text || '/' || t.xmin::pg_catalog.text, 0)), 0)::pg_catalog.text AS sum
  FROM ONLY {table} t
"""


def version_of_rows(session: Session, tables: Sequence[Table], cancel: CancellationToken) -> str:
    """Read where each row lies and which transaction wrote it: a write changes one or the other.

    It reads the tables once, without their long values. In a transaction of the caller's it is
    of one moment.
    """
    found = []
    for table in tables:
        cancel.raise_if_cancelled()
        row = session.row(_ROWS.format(table=table.quoted))
        found.append((table.label, row["n"], row["sum"]))
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()
