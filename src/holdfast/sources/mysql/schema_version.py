"""The version of the application's schema, as its migrations wrote it down."""

# ruff: noqa: S608  names are quoted by `identifier`, values are bound

from __future__ import annotations

from holdfast.models.schema_version import alembic_version, django_version
from holdfast.sources.mysql.inspection import text
from holdfast.sources.mysql.session import Session, identifier

_COLUMNS = {("alembic_version", "version_num"), ("django_migrations", "app")}


def read_schema_version(session: Session, schema: str) -> str | None:
    """Return the Alembic heads that a database is at, or else Django's newest migrations."""
    rows = session.rows(
        "SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s"
        " AND TABLE_NAME IN ('alembic_version', 'django_migrations')",
        (schema,),
    )
    there = {table for table, column in _COLUMNS & {(text(a), text(b)) for a, b in rows}}
    place = identifier(schema)
    if "alembic_version" in there:
        found = session.rows(f"SELECT version_num FROM {place}.alembic_version ORDER BY 1 LIMIT 20")
        if version := alembic_version(text(row[0]) for row in found if row[0] is not None):
            return version
    if "django_migrations" in there:
        found = session.rows(f"SELECT app, name FROM {place}.django_migrations LIMIT 20000")
        return django_version((text(app), text(name)) for app, name in found)
    return None
