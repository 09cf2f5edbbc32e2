"""Every setting: its place in `holdfast.toml`, its variable, its flag, its meaning.

The reference of the settings is made from this table, and so is `holdfast config show`.
"""

from __future__ import annotations

from holdfast.config import values
from holdfast.config.channels import parse_channels
from holdfast.config.field import Field
from holdfast.config.server_fields import SERVER_FIELDS

__all__ = ["FIELDS", "FIELDS_BY_KEY", "PASSWORD_KEYS", "PLAN_KEYS", "SERVER_TABLES", "Field"]

PASSWORD_KEYS = (
    "encryption.password",
    "encryption.password_file",
    "encryption.password_command",
)
"""In the order in which they count within one layer."""

FIELDS = (
    Field(
        key="app",
        parse=values.parse_text,
        default="app",
        summary="Name of the application; exported archives are named by it.",
    ),
    Field(
        key="app_version",
        parse=values.parse_text,
        summary="Version of the application, noted in each backup.",
    ),
    Field(
        key="plan",
        parse=values.parse_text,
        default="default",
        summary="Name of what is protected, where several applications share a repository.",
    ),
    Field(
        key="repository",
        parse=values.parse_path,
        default="./backups",
        variable="BACKUP_DIR",
        may_be_empty=False,  # else backups would go to wherever the program was started
        flag="--repo",
        summary="Directory of the repository.",
    ),
    Field(
        key="database_url",
        parse=values.parse_database_url,
        variable="DATABASE_URL",
        flag="--database",
        summary="The database to protect, as a URL (`postgresql://`, `mysql://`, `sqlite:///`) or"
        " as the path of an SQLite file.",
    ),
    Field(
        key="container",
        parse=values.parse_container,
        variable="DATABASE_CONTAINER",
        flag="--container",
        summary="The running container that the database of `database_url` is in: `NAME`,"
        " `docker:NAME` or `podman:NAME`.",
    ),
    Field(
        key="databases",
        parse=values.parse_table(values.parse_database),
        default={},
        summary="Several databases, each under the name it has in the backup: a URL, or a table"
        " of `url` and `container`; `DATABASE_URL` is then not used.",
    ),
    Field(
        key="tables",
        parse=values.parse_texts,
        default=(),
        flag="--tables",
        summary="Tables of the first database to export as JSON besides; `*` for all.",
    ),
    Field(
        key="directories",
        parse=values.parse_table(values.parse_directory),
        default={},
        flag="--directory",
        summary="Directories to protect, by label: a path, or a table of `path` and `exclude`.",
    ),
    Field(
        key="exclude",
        parse=values.parse_texts,
        default=(),
        flag="--exclude",
        summary="Patterns of paths to leave out of every directory.",
    ),
    Field(
        key="settings.table",
        parse=values.parse_text,
        flag="--settings-table",
        summary="Table of the database that keeps the application's settings.",
    ),
    Field(
        key="settings.key",
        parse=values.parse_text,
        default="key",
        summary="Column of the settings' names.",
    ),
    Field(
        key="settings.value",
        parse=values.parse_text,
        default="value",
        summary="Column of the settings' values.",
    ),
    Field(
        key="references",
        parse=values.parse_table(values.parse_text),
        default={},
        summary="By directory label, a query whose first column names its files;"
        " verify and drill prove that each is in the backup. It may take ten minutes.",
    ),
    Field(
        key="expect",
        parse=values.parse_texts,
        default=(),
        summary="Queries that must each yield one true value in a restored database, within a"
        " minute; `NAME: SQL` asks another database than the first.",
    ),
    Field(
        key="busy_timeout_s",
        parse=values.parse_seconds,
        default=30.0,
        summary="How long a locked database is waited for, in seconds.",
    ),
    Field(
        key="scratch_dir",
        parse=values.parse_path,
        summary="Directory for temporary copies, if not the system's.",
    ),
    Field(
        key="verify_after_create",
        parse=values.parse_bool,
        default=False,
        variable="BACKUP_VERIFY_AFTER_CREATE",
        summary="Verify each backup when it has been made.",
    ),
    Field(
        key="encryption.enabled",
        parse=values.parse_bool,
        default=True,
        variable="BACKUP_ENCRYPTION_ENABLED",
        summary="Encrypt a new repository.",
    ),
    Field(
        key="encryption.password",
        parse=values.parse_text,
        variable="BACKUP_ENCRYPTION_PASSWORD",
        secret=True,
        summary="The password of the repository; better kept in a file or a password manager.",
    ),
    Field(
        key="encryption.password_file",
        parse=values.parse_path,
        variable="BACKUP_ENCRYPTION_PASSWORD_FILE",
        flag="--password-file",
        summary="A file that holds the password.",
    ),
    Field(
        key="encryption.password_command",
        parse=values.parse_command,
        variable="BACKUP_ENCRYPTION_PASSWORD_COMMAND",
        flag="--password-command",
        # The arguments may name more than they should (a vault token).
        secret=True,
        summary="A command that prints the password; it is run without a shell.",
    ),
    Field(
        key="encryption.drill_days",
        parse=values.parse_count,
        default=180,
        summary="Remind of `holdfast keys drill` when the recovery key was not tried for so many"
        " days; 0 for never.",
    ),
    Field(
        key="compression.enabled",
        parse=values.parse_bool,
        default=True,
        variable="BACKUP_COMPRESSION_ENABLED",
        summary="Compress backups.",
    ),
    Field(
        key="compression.level",
        parse=values.parse_level,
        default=1,
        summary="zstd level, from 1 (fast) to 19 (small).",
    ),
    Field(
        key="retention.keep_last",
        parse=values.parse_count,
        default=0,
        flag="--keep",
        summary="Keep this many of the newest backups.",
    ),
    Field(
        key="retention.keep_within",
        parse=values.parse_duration,
        flag="--keep-within",
        summary="Keep every backup younger than this: `12h`, `30d`, `6m` (months), `1y`.",
    ),
    Field(
        key="retention.keep_hourly",
        parse=values.parse_count,
        default=0,
        flag="--hourly",
        summary="Keep the newest backup of each of this many hours.",
    ),
    Field(
        key="retention.keep_daily",
        parse=values.parse_count,
        default=0,
        flag="--daily",
        summary="Keep the newest backup of each of this many days.",
    ),
    Field(
        key="retention.keep_weekly",
        parse=values.parse_count,
        default=0,
        flag="--weekly",
        summary="Keep the newest backup of each of this many weeks.",
    ),
    Field(
        key="retention.keep_monthly",
        parse=values.parse_count,
        default=0,
        flag="--monthly",
        summary="Keep the newest backup of each of this many months.",
    ),
    Field(
        key="retention.keep_yearly",
        parse=values.parse_count,
        default=0,
        flag="--yearly",
        summary="Keep the newest backup of each of this many years.",
    ),
    Field(
        key="retention.keep_tags",
        parse=values.parse_texts,
        default=(),
        flag="--keep-tag",
        summary="Keep every backup with one of these tags.",
    ),
    Field(
        key="retention.retention_days",
        parse=values.parse_count,
        default=0,
        variable="BACKUP_RETENTION_DAYS",
        summary="Remove what is older than this many days.",
    ),
    Field(
        key="retention.max_backups",
        parse=values.parse_count,
        default=0,
        variable="BACKUP_MAX_BACKUPS",
        summary="Remove the oldest beyond this many backups.",
    ),
    Field(
        key="schedule.enabled",
        parse=values.parse_bool,
        default=True,
        variable="BACKUP_ENABLED",
        summary="Make backups by schedule.",
    ),
    Field(
        key="schedule.cron",
        parse=values.parse_cron,
        default="0 2 * * *",
        variable="BACKUP_SCHEDULE",
        summary="When, as a cron expression of five fields.",
    ),
    Field(
        key="schedule.timezone",
        parse=values.parse_timezone,
        default="UTC",
        variable="BACKUP_TIMEZONE",
        summary="The time zone that `cron` is read in.",
    ),
    Field(
        key="schedule.misfire",
        parse=values.parse_misfire,
        default="run_once",
        summary="What becomes of a run missed while the application was down:"
        " `run_once` on the next start, or `skip`.",
    ),
    Field(
        key="restore.verify_first",
        parse=values.parse_bool,
        default=True,
        summary="Verify a backup before it is restored.",
    ),
    Field(
        key="restore.safety_backup",
        parse=values.parse_bool,
        default=True,
        summary="Back up the live data before a restore replaces it.",
    ),
    Field(
        key="restore.target_name",
        parse=values.parse_text,
        variable="BACKUP_RESTORE_TARGET_NAME",
        may_be_empty=False,  # else a misspelt variable of the deployment takes the guard away
        summary="A name for the live data, such as `production`. A restore in their place, and an"
        " undo, then need that name: typed, or by `--confirm`.",
    ),
    Field(
        key="restore.owner",
        parse=values.parse_bool,
        default=True,
        flag="--no-owner",
        summary="Restore the owners and rights of a server's database as they were; the roles"
        " must be there.",
    ),
    Field(
        key="restore.copies_dir",
        parse=values.parse_path,
        summary="Directory in which a restore into a new folder that is asked for over HTTP makes"
        " that folder; if not set, `holdfast-restored-UID` in `scratch_dir`, private to the user.",
    ),
    Field(
        key="migrations.head_command",
        parse=values.parse_program,
        summary="A command that prints the schema version which the application's code expects,"
        " such as `alembic heads` or `python manage.py showmigrations --plan`; a restore in place"
        " of a database with another one is refused.",
    ),
    Field(
        key="migrations.upgrade_command",
        parse=values.parse_program,
        summary="A command that migrates the database which `DATABASE_URL` names, such as"
        " `alembic upgrade head`; `restore --migrate` runs it before the swap.",
    ),
    Field(
        key="notify",
        parse=parse_channels,
        default={},
        secret=True,
        summary="Where people are told how backups fare: tables `[notify.NAME]`, each with `url`,"
        " `url_file` or `url_command`, and `on`, a list out of `failed`, `recovered`, `succeeded`"
        " and `overdue` (default: all but `succeeded`).",
    ),
    *SERVER_FIELDS,
)

FIELDS_BY_KEY = {field.key: field for field in FIELDS}

SERVER_TABLES = frozenset({"server", "oidc"})
"""The tables that are of the server, not of a plan."""

PLAN_KEYS = frozenset(
    {"plan", "app", "app_version", "database_url", "container", "databases", "tables"}
    | {"directories", "references", "expect", "restore.target_name"}
    | {key for key in FIELDS_BY_KEY if key.startswith(("settings.", "migrations."))}
)
"""What is each plan's own: what it protects, and how that is called. A table `[plans.NAME]` says it
or has it not; all else that it does not say is as at the top of the file."""
