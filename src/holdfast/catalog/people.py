"""Who may use the server, as values: users, their sessions and their tokens.

Secrets are not among them: the catalog keeps SHA-256 of tokens, and argon2 of passwords.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a user may do: look, run backups, or all."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who can log in.

    Attributes:
        name: Unique, whatever the case of its letters.
        password_hash: As argon2 writes it; None for who logs in elsewhere only.
        oidc_subject: `issuer subject` of who logs in elsewhere.
    """

    id: str
    name: str
    role: Role
    created_at: datetime
    password_hash: str | None = None
    disabled: bool = False
    oidc_subject: str | None = None
    password_changed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A user who is logged in.

    Attributes:
        id: Names the session to people and in the audit; it opens nothing.
        stepped_up_at: When the password was last given.
    """

    id: str
    user_id: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    stepped_up_at: datetime | None = None
    address: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """What a program identifies itself by.

    Attributes:
        permissions: What it allows, at most what its user may do.
        plans: The plans that it is for; empty for all.
        expires_at: None for never.
    """

    id: str
    name: str
    user_id: str
    permissions: frozenset[str]
    plans: frozenset[str]
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedLogins:
    """How often a login failed of late, and when first and last."""

    count: int
    oldest_at: datetime | None
    newest_at: datetime | None
