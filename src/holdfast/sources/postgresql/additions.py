"""What a live database has that a dump does not: what a migration made after it, for example."""

# ruff: noqa: S608 - what is put in are conditions of our own

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from holdfast.models.manifest import Manifest
from holdfast.models.node import Node
from holdfast.models.progress import CancellationToken
from holdfast.models.tree import BackupTree
from holdfast.sources.postgresql.contents import Drop, with_drops
from holdfast.sources.postgresql.dependents import is_in, listed_in
from holdfast.sources.postgresql.inspection import left_out_of
from holdfast.sources.postgresql.site import Site
from holdfast.sources.postgresql.stored import StoredDump

_OWN = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
_FIRST_OID = 16384
"""Below, things are the server's own. Source: FirstNormalObjectId in access/transam.h."""
_THINGS = f"""
SELECT x.kind, x.schema, x.tag, x.name FROM (
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::oid AS class, c.oid,
         CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
              WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind,
         n.nspname::text AS schema, c.relname::text AS tag,
         c.oid::pg_catalog.regclass::text AS name, c.relowner AS owner
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE {_OWN} AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
  UNION ALL
  SELECT 'pg_catalog.pg_type'::pg_catalog.regclass::oid, t.oid,
         CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, n.nspname, t.typname,
         t.oid::pg_catalog.regtype::text, t.typowner
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_class r ON r.oid = t.typrelid
   WHERE {_OWN} AND (t.typtype IN ('e', 'd', 'r') OR r.relkind = 'c')
  UNION ALL
  SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::oid, p.oid,
         CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END,
         n.nspname, p.proname || '(' || coalesce((
           SELECT pg_catalog.string_agg(pg_catalog.format_type(a.type, NULL), ', ' ORDER BY a.at)
             FROM pg_catalog.unnest(p.proargtypes) WITH ORDINALITY a(type, at)), '') || ')',
         CASE WHEN p.prokind = 'a' AND p.pronargs = 0
              THEN pg_catalog.replace(p.oid::pg_catalog.regprocedure::text, '()', '(*)')
              ELSE p.oid::pg_catalog.regprocedure::text END, p.proowner
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
   WHERE {_OWN}
  UNION ALL
  SELECT 'pg_catalog.pg_extension'::pg_catalog.regclass::oid, e.oid, 'EXTENSION', '-', e.extname,
         pg_catalog.quote_ident(e.extname), e.extowner
    FROM pg_catalog.pg_extension e
  UNION ALL
  SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass::oid, n.oid, 'SCHEMA', '-', n.nspname,
         pg_catalog.quote_ident(n.nspname), n.nspowner
    FROM pg_catalog.pg_namespace n WHERE {_OWN}
) x
 WHERE x.oid >= {_FIRST_OID} AND pg_catalog.pg_has_role(x.owner, 'USAGE')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = x.class AND d.objid = x.oid AND d.objsubid = 0
                      AND d.deptype IN ('a', 'i', 'e'))
 ORDER BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """Something that is live and not in a dump, and that our role may drop.

    Attributes:
        schema: `-` for what is in none.
        tag: What a dump would call it: the name, of a function with its arguments.
        name: With its schema, quoted.
    """

    kind: str
    schema: str
    tag: str
    name: str

    def __str__(self) -> str:
        return f"the {self.kind.lower()} {self.name}"


def additions_to(site: Site, dump: StoredDump, cancel: CancellationToken) -> tuple[Addition, ...]:
    """Return what is live and not in a dump, as far as it is ours, and no provider's.

    Raises:
        RestoreError: The dump cannot be read.
    """
    with site.database(cancel=cancel) as session:
        listed = listed_in(site, session, dump, cancel)
        omitted = left_out_of(session)
        with session.transaction("READ ONLY"):
            session.execute("SET LOCAL search_path = pg_catalog")  # so that names are whole
            found = [Addition(**row) for row in session.query(_THINGS)]
    kept = {
        *(("SCHEMA", name) for name in omitted.schemas),
        *(("EXTENSION", name) for name in omitted.extensions),
    }
    return tuple(
        each
        for each in found
        if each.schema not in omitted.schemas
        and (each.kind, each.tag) not in kept
        and not is_in(listed, each.kind, each.schema, each.tag)
    )


def dropping(dump: StoredDump, additions: Sequence[Addition]) -> StoredDump:
    """Return a dump whose restore also drops what was added since, in the same transaction."""
    drops = tuple(Drop(kind=each.kind, name=each.name) for each in additions)
    return replace(dump, tree=_Dropping(dump.tree, drops)) if drops else dump


class _Dropping:
    """A backup whose dump also lets other things be dropped."""

    def __init__(self, tree: BackupTree, drops: Sequence[Drop]) -> None:
        self._tree = tree
        self._drops = drops

    @property
    def manifest(self) -> Manifest:
        return self._tree.manifest

    def node(self, path: str) -> Node | None:
        return self._tree.node(path)

    def children(self, path: str) -> Iterator[Node]:
        return self._tree.children(path)

    def walk(self, path: str) -> Iterator[tuple[str, Node]]:
        return self._tree.walk(path)

    def read(self, path: str) -> Iterator[bytes]:
        return with_drops(iter(self._tree.read(path)), self._drops)

    def write_to(self, path: str, descriptor: int) -> None:
        raise NotImplementedError  # one program reads it as it comes: in one transaction
