"""Users are added, locked out, let in, given roles and removed; tokens are made and revoked."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.page.deeds import found
from tests.page.screens import DESKTOP, DESKTOP_DARK, PHONE, PHONE_DARK, Look, OpenScreen
from tests.page.sites import Site, SiteAt
from tests.web.server.process import PATIENCE_S

FIRST = "a first pass phrase"
SECOND = "a second pass phrase"


def row_of(page: Page, table: str, name: str) -> Locator:
    """Return the row of a user or token; while it is looked for, what is shown may change."""
    rows = page.get_by_role("table", name=table, exact=True).get_by_role("row")
    return rows.filter(has=page.get_by_role("rowheader", name=name))


def pick(page: Page, name: str, action: str) -> None:
    """Choose from the menu of one user."""
    page.get_by_role("button", name=f"Actions for {name}").click()
    page.get_by_role("menuitem", name=action).click()


def log_in(site: Site, name: str, password: str) -> int:
    """Return how the server answers to a name and a password."""
    login = {"username": name, "password": password}
    answer = httpx.post(f"{site.url}api/v1/auth/login", json=login, timeout=PATIENCE_S)
    return answer.status_code


def ask(site: Site, method: str, path: str, token: str) -> int:
    """Return how the server answers to a program with a token."""
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{site.url}api/v1/{path}"
    body: dict[str, object] | None = {} if method == "POST" else None
    return httpx.request(method, url, json=body, headers=headers, timeout=PATIENCE_S).status_code


def add(site: Site, name: str) -> None:
    """Add a user who may look."""
    with site.client() as client:
        body = {"username": name, "role": "viewer", "password": FIRST}
        answer = client.post("users", json=body)
        assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    ("place", "look"),
    [("workshop", DESKTOP_DARK), ("workshop_below", PHONE)],
    ids=["desktop-dark", "phone-light-below-a-path"],
)
def test_a_user_is_added_with_a_password_that_is_long_enough(
    open_screen: OpenScreen, site_at: SiteAt, place: str, look: Look
) -> None:
    """One that is too short is told at its field, and nobody is added."""
    site = site_at(place)
    screen = open_screen("/users", site=site, look=look)
    page = screen.page
    assert screen.faults() == []
    page.get_by_role("button", name="Add a user").click()
    form = page.get_by_role("dialog", name="Add a user")
    form.get_by_role("textbox", name="User name").fill("lena")
    form.get_by_role("radio", name="Operator").check()
    password = form.get_by_role("textbox", name="First password")
    password.fill("too short")
    form.get_by_role("button", name="Add", exact=True).click()
    expect(password).to_have_accessible_description(re.compile("12 characters or more are needed"))
    screen.settle()
    assert screen.faults() == []
    password.fill(FIRST)
    form.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("lena is added.")).to_be_visible()
    expect(form).to_have_count(0)
    expect(row_of(page, "Users", "lena")).to_contain_text("Operator")
    assert log_in(site, "lena", FIRST) == 200


def test_a_name_that_is_taken_is_told_in_the_form(open_screen: OpenScreen, workshop: Site) -> None:
    page = open_screen("/users", site=workshop).page
    page.get_by_role("button", name="Add a user").click()
    form = page.get_by_role("dialog", name="Add a user")
    form.get_by_role("textbox", name="User name").fill("otto")
    form.get_by_role("textbox", name="First password").fill(FIRST)
    form.get_by_role("button", name="Add", exact=True).click()
    expect(form.get_by_role("alert")).to_contain_text("otto")


def test_a_user_is_locked_out_and_let_in_again(open_screen: OpenScreen, workshop: Site) -> None:
    """What the user had open ends at once."""
    add(workshop, "mara")
    screen = open_screen("/users", site=workshop, look=PHONE_DARK)
    page = screen.page
    with httpx.Client(base_url=f"{workshop.url}api/v1", timeout=PATIENCE_S) as hers:
        hers.post("auth/login", json={"username": "mara", "password": FIRST})
        assert hers.get("backups").status_code == 200
        pick(page, "mara", "Lock out")
        expect(page.get_by_text("mara is locked out")).to_be_visible()
        assert hers.get("backups").status_code == 401
    expect(row_of(page, "Users", "mara")).to_contain_text("Locked out")
    assert log_in(workshop, "mara", FIRST) == 401
    page.get_by_role("button", name="Actions for mara").click()
    expect(page.get_by_role("menuitem", name="Let in again")).to_be_visible()
    screen.settle()
    assert screen.faults() == []
    page.get_by_role("menuitem", name="Let in again").click()
    expect(page.get_by_text("mara may log in again.")).to_be_visible()
    expect(row_of(page, "Users", "mara")).not_to_contain_text("Locked out")
    assert log_in(workshop, "mara", FIRST) == 200


def test_a_user_gets_another_role_another_password_and_is_removed(
    open_screen: OpenScreen, workshop: Site
) -> None:
    add(workshop, "nils")
    screen = open_screen("/users", site=workshop)
    page = screen.page
    pick(page, "nils", "Change the role")
    form = page.get_by_role("dialog", name="Role of nils")
    expect(form.get_by_role("radio", name="Viewer")).to_be_checked()
    form.get_by_role("radio", name="Administrator").check()
    screen.settle()
    assert screen.faults() == []
    form.get_by_role("button", name="Save").click()
    expect(row_of(page, "Users", "nils")).to_contain_text("Administrator")

    pick(page, "nils", "Set a new password")
    form = page.get_by_role("dialog", name="New password for nils")
    form.get_by_role("textbox", name="New password").fill(SECOND)
    form.get_by_role("button", name="Save").click()
    expect(form).to_have_count(0)
    assert log_in(workshop, "nils", FIRST) == 401
    assert log_in(workshop, "nils", SECOND) == 200

    pick(page, "nils", "Remove")
    question = page.get_by_role("dialog", name="Remove nils?")
    expect(question).to_contain_text("What the user did stays in the audit.")
    screen.settle()
    assert screen.faults() == []
    question.get_by_role("button", name="Remove the user").click()
    expect(page.get_by_text("nils is removed.")).to_be_visible()
    expect(row_of(page, "Users", "nils")).to_have_count(0)
    expect(row_of(page, "Users", "anna")).to_have_count(1)
    assert log_in(workshop, "nils", SECOND) == 401


@pytest.mark.parametrize(
    ("place", "look"),
    [("workshop", DESKTOP), ("workshop_below", PHONE_DARK)],
    ids=["desktop-light", "phone-dark-below-a-path"],
)
def test_a_token_is_shown_once_opens_what_it_may_and_is_revoked(
    open_screen: OpenScreen, site_at: SiteAt, place: str, look: Look
) -> None:
    site = site_at(place)
    screen = open_screen("/users", user="otto", site=site, look=look)
    page = screen.page
    page.get_by_role("button", name="Make a token").click()
    form = page.get_by_role("dialog", name="Make a token")
    form.get_by_role("textbox", name="What it is for").fill("The deployment")
    form.get_by_role("checkbox", name="see").uncheck()
    form.get_by_role("button", name="Make it").click()
    expect(form).to_contain_text("It must be allowed something.")
    form.get_by_role("checkbox", name="see").check()
    expect(form.get_by_role("checkbox", name="administer")).to_have_count(0)
    screen.settle()
    assert screen.faults() == []
    form.get_by_role("button", name="Make it").click()

    made = page.get_by_role("dialog", name="The token")
    expect(made).to_contain_text("It is shown this once")
    token = made.get_by_label("The token").last.inner_text()
    screen.settle()
    assert screen.faults() == []
    made.get_by_role("button", name="Close").last.click()
    row = row_of(page, "API tokens", "The deployment")
    expect(row).to_be_visible()
    assert token not in page.content()
    assert ask(site, "GET", "backups", token) == 200
    assert ask(site, "POST", "backups", token) == 403

    revoke = row.get_by_role("button", name="Revoke The deployment")
    revoke.click()
    question = page.get_by_role("dialog", name="Revoke The deployment?")
    expect(question).to_contain_text("Whatever uses this token of otto is refused from now on")
    expect(question).not_to_contain_text("never")
    screen.settle()
    assert screen.faults() == []
    question.get_by_role("button", name="Cancel").click()
    expect(question).to_have_count(0)
    assert ask(site, "GET", "backups", token) == 200
    revoke.click()
    question.get_by_role("button", name="Revoke the token").click()
    expect(page.get_by_text("The deployment opens nothing any more.")).to_be_visible()
    expect(row).to_contain_text("Revoked")
    assert ask(site, "GET", "backups", token) == 401


def test_an_operator_sees_no_users_and_only_own_tokens(
    open_screen: OpenScreen, workshop: Site
) -> None:
    """An administrator sees those of all, and whose they are."""
    for user in ("anna", "otto"):
        with workshop.client(user) as client:
            body = {"name": f"For {user}", "permissions": ["read"], "expires_in_days": 30}
            assert client.post("tokens", json=body).status_code == 201
    page = open_screen("/users", user="otto", site=workshop).page
    expect(page.get_by_role("heading", level=1)).to_have_text("API tokens")
    expect(row_of(page, "API tokens", "For otto")).to_be_visible()
    expect(row_of(page, "API tokens", "For anna")).to_have_count(0)
    expect(page.get_by_role("button", name="Add a user")).to_have_count(0)
    expect(page.get_by_role("radiogroup", name="Whose tokens")).to_have_count(0)

    screen = open_screen("/users", site=workshop)
    page = screen.page
    expect(row_of(page, "API tokens", "For anna")).to_be_visible()
    expect(row_of(page, "API tokens", "For otto")).to_have_count(0)
    page.get_by_role("radiogroup", name="Whose tokens").get_by_text("Of all users").click()
    expect(row_of(page, "API tokens", "For otto")).to_contain_text("otto")
    screen.settle()
    assert screen.faults() == []
    with workshop.client("vera") as client:
        assert found(client, "tokens")["tokens"] == []
