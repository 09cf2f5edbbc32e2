"""The audit is read: who did what, to what, from where, and how it ended."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.page.deeds import back_up, found
from tests.page.screens import DESKTOP, DESKTOP_DARK, PHONE, PHONE_DARK, Look, OpenScreen
from tests.page.sites import Site, SiteAt


def entries(page: Page) -> Locator:
    """Return the buttons that show more; each entry has one, in the table and on the cards."""
    return page.get_by_role("main").get_by_role("button", name="Details of")


def choose(page: Page, field: str, option: str) -> None:
    page.get_by_role("combobox", name=field, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


@pytest.mark.parametrize(
    ("place", "look"),
    [("workshop", DESKTOP), ("workshop_below", PHONE_DARK)],
    ids=["desktop-light", "phone-dark-below-a-path"],
)
def test_a_change_is_found_with_all_that_is_known_of_it(
    open_screen: OpenScreen, site_at: SiteAt, place: str, look: Look
) -> None:
    """By what was changed, which leads there; the rest unfolds."""
    site = site_at(place)
    with site.client("otto") as client:
        backup = back_up(client, description="To be renamed", sources=["settings"])["id"]
        changed = client.patch(f"backups/{backup}", json={"description": "Renamed"})
        assert changed.status_code == 200, changed.text
    screen = open_screen(f"/audit?object={backup}&action=backup.update", site=site, look=look)
    page = screen.page
    main = page.get_by_role("main")
    expect(entries(page)).to_have_count(1)
    expect(main).to_contain_text("otto")
    expect(main.get_by_text("Done", exact=True)).to_be_visible()
    entries(page).click()
    expect(main.get_by_text("backup.update", exact=True)).to_be_visible()
    expect(main.get_by_text("127.0.0.1", exact=True).last).to_be_visible()
    screen.settle()
    assert screen.faults() == []
    main.get_by_role("link", name=backup).click()
    expect(page.get_by_role("dialog", name="Renamed")).to_be_visible()


@pytest.mark.parametrize("look", [DESKTOP_DARK, PHONE], ids=str)
def test_what_was_refused_is_found_by_filters_that_the_address_keeps(
    open_screen: OpenScreen, workshop: Site, look: Look
) -> None:
    with workshop.client("otto") as client:
        done = found(client, "jobs", status="completed", kind="backup")["jobs"][0]
        assert client.post(f"jobs/{done['id']}/retry").status_code == 409
    with workshop.client() as client:
        refused = found(client, "audit", actor="otto", outcome="refused", limit=100)["total"]
    assert refused > 0
    screen = open_screen("/audit", site=workshop, look=look)
    page = screen.page
    expect(entries(page).nth(10)).to_be_visible()
    page.get_by_role("button", name="Filters", exact=True).click()
    choose(page, "Outcome", "Refused")
    expect(page).to_have_url(re.compile("outcome=refused"))
    page.get_by_role("textbox", name="Who").fill("otto")
    expect(page).to_have_url(re.compile("actor=otto"))
    expect(entries(page)).to_have_count(refused)
    expect(page.get_by_role("main")).to_contain_text("Tried a job again")
    screen.settle()
    assert screen.faults() == []
    page.reload()
    expect(entries(page)).to_have_count(refused)
    expect(page.get_by_role("textbox", name="Who")).to_have_value("otto")
    page.get_by_role("textbox", name="Who").fill("nobody of this name")
    expect(page.get_by_role("heading", name="No entry is like this")).to_be_visible()
    screen.settle()
    assert screen.faults() == []
    page.get_by_role("button", name="Clear all filters").first.click()
    expect(entries(page).nth(10)).to_be_visible()
    expect(page).not_to_have_url(re.compile("actor="))


def test_the_audit_is_turned_over_page_by_page(open_screen: OpenScreen, site: Site) -> None:
    """Newest first, none twice."""
    page = open_screen("/audit?limit=25").page
    with site.client() as client:
        told = found(client, "audit", limit=50)["entries"]
    shown = [re.compile(rf"number {each['number']}$") for each in told]
    assert len(shown) > 25
    for first, button in ((0, "Next page"), (25, "Previous page"), (0, None)):
        part = shown[first : first + 25]
        expect(entries(page)).to_have_count(len(part))
        for at, name in enumerate(part):
            expect(entries(page).nth(at)).to_have_accessible_name(name)
        if button:
            page.get_by_role("button", name=button).click()
