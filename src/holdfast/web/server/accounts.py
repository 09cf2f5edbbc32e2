"""Users, their logins and their tokens: what the routes and the command line do with them.

Nothing here knows of HTTP. Whatever changes who may come in counts up the epoch (see there).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import timedelta
from functools import cached_property
from pathlib import Path

from holdfast.catalog import AccountTable, ApiToken, CatalogDatabase, Role, Session, User
from holdfast.errors import AccountError, AccountNotFound, NotAuthenticated, PermissionDenied
from holdfast.web.server.epoch import Epoch
from holdfast.web.server.installation import Installation
from holdfast.web.server.passwords import Passwords, require_good_password
from holdfast.web.server.setup_token import SetupToken
from holdfast.web.server.throttle import Throttle

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")
MAX_USER_AGENT = 200


class Accounts:
    """The accounts of one server.

    Args:
        directory: Where files beside the catalog are.
        session_life: How long a login lasts at most.
        idle_life: How long it lasts without a request.
        step_up_life: How long a typed password allows what destroys.
    """

    def __init__(
        self,
        database: CatalogDatabase,
        directory: Path,
        *,
        session_life: timedelta = timedelta(hours=12),
        idle_life: timedelta = timedelta(hours=1),
        step_up_life: timedelta = timedelta(minutes=5),
    ) -> None:
        self.database = database
        self.passwords = Passwords()
        self.setup_token = SetupToken(directory)
        self.throttle = Throttle(database)
        self.epoch = Epoch(database, directory, self._end_all)
        self.step_up_life = step_up_life
        self._session_life = session_life
        self._idle_life = idle_life

    @classmethod
    def of(cls, installation: Installation) -> Accounts:
        """Return the accounts of a server."""
        server = installation.server
        return cls(
            installation.database,
            installation.directory,
            session_life=timedelta(hours=server.session_hours),
            idle_life=timedelta(minutes=server.idle_minutes),
            step_up_life=timedelta(minutes=server.step_up_minutes),
        )

    @cached_property
    def _table(self) -> AccountTable:
        return self.database.accounts

    # Users

    def users(self) -> list[User]:
        """Return all users, by name."""
        return self._table.users.list()

    def user(self, name: str) -> User:
        """Return the user of a name.

        Raises:
            AccountNotFound: There is none.
        """
        found = self._table.users.find(name)
        if found is None:
            raise AccountNotFound(
                f"There is no user {name}", hint="`holdfast users list` shows them."
            )
        return found

    def add_user(self, name: str, role: Role, password: str, *, first: bool = False) -> User:
        """Add a user who logs in by a password.

        Raises:
            AccountError: The name is none, or the password too easy to guess.
            AccountExists: There is a user of that name; or any user, with `first`.
        """
        if not NAME.fullmatch(name):
            raise AccountError(
                "This cannot be the name of a user",
                hint="Use letters, digits and . _ @ + -, 100 at most, a letter or digit first.",
            )
        require_good_password(password, name)
        user = self._table.users.add(
            name, role, password_hash=self.passwords.hash(password), first=first
        )
        self.epoch.advance()
        self.setup_token.remove()
        return user

    def change_user(
        self,
        user: User,
        *,
        role: Role | None = None,
        disabled: bool | None = None,
        password: str | None = None,
    ) -> User:
        """Change what is given; the user is logged out everywhere.

        With another role, or locked out, the user's links to download end too.

        Raises:
            LastAdmin: Nobody could administer any more.
            AccountError: The password is too easy to guess, or the user logs in elsewhere.
        """
        hashed = self._hash_for(user, password) if password is not None else None
        changed = self._table.users.change(user.id, role=role, disabled=disabled)
        if hashed is not None:
            changed = self._table.users.set_password(user.id, hashed)
        self.epoch.advance()
        return changed

    def remove_user(self, user: User) -> None:
        """Remove a user with all logins, tokens and links to download.

        Raises:
            LastAdmin: Nobody could administer any more.
        """
        self._table.users.remove(user.id)
        self.epoch.advance()

    # Logins

    def login(
        self, name: str, password: str, *, address: str | None, user_agent: str | None
    ) -> tuple[str, Session, User]:
        """Log in; return what the cookie holds, the session and the user.

        A name that is not there takes as long as a wrong password, and is answered alike.

        Raises:
            NotAuthenticated: Name or password is wrong, or the user is locked out.
            TooManyRequests: There were too many failures.
        """
        attempt = self.throttle.reserve(name, address)
        user = self._table.users.find(name)
        right = self.passwords.matches(user.password_hash if user else None, password)
        if user is None or not right or user.disabled:
            raise NotAuthenticated("The name or the password is wrong")
        self.throttle.forgive(attempt)
        if user.password_hash and self.passwords.outdated(user.password_hash):
            self._table.users.rehash_password(
                user.id, user.password_hash, self.passwords.hash(password)
            )
        return (*self.open_session(user, address=address, user_agent=user_agent), user)

    def open_session(
        self, user: User, *, address: str | None, user_agent: str | None, stepped_up: bool = True
    ) -> tuple[str, Session]:
        """Log in a user whose identity is proven; return what the cookie holds, and the session."""
        opened = self._table.sessions.open(
            user.id,
            expires_at=self.database.clock.now() + self._session_life,
            address=address,
            user_agent=None if user_agent is None else user_agent[:MAX_USER_AGENT],
            stepped_up=stepped_up,
        )
        self.epoch.advance()
        return opened

    def provider_user(self, subject: str, name: str, role: Role) -> User:
        """Return the user of a provider, added at the first login, with the role of the present.

        A user with a password is never taken for one of the provider by the name alone.

        Raises:
            PermissionDenied: The user is locked out here.
            AccountExists: Another user has the name.
            LastAdmin: The last administrator would get a lesser role.
        """
        user = self._table.users.find_subject(subject)
        if user is None:
            plain = re.sub(r"[^A-Za-z0-9._@+-]", "-", name).lstrip("._@+-")[:100] or "user"
            user = self._table.users.add(plain, role, oidc_subject=subject)
            self.setup_token.remove()
            self.epoch.advance()
        if user.disabled:
            raise PermissionDenied(f"{user.name} is locked out")
        if user.role is not role:
            user = self._table.users.change(user.id, role=role)
            self.epoch.advance()
        return user

    def logout(self, session: Session) -> None:
        """End a login."""
        self._table.sessions.close(session.id)
        self._table.sessions.expire()
        self.epoch.advance()

    def change_password(self, user: User, session: Session, current: str, new: str) -> None:
        """Change the user's own password; all other logins of the user end.

        Raises:
            PermissionDenied: The present password is another.
            AccountError: The new one is too easy to guess, or the user logs in elsewhere.
            TooManyRequests: There were too many failures.
        """
        self._require_password(user, current, session.address)
        self._table.users.set_password(user.id, self._hash_for(user, new), keep_session=session.id)
        self.epoch.advance()

    def step_up(self, user: User, session: Session, password: str) -> None:
        """Note that the user has just given the password.

        Raises:
            PermissionDenied: It is another.
            TooManyRequests: There were too many failures.
        """
        self._require_password(user, password, session.address)
        self._table.sessions.step_up(session.id)

    # Tokens

    def make_token(
        self,
        user: User,
        name: str,
        *,
        permissions: Collection[str],
        plans: Collection[str],
        life: timedelta,
    ) -> tuple[str, ApiToken]:
        """Make an API token; return it, which happens only now, and what is kept of it."""
        made = self._table.tokens.make(
            user.id,
            name,
            permissions=permissions,
            plans=plans,
            expires_at=self.database.clock.now() + life,
        )
        self.epoch.advance()
        return made

    def tokens(self, user: User | None = None) -> list[tuple[ApiToken, User]]:
        """Return the tokens of a user, or of all, newest first, each with its user."""
        by_id = {each.id: each for each in self._table.users.list()}
        found = self._table.tokens.list(None if user is None else user.id)
        return [(token, by_id[token.user_id]) for token in found if token.user_id in by_id]

    def revoke_token(self, token_id: str, *, owner: User | None = None) -> ApiToken:
        """Make a token invalid.

        Args:
            owner: Whose it must be; None for whosever.

        Raises:
            AccountNotFound: There is none with this id that is theirs.
        """
        if owner is not None and self._table.tokens.get(token_id).user_id != owner.id:
            raise AccountNotFound(f"There is no token {token_id}")
        token = self._table.tokens.revoke(token_id)
        self.epoch.advance()
        return token

    # Who is it

    def by_cookie(self, secret: str) -> tuple[Session, User]:
        """Return the login that a cookie belongs to.

        Raises:
            NotAuthenticated: There is none, or it has ended.
        """
        self.epoch.check()
        found = self._table.sessions.find(secret)
        if found is None:
            raise NotAuthenticated("This login has ended", hint="Log in again.")
        session, _ = found
        if self.database.clock.now() - session.last_seen_at > self._idle_life:
            self._table.sessions.close(session.id)
            raise NotAuthenticated("This login has ended: it was idle", hint="Log in again.")
        self._table.sessions.touch(session)
        return found

    def by_token(self, secret: str) -> tuple[ApiToken, User]:
        """Return the API token, and whose it is.

        Raises:
            NotAuthenticated: There is none, or it expired or was revoked.
        """
        self.epoch.check()
        found = self._table.tokens.find(secret)
        if found is None:
            raise NotAuthenticated(
                "This API token is not valid, has expired or was revoked",
                hint="Make another one with `holdfast tokens add`, or on the page.",
            )
        self._table.tokens.touch(found[0])
        return found

    # Inside

    def _require_password(self, user: User, password: str, address: str | None) -> None:
        attempt = self.throttle.reserve(user.name, address)
        if not self.passwords.matches(user.password_hash, password):
            raise PermissionDenied("The password is wrong")
        self.throttle.forgive(attempt)

    def _hash_for(self, user: User, password: str) -> str:
        if user.oidc_subject is not None:
            raise PermissionDenied(
                f"{user.name} logs in at a provider and has no password here",
                hint="Change it at the provider.",
            )
        require_good_password(password, user.name)
        return self.passwords.hash(password)

    def _end_all(self) -> None:
        self._table.sessions.close_all()
        self._table.tokens.revoke_all()
        self.database.links.revoke_all()
