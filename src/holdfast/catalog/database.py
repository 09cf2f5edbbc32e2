"""The catalog: jobs, schedules, users and audit, in SQLite or PostgreSQL.

It may be lost. Backups are listed, verified and restored without it, and
`holdfast catalog rebuild` makes a new one from what the repository knows.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import Engine
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session as OrmSession

from holdfast.catalog.engines import WRITES, file_of, lock, make_engine, make_file, parse_place
from holdfast.catalog.refusals import shown, translated
from holdfast.catalog.versions import HEAD, migrate, version_of
from holdfast.clock import Clock, SystemClock
from holdfast.models.uuid7 import Uuid7Source

if TYPE_CHECKING:
    from pathlib import Path

    from holdfast.catalog.accounts import AccountTable
    from holdfast.catalog.audit import AuditTable
    from holdfast.catalog.deliveries import DeliveryTable
    from holdfast.catalog.facts import FactTable
    from holdfast.catalog.jobs import JobTable
    from holdfast.catalog.links import LinkTable
    from holdfast.catalog.requests import RequestTable
    from holdfast.catalog.schedules import ScheduleTable
    from holdfast.catalog.uploads import UploadTable

FILE_NAME = "catalog.db"


class CatalogDatabase:
    """One catalog. Safe to use from many threads and processes.

    Args:
        url: `sqlite:///path/catalog.db`, or a URL of PostgreSQL. Nothing is touched yet.
        clock: Where the present comes from.

    Raises:
        ConfigError: The URL is none, or of a database that cannot hold a catalog.
    """

    def __init__(self, url: str | URL, *, clock: Clock | None = None) -> None:
        self._place = parse_place(url)
        self._lock = threading.RLock()
        self._engine: Engine | None = None
        self._process = 0
        self.clock: Clock = clock or SystemClock()
        self.ids = Uuid7Source()

    @classmethod
    def beside(cls, state_dir: Path, *, clock: Clock | None = None) -> CatalogDatabase:
        """Return the catalog that lies in a repository's directory of state."""
        path = state_dir.absolute() / FILE_NAME
        return cls(URL.create("sqlite", database=str(path)), clock=clock)

    @property
    def name(self) -> str:
        """The catalog's place, for people: a path, or a URL without its password."""
        return shown(self._place)

    @property
    def path(self) -> Path | None:
        """The catalog's file; None if it is on a server."""
        return file_of(self._place)

    @cached_property
    def jobs(self) -> JobTable:
        """The jobs, and what happened to them."""
        from holdfast.catalog.jobs import JobTable

        return JobTable(self)

    @cached_property
    def schedules(self) -> ScheduleTable:
        """The schedules of the plans."""
        from holdfast.catalog.schedules import ScheduleTable

        return ScheduleTable(self)

    @cached_property
    def audit(self) -> AuditTable:
        """Who did what."""
        from holdfast.catalog.audit import AuditTable

        return AuditTable(self)

    @cached_property
    def requests(self) -> RequestTable:
        """Requests that are to be served once."""
        from holdfast.catalog.requests import RequestTable

        return RequestTable(self)

    @cached_property
    def uploads(self) -> UploadTable:
        """What waits for a confirmation before it is restored."""
        from holdfast.catalog.uploads import UploadTable

        return UploadTable(self)

    @cached_property
    def links(self) -> LinkTable:
        """Links to download."""
        from holdfast.catalog.links import LinkTable

        return LinkTable(self)

    @cached_property
    def accounts(self) -> AccountTable:
        """Users, sessions and tokens."""
        from holdfast.catalog.accounts import AccountTable

        return AccountTable(self)

    @cached_property
    def facts(self) -> FactTable:
        """Single values under a name."""
        from holdfast.catalog.facts import FactTable

        return FactTable(self)

    @cached_property
    def deliveries(self) -> DeliveryTable:
        """What was told on the channels of notification."""
        from holdfast.catalog.deliveries import DeliveryTable

        return DeliveryTable(self)

    def open(self) -> None:
        """Make the catalog if it is not there, and bring its tables up to date.

        Every use does so by itself; again is harmless, and so are other processes.

        Raises:
            CatalogError: It cannot be reached or made.
            CatalogTooNew: It was made by a newer Holdfast.
            MissingExtra: A package that it needs is not installed.
        """
        with self._lock:
            self._opened()

    def close(self) -> None:
        """Close all connections; a later use opens them again."""
        with self._lock:
            self._leave()

    @contextmanager
    def reading(self) -> Iterator[OrmSession]:
        """Offer one consistent view of the tables.

        Raises:
            CatalogError: The catalog cannot be read.
        """
        with translated(self._place):
            engine = self._opened()
            if engine.dialect.name == "postgresql":
                engine = engine.execution_options(isolation_level="REPEATABLE READ")
            with OrmSession(engine) as session:
                yield session

    @contextmanager
    def writing(self, *, alone: str | None = None) -> Iterator[OrmSession]:
        """Offer a transaction, which is kept if the block ends without an error.

        Args:
            alone: Wait for, and keep out, others that write under this name.

        Raises:
            CatalogError: The catalog cannot be written.
        """
        with translated(self._place):
            engine = self._opened().execution_options(**{WRITES: True})
            with OrmSession(engine, expire_on_commit=False) as session, session.begin():
                if alone is not None:
                    lock(session.connection(), alone)
                yield session

    def _opened(self) -> Engine:
        """Return the engine of a catalog whose tables are there."""
        if (engine := self._usable()) is not None:
            return engine
        with self._lock:
            if (engine := self._usable()) is not None:
                return engine
            self._leave()
            engine = make_engine(self._place)
            try:
                self._prepare(engine)
            except BaseException:
                engine.dispose()
                raise
            self._engine, self._process = engine, os.getpid()
            return engine

    def _usable(self) -> Engine | None:
        """Return the engine, unless the file is gone or another process opened it."""
        path = self.path
        if self._process == os.getpid() and (path is None or path.exists()):
            return self._engine
        return None

    def _leave(self) -> None:
        """Close the connections, but not those that a forked process has from its parent."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose(close=self._process == os.getpid())

    def _prepare(self, engine: Engine) -> None:
        with translated(self._place):
            path = self.path
            if path is None or not make_file(path):
                with engine.connect() as connection:
                    if version_of(connection) == HEAD:
                        return
            with engine.execution_options(**{WRITES: True}).begin() as connection:
                migrate(connection, self.name)
