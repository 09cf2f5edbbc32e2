"""How the version of a database's schema is written: Alembic's heads, Django's migrations.

One spelling for all engines, so that a backup of one compares with the code and with another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

_DJANGO = "django:"
_MOST_CHARACTERS = 500
_MOST_CHARACTERS_OF_A_NAME = 100


def alembic_version(heads: Iterable[str]) -> str | None:
    """Return Alembic's heads in the order of their names, joined by commas; None without any."""
    return ",".join(sorted({head[:_MOST_CHARACTERS_OF_A_NAME] for head in heads})) or None


def django_version(migrations: Iterable[tuple[str, str]]) -> str | None:
    """Return the newest migration of each app, such as `django:auth.0012_max,shop.0003_price`.

    The newest is the last by name, as Django numbers them: the order in which they were
    applied differs from one database to another. Where that is too long to read, a digest
    stands for it.

    Args:
        migrations: App and name of each migration, in any order.
    """
    newest: dict[str, str] = {}
    for app, name in migrations:
        newest[app] = max(newest.get(app, ""), name)
    if not newest:
        return None
    written = ",".join(f"{app}.{newest[app]}" for app in sorted(newest))
    if len(_DJANGO) + len(written) <= _MOST_CHARACTERS:
        return f"{_DJANGO}{written}"
    digest = hashlib.sha256(written.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return f"{_DJANGO}{len(newest)} apps {digest}"
