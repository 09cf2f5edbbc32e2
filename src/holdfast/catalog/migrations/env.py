"""Alembic's entry: runs the migrations on the connection that `holdfast.catalog.versions` gives.

It is no module of the package: Alembic runs it. The transaction is the caller's.
"""

from __future__ import annotations

from alembic import context

from holdfast.catalog.schema import Base
from holdfast.catalog.versions import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,  # SQLite changes a table by making it anew
)
context.run_migrations()
