"""What becomes of the page when the login ends, or a part of it is not there any more."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.page.deeds import found
from tests.page.screens import DESKTOP_DARK, PHONE, Look, OpenScreen, Tabs
from tests.page.sites import Site, site_of
from tests.rig.history import PASSWORD, history_copy
from tests.rig.oidc import CLIENT, SECRET, Provider, oidc_provider


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


def log_in_over(page: Page, user: str) -> None:
    """Log in by the dialog that stands over the page."""
    dialog = login_of(page)
    dialog.get_by_role("textbox", name="User name").fill(user)
    dialog.get_by_role("textbox", name="Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Log in", exact=True).click()
    expect(dialog).to_have_count(0)


def login_of(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Your login has ended")


@pytest.mark.parametrize("look", [DESKTOP_DARK, PHONE], ids=str)
def test_what_was_typed_is_there_after_the_login_and_what_was_begun_goes_on(
    open_screen: OpenScreen, workshop: Site, look: Look
) -> None:
    """The login stands over the page; the request that was refused is sent again, once."""
    screen = open_screen("/backups", user="otto", site=workshop, look=look)
    page = screen.page
    page.get_by_role("button", name="New backup").click()
    form = page.get_by_role("dialog", name="New backup")
    text = f"Typed before the login ended, {look}"
    form.get_by_role("textbox", name="Description").fill(text)
    page.context.clear_cookies()
    form.get_by_role("button", name="Back up now").click()
    login = login_of(page)
    expect(login.get_by_role("textbox", name="User name")).to_have_value("otto")
    expect(login.get_by_role("textbox", name="Password")).to_be_focused()
    page.keyboard.press("Escape")
    expect(login).to_be_visible()
    screen.settle()
    assert screen.faults() == []
    with workshop.client("otto") as client:
        assert found(client, "backups", text=text)["total"] == 0
        log_in_over(page, "otto")
        expect(form).to_contain_text("The backup is made.")
        assert found(client, "backups", text=text)["total"] == 1


def test_a_draft_is_there_after_the_login_of_the_same_user_only(
    open_screen: OpenScreen, site: Site
) -> None:
    page = open_screen("/schedule", site=site).page
    daily = page.get_by_role("textbox", name="Daily")
    kept = daily.input_value()
    unsaved = page.get_by_role("region", name="Unsaved changes")

    def end_login(days: str) -> None:
        page.context.clear_cookies()
        daily.fill(days)  # Its effect is asked for.
        expect(login_of(page)).to_be_visible()

    end_login("90 days")
    log_in_over(page, "anna")
    expect(daily).to_have_value("90 days")
    expect(unsaved).to_contain_text("backups stay")
    end_login("91 days")
    log_in_over(page, "vera")
    expect(page.get_by_role("button", name="Account of vera")).to_be_visible()
    expect(unsaved).to_have_count(0)
    expect(page.get_by_role("list", name="Retention")).to_contain_text(kept.split()[0])


@pytest.fixture
def provided(history: Path, tmp_path: Path, tabs: Tabs) -> Iterator[tuple[Site, Provider]]:
    """A server whose users may log in at a provider, which knows Pia as an administrator."""
    root = history_copy(history, tmp_path / "provided")
    (root / "client-secret").write_text(SECRET)
    with oidc_provider() as provider:
        provider.claims = {"preferred_username": "pia", "groups": ["admins"]}
        with (root / "holdfast.toml").open("a") as file:
            file.write(
                f'\n[oidc]\nissuer = "{provider.issuer}"\nclient_id = "{CLIENT}"\n'
                'client_secret_file = "client-secret"\n[oidc.roles]\nadmins = "admin"\n'
            )
        with site_of(root) as made:
            yield made, provider
            tabs.close()


def test_who_logs_in_at_the_provider_is_sent_there_and_comes_back_to_the_screen(
    open_screen: OpenScreen, provided: tuple[Site, Provider]
) -> None:
    """Also to prove once more who they are: a password, which they have not, is never asked for."""
    site, provider = provided
    screen = open_screen("/schedule", user=None, site=site)
    page = screen.page
    page.on("dialog", lambda dialog: dialog.accept())  # To leave what is not saved.
    page.get_by_role("link", name="Log in at the provider").click()
    expect(page.get_by_role("button", name="Account of pia")).to_be_visible()
    schedule = page.get_by_role("heading", level=1, name="Schedule and retention")
    expect(schedule).to_be_visible()

    def change() -> None:
        page.get_by_role("textbox", name="Daily").fill("90 days")
        page.get_by_role("button", name="Save").click()

    change()
    question = page.get_by_role("dialog", name="Prove once more who you are")
    expect(question).to_be_visible()
    expect(question.get_by_role("textbox")).to_have_count(0)
    assert screen.faults() == []
    provider.claims["auth_time"] = int(time.time())
    question.get_by_role("link", name="Go to the provider").click()
    expect(question).to_have_count(0)
    expect(schedule).to_be_visible()
    change()
    expect(page.get_by_text("The schedule is saved.")).to_be_visible()
    assert all(provider.issuer in each for each in screen.complaints), screen.complaints
    screen.complaints.clear()


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
