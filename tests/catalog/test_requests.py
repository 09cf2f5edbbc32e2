"""What is asked over HTTP and kept: the audit, idempotent requests, uploads and links."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from holdfast.catalog import (
    AuditEntry,
    CatalogDatabase,
    Link,
    Role,
    StoredResponse,
    Upload,
    hash_token,
)
from holdfast.catalog.schema import LinkRow, UploadRow
from holdfast.errors import (
    IdempotencyConflict,
    LinkExpired,
    RequestInvalid,
    UploadNotFound,
)
from tests.rig.sim_clock import SimClock

HOUR = timedelta(hours=1)


def test_the_audit_keeps_what_was_done(catalog: CatalogDatabase, clock: SimClock) -> None:
    entry = catalog.audit.add(
        actor="ann",
        action="backup.delete",
        object="backup_1",
        outcome="done",
        plan="app",
        detail={"sizes": [1, 2]},
        address="2001:db8::1",
        job_id="some job",
    )
    assert entry == AuditEntry(
        number=entry.number,
        at=clock.now(),
        actor="ann",
        action="backup.delete",
        object="backup_1",
        outcome="done",
        plan="app",
        detail={"sizes": [1, 2]},
        address="2001:db8::1",
        job_id="some job",
    )
    assert catalog.audit.list() == ([entry], 1)


def test_the_audit_is_filtered_and_paged(catalog: CatalogDatabase, clock: SimClock) -> None:
    """Newest first; the total is of what fits."""
    start = clock.now()
    for number in range(5):
        actor = "ann" if number % 2 else "bob"
        catalog.audit.add(actor=actor, action=f"act {number}", outcome="done")
        clock.advance(60)
    page, total = catalog.audit.list(limit=2)
    assert ([entry.action for entry in page], total) == (["act 4", "act 3"], 5)
    rest, total = catalog.audit.list(before=page[-1].number)
    assert ([entry.action for entry in rest], total) == (["act 2", "act 1", "act 0"], 5)
    assert [entry.action for entry in catalog.audit.list(actor="ann")[0]] == ["act 3", "act 1"]
    within = catalog.audit.list(
        since=start + timedelta(minutes=1), until=start + timedelta(minutes=3)
    )
    assert [entry.action for entry in within[0]] == ["act 2", "act 1"]
    assert catalog.audit.list(action="act 1", outcome="refused") == ([], 0)
    assert catalog.audit.expire(start + timedelta(minutes=4)) == 4
    assert [entry.action for entry in catalog.audit.list()[0]] == ["act 4"]


ANSWER = StoredResponse(status=202, body=b"{\x00\xff}", headers={"Location": "jobs/1"})


def answer(catalog: CatalogDatabase) -> None:
    catalog.requests.finish("ann", "key", ANSWER.status, ANSWER.body, ANSWER.headers)


def test_a_request_is_served_once(
    catalog: CatalogDatabase, another: Callable[[], CatalogDatabase]
) -> None:
    """While it is served the same is refused; afterwards it gets the same answer."""
    assert catalog.requests.begin("ann", "key", "print") is None
    with pytest.raises(IdempotencyConflict, match="still being served"):
        another().requests.begin("ann", "key", "print")
    answer(catalog)
    assert another().requests.begin("ann", "key", "print") == ANSWER
    assert catalog.requests.begin("bob", "key", "print") is None
    assert catalog.requests.begin("ann", "key 2", "print") is None


def test_a_key_is_for_one_request(catalog: CatalogDatabase) -> None:
    """Another under the same key is refused, served already or not."""
    catalog.requests.begin("ann", "key", "print")
    for _ in range(2):
        with pytest.raises(IdempotencyConflict, match="another request"):
            catalog.requests.begin("ann", "key", "other print")
        answer(catalog)


def test_a_request_that_came_to_nothing_can_be_made_again(
    catalog: CatalogDatabase, clock: SimClock
) -> None:
    """Because it failed, or because its process died."""
    catalog.requests.begin("ann", "key", "print")
    catalog.requests.forget("ann", "key")
    assert catalog.requests.begin("ann", "key", "print") is None
    clock.advance(600)
    assert catalog.requests.begin("ann", "key", "print") is None
    with pytest.raises(IdempotencyConflict):
        catalog.requests.begin("ann", "key", "print")


def test_old_requests_are_forgotten(catalog: CatalogDatabase, clock: SimClock) -> None:
    catalog.requests.begin("ann", "old", "print")
    clock.advance(60)
    catalog.requests.begin("ann", "new", "print")
    assert catalog.requests.expire(clock.now()) == 1
    assert catalog.requests.begin("ann", "old", "another print") is None


def wait_for(catalog: CatalogDatabase, clock: SimClock, plan: str = "app") -> tuple[str, Upload]:
    return catalog.uploads.add(
        plan=plan,
        path=Path("/scratch/upload.zip"),
        file_name="back\nup.zip",
        size_bytes=1 << 40,
        params={"warnings": ["old"]},
        actor="ann",
        expires_at=clock.now() + HOUR,
    )


def test_an_upload_is_confirmed_once(catalog: CatalogDatabase, clock: SimClock) -> None:
    """By its token; what is kept does not tell the token."""
    token, upload = wait_for(catalog, clock)
    assert upload == Upload(
        id=upload.id,
        plan="app",
        path="/scratch/upload.zip",
        backup_id=None,
        file_name="back\nup.zip",
        size_bytes=1 << 40,
        params={"warnings": ["old"]},
        actor="ann",
        created_at=clock.now(),
        expires_at=clock.now() + HOUR,
    )
    assert catalog.uploads.get(token) == upload
    claimed = replace(upload, claimed_at=clock.now())
    assert catalog.uploads.claim(token) == claimed
    for attempt in (catalog.uploads.claim, catalog.uploads.get, catalog.uploads.remove):
        with pytest.raises(UploadNotFound, match="confirmed already"):
            attempt(token)
    assert catalog.uploads.list("app") == [claimed]
    catalog.uploads.release(upload.id)
    assert catalog.uploads.claim(token) == claimed


def test_an_upload_can_be_withdrawn(catalog: CatalogDatabase, clock: SimClock) -> None:
    token, upload = wait_for(catalog, clock)
    assert catalog.uploads.remove(token) == upload
    with pytest.raises(UploadNotFound):
        catalog.uploads.claim(token)


def test_an_upload_expires(catalog: CatalogDatabase, clock: SimClock) -> None:
    """Not a moment before; then whoever sweeps learns which files to remove."""
    token, upload = wait_for(catalog, clock)
    _, other = wait_for(catalog, clock, "other")
    clock.advance(3599)
    assert catalog.uploads.expire() == []
    assert catalog.uploads.get(token) == upload
    clock.advance(1)
    for attempt in (catalog.uploads.get, catalog.uploads.claim, catalog.uploads.remove):
        with pytest.raises(UploadNotFound, match="has expired"):
            attempt(token)
    assert catalog.uploads.expire("app") == [upload]
    assert catalog.uploads.expire() == [other]
    assert catalog.uploads.list("app") == []


@pytest.mark.parametrize("token", ["", "nonsense", "\ud800", "\x00", "x" * 100_000])
def test_a_token_that_was_never_given_opens_nothing(catalog: CatalogDatabase, token: str) -> None:
    """Whatever it is made of."""
    with pytest.raises(UploadNotFound):
        catalog.uploads.claim(token)
    with pytest.raises(LinkExpired):
        catalog.links.resolve(token)
    assert catalog.accounts.sessions.find(token) is None
    assert catalog.accounts.tokens.find(token) is None


@pytest.mark.parametrize("key", ["", "\ud800", "\x00", "x" * 100_000])
def test_a_key_may_be_anything(catalog: CatalogDatabase, key: str) -> None:
    """Clients make it up."""
    assert catalog.requests.begin(key, key, "print") is None
    catalog.requests.finish(key, key, 200, b"", {})
    assert catalog.requests.begin(key, key, "print") is not None
    catalog.requests.forget(key, key)


def test_numbers_may_be_of_any_size(catalog: CatalogDatabase) -> None:
    """What no database can hold is the asker's fault, or finds all there is."""
    entry = catalog.audit.add(actor="ann", action="act", outcome="done")
    try:
        assert catalog.audit.list(before=1 << 70) == ([entry], 1)
    except RequestInvalid as error:
        assert error.http_status == 422  # noqa: PT017 - one of two answers


def test_a_text_that_fits_no_index_is_the_askers_fault(catalog: CatalogDatabase) -> None:
    """PostgreSQL's indexes hold a few thousand bytes of it."""
    name = "".join(map(chr, range(0x4E00, 0x8E00)))
    try:
        catalog.accounts.users.add(name, Role.VIEWER)
    except RequestInvalid as error:
        assert "too long" in error.message  # noqa: PT017 - one of two answers
    else:
        assert catalog.accounts.users.find(name) is not None


def test_a_link_leads_to_its_backup_until_it_expires(
    catalog: CatalogDatabase, clock: SimClock
) -> None:
    """Any number of times, as a download may be resumed."""
    expires_at = clock.now() + HOUR
    token = catalog.links.make("app", "backup_1", "ann", expires_at)
    link = Link(
        plan="app",
        backup_id="backup_1",
        actor="ann",
        created_at=clock.now(),
        expires_at=expires_at,
    )
    assert catalog.links.resolve(token) == catalog.links.resolve(token) == link
    clock.advance(3600)
    with pytest.raises(LinkExpired):
        catalog.links.resolve(token)
    assert catalog.links.expire() == 1


def test_a_link_to_a_file_leads_nowhere_else(catalog: CatalogDatabase, clock: SimClock) -> None:
    """Nor does it open the backup, however its parts are put together; it is revoked with it."""
    token = catalog.links.make("app", "backup_1", "ann", clock.now() + HOUR, path="a/b")
    assert catalog.links.resolve(token, "a/b").backup_id == "backup_1"
    kept = hashlib.sha256(token.encode()).hexdigest()
    for given, path in [
        (token, None), (token, ""), (token, "a"), (token, "a/b/"), (f"{token} a/b", None),
        (f"{token}/a", "b"), (f"{kept} a/b", None), (f"file:{kept} a/b", None), (kept, "a/b"),
    ]:  # fmt: skip
        with pytest.raises(LinkExpired):
            catalog.links.resolve(given, path)
    whole = catalog.links.make("app", "backup_1", "ann", clock.now() + HOUR)
    with pytest.raises(LinkExpired):
        catalog.links.resolve(whole, "a/b")
    assert catalog.links.revoke("app", "backup_1") == 2
    with pytest.raises(LinkExpired):
        catalog.links.resolve(token, "a/b")


def test_links_are_revoked(catalog: CatalogDatabase, clock: SimClock) -> None:
    """R22: those to one backup, or all."""
    links = [
        catalog.links.make(plan, backup_id, None, clock.now() + HOUR)
        for plan in ("app", "other")
        for backup_id in ("backup_1", "backup_2")
    ]
    assert catalog.links.revoke("app", "backup_1") == 1
    with pytest.raises(LinkExpired):
        catalog.links.resolve(links[0])
    assert catalog.links.resolve(links[1]).backup_id == "backup_2"
    assert catalog.links.revoke_all() == 3
    with pytest.raises(LinkExpired):
        catalog.links.resolve(links[3])


def test_the_links_of_a_plan_are_revoked_and_no_others(
    catalog: CatalogDatabase, clock: SimClock
) -> None:
    """R22: a restore of one plan does not end the downloads of another."""
    mine, others = (
        catalog.links.make(plan, "backup_1", None, clock.now() + HOUR) for plan in ("app", "other")
    )
    assert catalog.links.revoke_plan("app") == 1
    with pytest.raises(LinkExpired):
        catalog.links.resolve(mine)
    assert catalog.links.resolve(others).plan == "other"


@pytest.mark.parametrize("end", ["remove", "disabled", "role"])
def test_a_link_ends_with_the_rights_of_who_made_it(
    catalog: CatalogDatabase, clock: SimClock, end: str
) -> None:
    """R22: be it made in a session or by a token; those of others go on."""
    users = catalog.accounts.users
    ann, _ = (users.add(name, Role.ADMIN, password_hash="x") for name in ("ann", "anna"))
    links = [
        catalog.links.make("app", "backup_1", actor, clock.now() + HOUR)
        for actor in ("ann", "ann (her script)", "anna", "anna (ann)", "host", None)
    ]
    users.set_password(ann.id, "y")
    if end == "remove":
        users.remove(ann.id)
    elif end == "disabled":
        users.change(ann.id, disabled=True)
    else:
        users.change(ann.id, role=Role.OPERATOR)
    for link in links[:2]:
        with pytest.raises(LinkExpired):
            catalog.links.resolve(link)
    for link in links[2:]:
        catalog.links.resolve(link)


def test_no_token_is_kept(catalog: CatalogDatabase, clock: SimClock) -> None:
    """Only its SHA-256, so that a copy of the catalog opens nothing."""
    upload, _ = wait_for(catalog, clock)
    link = catalog.links.make("app", "backup_1", None, clock.now() + HOUR)
    with catalog.reading() as session:
        uploads, links = session.query(UploadRow).all(), session.query(LinkRow).all()
    assert [row.token_hash for row in uploads] == [hash_token(upload)]
    assert [row.token_hash for row in links] == [hash_token(link)]
    assert len(upload) >= 43
    if catalog.path is not None:
        content = catalog.path.read_bytes()
        assert not any(token.encode() in content for token in (upload, link))
