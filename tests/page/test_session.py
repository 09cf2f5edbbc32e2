"""What becomes of the page when the login ends, or a part of it is not there any more."""

from __future__ import annotations

from playwright.sync_api import Route, expect

from tests.page.screens import OpenScreen
from tests.rig.history import PASSWORD


def test_a_login_that_ended_leads_to_the_entrance_and_back(open_screen: OpenScreen) -> None:
    """It is asked once who is there, not for ever; after the login the same screen shows."""
    screen = open_screen("/backups", user="otto")
    page = screen.page
    page.context.clear_cookies()
    screen.requests.clear()
    page.get_by_role("navigation").get_by_role("link", name="Jobs", exact=True).click()
    name = page.get_by_role("textbox", name="User name")
    expect(name).to_be_visible()
    asked = [each for each in screen.requests if each.url.endswith("/auth/me")]
    assert len(asked) <= 3
    name.fill("otto")
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1, name="Jobs")).to_be_visible()


def test_a_screen_that_cannot_be_loaded_leaves_the_rest_of_the_page(
    open_screen: OpenScreen,
) -> None:
    """After an update of the server the parts have other names."""
    screen = open_screen("/", user="vera")
    page = screen.page

    def gone(route: Route) -> None:
        route.fulfill(status=404, body="")

    page.route("**/assets/Jobs-*.js", gone)
    # The page loads itself anew once, and then says what is the matter.
    page.get_by_role("navigation").get_by_role("link", name="Jobs", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("This cannot be shown")
    page.get_by_role("navigation").get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    screen.complaints.clear()  # of the part that is not there, and of the error that it made
