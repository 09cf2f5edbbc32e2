"""An application whose database also holds the catalog makes migrations with Alembic."""

from __future__ import annotations

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Index, Integer, MetaData, Table, Text

from holdfast.catalog import CatalogDatabase, include_name, include_object
from holdfast.catalog.engines import make_engine, parse_place


def planned(url: str, **options: Any) -> list[str]:
    """Return what the application's next migration would do, with a table that it adds."""
    application = MetaData()
    Table("users", application, Column("id", Integer, primary_key=True), Column("name", Text))
    Index("users_by_name", application.tables["users"].c.name)
    engine = make_engine(parse_place(url))
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts=options)
            return sorted(
                f"{step[0]} {step[1].name}" for step in compare_metadata(context, application)
            )
    finally:
        engine.dispose()


OWN = ["add_index users_by_name", "add_table users"]


@pytest.mark.parametrize(
    "options", [{"include_name": include_name}, {"include_object": include_object}]
)
def test_the_catalog_is_left_out(catalog: CatalogDatabase, url: str, options: Any) -> None:
    """Neither its tables nor their indexes are dropped, by either hook."""
    catalog.open()
    assert planned(url, **options) == OWN


def test_without_the_hook_it_would_be_dropped(catalog: CatalogDatabase, url: str) -> None:
    """So the test above proves something."""
    catalog.open()
    assert "remove_table holdfast_jobs" in planned(url)


def test_names_that_only_look_alike_are_the_applications() -> None:
    assert include_name("myholdfast_jobs", "table")
    assert include_name(None, "schema")
    assert include_name("users_by_name", "index", {"table_name": "users"})
    assert not include_name("anything", "index", {"table_name": "holdfast_jobs"})
