"""What in a live database depends on what a dump replaces there, and is not in the dump itself.

The server refuses to drop what something depends on, a view of a later migration for example; so
a restore in place looks for it before it does anything.
"""

# ruff: noqa: S608 - what is put in are conditions of our own

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection

from holdfast.errors import ProgramFailed, RestoreError
from holdfast.models.progress import CancellationToken
from holdfast.sources.postgresql.failures import first_line
from holdfast.sources.postgresql.session import Session
from holdfast.sources.postgresql.site import Site
from holdfast.sources.postgresql.stored import StoredDump
from holdfast.sources.postgresql.table_data import fed, lines_of
from holdfast.sources.programs import Child

_ENTRY = re.compile(r"\d+; \d+ \d+ (.*)")
_OWN = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
_DEPENDENCIES = f"""
WITH relations AS (
  SELECT c.oid, c.reltype, n.nspname AS schema, c.relname::text AS tag,
         CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
              WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'c' THEN 'TYPE'
              ELSE 'TABLE' END AS kind
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE {_OWN} AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
), types AS (
  SELECT t.oid, t.typarray, n.nspname AS schema, t.typname::text AS tag,
         CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END AS kind
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
   WHERE {_OWN} AND t.typtype IN ('e', 'd', 'r')
  UNION ALL
  SELECT t.oid, t.typarray, r.schema, r.tag, r.kind
    FROM relations r JOIN pg_catalog.pg_type t ON t.oid = r.reltype
), things AS (
  SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::oid AS class, oid, schema, kind, tag
    FROM relations
  UNION ALL
  SELECT 'pg_catalog.pg_type'::pg_catalog.regclass::oid, x.oid, t.schema, t.kind, t.tag
    FROM types t CROSS JOIN LATERAL (VALUES (t.oid), (t.typarray)) x(oid) WHERE x.oid <> 0
  UNION ALL
  SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::oid, p.oid, n.nspname,
         CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END,
         p.proname || '(' || coalesce((
           SELECT pg_catalog.string_agg(pg_catalog.format_type(a.type, NULL), ', ' ORDER BY a.at)
             FROM pg_catalog.unnest(p.proargtypes) WITH ORDINALITY a(type, at)), '') || ')'
    FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
   WHERE {_OWN}
), parts AS (
  SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass::oid AS class, oid, ev_class AS whole
    FROM pg_catalog.pg_rewrite
  UNION ALL SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass::oid, oid, adrelid
    FROM pg_catalog.pg_attrdef
  UNION ALL SELECT 'pg_catalog.pg_trigger'::pg_catalog.regclass::oid, oid, tgrelid
    FROM pg_catalog.pg_trigger WHERE NOT tgisinternal
  UNION ALL SELECT 'pg_catalog.pg_policy'::pg_catalog.regclass::oid, oid, polrelid
    FROM pg_catalog.pg_policy
  UNION ALL SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass::oid, oid, conrelid
    FROM pg_catalog.pg_constraint WHERE contype <> 'f' AND conrelid <> 0
), owners AS (
  SELECT class, oid, schema, kind, tag FROM things
  UNION ALL
  SELECT p.class, p.oid, r.schema, r.kind, r.tag FROM parts p JOIN relations r ON r.oid = p.whole
)
SELECT DISTINCT o.kind, o.schema, o.tag,
       r.kind AS on_kind, r.schema AS on_schema, r.tag AS on_tag
  FROM pg_catalog.pg_depend d
  JOIN owners o ON o.class = d.classid AND o.oid = d.objid
  JOIN things r ON r.class = d.refclassid AND r.oid = d.refobjid
 WHERE d.deptype = 'n' AND (o.kind, o.schema, o.tag) <> (r.kind, r.schema, r.tag)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                    WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')
 ORDER BY 2, 3, 5, 6
"""


def dependents_of(
    site: Site,
    dump: StoredDump,
    cancel: CancellationToken,
    *,
    going: Collection[tuple[str, str, str]] = (),
) -> list[str]:
    """Return what would keep the content of a live database from being replaced, for people.

    Args:
        going: Kinds, schemas and names of what is dropped before.

    Raises:
        RestoreError: The dump cannot be read.
    """
    with site.database(cancel=cancel) as session:
        listed = listed_in(site, session, dump, cancel)
        with session.transaction("READ ONLY"):
            session.execute("SET LOCAL search_path = pg_catalog")  # as when it was dumped
            found = session.query(_DEPENDENCIES)
    return [
        f"{_said(each['kind'], each['schema'], each['tag'])}, which the backup does not have,"
        f" depends on {_said(each['on_kind'], each['on_schema'], each['on_tag'])}"
        for each in found
        if is_in(listed, each["on_kind"], each["on_schema"], each["on_tag"])
        and not is_in(listed, each["kind"], each["schema"], each["tag"])
        and (each["kind"], each["schema"], each["tag"]) not in going
    ]


def listed_in(
    site: Site, session: Session, dump: StoredDump, cancel: CancellationToken
) -> list[str]:
    """Return what a dump has, sorted: kind, schema, name and owner, with spaces between.

    Raises:
        RestoreError: The dump cannot be read.
    """
    program = site.server.clients(site.place, session).path("pg_restore")
    how = site.place.invocation(program, ["--format=custom", "--list"], {"LC_ALL": "C"}, stdin=True)
    try:
        with Child(how, reads=True, writes=True, cancel=cancel) as child, fed(child, dump):
            text = [line.decode(errors="replace") for line in lines_of(child)]
            child.finish()
    except ProgramFailed as error:
        raise RestoreError(
            f"{dump.name} cannot be read: {first_line(error.said or error.message)}",
            hint="Nothing was changed. Restore another backup.",
        ) from error
    return sorted(_bare(match[1]) for line in text if (match := _ENTRY.fullmatch(line)))


def _bare(text: str) -> str:
    # What types are called in it depends on an option of the program that dumped.
    return text.replace('"', "").replace("\n", " ")


def is_in(listed: list[str], kind: str, schema: str, tag: str) -> bool:
    """Tell whether a dump, by what `listed_in` returned, has something."""
    start = _bare(f"{kind} {schema} {tag} ")
    at = bisect_left(listed, start)
    return at < len(listed) and listed[at].startswith(start)


def _said(kind: str, schema: str, tag: str) -> str:
    return f"the {kind.lower()} {schema}.{tag}"
