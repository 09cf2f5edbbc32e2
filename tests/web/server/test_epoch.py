"""R22: a catalog that was put back to an earlier state lets nobody in who was let in by it."""

from __future__ import annotations

import logging
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from holdfast.errors import LinkExpired
from tests.web.server.site import Site


def put_back(site: Site) -> None:
    """Put the catalog back to what it was when it was set aside, as a restore does."""
    catalog = site.installation.database.path
    assert catalog is not None
    shutil.copy(site.root / "set-aside.db", catalog)


def set_aside(site: Site) -> None:
    catalog = site.installation.database.path
    assert catalog is not None
    shutil.copy(catalog, site.root / "set-aside.db")


def test_what_was_revoked_stays_revoked(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """A token and a login that were ended after the backup, and all others of it."""
    login, kept_login = site.login("anna"), site.login("otto")
    token, kept = site.token("anna")
    other_token, _ = site.token("otto")
    link = site.installation.database.links.make(
        "shop", "backup", "anna", datetime.now(UTC) + timedelta(hours=1)
    )
    set_aside(site)
    site.accounts.revoke_token(kept.id)
    site.post("/auth/logout", headers=login)
    put_back(site)
    with caplog.at_level(logging.WARNING, logger="holdfast.web.server"):
        for headers in (token, login, other_token, kept_login):
            assert site.get("/auth/me", headers).status_code == 401
    assert "every session and API token was ended" in caplog.text
    with pytest.raises(LinkExpired):
        site.installation.database.links.resolve(link)
    # Whoever knows a password goes on.
    assert site.get("/auth/me", site.login("anna")).status_code == 200
    assert site.get("/auth/me", site.token("anna")[0]).status_code == 200


def test_a_password_that_was_changed_ended_logins_for_good(site: Site) -> None:
    login = site.login("anna")
    set_aside(site)
    site.accounts.change_user(site.accounts.user("anna"), password="another pass phrase")
    put_back(site)
    assert site.get("/auth/me", login).status_code == 401


def test_it_is_noticed_once(site: Site) -> None:
    set_aside(site)
    site.login("anna")
    put_back(site)
    assert not site.accounts.epoch.check()
    assert site.accounts.epoch.check()
    login = site.login("anna")
    assert site.get("/auth/me", login).status_code == 200


def test_a_catalog_without_the_file_beside_it_is_not_believed(site: Site) -> None:
    """On another machine, or restored alone: nobody can say that it is the newest."""
    login = site.login("anna")
    site.accounts.epoch.path.unlink()
    assert site.get("/auth/me", login).status_code == 401


def test_another_process_that_counts_up_ends_nothing(site: Site) -> None:
    """The file may lag behind: the process that wrote the catalog died before it wrote the file."""
    login = site.login("anna")
    before = site.accounts.epoch.path.read_text()
    site.token("otto")
    site.accounts.epoch.path.write_text(before)
    assert site.get("/auth/me", login).status_code == 200
    assert int(site.accounts.epoch.path.read_text()) > int(before)


def test_the_file_is_private(site: Site) -> None:
    assert site.accounts.epoch.path.stat().st_mode & 0o777 == 0o600
