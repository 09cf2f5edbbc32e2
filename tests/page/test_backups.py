"""Backups are found, made, looked into, proven, described, kept, downloaded and deleted."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.page.deeds import back_up, found, locked, newest_whole
from tests.page.screens import DESKTOP, DESKTOP_DARK, PHONE, PHONE_DARK, Look, OpenScreen
from tests.page.sites import Site, SiteAt

ANYWHERE = pytest.mark.parametrize("place", ["workshop", "workshop_below"])


def dialog(page: Page, name: str | re.Pattern[str]) -> Locator:
    return page.get_by_role("dialog", name=name)


def pick(page: Page, name: str, action: str) -> None:
    """Choose from the menu of one backup, in its details: they lie over that in the list."""
    dialog(page, name).get_by_role("button", name=f"Actions for {name}").click()
    page.get_by_role("menuitem", name=action).click()


@pytest.mark.parametrize(
    ("place", "look"),
    [("workshop", DESKTOP), ("workshop_below", PHONE_DARK)],
    ids=["desktop-light", "phone-dark-below-a-path"],
)
def test_a_backup_is_made_and_followed_to_its_end(
    open_screen: OpenScreen, site_at: SiteAt, place: str, look: Look
) -> None:
    """With a description, tags and one source; while it runs, that is to be seen."""
    site = site_at(place)
    screen = open_screen("/backups", user="otto", site=site, look=look)
    page = screen.page
    page.get_by_role("button", name="New backup").click()
    form = dialog(page, "New backup")
    form.get_by_label("Description").fill("Before the stocktaking")
    form.get_by_role("combobox", name="Tags").fill("stock,count,")
    for source in ("settings", "thumbnails"):
        form.get_by_role("checkbox", name=source).uncheck()
    expect(form.get_by_role("alert")).to_contain_text("Some sources are left out")
    screen.settle()
    assert screen.faults() == []
    with locked(site):
        form.get_by_role("button", name="Back up now").click()
        expect(form.get_by_text("Running")).to_be_visible()
        expect(form.get_by_role("progressbar")).to_be_attached()  # at 0 % it has no width
        expect(form).to_contain_text("It goes on when this window is closed")
        screen.settle()
        assert screen.faults() == []
    expect(form.get_by_role("alert")).to_contain_text("The backup is made")
    form.get_by_role("link", name="Look at it").click()
    details = dialog(page, "Before the stocktaking")
    expect(details).to_contain_text("Holds only: app")
    expect(details.get_by_text("stock", exact=True)).to_be_visible()
    with site.client() as client:
        made = found(client, "backups", tag=["stock", "count"])["backups"][0]
    assert (made["description"], made["only"]) == ("Before the stocktaking", ["app"])


def test_filters_are_kept_in_the_address(open_screen: OpenScreen) -> None:
    """Over loading it anew, and over the way back."""
    page = open_screen("/backups").page
    rows = page.get_by_role("table", name="Backups").get_by_role("row")
    expect(rows.nth(3)).to_be_visible()
    page.get_by_role("button", name="Filters").click()
    page.get_by_role("combobox", name="Status").click()
    page.get_by_role("option", name="Failed").click()
    expect(page).to_have_url(re.compile("status=failed"))
    expect(rows).to_have_count(2)
    page.reload()
    expect(rows).to_have_count(2)
    expect(rows.last).to_contain_text("Failed")
    page.go_back()
    expect(page).not_to_have_url(re.compile("status="))
    expect(rows.nth(3)).to_be_visible()
    page.get_by_role("searchbox", name="Search").fill("release 2.")
    expect(page).to_have_url(re.compile(r"text=release"))
    expect(rows).to_have_count(3)
    page.get_by_role("searchbox", name="Search").fill("nothing is called so")
    expect(page.get_by_role("heading", name="No backup matches")).to_be_visible()
    page.get_by_role("button", name="Clear all filters").last.click()
    expect(rows.nth(3)).to_be_visible()


def test_they_are_sorted_and_turned_over_page_by_page(
    open_screen: OpenScreen, workshop: Site
) -> None:
    with workshop.client() as client:
        while found(client, "backups", limit=1)["total"] <= 25:
            back_up(client, sources=["settings"])
        largest = found(client, "backups", sort="-size", limit=100)["backups"]
    page = open_screen("/backups?limit=25", site=workshop).page
    table = page.get_by_role("table", name="Backups")
    links = table.get_by_role("link")
    page.get_by_role("button", name="Size", exact=True).click()
    expect(table.get_by_role("columnheader", name="Size")).to_have_attribute(
        "aria-sort", "descending"
    )
    expect(links).to_have_count(25)
    expect(links.first).to_have_attribute("id", f"at-{largest[0]['id']}")
    expect(page.get_by_text(f"1\u201325 of {len(largest)}")).to_be_visible()
    page.get_by_role("button", name="Next page").click()
    expect(page.get_by_text(f"26\u2013{len(largest)} of {len(largest)}")).to_be_visible()
    expect(links.first).to_have_attribute("id", f"at-{largest[25]['id']}")
    page.get_by_role("button", name="Previous page").click()
    expect(links.first).to_have_attribute("id", f"at-{largest[0]['id']}")
    page.get_by_role("button", name="Size", exact=True).click()
    expect(table.get_by_role("columnheader", name="Size")).to_have_attribute(
        "aria-sort", "ascending"
    )


@pytest.mark.parametrize("look", [DESKTOP_DARK, PHONE], ids=str)
def test_several_are_deleted_at_once_but_none_that_is_kept(
    open_screen: OpenScreen, workshop: Site, look: Look
) -> None:
    """What goes, what stays and what remains is told before."""
    tag = f"several-{look}"
    with workshop.client() as client:
        *_, made = (
            back_up(client, description=name, tags=[tag], sources=["settings"])
            for name in ("One", "Two", "Kept")
        )
        kept = client.patch(f"backups/{made['id']}", json={"keep": True})
        assert kept.status_code == 200, kept.text
    screen = open_screen(f"/backups?tag={tag}", site=workshop, look=look)
    page = screen.page
    page.get_by_role("checkbox", name="Select all").check()
    chosen = page.get_by_role("region", name="Chosen backups")
    expect(chosen).to_contain_text("3 selected")
    assert screen.faults() == []
    chosen.get_by_role("button", name="Delete").click()
    question = dialog(page, "Delete 2 backups?")
    expect(question.get_by_role("listitem").filter(has_text="Kept: stays")).to_have_count(1)
    expect(question).to_contain_text("1 kept backup stays")
    expect(question).to_contain_text("This cannot be undone")
    screen.settle()
    assert screen.faults() == []
    question.get_by_role("button", name="Delete 2 backups").click()
    expect(page.get_by_text("2 backups are deleted")).to_be_visible()
    expect(page.get_by_role("link", name="Two")).to_have_count(0)
    expect(page.get_by_role("link", name="Kept")).to_be_visible()
    with workshop.client() as client:
        left = found(client, "backups", tag=tag)["backups"]
    assert [each["description"] for each in left] == ["Kept"]


@pytest.mark.parametrize("look", [DESKTOP, PHONE_DARK], ids=str)
def test_it_shows_all_that_a_backup_is(open_screen: OpenScreen, site: Site, look: Look) -> None:
    """What it holds by folder and by table, its checksum, and the log of its jobs."""
    with site.client() as client:
        backup = newest_whole(client)
    screen = open_screen(f"/backups/{backup['id']}", user="vera", look=look)
    page = screen.page
    details = page.get_by_role("dialog")
    expect(details.get_by_text(backup["checksum"])).to_be_visible()
    assert screen.faults() == []

    def turn_to(tab: str) -> Locator:
        details.get_by_role("tab", name=tab).click()
        return details.get_by_role("tabpanel", name=tab)

    files = turn_to("Files")
    for folder in ("files", "thumbnails"):
        files.get_by_role("button", name=f"Open folder {folder}").click()
    expect(files.get_by_role("navigation", name="Folder")).to_contain_text("thumbnails")
    expect(files.get_by_role("row").nth(3)).to_be_visible()
    assert screen.faults() == []

    tables = turn_to("Tables")
    for name, rows in backup["table_counts"].items():
        row = tables.get_by_role("row").filter(has=page.get_by_role("cell", name=name, exact=True))
        expect(row.get_by_role("cell").last).to_have_text(f"{rows:,}")
    assert screen.faults() == []

    log = turn_to("Log")
    log.get_by_role("region", name="Backup").get_by_role("button", name="Events").click()
    events = log.get_by_role("list", name="Events").get_by_role("listitem")
    expect(events.filter(has_text="Completed")).not_to_have_count(0)
    assert screen.faults() == []


def test_it_is_verified_and_drilled_and_shows_each_check(
    open_screen: OpenScreen, workshop: Site
) -> None:
    with workshop.client() as client:
        backup = back_up(client, description="To be proven")
    screen = open_screen(f"/backups/{backup['id']}", user="otto", site=workshop, look=DESKTOP_DARK)
    page = screen.page
    details = dialog(page, "To be proven")
    details.get_by_role("button", name="Verify").click()
    question = dialog(page, "Verify this backup")
    question.get_by_role("button", name="Verify").click()
    expect(question).to_contain_text("Intact")
    question.get_by_role("button", name="Close").last.click()
    expect(details.get_by_text("Verified", exact=True)).to_be_visible()
    pick(page, "To be proven", "Run a restore drill")
    question = dialog(page, "Run a restore drill")
    question.get_by_role("button", name="Run the drill").click()
    expect(question).to_contain_text("It restores")
    screen.settle()
    assert screen.faults() == []
    question.get_by_role("button", name="Close").last.click()
    details.get_by_role("tab", name="Checks").click()
    for kind in ("Verification", "Restore drill"):
        checks = details.get_by_role("region", name=kind).get_by_role("list", name="Checks")
        expect(checks.get_by_role("listitem").first).to_be_visible()
        expect(checks.get_by_role("img", name="Failed")).to_have_count(0)
    screen.settle()
    assert screen.faults() == []


def test_it_is_described_kept_released_and_deleted(open_screen: OpenScreen, workshop: Site) -> None:
    """What is kept cannot be deleted; what the deletion leaves is told before."""
    with workshop.client() as client:
        backup = back_up(client, description="No name yet", sources=["settings"])
    screen = open_screen(f"/backups/{backup['id']}", site=workshop, look=PHONE)
    page = screen.page
    pick(page, "No name yet", "Edit description and tags")
    form = dialog(page, "Edit description and tags")
    form.get_by_label("Description").fill("Year's end")
    form.get_by_role("combobox", name="Tags").fill("books,")
    screen.settle()
    assert screen.faults() == []
    form.get_by_role("button", name="Save").click()
    details = dialog(page, "Year's end")
    expect(details.get_by_text("books", exact=True)).to_be_visible()

    pick(page, "Year's end", "Keep")
    expect(details.get_by_text("Kept", exact=True)).to_be_visible()
    details.get_by_role("button", name="Actions for Year's end").click()
    expect(page.get_by_role("menuitem", name="Delete")).to_be_disabled()
    assert screen.faults() == []
    page.get_by_role("menuitem", name="Release", exact=True).click()
    expect(details.get_by_text("Kept", exact=True)).to_have_count(0)

    pick(page, "Year's end", "Delete")
    question = dialog(page, "Delete this backup?")
    expect(question).to_contain_text("Year's end")
    expect(question).to_contain_text(re.compile(r"\d+ backups remain"))
    question.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("The backup is deleted")).to_be_visible()
    expect(page).to_have_url(re.compile(r"#/backups$"))
    with workshop.client() as client:
        assert client.get(f"backups/{backup['id']}").status_code == 404


@ANYWHERE
def test_a_download_arrives_whole(
    open_screen: OpenScreen, site_at: SiteAt, place: str, tmp_path: Path
) -> None:
    """It is a ZIP with a manifest, below a path too."""
    site = site_at(place)
    with site.client() as client:
        backup = newest_whole(client)
    page = open_screen(f"/backups/{backup['id']}", site=site).page
    with page.expect_download() as begun:
        page.get_by_role("dialog").get_by_role("button", name="Download").click()
    file = tmp_path / begun.value.suggested_filename
    begun.value.save_as(file)
    assert file.suffix == ".zip"
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        assert any(name.endswith("manifest.json") for name in archive.namelist())


@pytest.mark.parametrize("look", [DESKTOP, PHONE_DARK], ids=str)
def test_a_failed_backup_says_why(open_screen: OpenScreen, site: Site, look: Look) -> None:
    """By words and not by a colour alone: what went wrong, and what to do."""
    with site.client() as client:
        (failed,) = found(client, "backups", status="failed")["backups"]
    screen = open_screen("/backups?status=failed", look=look)
    page = screen.page
    page.get_by_role("main").locator(f"[id='at-{failed['id']}']").click()
    details = page.get_by_role("dialog")
    alert = details.get_by_role("alert").filter(has_text="The backup failed").first
    expect(alert).to_contain_text(failed["error"]["message"])
    expect(alert).to_contain_text(failed["error"]["hint"])
    screen.settle()
    assert screen.faults() == []
