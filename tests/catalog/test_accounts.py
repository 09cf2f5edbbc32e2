"""Users, sessions, tokens, and logins that failed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from holdfast.catalog import ApiToken, CatalogDatabase, FailedLogins, Role, Session, User
from holdfast.catalog.accounts import AccountTable
from holdfast.catalog.schema import SessionRow, TokenRow, UserRow
from holdfast.errors import AccountExists, AccountNotFound, LastAdmin, TooManyRequests
from tests.rig.daemon import wait_until
from tests.rig.postgresql import PostgresServer
from tests.rig.sim_clock import SimClock

HOUR = timedelta(hours=1)
WINDOW = timedelta(minutes=15)
HASH = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA"


@pytest.fixture
def accounts(catalog: CatalogDatabase) -> AccountTable:
    return catalog.accounts


@pytest.fixture
def ann(accounts: AccountTable) -> User:
    return accounts.users.add("Ann", Role.ADMIN, password_hash=HASH)


def test_a_user_is_kept(accounts: AccountTable, clock: SimClock) -> None:
    made = accounts.users.add(" Jürgen ", Role.VIEWER, password_hash=HASH, oidc_subject="me")
    assert made == User(
        id=made.id,
        name="Jürgen",
        role=Role.VIEWER,
        created_at=clock.now(),
        password_hash=HASH,
        oidc_subject="me",
        password_changed_at=clock.now(),
    )
    assert accounts.users.get(made.id) == made
    assert accounts.users.find_subject("me") == made
    assert accounts.users.find_subject("you") is None
    assert (accounts.users.list(), accounts.users.count()) == ([made], 1)


@pytest.mark.parametrize("name", ["ann", "ANN", "  aNN ", "\uff21nn"])
def test_names_are_one_whatever_their_case(accounts: AccountTable, ann: User, name: str) -> None:
    """And whatever their width, or space around them."""
    assert accounts.users.find(name) == ann
    with pytest.raises(AccountExists):
        accounts.users.add(name, Role.VIEWER)
    other = accounts.users.add("bob", Role.VIEWER)
    with pytest.raises(AccountExists):
        accounts.users.change(other.id, name=name)
    assert accounts.users.find("bob") == other
    assert accounts.users.change(ann.id, name=name).name == name.strip()


def test_a_subject_is_one_users(accounts: AccountTable, ann: User) -> None:
    accounts.users.change(ann.id, oidc_subject="me")
    with pytest.raises(AccountExists):
        accounts.users.add("bob", Role.VIEWER, oidc_subject="me")


def test_the_first_user_is_made_when_there_is_none(accounts: AccountTable, ann: User) -> None:
    with pytest.raises(AccountExists, match="a user already"):
        accounts.users.add("bob", Role.ADMIN, first=True)


def test_the_last_administrator_stays(accounts: AccountTable, ann: User) -> None:
    """Who is disabled does not count."""
    bob = accounts.users.add("bob", Role.ADMIN)
    accounts.users.change(bob.id, disabled=True)
    for attempt in (
        lambda: accounts.users.remove(ann.id),
        lambda: accounts.users.change(ann.id, disabled=True),
        lambda: accounts.users.change(ann.id, role=Role.OPERATOR),
    ):
        with pytest.raises(LastAdmin):
            attempt()
        assert accounts.users.get(ann.id) == ann
    accounts.users.remove(bob.id)
    carl = accounts.users.add("carl", Role.ADMIN)
    accounts.users.remove(ann.id)
    assert accounts.users.list() == [carl]


def test_there_is_no_user_of_another_id(accounts: AccountTable) -> None:
    for attempt in (
        lambda: accounts.users.get("nonsense"),
        lambda: accounts.users.change("nonsense", disabled=True),
        lambda: accounts.users.set_password("nonsense", HASH),
        lambda: accounts.users.remove("nonsense"),
        lambda: accounts.tokens.make("nonsense", "name", permissions=[]),
        lambda: accounts.tokens.revoke("nonsense"),
    ):
        with pytest.raises(AccountNotFound):
            attempt()


def log_in(accounts: AccountTable, user: User, clock: SimClock) -> tuple[str, Session]:
    return accounts.sessions.open(
        user.id, expires_at=clock.now() + HOUR, address="::1", user_agent="curl"
    )


def test_a_session_is_found_by_its_token(
    accounts: AccountTable, ann: User, clock: SimClock
) -> None:
    """Until it expires."""
    token, session = log_in(accounts, ann, clock)
    assert session == Session(
        id=session.id,
        user_id=ann.id,
        created_at=clock.now(),
        last_seen_at=clock.now(),
        expires_at=clock.now() + HOUR,
        stepped_up_at=clock.now(),
        address="::1",
        user_agent="curl",
    )
    assert accounts.sessions.find(token) == (session, ann)
    assert accounts.sessions.find(session.id) is None
    clock.advance(3600)
    assert accounts.sessions.find(token) is None
    assert accounts.sessions.expire() == 1
    assert accounts.sessions.list(ann.id) == []


def test_a_session_that_is_used_goes_on(accounts: AccountTable, ann: User, clock: SimClock) -> None:
    """Written once a minute, not with each request."""
    token, session = log_in(accounts, ann, clock)
    clock.advance(59)
    accounts.sessions.touch(session, expires_at=clock.now() + HOUR)
    assert accounts.sessions.find(token) == (session, ann)
    clock.advance(1)
    accounts.sessions.touch(session, expires_at=clock.now() + HOUR)
    accounts.sessions.step_up(session.id)
    now = clock.now()
    seen = replace(session, last_seen_at=now, stepped_up_at=now, expires_at=now + HOUR)
    assert accounts.sessions.find(token) == (seen, ann)


def test_a_new_password_ends_sessions(accounts: AccountTable, ann: User, clock: SimClock) -> None:
    """All but the one in which it was changed, if that is named."""
    here, session = log_in(accounts, ann, clock)
    there, _ = log_in(accounts, ann, clock)
    clock.advance(1)
    changed = accounts.users.set_password(ann.id, "other", keep_session=session.id)
    assert (changed.password_hash, changed.password_changed_at) == ("other", clock.now())
    assert accounts.sessions.find(there) is None
    assert accounts.sessions.find(here) == (session, changed)
    accounts.users.set_password(ann.id, "another")
    assert accounts.sessions.find(here) is None


def test_a_password_is_hashed_anew_only_if_it_is_the_same(
    accounts: AccountTable, ann: User, clock: SimClock
) -> None:
    token, _ = log_in(accounts, ann, clock)
    accounts.users.rehash_password(ann.id, "of another password", "lost")
    assert accounts.users.get(ann.id) == ann
    accounts.users.rehash_password(ann.id, HASH, "stronger")
    assert accounts.users.get(ann.id) == replace(ann, password_hash="stronger")
    assert accounts.sessions.find(token) is not None


@pytest.mark.parametrize("change", [{"disabled": True}, {"role": Role.VIEWER}])
def test_who_is_changed_is_logged_out(
    accounts: AccountTable, ann: User, clock: SimClock, change: dict[str, object]
) -> None:
    """Rights that were taken are not kept by an open session."""
    bob = accounts.users.add("bob", Role.ADMIN)
    session, _ = log_in(accounts, bob, clock)
    api, kept = accounts.tokens.make(bob.id, "script", permissions=["read"])
    changed = accounts.users.change(bob.id, **change)  # type: ignore[arg-type]
    assert accounts.sessions.find(session) is None
    assert accounts.tokens.find(api) == (None if changed.disabled else (kept, changed))


def test_who_is_disabled_cannot_come_back(
    accounts: AccountTable, ann: User, clock: SimClock
) -> None:
    """Also by a session that a login opened at the same moment."""
    bob = accounts.users.add("bob", Role.VIEWER)
    accounts.users.change(bob.id, disabled=True)
    session, _ = log_in(accounts, bob, clock)
    token, _ = accounts.tokens.make(bob.id, "script", permissions=["read"])
    assert accounts.sessions.find(session) is None
    assert accounts.tokens.find(token) is None


def test_changes_of_users_wait_for_each_other(
    new_schema: Callable[[], str], postgres_server: PostgresServer
) -> None:
    """In PostgreSQL, too, where two could else remove the last two administrators at once."""
    database = CatalogDatabase(new_schema())
    users = database.accounts.users
    ann, bob = (users.add(name, Role.ADMIN) for name in ("ann", "bob"))
    waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with ThreadPoolExecutor(1) as pool:
        with database.writing(alone="users") as session:
            session.execute(update(UserRow).where(UserRow.id == ann.id).values(disabled=True))
            other = pool.submit(users.remove, bob.id)
            wait_until(lambda: bool(postgres_server.run(waiting)), "the wait of the second")
        with pytest.raises(LastAdmin):
            other.result()
    database.close()


def test_who_is_removed_leaves_nothing(accounts: AccountTable, ann: User, clock: SimClock) -> None:
    bob = accounts.users.add("bob", Role.OPERATOR)
    session, _ = log_in(accounts, bob, clock)
    token, _ = accounts.tokens.make(bob.id, "script", permissions=["read"])
    accounts.users.remove(bob.id)
    assert accounts.sessions.find(session) is None
    assert accounts.tokens.find(token) is None
    assert (accounts.sessions.list(), accounts.tokens.list()) == ([], [])


def test_sessions_are_closed(accounts: AccountTable, ann: User, clock: SimClock) -> None:
    """R22: one, those of a user, or everybody's."""
    bob = accounts.users.add("bob", Role.VIEWER)
    tokens = [log_in(accounts, user, clock) for user in (ann, ann, bob, bob)]
    assert accounts.sessions.close(tokens[0][1].id) is True
    assert accounts.sessions.close(tokens[0][1].id) is False
    assert accounts.sessions.close_all(ann.id) == 1
    assert [each.id for each in accounts.sessions.list()] == [tokens[3][1].id, tokens[2][1].id]
    assert accounts.sessions.close_all() == 2
    assert [accounts.sessions.find(token) for token, _ in tokens] == [None] * 4


def test_a_token_is_found_until_it_expires(
    accounts: AccountTable, ann: User, clock: SimClock
) -> None:
    token, kept = accounts.tokens.make(
        ann.id,
        "script",
        permissions={"run", "read"},
        plans=["app"],
        expires_at=clock.now() + HOUR,
    )
    assert token.startswith("hf_")
    assert kept == ApiToken(
        id=kept.id,
        name="script",
        user_id=ann.id,
        permissions=frozenset({"run", "read"}),
        plans=frozenset({"app"}),
        created_at=clock.now(),
        expires_at=clock.now() + HOUR,
    )
    assert accounts.tokens.find(token) == (kept, ann)
    accounts.tokens.touch(kept)
    used = replace(kept, last_used_at=clock.now())
    clock.advance(59)
    accounts.tokens.touch(used)
    assert accounts.tokens.get(kept.id) == used
    clock.advance(3541)
    assert accounts.tokens.find(token) is None


def test_a_revoked_token_stays_revoked(accounts: AccountTable, ann: User, clock: SimClock) -> None:
    """R22: it is known as revoked since when; and all can be."""
    token, kept = accounts.tokens.make(ann.id, "script", permissions=[])
    others = [accounts.tokens.make(ann.id, "other", permissions=[])[0] for _ in range(2)]
    revoked = accounts.tokens.revoke(kept.id)
    assert revoked == replace(kept, revoked_at=clock.now())
    clock.advance(1)
    assert accounts.tokens.revoke(kept.id) == revoked
    assert accounts.tokens.find(token) is None
    assert accounts.tokens.revoke_all(ann.id) == 2
    assert [accounts.tokens.find(other) for other in others] == [None, None]
    assert len(accounts.tokens.list(ann.id)) == 3


def failures(accounts: AccountTable, account: str | None, address: str) -> list[int]:
    """Count one more; return how many there were of the pair, of the address, of the account."""
    found: list[FailedLogins] = []
    accounts.failed_logins.reserve(
        account, address, within=WINDOW, check=lambda *counts: found.extend(counts)
    )
    return [each.count for each in found]


def test_failed_logins_are_counted_within_a_window(accounts: AccountTable, clock: SimClock) -> None:
    """By account, whether there is one or not, and by address; names are compared as of users."""
    assert failures(accounts, "ann", "192.0.2.1") == [0, 0, 0]
    assert failures(accounts, "ANN  ", "192.0.2.1") == [1, 1, 1]
    assert failures(accounts, " \uff41nn", "192.0.2.2") == [0, 0, 2]
    assert failures(accounts, "bob", "192.0.2.1") == [0, 2, 0]
    clock.advance(WINDOW.total_seconds() + 1)
    assert failures(accounts, "ann", "192.0.2.1") == [0, 0, 0]
    assert accounts.failed_logins.expire(clock.now()) == 8


def test_a_login_that_did_not_fail_is_not_counted(accounts: AccountTable) -> None:
    """And what its address did to its account before is forgotten, but not what it did else."""
    failures(accounts, "ann", "192.0.2.1")
    reserved = accounts.failed_logins.reserve(
        "ann", "192.0.2.1", within=WINDOW, check=lambda *_: None
    )
    accounts.failed_logins.take_back(reserved, "Ann", "192.0.2.1")
    assert failures(accounts, "ann", "192.0.2.1") == [0, 1, 1]


def test_what_is_too_much_is_not_counted(accounts: AccountTable) -> None:
    def refuse(*_: FailedLogins) -> None:
        raise TooManyRequests("Later", retry_after_s=1)

    with pytest.raises(TooManyRequests):
        accounts.failed_logins.reserve("ann", "192.0.2.1", within=WINDOW, check=refuse)
    assert failures(accounts, "ann", "192.0.2.1") == [0, 0, 0]


def test_guesses_of_names_keep_nobody_from_the_set_up(accounts: AccountTable) -> None:
    """Whatever the names, and from wherever they come."""
    for name in ("set-up", "\nset-up", "None", ""):
        failures(accounts, name, "192.0.2.1")
    assert failures(accounts, None, "192.0.2.1") == [0, 0, 0]
    assert failures(accounts, None, "192.0.2.1") == [1, 1, 1]


def test_a_failed_login_in_the_future_locks_nobody_out(
    accounts: AccountTable, clock: SimClock
) -> None:
    """R43: the clock was a year ahead, and is set right."""
    now = clock.now()
    clock.set_wall(now + timedelta(days=365))
    failures(accounts, "ann", "192.0.2.1")
    clock.set_wall(now)
    assert failures(accounts, "ann", "192.0.2.1") == [0, 0, 0]


def test_no_secret_is_kept(
    catalog: CatalogDatabase, accounts: AccountTable, ann: User, clock: SimClock
) -> None:
    """Neither of sessions nor of tokens, nor what was typed where a name belongs."""
    session, _ = log_in(accounts, ann, clock)
    token, _ = accounts.tokens.make(ann.id, "script", permissions=[])
    failures(accounts, "my password", "::1")
    with catalog.reading() as opened:
        hashes = [row.token_hash for row in [*opened.query(SessionRow), *opened.query(TokenRow)]]
    assert len({*hashes}) == 2
    assert all(len(each) == 64 for each in hashes)
    if catalog.path is not None:
        content = catalog.path.read_bytes()
        assert not any(each.encode() in content for each in (session, token, "my password"))
