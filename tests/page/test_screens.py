"""Every screen loads, for who may see it, on wide and narrow screens, light and dark, anywhere."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import expect

from tests.page.screens import (
    DESKTOP,
    FOR_VIEWERS,
    LOOKS,
    PHONE_DARK,
    SCREENS,
    Look,
    OpenScreen,
    faults_of_screens,
)
from tests.page.sites import Site


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_no_screen_has_a_fault(open_screen: OpenScreen, look: Look) -> None:
    """axe finds nothing, and nothing scrolls sideways, whatever the width and the colours."""
    assert faults_of_screens(open_screen(look=look), SCREENS) == {}


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_no_screen_of_a_viewer_has_a_fault(open_screen: OpenScreen, look: Look) -> None:
    """They see the same screens with less to press, or why they may not see one."""
    assert faults_of_screens(open_screen(user="vera", look=look), SCREENS) == {}


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("path", ["/nonsense", "/restore/abc", "/jobs/abc", "/backups/abc"])
def test_what_is_not_there_has_no_fault(open_screen: OpenScreen, look: Look, path: str) -> None:
    """An address that leads to nothing, or to a job or backup that is gone."""
    assert open_screen(path, look=look).faults() == []


@pytest.mark.parametrize(
    ("path", "told", "role", "back", "screen_name"),
    [
        ("/jobs/abc", "There is no such job", "link", "All jobs", "Jobs"),
        ("/backups/abc", "There is no such backup", "button", "All backups", "Backups"),
    ],
)
def test_what_is_gone_leads_back_to_the_list(
    open_screen: OpenScreen,
    path: str,
    told: str,
    role: Literal["link", "button"],
    back: str,
    screen_name: str,
) -> None:
    """In the page's own words, not in those for programs."""
    page = open_screen(path).page
    expect(page.get_by_role("heading", name=told)).to_be_visible()
    expect(page.get_by_text("GET /")).to_have_count(0)
    page.get_by_role(role, name=back).last.click()
    expect(page.get_by_role("heading", name=told)).to_have_count(0)
    expect(page.get_by_role("heading", level=1, name=screen_name)).to_be_visible()


def test_an_address_that_leads_nowhere_says_so(open_screen: OpenScreen) -> None:
    screen = open_screen("/nonsense")
    page = screen.page
    expect(page.get_by_role("heading", level=1)).to_have_text("There is no such page")
    page.get_by_role("link", name="Go to the overview").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")


@pytest.mark.parametrize("look", [DESKTOP, PHONE_DARK], ids=str)
def test_every_screen_works_below_a_path(
    open_screen: OpenScreen, proxied_site: Site, look: Look
) -> None:
    """Nothing is asked for outside of it, whether or not the proxy takes the path away."""
    assert faults_of_screens(open_screen(site=proxied_site, look=look), SCREENS) == {}


def test_the_navigation_leads_to_every_screen(open_screen: OpenScreen) -> None:
    screen = open_screen()
    for name in SCREENS[1:] + SCREENS[:1]:
        screen.go(name.capitalize())
        current = screen.page.get_by_role("navigation").locator("[aria-current=page]")
        expect(current).to_have_text(name.capitalize())


def test_viewers_are_not_led_where_they_may_not_go(open_screen: OpenScreen) -> None:
    screen = open_screen(user="vera")
    links = screen.page.get_by_role("navigation").get_by_role("link")
    expect(links).to_have_text([each.capitalize() for each in FOR_VIEWERS])
    for name in set(SCREENS) - set(FOR_VIEWERS):
        screen.open(f"/{name}")
        expect(screen.page.get_by_role("main")).to_contain_text("You may not see this")


def test_a_phone_shows_the_navigation_when_it_is_asked_for(open_screen: OpenScreen) -> None:
    screen = open_screen(look=PHONE_DARK)
    expect(screen.page.get_by_role("link", name="Jobs", exact=True)).not_to_be_in_viewport()
    screen.go("Jobs")
    expect(screen.page.get_by_role("button", name="Open the menu")).to_be_visible()
