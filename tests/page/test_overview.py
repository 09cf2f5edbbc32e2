"""The overview says whether the plan is protected, and its buttons mend what is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.page.deeds import ended, found, locked
from tests.page.screens import DESKTOP, DESKTOP_DARK, PHONE, PHONE_DARK, Look, OpenScreen
from tests.page.sites import Site, SiteAt


def sentence(page: Page) -> Locator:
    """Return what the page leads with."""
    return page.get_by_role("region").filter(has=page.locator("#standing"))


@pytest.mark.parametrize("look", [DESKTOP, PHONE_DARK], ids=str)
def test_it_tells_that_all_is_well_and_of_the_weeks_before(
    open_screen: OpenScreen, look: Look
) -> None:
    """The sentence first; charts that can be read as a table; the days, by keyboard too."""
    screen = open_screen(look=look)
    page = screen.page
    expect(page.get_by_role("heading", level=2).first).to_have_text("Protected")
    expect(sentence(page)).to_contain_text("Last backup")
    for card in ("Backups", "Latest backup", "Total size", "Deduplication", "Next run"):
        expect(page.get_by_role("term").filter(has_text=card).first).to_be_visible()
    expect(page.get_by_role("img", name=re.compile(r"^Captured of \d+ backups"))).to_be_visible()
    expect(page.get_by_text("1 failed run")).to_be_visible()
    expect(page.get_by_role("heading", name="Days covered")).to_be_visible()

    page.get_by_role("button", name="Show as a table").click()
    table = page.get_by_role("table", name="Backups and failed runs")
    expect(table.get_by_role("row").filter(has_text="Failed")).to_have_count(1)
    expect(table.get_by_role("row").nth(10)).to_be_attached()
    screen.settle()
    assert screen.faults() == []

    today = page.get_by_role("grid").get_by_role("gridcell", name="(today)")
    today.focus()
    page.keyboard.press("ArrowUp")
    expect(today).not_to_be_focused()
    expect(page.locator("[role=gridcell]:focus")).to_have_accessible_name(re.compile("backup"))


@pytest.mark.parametrize(
    ("place", "look"),
    [("workshop", PHONE), ("workshop_below", DESKTOP_DARK)],
    ids=["phone-light", "desktop-dark-below-a-path"],
)
def test_a_backup_is_made_now_and_seen_to_go_on(
    open_screen: OpenScreen, site_at: SiteAt, place: str, look: Look
) -> None:
    site = site_at(place)
    screen = open_screen(user="otto", site=site, look=look)
    page = screen.page
    with locked(site):
        page.get_by_role("button", name="Back up now").click()
        going = page.get_by_role("region", name="Under way")
        expect(going.get_by_text("Running")).to_be_visible()
        expect(going.get_by_role("progressbar", name="Backup")).to_be_attached()
        expect(going.get_by_role("button", name="Cancel: Backup")).to_be_enabled()
        screen.settle()
        assert screen.faults() == []
    expect(page.get_by_role("region", name="Just ended")).to_contain_text("Completed")


def test_the_first_backup_is_made_and_verified_by_the_buttons_beside_the_sentence(
    open_screen: OpenScreen, empty_site: Site
) -> None:
    """From "Not protected yet" to "Protected", by what the page offers and nothing else."""
    empty_site.server.set_up()
    screen = open_screen(site=empty_site)
    page = screen.page
    title = page.get_by_role("heading", level=2).first
    expect(title).to_have_text("Not protected yet")
    expect(page.get_by_role("region", name="What it will hold")).to_contain_text("thumbnails")
    assert screen.faults() == []
    sentence(page).get_by_role("button", name="Back up now").click()
    expect(sentence(page)).to_contain_text("No backup has been verified yet")
    screen.settle()
    assert screen.faults() == []
    page.get_by_role("button", name="Verify the newest backup").click()
    expect(title).to_have_text("Protected")
    expect(sentence(page)).to_contain_text("proven restorable")


@contextmanager
def without_database(site: Site) -> Iterator[None]:
    """Have the live database elsewhere until the block ends, as on a disk that is not there."""
    file = site.root / "app" / "app.db"
    elsewhere = file.with_suffix(".away")
    file.rename(elsewhere)
    try:
        yield
    finally:
        elsewhere.rename(file)


def test_a_failed_run_is_told_and_mended(open_screen: OpenScreen, workshop: Site) -> None:
    """Why it failed is told; the button leads to its log; a backup that succeeds mends it."""
    with workshop.client() as client, without_database(workshop):
        begun = client.post("backups", json={})
        assert begun.status_code == 202, begun.text
        failed = ended(client, begun.json()["id"])
    assert failed["status"] == "failed"
    screen = open_screen(site=workshop, look=DESKTOP_DARK)
    page = screen.page
    wrong = page.get_by_role("list", name="What is wrong")
    expect(wrong).to_contain_text("The last job failed (Backup)")
    expect(wrong).to_contain_text("There is no database at")
    assert screen.faults() == []
    wrong.get_by_role("link", name="Look at the job").click()
    expect(page).to_have_url(re.compile(f"#/jobs/{failed['id']}"))
    expect(page.get_by_text("There is no database at").first).to_be_visible()
    screen.open()
    page.get_by_role("button", name="Back up now").click()
    expect(page.get_by_text("The last job failed (Backup)")).to_have_count(0)


def test_a_schedule_that_is_off_is_turned_on(open_screen: OpenScreen, workshop: Site) -> None:
    with workshop.client() as client:
        seen = client.get("schedule")
        names = ("cron", "timezone", "retention", "misfire")
        off = {**{name: seen.json()[name] for name in names}, "enabled": False}
        answer = client.put("schedule", json=off, headers={"If-Match": seen.headers["ETag"]})
        assert answer.status_code == 200, answer.text
    screen = open_screen(site=workshop, look=PHONE)
    page = screen.page
    expect(sentence(page)).to_contain_text("The schedule is off")
    expect(page.get_by_role("definition").filter(has_text="Off").first).to_be_visible()
    assert screen.faults() == []
    page.get_by_role("button", name="Turn the schedule on").click()
    expect(page.get_by_text("Backups are made by the schedule from now on")).to_be_visible()
    expect(page.get_by_text("The schedule is off")).to_have_count(0)
    with workshop.client() as client:
        assert found(client, "schedule")["enabled"] is True
