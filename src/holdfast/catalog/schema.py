"""The tables of the catalog. What they are is decided here; `migrations/` says how they came about.

A change here needs a migration: `tests/catalog/test_migrations.py` compares the two. Every
name begins with `holdfast_`, as the catalog may be in a database with others.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_ID = String(36)
_HASH = String(64)
# SQLite gives numbers by itself to a column of the type INTEGER only.
_NUMBER = BigInteger().with_variant(Integer(), "sqlite")


class Instant(TypeDecorator[datetime]):
    """An aware instant; SQLite, which has no zones, keeps it in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what the driver gets."""
        if value is None:
            return None
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002 - as SQLAlchemy calls it
    ) -> datetime | None:
        """Return an aware instant in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """What all tables have: their metadata, in which constraints have names of their own."""

    metadata = MetaData(
        naming_convention={
            "ix": "%(table_name)s_by_%(column_0_N_name)s",
            "uq": "%(table_name)s_one_%(column_0_N_name)s",
            "fk": "%(table_name)s_%(column_0_name)s_fk",
            "pk": "%(table_name)s_pk",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - as SQLAlchemy wants it
        str: Text(),
        datetime: Instant(),
        dict[str, Any]: JSON(),
        dict[str, int]: JSON(),
        dict[str, str]: JSON(),
        list[str]: JSON(),
    }


class JobRow(Base):
    """A job; see `holdfast.models.job.Job`.

    Attributes:
        slot: The plan, while this job writes; unique, so that one such job of a plan runs.
        generation: Rises when the job changes hands; an older holder is fenced off.
    """

    __tablename__ = "holdfast_jobs"
    __table_args__ = (
        UniqueConstraint("plan", "nominal_at"),  # one run for each time of the schedule (R41)
        UniqueConstraint("slot"),
        Index(None, "plan", "status"),
        Index(None, "backup_id"),
    )

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    plan: Mapped[str]
    kind: Mapped[str]
    status: Mapped[str]
    trigger: Mapped[str]
    actor: Mapped[str | None]
    params: Mapped[dict[str, Any]]
    backup_id: Mapped[str | None]
    percent: Mapped[int] = mapped_column(default=0)
    current_step: Mapped[str] = mapped_column(default="")
    total_tables: Mapped[int] = mapped_column(default=0)
    completed_tables: Mapped[int] = mapped_column(default=0)
    done_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    total_bytes: Mapped[int | None] = mapped_column(BigInteger)
    changed_at: Mapped[datetime | None]
    items_restored: Mapped[dict[str, int]] = mapped_column(default=dict)
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    warnings: Mapped[list[str]] = mapped_column(default=list)
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    error_hint: Mapped[str | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    nominal_at: Mapped[datetime | None]
    attempt: Mapped[int] = mapped_column(default=1)
    retry_of: Mapped[str | None] = mapped_column(_ID)
    cancel_requested: Mapped[bool] = mapped_column(Boolean, default=False)
    stalled: Mapped[bool] = mapped_column(Boolean, default=False)
    slot: Mapped[str | None]
    owner: Mapped[str | None]
    generation: Mapped[int] = mapped_column(default=0)
    lease_s: Mapped[float | None] = mapped_column(Float)
    lease_ends_at: Mapped[datetime | None]


class JobEventRow(Base):
    """Something that happened to a job."""

    __tablename__ = "holdfast_job_events"
    __table_args__ = (
        Index(None, "job_id", "number"),
        {"sqlite_autoincrement": True},  # a number is never used twice, or a client would miss it
    )

    number: Mapped[int] = mapped_column(_NUMBER, primary_key=True)
    job_id: Mapped[str] = mapped_column(_ID, ForeignKey("holdfast_jobs.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    kind: Mapped[str]
    data: Mapped[dict[str, Any]]


class ScheduleRow(Base):
    """The schedule of a plan."""

    __tablename__ = "holdfast_schedules"

    plan: Mapped[str] = mapped_column(primary_key=True)
    cron: Mapped[str]
    timezone: Mapped[str]
    enabled: Mapped[bool] = mapped_column(Boolean)
    retention: Mapped[dict[str, Any]]
    misfire: Mapped[str]
    version: Mapped[int]
    updated_at: Mapped[datetime]
    updated_by: Mapped[str | None]


class FactRow(Base):
    """A single value under a name."""

    __tablename__ = "holdfast_facts"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSON, nullable=False)
    updated_at: Mapped[datetime]


class AuditRow(Base):
    """What somebody did."""

    __tablename__ = "holdfast_audit"
    __table_args__ = (Index(None, "at"), {"sqlite_autoincrement": True})

    number: Mapped[int] = mapped_column(_NUMBER, primary_key=True)
    at: Mapped[datetime]
    plan: Mapped[str | None]
    actor: Mapped[str | None]
    action: Mapped[str]
    object: Mapped[str | None]
    outcome: Mapped[str]
    detail: Mapped[dict[str, Any]]
    address: Mapped[str | None]
    job_id: Mapped[str | None] = mapped_column(_ID)


class RequestRow(Base):
    """A request that carried an idempotency key, and what was answered."""

    __tablename__ = "holdfast_requests"
    __table_args__ = (Index(None, "begun_at"),)

    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[str]
    begun_at: Mapped[datetime]
    status: Mapped[int | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    headers: Mapped[dict[str, str]]


class UploadRow(Base):
    """Something that waits for a confirmation."""

    __tablename__ = "holdfast_uploads"
    __table_args__ = (UniqueConstraint("token_hash"), Index(None, "expires_at"))

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    token_hash: Mapped[str] = mapped_column(_HASH)
    plan: Mapped[str]
    path: Mapped[str | None]
    backup_id: Mapped[str | None]
    file_name: Mapped[str | None]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    params: Mapped[dict[str, Any]]
    actor: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]


class LinkRow(Base):
    """A link to download; `user_id` is of the user who made it, and goes with that user."""

    __tablename__ = "holdfast_links"
    __table_args__ = (Index(None, "expires_at"), Index(None, "user_id"))

    token_hash: Mapped[str] = mapped_column(_HASH, primary_key=True)
    plan: Mapped[str]
    backup_id: Mapped[str]
    actor: Mapped[str | None]
    user_id: Mapped[str | None] = mapped_column(_ID)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class UserRow(Base):
    """Somebody who can log in; `name_key` is the name without regard to case."""

    __tablename__ = "holdfast_users"
    __table_args__ = (UniqueConstraint("name_key"), UniqueConstraint("oidc_subject"))

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    name: Mapped[str]
    name_key: Mapped[str]
    role: Mapped[str]
    password_hash: Mapped[str | None]
    password_changed_at: Mapped[datetime | None]
    disabled: Mapped[bool] = mapped_column(Boolean, default=False)
    oidc_subject: Mapped[str | None]
    created_at: Mapped[datetime]


class SessionRow(Base):
    """A user who is logged in."""

    __tablename__ = "holdfast_sessions"
    __table_args__ = (UniqueConstraint("token_hash"), Index(None, "user_id"))

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    token_hash: Mapped[str] = mapped_column(_HASH)
    user_id: Mapped[str] = mapped_column(_ID, ForeignKey("holdfast_users.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    stepped_up_at: Mapped[datetime | None]
    address: Mapped[str | None]
    user_agent: Mapped[str | None]


class TokenRow(Base):
    """What a program identifies itself by."""

    __tablename__ = "holdfast_tokens"
    __table_args__ = (UniqueConstraint("token_hash"), Index(None, "user_id"))

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    token_hash: Mapped[str] = mapped_column(_HASH)
    name: Mapped[str]
    user_id: Mapped[str] = mapped_column(_ID, ForeignKey("holdfast_users.id", ondelete="CASCADE"))
    permissions: Mapped[list[str]]
    plans: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class FailedLoginRow(Base):
    """A login that failed, counted for the account and for the address."""

    __tablename__ = "holdfast_failed_logins"
    __table_args__ = (
        Index(None, "account_key", "at"),
        Index(None, "address", "at"),
        {"sqlite_autoincrement": True},
    )

    number: Mapped[int] = mapped_column(_NUMBER, primary_key=True)
    at: Mapped[datetime]
    account_key: Mapped[str]
    address: Mapped[str | None]


class DeliveryRow(Base):
    """A message for one channel of notification.

    Attributes:
        key: Names what happened, so that it is told once (R44).
        due_at: When it is to be sent; None: it was, or will not be.
        generation: Rises when somebody claims it; an older holder is fenced off.
    """

    __tablename__ = "holdfast_deliveries"
    __table_args__ = (
        UniqueConstraint("plan", "key", "channel"),
        Index(None, "plan", "due_at"),
        {"sqlite_autoincrement": True},
    )

    number: Mapped[int] = mapped_column(_NUMBER, primary_key=True)
    plan: Mapped[str]
    channel: Mapped[str]
    key: Mapped[str]
    event: Mapped[str]
    document: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    tried_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    delivered: Mapped[bool] = mapped_column(Boolean, default=False)
    error: Mapped[str | None]
    owner: Mapped[str | None]
    generation: Mapped[int] = mapped_column(default=0)
    lease_ends_at: Mapped[datetime | None]
