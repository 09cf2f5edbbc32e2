"""Which version a catalog's tables have, and how they come to be those of this Holdfast.

All of it happens in one transaction that holds the lock of the catalog, so that any number
of processes may open a new or an old catalog at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    insert,
    inspect,
    select,
)

from holdfast.catalog.engines import lock
from holdfast.catalog.schema import Base
from holdfast.errors import CatalogTooNew, MissingExtra

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0002"
"""The newest migration; a test compares it with the scripts."""
VERSION_TABLE = "holdfast_alembic_version"
SCRIPTS = Path(__file__).with_name("migrations")

_versions = Table(
    VERSION_TABLE,
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name=f"{VERSION_TABLE}_pkc"),
)
"""As Alembic makes it."""


def version_of(connection: Connection) -> str | None:
    """Return the version of a catalog; None if there is none."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.scalar(select(_versions.c.version_num))


def migrate(connection: Connection, place: str) -> None:
    """Bring the tables to the version of this Holdfast, within the connection's transaction.

    Raises:
        CatalogTooNew: They are of a version that this Holdfast does not know.
        MissingExtra: They are old, and Alembic is not installed.
    """
    lock(connection, "migration")
    version = version_of(connection)
    if version == HEAD:
        return
    if version is None:
        Base.metadata.create_all(connection)
        _versions.create(connection)
        connection.execute(insert(_versions).values(version_num=HEAD))
        return
    _upgrade(connection, version, place)


def alembic_config(connection: Connection) -> Config:
    """Return Alembic's configuration for our scripts and this connection.

    Raises:
        MissingExtra: Alembic is not installed.
    """
    try:
        from alembic.config import Config
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "The catalog is of an older Holdfast, and Alembic, which brings it up to date, is"
            " not installed",
            hint="pip install 'holdfast[jobs]'",
        ) from error
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection, version: str, place: str) -> None:
    config = alembic_config(connection)
    from alembic import command
    from alembic.script import ScriptDirectory

    known = {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}
    if version not in known:
        raise CatalogTooNew(
            f"The catalog {place} was made by a newer Holdfast (its version is {version})",
            hint="Upgrade Holdfast, or name another catalog.",
        )
    command.upgrade(config, "head")
