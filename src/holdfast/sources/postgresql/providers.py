"""What managed services put into their customers' databases, and a backup leaves out.

It belongs to roles that no customer can become, so it cannot be restored; the service makes it
anew. A rule holds only where the provider's own role exists: the schema `auth` of any other
server is the application's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What one managed service adds.

    Attributes:
        name: The service, for people.
        role: A role that every server of it has and no other.
        schemas: Schemas that are left out, with all that is in them.
        extensions: Extensions that only this service has.
    """

    name: str
    role: str
    schemas: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()


PROVIDERS = (
    # Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.html
    # and, for the management of plans, .../AuroraUserGuide/AuroraPostgreSQL.Optimize.html. What is
    # called rdsadmin is a database and a role, and no schema.
    Provider(
        name="Amazon RDS",
        role="rdsadmin",
        schemas=("rds_tools", "apg_plan_mgmt"),
        extensions=(
            *("rds_tools", "rdsutils", "apg_plan_mgmt", "aurora_stat_utils"),
            *("aws_commons", "aws_lambda", "aws_s3", "aws_ml"),
        ),
    ),
    # Source: https://cloud.google.com/sql/docs/postgres/extensions, and google_vacuum_mgmt as dumps
    # of such databases show it: a schema and an extension in each.
    Provider(
        name="Google Cloud SQL",
        role="cloudsqladmin",
        schemas=("google_vacuum_mgmt", "google_ml"),
        extensions=("google_vacuum_mgmt", "google_ml_integration", "google_columnar_engine"),
    ),
    # Source: https://learn.microsoft.com/azure/postgresql/extensions/concepts-extensions-versions.
    # It puts no schemas into databases: azure_sys and azure_maintenance are databases of its own.
    Provider(
        name="Azure Database for PostgreSQL",
        role="azuresu",
        extensions=("azure", "azure_ai", "azure_storage", "azure_local_ai", "pgaadauth"),
    ),
    # Source: the schemas that `supabase db dump` leaves out as internal, but for those that
    # extensions make, and `extensions`: it belongs to the customer, whose extensions are in it.
    Provider(
        name="Supabase",
        role="supabase_admin",
        schemas=(
            *("auth", "storage", "realtime", "vault", "pgsodium", "pgsodium_masks", "pgbouncer"),
            *("graphql", "graphql_public", "net", "supabase_functions", "supabase_migrations"),
            *("etl", "_analytics", "_realtime", "_supavisor"),
        ),
        extensions=("supabase_vault", "pgsodium", "pg_graphql", "pg_net"),
    ),
    # Source: compute_tools/src in https://github.com/neondatabase/neon, which makes them.
    Provider(
        name="Neon",
        role="cloud_admin",
        schemas=("neon", "neon_migration"),
        extensions=("neon", "neon_utils"),
    ),
    # Source: https://aiven.io/docs/products/postgresql/concepts/dba-tasks-pg (avnadmin is there by
    # default, aiven_extras has a schema of its own), https://github.com/aiven/aiven-pg-security.
    Provider(
        name="Aiven",
        role="avnadmin",
        schemas=("aiven_extras",),
        extensions=("aiven_extras", "aiven_gatekeeper"),
    ),
    # Source: dumps of such databases: _heroku belongs to heroku_admin. heroku_ext belongs to the
    # customer, whose extensions may be in it:
    # https://help.heroku.com/ZOFBHJCJ/heroku-postgres-extension-schema-restrictions
    Provider(name="Heroku", role="heroku_admin", schemas=("_heroku",)),
)

UNUSUAL_EXTENSIONS = {
    "timescaledb": "its hypertables are restored only between timescaledb_pre_restore() and"
    " timescaledb_post_restore(), and into the same version of it",
    "citus": "only what this node has of distributed tables is in the backup",
    "pg_cron": "its jobs run again where the backup is restored, under their old database name",
}
"""Extensions whose tables a dump does not carry like others, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What a rule leaves out of one database.

    Attributes:
        provider: The service's name; empty where no rule applied.
    """

    provider: str = ""
    schemas: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Name what is left out."""
        names = [f"schema {name}" for name in self.schemas]
        names += [f"extension {name}" for name in self.extensions]
        if not names:
            return ()
        return (f"Not in the backup, because {self.provider} manages it: {', '.join(names)}.",)


def left_out(roles: Iterable[str], schemas: Sequence[str], extensions: Sequence[str]) -> LeftOut:
    """Return what the rules leave out of a database with these schemas and extensions."""
    present = frozenset(roles)
    for provider in PROVIDERS:
        if provider.role in present:
            return LeftOut(
                provider=provider.name,
                schemas=tuple(name for name in schemas if name in provider.schemas),
                extensions=tuple(name for name in extensions if name in provider.extensions),
            )
    return LeftOut()


def extension_warnings(extensions: Iterable[str]) -> tuple[str, ...]:
    """Return what must be known of the extensions of a database."""
    found = sorted(set(extensions) & UNUSUAL_EXTENSIONS.keys())
    return tuple(f"The extension {name} is used: {UNUSUAL_EXTENSIONS[name]}." for name in found)
