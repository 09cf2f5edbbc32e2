"""Who makes a request: a session's cookie or an API token, and what that allows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from holdfast.catalog import ApiToken, Role, Session, User
from holdfast.web.permissions import ALL_PERMISSIONS, Actor, Permission

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.READ}),
    Role.OPERATOR: frozenset({Permission.READ, Permission.RUN}),
    Role.ADMIN: ALL_PERMISSIONS,
}
"""What each role may do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who makes a request.

    Attributes:
        session: The login that the request belongs to; None for a token.
        token: The API token; None for a session.
        stepped_up_until: Until when the password need not be given again; None for tokens.
    """

    user: User
    session: Session | None = None
    token: ApiToken | None = None
    stepped_up_until: datetime | None = None

    @property
    def permissions(self) -> frozenset[Permission]:
        """What they may do now: a token never more than its user, whose role may have changed."""
        allowed = PERMISSIONS[self.user.role]
        if self.token is None:
            return allowed
        return allowed & {each for each in Permission if each.value in self.token.permissions}

    def may_see(self, plan: str) -> bool:
        """Say whether a plan is theirs."""
        return self.token is None or not self.token.plans or plan in self.token.plans

    def actor(self, address: str | None) -> Actor:
        """Return them as routes and the audit know them."""
        name = self.user.name if self.token is None else f"{self.user.name} ({self.token.name})"
        via = "session" if self.token is None else "token"
        return Actor(name=name, permissions=self.permissions, address=address, via=via)
