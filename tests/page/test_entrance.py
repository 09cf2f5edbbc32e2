"""Who comes to the page: logging in and out, the first administrator, by keyboard, in German."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.page.screens import DESKTOP, LOOKS, PHONE_DARK, Look, OpenScreen
from tests.page.sites import Site
from tests.rig.history import PASSWORD


def log_in(page: Page, user: str, password: str = PASSWORD) -> None:
    page.get_by_label("User name").fill(user)
    page.get_by_role("textbox", name="Password").fill(password)
    page.get_by_role("button", name="Log in").click()


@pytest.mark.parametrize("look", [DESKTOP, PHONE_DARK], ids=str)
def test_logging_in_leads_where_one_wanted_to_go(open_screen: OpenScreen, look: Look) -> None:
    screen = open_screen("/jobs", user=None, look=look)
    log_in(screen.page, "anna")
    expect(screen.page.get_by_role("heading", level=1)).to_have_text("Jobs")


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_entrance_has_no_fault(open_screen: OpenScreen, look: Look) -> None:
    assert open_screen(user=None, look=look).faults() == []


def test_a_wrong_password_is_told_and_does_not_let_in(open_screen: OpenScreen) -> None:
    screen = open_screen(user=None)
    log_in(screen.page, "nobody", "not this one either")
    expect(screen.page.get_by_role("alert")).to_contain_text("The name or the password is wrong")
    assert screen.faults() == []
    screen.open()
    expect(screen.page.get_by_role("button", name="Log in")).to_be_visible()


def test_logging_out_ends_the_login_on_the_server(open_screen: OpenScreen) -> None:
    """Going back shows nothing, and what the browser had kept opens nothing any more."""
    screen = open_screen("/backups", user=None)
    page = screen.page
    log_in(page, "otto")
    expect(page.get_by_role("heading", level=1)).to_have_text("Backups")
    (cookie,) = page.context.cookies()
    page.get_by_role("button", name="Account of otto").click()
    page.get_by_role("menuitem", name="Log out").click()
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    assert page.context.cookies() == []
    kept = {cookie.get("name", ""): cookie.get("value", "")}
    answer = httpx.get(f"{screen.site.url}api/v1/backups", cookies=kept, timeout=120)
    assert answer.status_code == 401


@pytest.mark.parametrize("look", [DESKTOP, PHONE_DARK], ids=str)
def test_the_first_administrator_is_made_with_the_token_of_the_console(
    open_screen: OpenScreen, empty_site: Site, look: Look
) -> None:
    """And then sees a page that has nothing to show yet, without a fault."""
    screen = open_screen(user=None, site=empty_site, look=look)
    page = screen.page
    assert screen.faults() == []
    page.get_by_label("Set-up token").fill("not the token")
    page.get_by_label("User name").fill("hanna")
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Make the administrator").click()
    expect(page.get_by_role("alert")).to_contain_text("token")
    page.get_by_label("Set-up token").fill(f" {empty_site.server.setup_token} ")
    page.get_by_role("button", name="Make the administrator").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    expect(page.get_by_role("button", name="Account of hanna")).to_be_visible()


def test_it_works_by_keyboard_alone(open_screen: OpenScreen) -> None:
    """From the login over the skip link and the navigation to a menu, without a mouse."""
    page = open_screen(user=None).page
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type("anna")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")

    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()

    jobs = page.get_by_role("navigation").get_by_role("link", name="Jobs", exact=True)
    reach(page, "Shift+Tab", "Jobs")
    expect(jobs).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Jobs")

    reach(page, "Shift+Tab", "Language")
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menuitem")).to_have_count(0)
    expect(page.get_by_role("button", name="Language")).to_be_focused()


def reach(page: Page, key: str, name: str) -> None:
    """Press a key until what has this name is in focus."""
    for _ in range(60):
        page.keyboard.press(key)
        focused = page.evaluate(
            "document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText"
        )
        if focused == name:
            return
    pytest.fail(f"{name} is not reached by {key}")


def test_the_language_is_chosen_and_kept(open_screen: OpenScreen) -> None:
    screen = open_screen()
    page = screen.page
    page.get_by_role("button", name="Language").click()
    page.get_by_role("menuitem", name="Deutsch").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Übersicht")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    screen.open("/jobs")
    expect(page.get_by_role("navigation").get_by_role("link")).to_contain_text(["Übersicht"])
    expect(page.get_by_role("button", name="Sprache")).to_be_visible()


def test_the_language_is_the_browser_s_at_first(open_screen: OpenScreen) -> None:
    page = open_screen(user=None, language="de-AT").page
    expect(page.get_by_role("button", name="Anmelden")).to_be_visible()


def test_the_colours_are_chosen_and_kept(open_screen: OpenScreen) -> None:
    screen = open_screen()
    screen.page.get_by_role("button", name="Colours").click()
    screen.page.get_by_role("menuitem", name="Dark").click()
    expect(screen.page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    screen.open("/jobs")
    expect(screen.page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
