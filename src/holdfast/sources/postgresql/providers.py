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
    Provider(
        name="Amazon RDS",
        role="rdsadmin",
        schemas=("rdsadmin", "rds_tools", "apg_plan_mgmt"),
        extensions=("rds_tools", "rdsutils", "aws_commons", "aws_lambda", "aws_s3", "aws_ml"),
    ),
    # Source: https://cloud.google.com/sql/docs/postgres/extensions
    Provider(
        name="Google Cloud SQL",
        role="cloudsqladmin",
        schemas=("google_vacuum_mgmt", "google_ml"),
        extensions=("google_vacuum_mgmt", "google_ml_integration", "google_columnar_engine"),
    ),
    # Source: https://learn.microsoft.com/azure/postgresql/extensions/concepts-extensions-versions
    Provider(
        name="Azure Database for PostgreSQL",
        role="azuresu",
        schemas=("azure_sys", "azure_maintenance"),
        extensions=("azure", "azure_ai", "azure_storage", "azure_local_ai", "pgaadauth"),
    ),
    # Source: the schemas that `supabase db dump` leaves out as its own.
    Provider(
        name="Supabase",
        role="supabase_admin",
        schemas=(
            *("auth", "storage", "realtime", "vault", "pgsodium", "pgsodium_masks", "pgbouncer"),
            *("graphql", "graphql_public", "net", "supabase_functions", "supabase_migrations"),
            *("extensions", "_analytics", "_realtime", "_supavisor"),
        ),
        extensions=("supabase_vault", "pgsodium", "pg_graphql", "pg_net"),
    ),
    Provider(
        name="Neon",
        role="cloud_admin",
        schemas=("neon", "neon_migration"),
        extensions=("neon", "neon_utils"),
    ),
    Provider(
        name="Aiven",
        role="aiven_superuser",
        schemas=("aiven_extras",),
        extensions=("aiven_extras", "aiven_gatekeeper"),
    ),
    Provider(name="Heroku", role="heroku_admin", schemas=("_heroku", "heroku_ext")),
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
