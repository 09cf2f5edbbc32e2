"""The catalog as it was first: jobs, schedules, audit, requests, uploads, links, accounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_INSTANT = sa.DateTime(timezone=True)
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""

    op.create_table(
        "holdfast_audit",
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("job_id", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint("number", name="holdfast_audit_pk"),
        sqlite_autoincrement=True,
    )
    op.create_index("holdfast_audit_by_at", "holdfast_audit", ["at"])
    op.create_table(
        "holdfast_facts",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="holdfast_facts_pk"),
    )
    op.create_table(
        "holdfast_failed_logins",
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("account_key", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number", name="holdfast_failed_logins_pk"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "holdfast_failed_logins_by_account_key_at", "holdfast_failed_logins", ["account_key", "at"]
    )
    op.create_index(
        "holdfast_failed_logins_by_address_at", "holdfast_failed_logins", ["address", "at"]
    )
    op.create_table(
        "holdfast_jobs",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("backup_id", sa.Text(), nullable=True),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("current_step", sa.Text(), nullable=False),
        sa.Column("total_tables", sa.Integer(), nullable=False),
        sa.Column("completed_tables", sa.Integer(), nullable=False),
        sa.Column("done_bytes", sa.BigInteger(), nullable=False),
        sa.Column("total_bytes", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", _INSTANT, nullable=True),
        sa.Column("items_restored", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("warnings", sa.JSON(), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("error_hint", sa.Text(), nullable=True),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("started_at", _INSTANT, nullable=True),
        sa.Column("completed_at", _INSTANT, nullable=True),
        sa.Column("nominal_at", _INSTANT, nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("retry_of", sa.String(length=36), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("stalled", sa.Boolean(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("lease_s", sa.Float(), nullable=True),
        sa.Column("lease_ends_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="holdfast_jobs_pk"),
        sa.UniqueConstraint("plan", "nominal_at", name="holdfast_jobs_one_plan_nominal_at"),
        sa.UniqueConstraint("slot", name="holdfast_jobs_one_slot"),
    )
    op.create_index("holdfast_jobs_by_backup_id", "holdfast_jobs", ["backup_id"])
    op.create_index("holdfast_jobs_by_plan_status", "holdfast_jobs", ["plan", "status"])
    op.create_table(
        "holdfast_links",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("backup_id", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("user_id", sa.String(length=36), nullable=True),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="holdfast_links_pk"),
    )
    op.create_index("holdfast_links_by_expires_at", "holdfast_links", ["expires_at"])
    op.create_index("holdfast_links_by_user_id", "holdfast_links", ["user_id"])
    op.create_table(
        "holdfast_requests",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("begun_at", _INSTANT, nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name="holdfast_requests_pk"),
    )
    op.create_index("holdfast_requests_by_begun_at", "holdfast_requests", ["begun_at"])
    op.create_table(
        "holdfast_schedules",
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("cron", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("retention", sa.JSON(), nullable=False),
        sa.Column("misfire", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("plan", name="holdfast_schedules_pk"),
    )
    op.create_table(
        "holdfast_uploads",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("backup_id", sa.Text(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("claimed_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="holdfast_uploads_pk"),
        sa.UniqueConstraint("token_hash", name="holdfast_uploads_one_token_hash"),
    )
    op.create_index("holdfast_uploads_by_expires_at", "holdfast_uploads", ["expires_at"])
    op.create_table(
        "holdfast_users",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("password_changed_at", _INSTANT, nullable=True),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("oidc_subject", sa.Text(), nullable=True),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="holdfast_users_pk"),
        sa.UniqueConstraint("name_key", name="holdfast_users_one_name_key"),
        sa.UniqueConstraint("oidc_subject", name="holdfast_users_one_oidc_subject"),
    )
    op.create_table(
        "holdfast_job_events",
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["holdfast_jobs.id"],
            name="holdfast_job_events_job_id_fk",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("number", name="holdfast_job_events_pk"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "holdfast_job_events_by_job_id_number", "holdfast_job_events", ["job_id", "number"]
    )
    op.create_table(
        "holdfast_sessions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("last_seen_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("stepped_up_at", _INSTANT, nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["holdfast_users.id"],
            name="holdfast_sessions_user_id_fk",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="holdfast_sessions_pk"),
        sa.UniqueConstraint("token_hash", name="holdfast_sessions_one_token_hash"),
    )
    op.create_index("holdfast_sessions_by_user_id", "holdfast_sessions", ["user_id"])
    op.create_table(
        "holdfast_tokens",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("permissions", sa.JSON(), nullable=False),
        sa.Column("plans", sa.JSON(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=True),
        sa.Column("last_used_at", _INSTANT, nullable=True),
        sa.Column("revoked_at", _INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["holdfast_users.id"],
            name="holdfast_tokens_user_id_fk",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="holdfast_tokens_pk"),
        sa.UniqueConstraint("token_hash", name="holdfast_tokens_one_token_hash"),
    )
    op.create_index("holdfast_tokens_by_user_id", "holdfast_tokens", ["user_id"])
    # ### end Alembic commands ###
