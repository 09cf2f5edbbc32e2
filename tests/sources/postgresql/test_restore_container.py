"""Restores by the programs of a container, which is entered and needs no published port."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.sources.postgresql.source import PostgresSource
from tests.rig.container import PostgresContainer
from tests.sources.postgresql.restoring import Tree, backup_of, context_of, restore, staged

NAME = "app_restored"


@pytest.fixture
def container(postgres_container: PostgresContainer) -> Iterator[PostgresContainer]:
    """The container, with a database that is gone afterwards, as is what was made beside it."""
    if not postgres_container.running:
        postgres_container.start()
    postgres_container.run(f"CREATE DATABASE {NAME}")
    postgres_container.run("CREATE TABLE notes (id serial PRIMARY KEY, body text)", NAME)
    postgres_container.run("INSERT INTO notes (body) VALUES (E'tab\\t\u00e4'), ('two')", NAME)
    yield postgres_container
    for name in databases(postgres_container):
        postgres_container.run(f"DROP DATABASE {name} WITH (FORCE)")


def databases(container: PostgresContainer) -> list[str]:
    rows = container.run(f"SELECT datname FROM pg_database WHERE datname LIKE '{NAME}%'")
    return [str(name) for (name,) in rows]


def test_beside_in_part_and_for_a_drill(container: PostgresContainer, tmp_path: Path) -> None:
    """R04, R17, R18: every way that a restore has, through `exec`."""
    url = container.socket_url(NAME)
    where: dict[str, Any] = {"container": container.name, "container_runtime": "podman"}
    source = PostgresSource(url, root="database/app.dump", **where)
    tree: Tree = backup_of(url, tmp_path, **where)
    container.run("UPDATE notes SET body = 'spoilt'", NAME)
    restore(source, tree, tmp_path, tables=("notes",))
    assert bodies(container) == ["tab\t\u00e4", "two"]
    container.run("UPDATE notes SET body = 'spoilt'", NAME)
    with staged(source, tree, tmp_path, keep_previous=True) as stage:
        stage.swap()
        assert bodies(container) == ["tab\t\u00e4", "two"]
        stage.undo()
        assert bodies(container) == ["spoilt", "spoilt"]
    with source.rehearse(context_of(tree, tmp_path)) as restored:
        assert [each for each in restored.check() if not each.passed] == []
        (answer,) = restored.ask(["SELECT count(*) = 2 FROM notes"])
        assert answer.passed
    assert databases(container) == [NAME]


def bodies(container: PostgresContainer) -> list[str]:
    return [str(body) for (body,) in container.run("SELECT body FROM notes ORDER BY id", NAME)]
