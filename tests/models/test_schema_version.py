"""Schema versions are spelled one way, whatever order they are found in."""

from __future__ import annotations

from holdfast.models.schema_version import alembic_version, django_version


def test_several_alembic_heads_are_sorted() -> None:
    assert alembic_version(["b2", "a1", "b2"]) == "a1,b2"
    assert alembic_version([]) is None


def test_django_is_at_the_newest_migration_of_each_app() -> None:
    """The order in which they were applied differs from database to database."""
    applied = [("shop", "0002_price"), ("auth", "0001_initial"), ("shop", "0001_initial")]
    assert django_version(applied) == "django:auth.0001_initial,shop.0002_price"
    assert django_version(reversed(applied)) == django_version(applied)
    assert django_version([]) is None


def test_many_apps_are_named_by_a_digest_that_tells_each_from_the_next() -> None:
    apps = [(f"application_{i}", "0001_initial") for i in range(40)]
    version = django_version(apps)
    newer = django_version([*apps, ("application_7", "0002_next")])
    assert version is not None
    assert newer is not None
    assert version.startswith("django:40 apps ")
    assert len(version) < 40
    assert version != newer
