"""What the page does while the server cannot be reached, and when it can be again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.page.screens import LOOKS, PHONE_DARK, Look, OpenScreen, Screen

Break = Callable[[Page, bool], None]
_SILENT = "The server does not answer"


def _network(page: Page, away: bool) -> None:
    page.context.set_offline(away)


def _server(page: Page, away: bool) -> None:
    """As one that is started anew: the browser itself knows of nothing."""
    if away:
        page.route("**/*", _refuse)
    else:
        page.unroute("**/*")


def _refuse(route: Route) -> None:
    route.abort("connectionrefused")


def _open(screen: Screen, name: str) -> None:
    screen.page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()


def _forgive(screen: Screen) -> None:
    """Forget what the console told of requests without an answer, which is no fault of a page."""
    noise = ("net::ERR_", "Couldn't load preload assets")
    screen.complaints[:] = [
        each for each in screen.complaints if not any(known in each for known in noise)
    ]


@pytest.mark.parametrize("set_away", [_network, _server])
def test_a_screen_that_cannot_be_loaded_comes_when_the_server_is_back(
    open_screen: OpenScreen, set_away: Break
) -> None:
    """By itself; and the tab is never the browser's own page of errors."""
    screen = open_screen()
    page = screen.page
    set_away(page, True)
    _open(screen, "Schedule")
    waiting = page.get_by_role("heading", level=1, name="This part of the page has not come yet")
    expect(waiting).to_be_visible()
    expect(page.get_by_role("status").filter(has_text=_SILENT)).to_be_visible()
    page.get_by_role("main").get_by_role("button", name="Try again").last.click()
    expect(waiting).to_be_visible()
    set_away(page, False)
    expect(page.get_by_role("heading", level=1, name="Schedule")).to_be_visible()
    expect(page.get_by_text(_SILENT)).to_have_count(0)
    _forgive(screen)


def test_it_comes_at_once_when_somebody_tries_again(open_screen: OpenScreen) -> None:
    """No clock runs that would ask by itself."""
    screen = open_screen()
    page = screen.page
    page.clock.install()
    _server(page, True)
    _open(screen, "Schedule")
    expect(page.get_by_text(_SILENT).first).to_be_visible()
    _server(page, False)
    page.get_by_role("main").get_by_role("button", name="Try again").last.click()
    expect(page.get_by_role("heading", level=1, name="Schedule")).to_be_visible()
    _forgive(screen)


def test_what_is_asked_in_vain_is_not_waited_for_without_a_word(open_screen: OpenScreen) -> None:
    """Also where the screen itself is there; its data come when the server answers."""
    screen = open_screen()
    page = screen.page
    page.route("**/api/v1/**", _refuse)
    _open(screen, "Jobs")
    expect(page.get_by_role("heading", level=1, name="Jobs")).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="could not be loaded")).to_be_visible()
    page.unroute("**/api/v1/**")
    expect(page.get_by_role("table").get_by_role("row").nth(1)).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="could not be loaded")).to_have_count(0)
    _forgive(screen)


def test_data_that_grow_old_are_said_to(open_screen: OpenScreen) -> None:
    """Once, above the screen, which stays; until the server answers again."""
    screen = open_screen("/backups")
    page = screen.page
    told = page.get_by_role("status").filter(has_text=_SILENT)
    rows = page.get_by_role("table").get_by_role("row")
    _network(page, True)
    expect(told).to_contain_text("may be out of date")
    expect(rows.nth(1)).to_be_visible()
    _network(page, False)
    expect(page.get_by_text(_SILENT)).to_have_count(0)
    _forgive(screen)


@pytest.mark.parametrize("look", [LOOKS[0], PHONE_DARK], ids=str)
def test_a_page_without_its_server_has_no_fault(open_screen: OpenScreen, look: Look) -> None:
    screen = open_screen(look=look)
    _network(screen.page, True)
    expect(screen.page.get_by_text(_SILENT).first).to_be_visible()
    assert screen.faults() == []
    if look.phone:
        screen.page.get_by_role("button", name="Open the menu").click()
    _open(screen, "Schedule")
    expect(screen.page.get_by_text("This part of the page has not come yet")).to_be_visible()
    screen.page.evaluate("document.fonts.ready")
    assert screen.faults() == []
    _forgive(screen)
