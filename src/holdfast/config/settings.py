"""The settings as one frozen value. How they are read is told elsewhere in this room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from holdfast.config.secret import PasswordSource

NOTIFIED_EVENTS = ("failed", "recovered", "succeeded", "overdue")
"""What can be told."""
DEFAULT_EVENTS = ("failed", "recovered", "overdue")


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectorySettings:
    """A directory to protect.

    Attributes:
        exclude: Patterns of paths to leave out, its own and those for every directory.
    """

    path: Path
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """A database to protect.

    Attributes:
        container: The running container whose client programs reach it, if it is in one:
            `NAME`, `docker:NAME` or `podman:NAME`.
    """

    url: str
    container: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsTable:
    """The table of the database that keeps the application's settings, and its columns."""

    table: str
    key: str = "key"
    value: str = "value"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionSettings:
    """Which backups a cleanup keeps, field by field as `models.retention.RetentionPolicy`."""

    keep_last: int = 0
    keep_within: str | None = None
    keep_hourly: int = 0
    keep_daily: int = 0
    keep_weekly: int = 0
    keep_monthly: int = 0
    keep_yearly: int = 0
    keep_tags: tuple[str, ...] = ()
    retention_days: int = 0
    max_backups: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether no rule is set."""
        return not any(getattr(self, rule.name) for rule in fields(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSettings:
    """When backups are made by themselves.

    Attributes:
        timezone: IANA name of the zone that `cron` is read in.
        misfire: What becomes of a run missed while the application was down: `run_once` on
            the next start, or `skip`.
    """

    enabled: bool = True
    cron: str = "0 2 * * *"
    timezone: str = "UTC"
    misfire: str = "run_once"


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptionSettings:
    """Whether a new repository is encrypted, and where its password comes from.

    Attributes:
        drill_days: After how many days without a drill of the recovery key to remind of one
            [days]; 0 means never.
    """

    enabled: bool = True
    password: PasswordSource | None = None
    drill_days: int = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressionSettings:
    """Whether backups are compressed, and how hard: zstd level, 1 fast to 19 small."""

    enabled: bool = True
    level: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreSettings:
    """How a restore goes about it.

    Attributes:
        verify_first: Verify a backup before it is restored.
        safety_backup: Back up the live data before it is replaced.
        target_name: What the live data are called, where a restore must name them.
        owner: Restore the owners and rights of a server's database as they were.
        copies_dir: Where copies go that are asked for over HTTP; None: beside temporary ones.
    """

    verify_first: bool = True
    safety_backup: bool = True
    target_name: str | None = None
    owner: bool = True
    copies_dir: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationSettings:
    """The application's own migrations, as command lines that are run without a shell.

    Attributes:
        head_command: Prints the schema version that the code expects.
        upgrade_command: Brings the database that `DATABASE_URL` names there.
    """

    head_command: str | None = None
    upgrade_command: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings:
    """A channel on which people are told how backups fare.

    Attributes:
        url: Where its URL, a secret, is to be had.
        events: What is told on it.
    """

    url: PasswordSource
    events: tuple[str, ...] = DEFAULT_EVENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How `holdfast serve` listens, and whom it lets in.

    Attributes:
        workers: How many processes answer.
        allowed_hosts: The names that requests may be for; empty: those of this machine.
        root_path: The path that a proxy puts before all others; "" or `/like/this`.
        trusted_proxies: Addresses or networks whose `X-Forwarded-*` are believed.
        allow_http: Whether it may listen on a network without HTTPS.
        catalog: URL of the database of jobs and users; None: beside the first repository.
        session_hours: How long a login lasts at most [hours].
        idle_minutes: How long a login lasts without a request [minutes].
        step_up_minutes: How long a typed password allows what destroys [minutes].
        cookie_secure: `auto`, `always` or `never`.
        max_upload_mib: Of the largest archive [MiB].
        audit_days: How long an entry of the audit is kept [days]; 0: for ever.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    allowed_hosts: tuple[str, ...] = ()
    root_path: str = ""
    trusted_proxies: tuple[str, ...] = ()
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    allow_http: bool = False
    catalog: str | None = None
    session_hours: int = 12
    idle_minutes: int = 60
    step_up_minutes: int = 5
    cookie_secure: str = "auto"
    max_upload_mib: int = 20_480
    audit_days: int = 730


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """Where users may log in besides, and which role they have then.

    Attributes:
        issuer: The provider's address; None: there is none.
        roles: By a value of `role_claim`: `viewer`, `operator` or `admin`.
        hosts: Further hosts that the server may ask.
    """

    issuer: str | None = None
    client_id: str | None = None
    client_secret_file: Path | None = None
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    username_claim: str = "preferred_username"
    role_claim: str = "groups"
    roles: Mapping[str, str] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set.

    Attributes:
        plan: The name of what is protected, where one repository serves several applications.
        databases: By the name each database has in the backup; paths in URLs are absolute.
        database_url: URL of the one database of a small application; its name in the backup is
            that of its file.
        container: The container of the database of `database_url`; see `DatabaseSettings`.
        tables: Tables of the first database to export as JSON; `*` means all.
        references: Per directory label, a query whose first column names its files.
        expect: Queries that must each yield one true value in a restored database.
        busy_timeout_s: How long a locked database is waited for [s].
        scratch_dir: For temporary copies in the clear; None: the system's.
        notify: The channels of notification, by name.
    """

    repository: Path
    app: str = "app"
    app_version: str | None = None
    plan: str = "default"
    database_url: str | None = None
    container: str | None = None
    databases: Mapping[str, DatabaseSettings] = field(default_factory=dict)
    tables: tuple[str, ...] = ()
    directories: Mapping[str, DirectorySettings] = field(default_factory=dict)
    settings_table: SettingsTable | None = None
    references: Mapping[str, str] = field(default_factory=dict)
    expect: tuple[str, ...] = ()
    busy_timeout_s: float = 30.0
    scratch_dir: Path | None = None
    verify_after_create: bool = False
    encryption: EncryptionSettings = field(default_factory=EncryptionSettings)
    compression: CompressionSettings = field(default_factory=CompressionSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    schedule: ScheduleSettings = field(default_factory=ScheduleSettings)
    restore: RestoreSettings = field(default_factory=RestoreSettings)
    migrations: MigrationSettings = field(default_factory=MigrationSettings)
    notify: Mapping[str, ChannelSettings] = field(default_factory=dict)
    server: ServerSettings = field(default_factory=ServerSettings)
    oidc: OidcSettings = field(default_factory=OidcSettings)
