"""Jobs are found, followed while they run, cancelled, and tried again where they failed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import httpx
import pytest
from playwright.sync_api import Page, Request, expect

from tests.page.deeds import ended, found, locked
from tests.page.screens import DESKTOP, DESKTOP_DARK, PHONE, PHONE_DARK, Look, OpenScreen
from tests.page.sites import Site, SiteAt

_TURN_TAB = """(state) => {
    Object.defineProperty(document, "visibilityState", {configurable: true, value: state});
    document.dispatchEvent(new Event("visibilitychange"));
}"""
ANYWHERE = pytest.mark.parametrize(
    ("place", "look"),
    [("workshop", DESKTOP_DARK), ("workshop_below", PHONE)],
    ids=["desktop-dark", "phone-light-below-a-path"],
)


def start_backup(client: httpx.Client) -> str:
    answer = client.post("backups", json={"sources": ["app"], "description": "To be followed"})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


@contextmanager
def without_database(site: Site) -> Iterator[None]:
    """Have the live database elsewhere until the block ends, as on a disk that is not mounted."""
    file = site.root / "app" / "app.db"
    elsewhere = file.rename(file.with_name("app.db.away"))
    try:
        yield
    finally:
        elsewhere.rename(file)


def turn_tab(page: Page, state: Literal["visible", "hidden"]) -> None:
    """Have a tab believe that it is seen, or behind others; without a window none knows."""
    page.evaluate(_TURN_TAB, state)


def is_stream(request: Request) -> bool:
    return request.url.endswith("/events")


def expect_completed(page: Page) -> None:
    expect(page.get_by_role("log", name="Log")).to_contain_text("Completed")
    expect(page.get_by_role("region", name="About this job")).to_contain_text("Completed")
    expect(page.get_by_role("region", name="What came of it")).to_be_visible()


@ANYWHERE
def test_a_job_is_followed_line_by_line_to_its_end(
    open_screen: OpenScreen, site_at: SiteAt, place: str, look: Look
) -> None:
    """While it runs its log is live and its progress shows; then what came of it."""
    site = site_at(place)
    with site.client("otto") as client:
        with locked(site):
            job = start_backup(client)
            screen = open_screen("/jobs", user="otto", site=site, look=look)
            page = screen.page
            link = page.get_by_role("main").locator(f"a[href$='/jobs/{job}']")
            # Not whether it is visible: where nothing is done yet, its bar has no width.
            expect(page.get_by_role("progressbar")).to_have_count(1)
            assert screen.faults() == []
            link.click()
            expect(page.get_by_role("heading", level=1)).to_have_text("Backup")
            log = page.get_by_role("log", name="Log")
            expect(log).to_contain_text("Begun")
            expect(log).not_to_contain_text("Completed")
            expect(page.get_by_text("Live", exact=True)).to_be_visible()
            expect(page.get_by_role("progressbar")).to_have_count(1)
            screen.settle()
            assert screen.faults() == []
            # A browser has six connections to a server, and other tabs want some.
            with page.expect_event("requestfailed", is_stream):
                turn_tab(page, "hidden")
            with page.expect_request(is_stream):
                turn_tab(page, "visible")
        expect_completed(page)
        expect(page.get_by_text("Live", exact=True)).to_have_count(0)
        expect(page.get_by_role("button", name="Cancel the job")).to_have_count(0)
        screen.settle()
        assert screen.faults() == []
        backup = found(client, f"jobs/{job}")["backup_id"]
    facts = page.get_by_role("region", name="About this job")
    expect(facts).to_contain_text("otto")
    facts.get_by_role("link", name=backup).click()
    expect(page.get_by_role("dialog", name="To be followed")).to_be_visible()


@ANYWHERE
def test_a_job_that_waits_is_cancelled_and_tried_again(
    open_screen: OpenScreen, site_at: SiteAt, place: str, look: Look
) -> None:
    """It waits for a locked database; the second job gets it."""
    site = site_at(place)
    with site.client("otto") as client:
        with locked(site):
            job = start_backup(client)
            screen = open_screen(f"/jobs/{job}", user="otto", site=site, look=look)
            page = screen.page
            expect(page.get_by_role("log", name="Log")).to_contain_text("Begun")
            page.get_by_role("button", name="Cancel the job").click()
            expect(page.get_by_text("The job was asked to stop.")).to_be_visible()
            expect(page.get_by_role("log", name="Log")).to_contain_text("Cancelled")
            expect(page.get_by_role("button", name="Cancel the job")).to_have_count(0)
            screen.settle()
            assert screen.faults() == []
            assert found(client, f"jobs/{job}")["status"] == "cancelled"
        page.get_by_role("button", name="Try again").click()
        expect(page).not_to_have_url(re.compile(job))
        expect_completed(page)
        again = page.url.rpartition("/")[2]
        assert found(client, f"jobs/{again}")["retry_of"] == job


@pytest.mark.parametrize("look", [DESKTOP, PHONE_DARK], ids=str)
def test_a_job_that_failed_says_why_and_is_tried_again(
    open_screen: OpenScreen, workshop: Site, look: Look
) -> None:
    """In words: what went wrong, and what to do. The two jobs lead to each other."""
    with workshop.client("otto") as client:
        with without_database(workshop):
            job = ended(client, start_backup(client))
        assert job["status"] == "failed"
        screen = open_screen(f"/jobs/{job['id']}", user="otto", site=workshop, look=look)
        page = screen.page
        trouble = page.get_by_role("alert").filter(has_text="It failed")
        expect(trouble).to_contain_text(job["error"]["message"])
        expect(trouble).to_contain_text(f"What to do: {job['error']['hint']}")
        expect(page.get_by_role("log", name="Log")).to_contain_text("Failed")
        assert screen.faults() == []
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_text("A new job tries it again.")).to_be_visible()
        expect_completed(page)
    facts = page.get_by_role("region", name="About this job")
    facts.get_by_role("link", name="The job before").click()
    expect(trouble).to_be_visible()
    facts.get_by_role("link", name="The next job").click()
    expect_completed(page)


@pytest.mark.parametrize("look", [DESKTOP, PHONE_DARK], ids=str)
def test_filters_of_jobs_are_kept_in_the_address(
    open_screen: OpenScreen, site: Site, look: Look
) -> None:
    """Over loading it anew, and over the way back."""
    with site.client() as client:
        drills = found(client, "jobs", kind="drill")["total"]
        failed = found(client, "jobs", status="failed")["jobs"]
    assert drills > 1
    screen = open_screen("/jobs", look=look)
    page = screen.page
    jobs = page.get_by_role("main").locator("a[href*='/jobs/']")
    expect(jobs).to_have_count(25)

    def choose(field: str, option: str) -> None:
        page.get_by_role("combobox", name=field).click()
        page.get_by_role("option", name=option, exact=True).click()
        page.keyboard.press("Escape")

    choose("Kind", "Restore drill")
    expect(page).to_have_url(re.compile("kind=drill"))
    expect(jobs).to_have_text(["Restore drill"] * drills)
    page.reload()
    expect(jobs).to_have_text(["Restore drill"] * drills)
    choose("Status", "Failed")
    expect(page.get_by_role("heading", name="No job is like this")).to_be_visible()
    screen.settle()
    assert screen.faults() == []
    page.go_back()
    expect(jobs).to_have_text(["Restore drill"] * drills)
    page.get_by_role("button", name="Clear all filters").click()
    expect(jobs).to_have_count(25)
    expect(page).not_to_have_url(re.compile("kind="))
    choose("Status", "Failed")
    expect(jobs).to_have_count(len(failed))
    expect(page.get_by_role("main")).to_contain_text(failed[0]["error"]["message"])


def test_viewers_look_at_jobs_and_change_none(open_screen: OpenScreen, site: Site) -> None:
    with site.client() as client:
        failed = found(client, "jobs", status="failed", kind="backup")["jobs"][0]
    screen = open_screen(f"/jobs/{failed['id']}", user="vera", look=DESKTOP_DARK)
    page = screen.page
    expect(page.get_by_role("alert")).to_contain_text(failed["error"]["message"])
    again = page.get_by_role("button", name="Try again")
    expect(again).to_have_attribute("aria-disabled", "true")
    assert screen.faults() == []
