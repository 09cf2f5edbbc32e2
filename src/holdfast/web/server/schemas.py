"""What the server's own routes take and give."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from holdfast.catalog import Role
from holdfast.web.permissions import Permission

if TYPE_CHECKING:
    from holdfast.catalog import ApiToken, User

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._@+-]*$"
MAX_NAME = 100
MAX_PASSWORD = 1024

UserName = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_NAME, pattern=NAME_PATTERN)
]
GivenPassword = Annotated[str, StringConstraints(min_length=1, max_length=MAX_PASSWORD)]


class Body(BaseModel):
    """A request's body: what it does not describe is refused."""

    model_config = ConfigDict(extra="forbid")


class LoginBody(Body):
    """Who logs in."""

    # Not by NAME_PATTERN: a name that cannot be is answered like one that is not.
    username: str = Field(
        description="The user's name, whatever the case of its letters.",
        min_length=1,
        max_length=MAX_NAME,
        examples=["anna"],
    )
    password: GivenPassword = Field(description="The password.", examples=["a long pass phrase"])


class PasswordBody(Body):
    """A new password, and the present one to prove who asks."""

    current_password: GivenPassword = Field(description="The present password.")
    new_password: GivenPassword = Field(description="The new one: 12 characters or more.")


class StepUpBody(Body):
    """The password once more, before something is destroyed."""

    password: GivenPassword = Field(description="The password of who is logged in.")


class SetupBody(Body):
    """The first administrator."""

    token: str = Field(
        description="The set-up token that `holdfast serve` printed when it started.",
        min_length=1,
        max_length=200,
    )
    username: UserName = Field(description="Name of the administrator.", examples=["anna"])
    password: GivenPassword = Field(description="Password: 12 characters or more.")


class NewUserBody(Body):
    """A user to add."""

    username: UserName = Field(description="Name, unique whatever the case.", examples=["ben"])
    role: Role = Field(description="`viewer` sees, `operator` runs backups, `admin` does all.")
    password: GivenPassword = Field(description="First password: 12 characters or more.")


class UserChangeBody(Body):
    """What to change of a user; what is left out stays."""

    role: Role | None = Field(default=None, description="The new role.")
    disabled: bool | None = Field(default=None, description="Whether the user is locked out.")
    password: GivenPassword | None = Field(default=None, description="A new password.")


class NewTokenBody(Body):
    """A token to make for a program."""

    name: str = Field(
        description="What it is for.", min_length=1, max_length=MAX_NAME, examples=["nightly job"]
    )
    permissions: list[Permission] = Field(
        description="What it allows, at most what its maker may do.",
        min_length=1,
        max_length=4,
        examples=[["read", "run"]],
    )
    plans: list[str] = Field(
        default_factory=list,
        max_length=100,
        description="The plans that it is for; none for all.",
        examples=[["default"]],
    )
    expires_in_days: int = Field(
        default=90, ge=1, le=730, description="After how many days it ends [days]."
    )


class UserView(BaseModel):
    """A user."""

    username: str = Field(description="The name.", examples=["anna"])
    role: Role = Field(description="What the user may do.")
    disabled: bool = Field(description="Whether the user is locked out.")
    logs_in_by: str = Field(
        description="`password`, or `oidc` for who logs in at the provider.", examples=["password"]
    )
    created_at: datetime = Field(description="When the user was added.")

    @classmethod
    def of(cls, user: User) -> UserView:
        """Show a user."""
        return cls(
            username=user.name,
            role=user.role,
            disabled=user.disabled,
            logs_in_by=way_of(user),
            created_at=user.created_at,
        )


def way_of(user: User) -> str:
    """Return how a user logs in."""
    return "oidc" if user.oidc_subject else "password"


class UserList(BaseModel):
    """All users."""

    users: list[UserView] = Field(description="The users, by name.")


class TokenView(BaseModel):
    """An API token, without what opens the door."""

    id: str = Field(description="Names the token, to revoke it.")
    name: str = Field(description="What it is for.", examples=["nightly job"])
    username: str = Field(description="Whose it is; it ends with its user.", examples=["anna"])
    permissions: list[Permission] = Field(description="What it allows.")
    plans: list[str] = Field(description="The plans that it is for; none for all.")
    created_at: datetime = Field(description="When it was made.")
    expires_at: datetime | None = Field(description="When it ends.")
    last_used_at: datetime | None = Field(description="When it was used last, to the minute.")
    revoked_at: datetime | None = Field(description="When it was revoked.")

    @classmethod
    def of(cls, token: ApiToken, username: str) -> TokenView:
        """Show a token."""
        return cls(
            id=token.id,
            name=token.name,
            username=username,
            permissions=[each for each in Permission if each in token.permissions],
            plans=sorted(token.plans),
            created_at=token.created_at,
            expires_at=token.expires_at,
            last_used_at=token.last_used_at,
            revoked_at=token.revoked_at,
        )


class TokenList(BaseModel):
    """API tokens."""

    tokens: list[TokenView] = Field(description="The tokens, newest first.")


class MadeToken(BaseModel):
    """A token that was just made."""

    token: str = Field(
        description="The token: shown this once, and kept nowhere. Send it as"
        " `Authorization: Bearer`.",
        examples=["hf_Qy8..."],
    )
    details: TokenView = Field(description="The token as the list shows it.")


class Me(BaseModel):
    """Who makes the request, and what they may do."""

    username: str = Field(description="The user.", examples=["anna"])
    role: Role = Field(description="The user's role.")
    via: str = Field(description="`session` or `token`.", examples=["session"])
    permissions: list[Permission] = Field(description="What this request's sender may do.")
    plans: list[str] = Field(description="The plans that they may see.", examples=[["default"]])
    expires_at: datetime | None = Field(description="When the login or the token ends.")
    stepped_up_until: datetime | None = Field(
        description="Until when the password need not be given again; null for tokens."
    )
    logs_in_by: str = Field(
        description="`password`, or `oidc` for who logs in, and steps up, at the provider.",
        examples=["password"],
    )


class SetupState(BaseModel):
    """Whether the server waits for its first administrator."""

    needed: bool = Field(description="Whether there are no users yet.")


class LoginWays(BaseModel):
    """How users can log in."""

    password: bool = Field(description="By name and password.")
    oidc: bool = Field(description="At an OpenID Connect provider.")


class PlanView(BaseModel):
    """A plan that is served."""

    name: str = Field(description="Its name.", examples=["default"])
    path: str = Field(description="Where its routes begin.", examples=["/api/v1/plans/default"])


class PlanList(BaseModel):
    """The plans that may be seen."""

    plans: list[PlanView] = Field(description="The plans, in the order of the configuration.")
