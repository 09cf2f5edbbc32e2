"""A drill restores into a scratch database, looks at it, and leaves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.errors import Cancelled, RestoreError, SourceError
from holdfast.models.progress import CancellationToken
from holdfast.sources.postgresql import checks
from tests.rig.postgresql import PostgresDatabase
from tests.sources.postgresql.restoring import ROOT, Tree, backup_of, context_of, source_at


@pytest.fixture
def backup(chinook_postgres: PostgresDatabase, tmp_path: Path) -> Tree:
    return backup_of(chinook_postgres.url, tmp_path)


def test_it_is_checked_and_answers(
    chinook_postgres: PostgresDatabase, backup: Tree, tmp_path: Path
) -> None:
    """R10: counts, indexes, the user's own expectations; the live database is not asked."""
    query = "SELECT composer FROM track ORDER BY track_id LIMIT 2100"
    wanted = [name for (name,) in chinook_postgres.run(query) if name is not None]
    assert len(wanted) < 2100
    chinook_postgres.run("TRUNCATE album CASCADE")
    with source_at(chinook_postgres.url).rehearse(context_of(backup, tmp_path)) as restored:
        assert [each for each in restored.check() if not each.passed] == []
        queries = (
            "SELECT count(*) = 347 FROM album -- all of them",
            "SELECT count(*) > 347 FROM album;",
            "SELECT album_id FROM album",
            "SELECT true, false",
            "SELECT 1 FROM nothing",
            "DELETE FROM album RETURNING true",
            "SELECT nextval('x') FROM (SELECT 1) y",
        )
        answers = restored.ask(queries)
        assert [each.name for each in answers] == [f"expect: {query}" for query in queries]
        assert [each.passed for each in answers] == [True] + 6 * [False]
        assert answers[1].detail == "it returned 'False'"
        assert answers[2].detail == answers[3].detail == "it must return one row of one column"
        assert answers[4].detail == 'relation "nothing" does not exist'
        assert list(restored.column(query)) == wanted
        with pytest.raises(SourceError):
            list(restored.column("SELECT nothing"))
        assert len(chinook_postgres.relatives()) == 1
    assert chinook_postgres.relatives() == set()


def test_a_query_that_takes_too_long_fails_its_expectation(
    chinook_postgres: PostgresDatabase,
    backup: Tree,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checks, "EXPECTATION_LIMIT_S", 0.2)
    with source_at(chinook_postgres.url).rehearse(context_of(backup, tmp_path)) as restored:
        (answer,) = restored.ask(["SELECT pg_sleep(30) IS NULL"])
    assert (answer.passed, answer.detail) == (False, "it did not answer within 0.2 s")


def test_a_table_that_is_missing_is_seen(
    chinook_postgres: PostgresDatabase, backup: Tree, tmp_path: Path
) -> None:
    """R10: a drill of a backup that lacks something is red."""
    backup.manifest.contents[ROOT].facts["row_counts"]["lost"] = 7
    with source_at(chinook_postgres.url).rehearse(context_of(backup, tmp_path)) as restored:
        (failed,) = [each for each in restored.check() if each.failed]
    assert (failed.name, failed.detail) == ("table counts", "lost: no table instead of 7")


def test_nothing_is_left_when_it_fails_or_is_cancelled(
    chinook_postgres: PostgresDatabase, backup: Tree, tmp_path: Path
) -> None:
    """R38."""
    source = source_at(chinook_postgres.url)
    cut = backup.with_content(backup.content[:-9999])
    with pytest.raises(RestoreError), source.rehearse(context_of(cut, tmp_path)):
        pytest.fail("it was restored")
    assert chinook_postgres.relatives() == set()
    cancel = CancellationToken()
    dying = Tree(backup.content, backup.manifest, lambda number: cancel.cancel())
    context = context_of(dying, tmp_path, cancel=cancel)
    with pytest.raises(Cancelled), source.rehearse(context):
        pytest.fail("it was restored")
    assert chinook_postgres.relatives() == set()
