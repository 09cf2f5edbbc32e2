"""A backup or a file is laid out in a new folder of the server; live data stay as they are."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.page.deeds import ask_live, back_up, change_live, download, ended, found, newest_whole
from tests.page.screens import DESKTOP, DESKTOP_DARK, PHONE, PHONE_DARK, Look, OpenScreen, Screen
from tests.page.sites import Site, SiteAt

COUNT = "SELECT count(*) FROM InvoiceLine"
# Something else each time: what one test took away is not there for the next.
MISHAP = (
    "DELETE FROM InvoiceLine WHERE InvoiceLineId = (SELECT max(InvoiceLineId) FROM InvoiceLine)"
)
WRITING = {"current_step": "Restoring into a_folder", "progress_percent": 50}


def choose_copy(page: Page) -> None:
    page.get_by_role("radio", name="Into a new folder on the server").check()


def followed(page: Page) -> Locator:
    return page.get_by_role("region", name="Restore", exact=True)


def offered(page: Page) -> Path:
    """Return the folder that would be made, once it is told."""
    expect(page.get_by_role("heading", name="Check before the copy is made")).to_be_visible()
    place = page.get_by_role("region", name=re.compile(".restored."))
    expect(place).to_contain_text("Created")
    return Path(str(place.get_attribute("aria-label")))


def make(page: Page) -> None:
    """Say yes: one click, as nothing that is there can come to harm."""
    page.get_by_role("button", name="Make the copy").click()


def expect_no_fault(screen: Screen) -> None:
    screen.settle()
    assert screen.faults() == []


def ask_copy(folder: Path, sql: str) -> Any:
    """Return one value of the database in a copy."""
    with closing(sqlite3.connect(folder / "database" / "app.db")) as database:
        return database.execute(sql).fetchone()[0]


def pictures(folder: Path) -> dict[str, bytes]:
    return {
        str(each.relative_to(folder)): each.read_bytes()
        for each in folder.rglob("*")
        if each.is_file()
    }


@contextmanager
def without_packs(site: Site) -> Iterator[None]:
    """Have what is stored elsewhere until the block ends, as when a network share is away."""
    packs = site.root / "backups" / "data"
    elsewhere = packs.rename(packs.with_name("data.away"))
    try:
        yield
    finally:
        elsewhere.rename(packs)


@contextmanager
def seen_half_way(page: Page) -> Iterator[None]:
    """Show copies as they are while they write, until the block ends: all may be done at once."""

    def writing(job: dict[str, Any]) -> dict[str, Any]:
        progress = {**job["progress"], **WRITING}
        return {**job, "status": "running", "completed_at": None, "progress": progress}

    def answer(route: Route) -> None:
        real = route.fetch(url=route.request.url.partition("&status=")[0])
        told = real.json()
        listed = "jobs" in told
        seen = {**told, "jobs": [writing(told["jobs"][0])]} if listed else writing(told)
        route.fulfill(response=real, json=seen)

    address = re.compile(r"/jobs(/[0-9a-f-]+|\?kind=copy&.*)$")
    page.route(address, answer)
    yield
    page.unroute(address)


def copied(client: httpx.Client, backup: str) -> dict[str, Any]:
    """Make a copy without the page, and return its job when it has ended."""
    look = client.post(f"backups/{backup}/restore", json={"dry_run": True, "target": "copy"})
    assert look.status_code == 200, look.text
    token = look.json()["confirmation"]
    answer = client.post(f"backups/{backup}/restore", json={"confirmation": token})
    assert answer.status_code == 202, answer.text
    return ended(client, answer.json()["id"])


@pytest.mark.parametrize(
    ("place", "look"),
    [("workshop", DESKTOP), ("workshop_below", PHONE_DARK)],
    ids=["desktop-light", "phone-dark-below-a-path"],
)
def test_a_backup_is_laid_out_in_a_new_folder(
    open_screen: OpenScreen, site_at: SiteAt, place: str, look: Look
) -> None:
    """The folder has what the backup has; nothing asks for a word, and nothing live changes."""
    site = site_at(place)
    with site.client() as client:
        backup = back_up(client)
    before, live = ask_live(site, COUNT), pictures(site.root / "app" / "thumbnails")
    change_live(site, MISHAP)
    after = ask_live(site, COUNT)

    screen = open_screen(f"/restore/{backup['id']}", site=site, look=look)
    page = screen.page
    expect(page.get_by_role("radio", name="In place of the live data")).to_be_checked()
    expect(page.get_by_role("switch", name="Make a safety backup first")).to_be_visible()
    choose_copy(page)
    expect(page.get_by_text(str(site.root / "restored"), exact=True)).to_be_visible()
    expect(page.get_by_role("switch")).to_have_count(0)
    expect(page.get_by_role("button", name="Advanced")).to_have_count(0)
    expect_no_fault(screen)
    page.get_by_role("button", name="See what would be copied").click()
    folder = offered(page)
    assert folder.name.startswith(backup["id"])
    expect(page.get_by_text("Nothing live is touched")).to_be_visible()
    expect(page.get_by_text("safety backup")).to_have_count(0)
    expect_no_fault(screen)
    assert not folder.exists()

    with seen_half_way(page):
        make(page)
        step = followed(page).locator("[aria-current=step]")
        expect(step).to_contain_text("Write the files · now")
        expect(followed(page).get_by_role("listitem")).to_have_count(3)
        expect(followed(page).get_by_role("button", name="Stop the copy")).to_be_visible()
        assert screen.faults() == []
        screen.open("/restore")
        expect(page.get_by_role("heading", name="Which backup?")).to_be_visible()
        expect(
            page.get_by_role("progressbar", name=re.compile("^Copy into a folder"))
        ).to_be_visible()
        assert screen.faults() == []
        page.get_by_role("button", name="Follow").click()
        expect(step).to_contain_text("Write the files · now")
    expect(followed(page).get_by_role("status")).to_contain_text("The copy is made")
    expect(followed(page).get_by_role("status")).to_contain_text(str(folder))
    expect(followed(page).get_by_role("row").filter(has_text="InvoiceLine")).to_be_visible()
    expect(followed(page).get_by_role("button", name="Undo")).to_have_count(0)
    expect_no_fault(screen)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    followed(page).get_by_role("button", name="Copy the path of the folder").click()
    assert page.evaluate("navigator.clipboard.readText()") == str(folder)
    assert ask_copy(folder, COUNT) == before
    assert pictures(folder / "files" / "thumbnails") == live
    assert ask_live(site, COUNT) == after
    followed(page).get_by_role("button", name="Done").click()
    expect(page.get_by_role("heading", name="Which backup?")).to_be_visible()


@pytest.mark.parametrize("look", [DESKTOP_DARK, PHONE], ids=str)
def test_parts_of_a_file_that_is_sent_are_laid_out(
    open_screen: OpenScreen, workshop: Site, tmp_path: Path, look: Look
) -> None:
    """Only what is chosen is in the folder; the file is checked before."""
    with workshop.client() as client:
        backup = back_up(client)
        file = download(client, backup["id"], tmp_path / "sent.zip")
    live = pictures(workshop.root / "app" / "thumbnails")
    count = ask_live(workshop, COUNT)
    screen = open_screen("/restore/upload", site=workshop, look=look)
    page = screen.page
    page.get_by_label("Archive to restore").set_input_files(file)
    choose_copy(page)
    for part in ("app", "settings"):
        page.get_by_role("checkbox", name=re.compile(f"^{part} ")).uncheck()
    expect_no_fault(screen)
    page.get_by_role("button", name="Send and check").click()
    folder = offered(page)
    expect_no_fault(screen)
    make(page)
    expect(followed(page).get_by_role("status")).to_contain_text(str(folder))
    expect_no_fault(screen)
    assert pictures(folder / "files" / "thumbnails") == live
    assert not (folder / "database").exists()
    assert ask_live(workshop, COUNT) == count


def test_single_files_are_laid_out(open_screen: OpenScreen, workshop: Site) -> None:
    """Paths that are named are all there is in the folder."""
    with workshop.client() as client:
        backup = back_up(client)
    thumbnails = workshop.root / "app" / "thumbnails"
    name = min(pictures(thumbnails))
    screen = open_screen(f"/restore/{backup['id']}", site=workshop, look=PHONE)
    page = screen.page
    choose_copy(page)
    paths = page.get_by_role("combobox", name="Only these files or folders")
    paths.fill(f"files/thumbnails/{name}")
    paths.press("Enter")
    page.get_by_role("button", name="See what would be copied").click()
    folder = offered(page)
    expect(page.get_by_text("1 file created")).to_be_visible()
    make(page)
    expect(followed(page).get_by_role("status")).to_contain_text(str(folder))
    wanted = {f"files/thumbnails/{name}": (thumbnails / name).read_bytes()}
    assert wanted.items() <= pictures(folder).items()
    assert not (folder / "database").exists()


def test_a_folder_that_came_to_be_is_left_alone(open_screen: OpenScreen, workshop: Site) -> None:
    """It is looked at again, with another folder; the one that is there stays as it is."""
    with workshop.client() as client:
        backup = back_up(client)
    screen = open_screen(f"/restore/{backup['id']}", site=workshop)
    page = screen.page
    choose_copy(page)
    page.get_by_role("button", name="See what would be copied").click()
    folder = offered(page)
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("Mine")
    make(page)
    renewed = page.get_by_role("alert").filter(has_text="The look before could not be confirmed")
    expect(renewed).to_be_visible()
    other = offered(page)
    assert other != folder
    expect_no_fault(screen)
    make(page)
    expect(followed(page).get_by_role("status")).to_contain_text(str(other))
    assert (other / "database" / "app.db").is_file()
    assert [each.name for each in folder.iterdir()] == ["notes.txt"]


def test_a_copy_that_fails_leaves_no_folder_and_is_tried_again(
    open_screen: OpenScreen, own_site: Site
) -> None:
    """What it was to write into goes; by the button of its job the same is made after all."""
    with own_site.client() as client:
        backup = newest_whole(client)
        screen = open_screen(f"/restore/{backup['id']}", site=own_site, look=PHONE_DARK)
        page = screen.page
        choose_copy(page)
        page.get_by_role("button", name="See what would be copied").click()
        folder = offered(page)
        with without_packs(own_site):
            make(page)
            failed = followed(page).get_by_role("alert").filter(has_text="The copy failed")
            expect(failed).to_contain_text("No folder was left behind")
            expect_no_fault(screen)
        assert list(folder.parent.iterdir()) == []
        job = found(client, "jobs", kind="copy")["jobs"][0]
    screen.open(f"/jobs/{job['id']}")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("region", name="About this job")).to_contain_text(str(folder))
    assert (folder / "database" / "app.db").is_file()


def test_the_job_tells_where_a_copy_is(open_screen: OpenScreen, workshop: Site) -> None:
    """On the screen of the jobs, and in the history of the backup, which is as it was."""
    with workshop.client() as client:
        backup = back_up(client, description="To be copied")
        job = copied(client, backup["id"])
        assert job["status"] == "completed", job
        restored = found(client, f"backups/{backup['id']}")["status"]
    assert job["progress"]["current_step"].startswith("Checking database")
    assert restored == backup["status"]
    folder = job["result"]["into"]
    screen = open_screen(f"/jobs/{job['id']}", site=workshop, look=PHONE_DARK)
    page = screen.page
    expect(page.get_by_role("heading", level=1)).to_have_text("Copy into a folder")
    expect(page.get_by_role("region", name="About this job")).to_contain_text(folder)
    expect(page.get_by_role("region", name="What came of it")).to_contain_text("were written")
    expect_no_fault(screen)
    screen.open("/jobs?kind=copy")
    expect(page.get_by_role("main").locator(f"a[href$='/jobs/{job['id']}']")).to_be_visible()
    screen.open(f"/backups/{backup['id']}")
    details = page.get_by_role("dialog", name="To be copied")
    details.get_by_role("tab", name="Log").click()
    expect(details.get_by_role("region", name="Copy into a folder")).to_contain_text(folder)
    expect_no_fault(screen)
