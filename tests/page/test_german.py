"""What the server says in English, the German page says in German, or marks as English."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.page.screens import DESKTOP, DESKTOP_DARK, PHONE, PHONE_DARK, Look, OpenScreen, Screen
from tests.page.sites import Site

GERMAN = "de-DE"


def _has_loaded_the_words(screen: Screen) -> bool:
    return any("/assets/server-" in each.url for each in screen.requests)


def _in_english(screen: Screen) -> list[str]:
    """Return what is marked as English on a page that is not."""
    assert screen.page.locator("html").get_attribute("lang") == "de"
    return screen.page.locator("body [lang=en]").filter(visible=True).all_inner_texts()


def test_a_refused_login_reads_german(open_screen: OpenScreen) -> None:
    """The words for what the server says are loaded when it says something, not before."""
    screen = open_screen("/", user=None, language=GERMAN)
    page = screen.page
    page.get_by_role("textbox", name="Benutzername").fill("otto")
    page.get_by_role("textbox", name="Passwort").fill("not this one")
    assert not _has_loaded_the_words(screen)
    page.get_by_role("button", name="Anmelden").click()
    told = page.get_by_role("alert")
    expect(told).to_contain_text("Der Name oder das Passwort ist falsch")
    assert _has_loaded_the_words(screen)
    screen.settle()
    assert _in_english(screen) == []
    assert screen.faults() == []


def test_english_loads_no_words_for_what_the_server_says(open_screen: OpenScreen) -> None:
    screen = open_screen("/", user=None)
    page = screen.page
    page.get_by_role("textbox", name="User name").fill("otto")
    page.get_by_role("textbox", name="Password").fill("not this one")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("The name or the password is wrong")
    assert not _has_loaded_the_words(screen)
    expect(page.locator("[lang=en]:not(html)")).to_have_count(0)


@pytest.mark.parametrize("look", [DESKTOP, PHONE_DARK], ids=str)
def test_a_failed_backup_reads_german(open_screen: OpenScreen, look: Look) -> None:
    """Why, and what to do: in the list, and in its details with the log of its job."""
    screen = open_screen("/backups?status=failed", look=look, language=GERMAN)
    page = screen.page
    why = page.get_by_text("gibt es keine Datenbank").first
    expect(why).to_contain_text("app.db")
    expect(page.get_by_text("Prüfen Sie den Pfad oder die Datenbank-URL.").first).to_be_visible()
    screen.settle()
    assert _in_english(screen) == []
    assert screen.faults() == []
    page.get_by_role("main").locator("a[href*='/backups/']").first.click()
    details = page.get_by_role("dialog")
    expect(details.get_by_role("alert")).to_contain_text("gibt es keine Datenbank")
    screen.settle()
    assert _in_english(screen) == []
    assert screen.faults() == []


@pytest.mark.parametrize(
    ("kind", "look", "checks"),
    [
        (
            "drill",
            DESKTOP_DARK,
            ["SQLite-Integrität", "Zeilenzahlen", "Erwartung:", "Verweise auf"],
        ),
        ("verify", PHONE, ["Alles vorhanden", "Entschlüsselung", "alle Teile sind da"]),
    ],
)
def test_what_a_check_found_reads_german(
    open_screen: OpenScreen, site: Site, kind: str, look: Look, checks: list[str]
) -> None:
    with site.client() as client:
        (job,) = client.get("jobs", params={"kind": kind, "limit": 1}).json()["jobs"]
    screen = open_screen(f"/jobs/{job['id']}", look=look, language=GERMAN)
    main = screen.page.get_by_role("main")
    for each in checks:
        expect(main).to_contain_text(each)
    expect(main.get_by_role("log")).to_contain_text("wird geprüft")
    screen.settle()
    assert _in_english(screen) == []
    assert screen.faults() == []
