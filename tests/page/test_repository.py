"""The repository is looked at, checked, freed of what no backup uses, and of dead locks."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from holdfast.repository import Repository
from holdfast.stores import open_store
from tests.page.deeds import back_up, found
from tests.page.screens import DESKTOP, DESKTOP_DARK, PHONE, PHONE_DARK, Look, OpenScreen
from tests.page.sites import Site, SiteAt
from tests.rig.sim_clock import SimClock

NOISE_BYTES = 300_000
A_WHILE = timedelta(hours=1)
ANYWHERE = pytest.mark.parametrize(
    ("place", "look"),
    [("workshop", DESKTOP), ("workshop_below", PHONE_DARK)],
    ids=["desktop-light", "phone-dark-below-a-path"],
)


@contextmanager
def left_lock(site: Site) -> Iterator[None]:
    """Have a lock in the repository whose holder gave no sign of life for long."""
    password = (site.root / "password").read_text().strip()
    clock = SimClock(datetime.now(UTC) - A_WHILE)
    repository = Repository.open(open_store(str(site.root / "backups")), password, clock=clock)
    with repository.lock():
        yield


def leave_something_unused(site: Site) -> None:
    """Back up a picture that shares nothing with others, and delete the backup."""
    picture = site.root / "app" / "thumbnails" / "noise.jpg"
    picture.write_bytes(os.urandom(NOISE_BYTES))
    try:
        with site.client() as client:
            backup = back_up(client, sources=["thumbnails"])["id"]
            assert client.delete(f"backups/{backup}").is_success
    finally:
        picture.unlink()


@pytest.mark.parametrize("look", [DESKTOP_DARK, PHONE], ids=str)
def test_it_shows_the_keys_and_reminds_of_the_recovery_kit(
    open_screen: OpenScreen, site: Site, look: Look
) -> None:
    """With what to type; and how much there is, and how much room."""
    with site.client() as client:
        repository = found(client, "repository")
    screen = open_screen("/repository", user="vera", look=look)
    page = screen.page
    reminder = page.get_by_role("alert").filter(has_text="No recovery kit")
    expect(reminder).to_contain_text("Make a recovery kit, and keep it off this machine.")
    expect(reminder).to_contain_text(repository["recovery"]["command"])
    keys = page.get_by_role("table", name="Encryption and keys").get_by_role("row")
    expect(keys).to_have_count(1 + len(repository["keys"]))
    expect(keys.last).to_contain_text("A password")
    expect(keys.last).to_contain_text("In use")
    expect(page.get_by_role("region", name="Space")).to_contain_text("free")
    expect(page.get_by_role("main")).to_contain_text(repository["location"])
    assert screen.faults() == []


@ANYWHERE
def test_it_is_checked(open_screen: OpenScreen, site_at: SiteAt, place: str, look: Look) -> None:
    """By an operator, who may not prune it."""
    site = site_at(place)
    screen = open_screen("/repository", user="otto", site=site, look=look)
    page = screen.page
    upkeep = page.get_by_role("region", name="Upkeep")
    expect(upkeep.get_by_text("every byte was read")).to_be_visible()
    prune = upkeep.get_by_role("button", name="Prune")
    expect(prune).to_have_attribute("aria-disabled", "true")
    upkeep.get_by_role("button", name="Check").click()
    question = page.get_by_role("dialog", name="Check the repository")
    expect(question.get_by_role("radio", name="The structure")).to_be_checked()
    screen.settle()
    assert screen.faults() == []
    question.get_by_role("button", name="Begin the check").click()
    expect(page.get_by_text("The check has begun.")).to_be_visible()
    expect(upkeep.get_by_text("structure only")).to_be_visible()
    expect(upkeep.get_by_text("Sound", exact=True)).to_be_visible()
    screen.settle()
    assert screen.faults() == []
    with site.client() as client:
        check = found(client, "repository")["last_check"]
    assert (check["passed"], check["read_data"]) == (True, False)


@pytest.mark.parametrize("look", [DESKTOP_DARK, PHONE], ids=str)
def test_what_a_prune_would_free_is_told_before(
    open_screen: OpenScreen, workshop: Site, look: Look
) -> None:
    """And that is what it frees."""
    leave_something_unused(workshop)
    with workshop.client() as client:
        answer = client.post("repository/prune", json={"dry_run": True})
        told = answer.json()
    assert told["would_free_bytes"] >= NOISE_BYTES
    screen = open_screen("/repository", site=workshop, look=look)
    page = screen.page
    upkeep = page.get_by_role("region", name="Upkeep")
    upkeep.get_by_role("button", name="Prune").click()
    question = page.get_by_role("dialog", name="Free what no backup uses")
    expect(question.get_by_text(re.compile(r"^About .+ would be freed\.$"))).to_be_visible()
    expect(question).to_contain_text(f"{told['packs_removed']} go")
    expect(question).to_contain_text("No backup changes.")
    screen.settle()
    assert screen.faults() == []
    question.get_by_role("button", name="Free").click()
    expect(page.get_by_text("The prune has begun.")).to_be_visible()
    expect(upkeep.get_by_text(re.compile(r"^\d.* freed$"))).to_be_visible()
    screen.settle()
    assert screen.faults() == []
    with workshop.client() as client:
        freed = found(client, "repository")["last_prune"]["freed_bytes"]
        # Told is an estimate: it does not count the headers of packs that are written anew.
        assert freed == pytest.approx(told["would_free_bytes"], rel=0.25)
        assert found(client, "repository")["last_prune"]["freed_bytes"] >= NOISE_BYTES
    upkeep.get_by_role("button", name="Prune").click()
    expect(question).to_contain_text("There is nothing worth freeing.")


@ANYWHERE
def test_a_lock_whose_holder_is_gone_is_removed(
    open_screen: OpenScreen, site_at: SiteAt, place: str, look: Look
) -> None:
    site = site_at(place)
    with left_lock(site):
        screen = open_screen("/repository", site=site, look=look)
        page = screen.page
        locks = page.get_by_role("region", name="Locks")
        expect(locks.get_by_role("listitem")).to_contain_text(f"process {os.getpid()}")
        expect(locks.get_by_text("Stale", exact=True)).to_be_visible()
        assert screen.faults() == []
        locks.get_by_role("button", name="Remove stale locks").click()
        expect(page.get_by_text("1 stale lock is removed.")).to_be_visible()
        expect(locks.get_by_text("Nobody is at work in the repository.")).to_be_visible()
        expect(locks.get_by_role("button")).to_have_count(0)
        screen.settle()
        assert screen.faults() == []
