"""Requests that carry an idempotency key: done once, however often they are sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete

from holdfast.catalog.credentials import hash_token
from holdfast.catalog.schema import RequestRow
from holdfast.catalog.values import StoredResponse
from holdfast.errors import IdempotencyConflict

if TYPE_CHECKING:
    from holdfast.catalog.database import CatalogDatabase

ABANDONED_AFTER = timedelta(minutes=10)
"""A request that has no answer by then died with its process, and may be made again."""


class RequestTable:
    """Keys that clients chose, each within a scope: who asked, and for which plan."""

    def __init__(self, database: CatalogDatabase) -> None:
        self._database = database

    def begin(self, scope: str, key: str, fingerprint: str) -> StoredResponse | None:
        """Say that a request is being served; return what was answered to it before, if it was.

        Args:
            fingerprint: A hash of all that the request asks for.

        Raises:
            IdempotencyConflict: The key was used for another request, or this one is still
                under way.
        """
        now = self._database.clock.now()
        hashed = _hashed(scope, key)
        with self._database.writing(alone=f"request {' '.join(hashed)}") as session:
            row = session.get(RequestRow, hashed)
            if row is None:
                row = RequestRow(
                    scope=hashed[0], key=hashed[1], fingerprint=fingerprint, headers={}
                )
                session.add(row)
            elif row.fingerprint != fingerprint:
                raise IdempotencyConflict(
                    "The idempotency key was used before, with another request",
                    hint="Take a new key for a new request.",
                )
            elif row.status is not None:
                return StoredResponse(status=row.status, body=row.body or b"", headers=row.headers)
            elif now - row.begun_at < ABANDONED_AFTER:
                raise IdempotencyConflict(
                    "The same request is still being served", hint="Send it again in a while."
                )
            row.begun_at = now
            return None

    def finish(
        self, scope: str, key: str, status: int, body: bytes, headers: Mapping[str, str]
    ) -> None:
        """Keep what was answered, for when the request is sent again.

        Args:
            body: Kept as it is, so it must not hold a token or another secret.
        """
        with self._database.writing() as session:
            row = session.get(RequestRow, _hashed(scope, key), with_for_update=True)
            if row is not None:
                row.status, row.body, row.headers = status, body, dict(headers)

    def forget(self, scope: str, key: str) -> None:
        """Let a request be made anew: it failed, and nothing came of it."""
        hashed = _hashed(scope, key)
        with self._database.writing() as session:
            session.execute(
                delete(RequestRow).where(RequestRow.scope == hashed[0], RequestRow.key == hashed[1])
            )

    def expire(self, older_than: datetime) -> int:
        """Forget the requests from before an instant; return how many."""
        with self._database.writing() as session:
            gone = session.execute(delete(RequestRow).where(RequestRow.begun_at < older_than))
            return gone.rowcount  # type: ignore[attr-defined, no-any-return]


def _hashed(scope: str, key: str) -> tuple[str, str]:
    """Return what is kept of a key: clients may send anything, of any length."""
    return hash_token(scope), hash_token(key)
