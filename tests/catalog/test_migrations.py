"""How the tables come to be: made anew, or brought forward, and always the same."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, inspect, text

from holdfast.catalog import CatalogDatabase, versions
from holdfast.catalog.engines import WRITES, file_of, make_engine, make_file, parse_place
from holdfast.catalog.schema import Base
from holdfast.errors import CatalogError, CatalogTooNew
from holdfast.models.backup import Trigger
from holdfast.models.job import JobKind
from tests.rig.sim_clock import SimClock

SECOND = """
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    with op.batch_alter_table("holdfast_jobs") as table:
        table.add_column(sa.Column("label", sa.Text(), nullable=False, server_default="none"))
    {more}
"""
FAILS = "op.execute('this is no SQL')"


def within(url: str, work: Callable[[Connection], Any]) -> Any:
    """Do something in a transaction that writes, as the catalog does."""
    place = parse_place(url)
    if path := file_of(place):
        make_file(path)
    engine = make_engine(place)
    try:
        with engine.execution_options(**{WRITES: True}).begin() as connection:
            return work(connection)
    finally:
        engine.dispose()


def differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True}
    )
    ours = MetaData()
    for table in Base.metadata.tables.values():
        table.to_metadata(ours)
    versions._versions.to_metadata(ours)
    return list(compare_metadata(context, ours))


def shape(connection: Connection) -> Any:
    """Return all that a database says of its tables."""
    asked = inspect(connection)
    return {
        table: (
            sorted((each["name"], str(each["type"]), each["nullable"]) for each in columns),
            asked.get_pk_constraint(table),
            sorted(asked.get_indexes(table), key=str),
            sorted(asked.get_unique_constraints(table), key=str),
            asked.get_foreign_keys(table),
            asked.get_table_options(table) if connection.dialect.name == "sqlite" else None,
        )
        for table in asked.get_table_names()
        if (columns := asked.get_columns(table))
    }


def upgrade(connection: Connection) -> None:
    command.upgrade(versions.alembic_config(connection), "head")


def test_migrations_make_what_the_models_say(url: str) -> None:
    """From nothing, script by script; nothing is left for Alembic to find."""
    within(url, upgrade)
    assert within(url, differences) == []


def test_a_new_catalog_is_as_migrations_would_make_it(
    url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """It is made in one step, and is the same to the last constraint."""
    within(url, upgrade)
    if url.startswith("sqlite"):
        other = f"sqlite:///{tmp_path / 'other.db'}"
    else:
        other = request.getfixturevalue("new_schema")()
    database = CatalogDatabase(other)
    database.open()
    database.close()
    assert within(other, shape) == within(url, shape)
    assert within(other, versions.version_of) == within(url, versions.version_of)


def test_the_newest_script_is_the_one_that_the_code_names(url: str) -> None:
    def heads(connection: Connection) -> list[str]:
        return ScriptDirectory.from_config(versions.alembic_config(connection)).get_heads()

    assert within(url, heads) == [versions.HEAD]


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Become a Holdfast that has a migration more."""

    def become(more: str = "pass") -> None:
        scripts = tmp_path / "100% scripts"
        shutil.copytree(versions.SCRIPTS, scripts)
        (scripts / "versions" / "catalog_0003.py").write_text(SECOND.format(more=more))
        monkeypatch.setattr(versions, "SCRIPTS", scripts)
        monkeypatch.setattr(versions, "HEAD", "0003")
        monkeypatch.setattr("holdfast.catalog.database.HEAD", "0003")

    return become


def labels(connection: Connection) -> list[str]:
    return list(connection.scalars(text("SELECT label FROM holdfast_jobs")))


def test_an_older_catalog_is_brought_forward(
    catalog: CatalogDatabase,
    another: Callable[[], CatalogDatabase],
    newer: Callable[..., None],
    url: str,
) -> None:
    """What is in it stays."""
    job = catalog.jobs.add(plan="app", kind=JobKind.BACKUP, trigger=Trigger.MANUAL_API)
    catalog.close()
    newer()
    assert another().jobs.get(job.id) == job
    assert within(url, labels) == ["none"]
    assert within(url, versions.version_of) == "0003"


def test_a_migration_that_fails_changes_nothing(
    catalog: CatalogDatabase,
    another: Callable[[], CatalogDatabase],
    newer: Callable[..., None],
    url: str,
) -> None:
    """The whole of it is one transaction, and the error is one of ours."""
    catalog.jobs.add(plan="app", kind=JobKind.BACKUP, trigger=Trigger.MANUAL_API)
    catalog.close()
    before = within(url, shape)
    newer(FAILS)
    with pytest.raises(CatalogError, match="syntax error"):
        another().open()
    assert within(url, shape) == before
    assert within(url, versions.version_of) == "0002"
    assert within(url, lambda it: it.scalar(text("SELECT count(*) FROM holdfast_jobs"))) == 1


def test_a_newer_catalog_is_left_alone(
    catalog: CatalogDatabase, another: Callable[[], CatalogDatabase], url: str
) -> None:
    """Neither read nor written, and the error names the version."""
    catalog.open()
    catalog.close()
    within(
        url, lambda it: it.execute(text("UPDATE holdfast_alembic_version SET version_num = '9999'"))
    )
    with pytest.raises(CatalogTooNew, match=r"made by a newer Holdfast .*9999") as caught:
        another().jobs.list()
    assert caught.value.hint == "Upgrade Holdfast, or name another catalog."


def test_the_catalog_shares_a_database_with_others(url: str, clock: SimClock) -> None:
    """Tables of the application, and an Alembic of its own, stay as they are."""

    def make(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE alembic_version (version_num varchar(32))"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('of the application')"))

    within(url, make)
    database = CatalogDatabase(url, clock=clock)
    database.open()
    database.close()
    kept = within(url, lambda it: it.scalar(text("SELECT version_num FROM alembic_version")))
    assert kept == "of the application"
