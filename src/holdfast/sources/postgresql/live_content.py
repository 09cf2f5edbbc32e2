"""What a restore in place meets in the live database: what it replaces, what it drops, what stays.

Whatever would keep it from being replaced is found here, before anything is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from holdfast.models.backup import CheckResult, PlannedChange
from holdfast.models.progress import CancellationToken
from holdfast.sources.postgresql.additions import Addition, additions_to
from holdfast.sources.postgresql.dependents import dependents_of
from holdfast.sources.postgresql.inspection import Table, counted_tables
from holdfast.sources.postgresql.session import Session, identifier
from holdfast.sources.postgresql.site import Site
from holdfast.sources.postgresql.stored import StoredDump

_MOST_SAID = 5
_TABLES = """
SELECT n.nspname AS schema, c.relname AS name, c.oid::bigint AS oid,
       pg_catalog.pg_has_role(c.relowner, 'USAGE') AS ours,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""
_REFERENCES = """
SELECT c.conrelid::bigint AS from_oid, c.confrelid::bigint AS to_oid, c.conname AS name
  FROM pg_catalog.pg_constraint c WHERE c.contype = 'f'
"""


def live_tables(session: Session) -> dict[str, dict[str, Any]]:
    """Return the tables of a database by their names in a manifest: names, OID and owner."""
    known = {(each.schema, each.name): each.label for each in counted_tables(session)}
    found = {(row["schema"], row["name"]): row for row in session.query(_TABLES)}
    return {known[key]: row for key, row in found.items() if key in known}


class LiveContent:
    """The live database as it was when the restore was staged.

    Args:
        exact: Whether what the backup does not have is to go.

    Attributes:
        tables: As `live_tables` returns them.
    """

    def __init__(
        self, site: Site, dump: StoredDump, *, exact: bool, cancel: CancellationToken
    ) -> None:
        self._site = site
        self._dump = dump
        self._exact = exact
        self._cancel = cancel
        with site.database(cancel=cancel) as session:
            self.tables = live_tables(session)

    @cached_property
    def going(self) -> tuple[Addition, ...]:
        """What the backup does not have, and an exact restore drops."""
        return additions_to(self._site, self._dump, self._cancel) if self._exact else ()

    @property
    def staying(self) -> list[str]:
        """Tables that stay as they are, as the backup does not have them."""
        others = self.tables.keys() - (self._dump.counts or {}).keys()
        return sorted(name for name in others if not self._goes(self.tables[name]))

    @property
    def replaced(self) -> dict[str, dict[str, Any]]:
        """Tables that the backup has."""
        counts = self._dump.counts
        return {
            name: table for name, table in self.tables.items() if counts is None or name in counts
        }

    def _goes(self, table: Mapping[str, Any]) -> bool:
        return any(
            each.kind == "TABLE" and (each.schema, each.tag) == (table["schema"], table["name"])
            for each in self.going
        )

    def written(self, session: Session) -> list[Table]:
        """Return the tables into which nobody may write meanwhile: it would be lost."""
        staying = set(self.staying)
        return [
            each
            for each in counted_tables(session)
            if each.label in self.tables and each.label not in staying
        ]

    def changes(self, target: str) -> list[PlannedChange]:
        """Say what becomes of what the backup does not have."""
        staying = [
            PlannedChange(
                target=f"{target}: {name}", action="unchanged", detail="not in the backup"
            )
            for name in self.staying
        ]
        going = [
            PlannedChange(target=target, action="remove", detail=f"{each}, not in the backup")
            for each in self.going
        ]
        return staying + going

    def check(self) -> tuple[CheckResult, ...]:
        """See whether what is live lets itself be replaced.

        Returns:
            The checks `rights`, `references`, `dependents`.

        Raises:
            RestoreError: The dump cannot be read.
        """
        return (self._check_rights(), self._check_references(), self._check_dependents())

    def advice(self, check: CheckResult) -> str | None:
        """Say what to do about a check of these that failed; None for another check."""
        role = identifier(self._site.server.connection.user or "...")
        if check.name == "rights":
            foreign = [table for table in self.replaced.values() if not table["ours"]]
            changes = [
                f"ALTER TABLE {identifier(each['schema'], each['name'])} OWNER TO {role};"
                for each in foreign
            ]
            return (
                f"Nothing was changed. Only the owner of a table may replace it:"
                f" {' '.join(changes[:_MOST_SAID])} Or restore as a role that owns them all."
            )
        if check.name in ("references", "dependents"):
            return (
                "Nothing was changed. Drop it, or let the role restore beside the live database:"
                f" ALTER ROLE {role} CREATEDB; ALTER DATABASE {identifier(self._site.live)}"
                f" OWNER TO {role};"
            )
        return None

    def _check_rights(self) -> CheckResult:
        foreign = [
            f"{name} belongs to {table['owner']}"
            for name, table in sorted(self.replaced.items())
            if not table["ours"]
        ]
        return CheckResult(
            name="rights", passed=not foreign, detail="; ".join(foreign[:_MOST_SAID])
        )

    def _check_references(self) -> CheckResult:
        """Nothing that stays may refer to what is dropped: dropping would fail."""
        replaced = {table["oid"]: name for name, table in self.replaced.items()}
        names = {table["oid"]: name for name, table in self.tables.items()}
        staying = set(self.staying)
        with self._site.database(cancel=self._cancel) as session:
            found = session.query(_REFERENCES)
        bad = [
            f"{names[each['from_oid']]}, which the backup does not have, refers to"
            f" {replaced[each['to_oid']]}"
            for each in found
            if each["to_oid"] in replaced and names.get(each["from_oid"]) in staying
        ]
        return CheckResult(name="references", passed=not bad, detail="; ".join(bad[:_MOST_SAID]))

    def _check_dependents(self) -> CheckResult:
        """Nor may anything else that stays depend on it: a view of a later migration."""
        going = {(each.kind, each.schema, each.tag) for each in self.going}
        found = dependents_of(self._site, self._dump, self._cancel, going=going)
        return CheckResult(
            name="dependents", passed=not found, detail="; ".join(found[:_MOST_SAID])
        )
