"""A file of a backup is found by a part of its name, and downloaded alone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.page.deeds import back_up, forget_password, newest_whole
from tests.page.screens import DESKTOP, DESKTOP_DARK, PHONE, PHONE_DARK, Look, OpenScreen, Screen
from tests.page.sites import Site, SiteAt
from tests.rig.history import PASSWORD

FOLDER = "Ausgänge & 100%"
NAME = "Übersicht März #1.svg"
CONTENT = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"


def lay(site: Site) -> str:
    """Put a file beside the pictures and back it up; return the id of the backup."""
    folder = site.root / "app" / "thumbnails" / FOLDER
    folder.mkdir(exist_ok=True)
    (folder / NAME).write_bytes(CONTENT)
    with site.client() as client:
        backup_id: str = back_up(client)["id"]
    return backup_id


def files_of(screen: Screen, tab: str = "Files") -> Locator:
    """Turn to the files in the details of a backup."""
    details = screen.page.get_by_role("dialog")
    details.get_by_role("tab", name=tab).click()
    return details.get_by_role("tabpanel", name=tab)


def downloaded(page: Page, button: Locator, place: Path) -> tuple[str, bytes]:
    """Press a button; return the name that the browser saves under, and the bytes."""
    with page.expect_download() as begun:
        button.click()
    begun.value.save_as(place / "taken")
    return begun.value.suggested_filename, (place / "taken").read_bytes()


@pytest.mark.parametrize(
    ("place", "look"),
    [("workshop", DESKTOP), ("workshop", PHONE), ("workshop_below", PHONE_DARK)],
    ids=["desktop-light", "phone-light", "phone-dark-below-a-path"],
)
def test_a_file_is_found_and_downloaded(
    open_screen: OpenScreen, site_at: SiteAt, place: str, look: Look, tmp_path: Path
) -> None:
    """To the byte and under its name; what could run in the page is saved and not shown."""
    site = site_at(place)
    screen = open_screen(f"/backups/{lay(site)}", site=site, look=look)
    page, files = screen.page, files_of(screen)
    field = files.get_by_role("searchbox", name="Find a file")
    field.fill("MÄRZ #")
    expect(files.get_by_role("status")).to_have_text("1 found")
    row = files.get_by_role("row").filter(has_text=NAME)
    expect(row).to_contain_text(f"files/thumbnails/{FOLDER}")
    screen.settle()
    assert screen.faults() == []
    button = row.get_by_role("button", name=f"Download {NAME}")
    name, taken = downloaded(page, button, tmp_path)
    assert (name, taken) == (NAME, CONTENT)
    expect(page.get_by_text(f"The download of “{NAME}” begins.")).to_be_visible()

    row.get_by_role("button", name=f"Open folder files/thumbnails/{FOLDER}").click()
    expect(field).to_have_value("")
    expect(files.get_by_role("navigation").get_by_text(FOLDER)).to_be_focused()
    in_folder = files.get_by_role("row").filter(has_text=NAME)
    assert downloaded(page, in_folder.get_by_role("button"), tmp_path) == (NAME, CONTENT)
    screen.settle()
    assert screen.faults() == []


def test_a_search_is_of_the_folder_that_is_open(open_screen: OpenScreen, workshop: Site) -> None:
    """And says so; what is not there is said as well."""
    screen = open_screen(f"/backups/{lay(workshop)}", site=workshop, look=DESKTOP_DARK)
    files = files_of(screen)
    field = files.get_by_role("searchbox", name="Find a file")
    field.fill("app.db")
    expect(files.get_by_role("row").filter(has_text="app.db")).to_have_count(1)
    files.get_by_role("button", name="Clear the search").click()
    files.get_by_role("button", name="Open folder files").click()
    expect(field).to_have_attribute("placeholder", "Find a file in files and below")
    field.fill("app.db")
    expect(files.get_by_role("status")).to_contain_text("Nothing is called that")
    screen.settle()
    assert screen.faults() == []
    field.fill("thumbnails")
    files.get_by_role("button", name="Open folder thumbnails", exact=True).click()
    expect(files.get_by_role("navigation", name="Folder")).to_contain_text("thumbnails")


def test_with_the_keyboard_alone_and_the_password_once_more(
    open_screen: OpenScreen, workshop: Site, tmp_path: Path
) -> None:
    """A file is data: long after the login the password is asked for, and then it comes."""
    backup = lay(workshop)
    screen = open_screen(f"/backups/{backup}", user=None, site=workshop)
    page = screen.page
    page.get_by_label("User name").fill("anna")
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    files = files_of(screen)
    forget_password(workshop)
    field = files.get_by_role("searchbox", name="Find a file")
    field.focus()
    page.keyboard.type("Übersicht")
    button = files.get_by_role("button", name=f"Download {NAME}")
    expect(button).to_be_visible()
    for _ in range(8):
        if button.evaluate("each => each === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    question = page.get_by_role("dialog", name="Your password once more")
    question.get_by_role("textbox", name="Password").fill(PASSWORD)
    screen.settle()
    assert screen.faults() == []
    with page.expect_download() as begun:
        page.keyboard.press("Enter")
    begun.value.save_as(tmp_path / "taken")
    assert (tmp_path / "taken").read_bytes() == CONTENT


@pytest.mark.parametrize("look", [PHONE], ids=str)
def test_a_viewer_finds_and_downloads_nothing(
    open_screen: OpenScreen, site: Site, look: Look
) -> None:
    """The button says why, in the language of the reader; nothing is sent."""
    with site.client() as client:
        backup = newest_whole(client)["id"]
    screen = open_screen(f"/backups/{backup}", user="vera", look=look, language="de-DE")
    files = files_of(screen, "Dateien")
    files.get_by_role("searchbox", name="Datei suchen").fill("app.db")
    expect(files.get_by_role("status")).to_contain_text("Treffer")
    button = files.get_by_role("button", name="app.db herunterladen")
    expect(button).to_have_attribute("aria-disabled", "true")
    screen.settle()
    assert screen.faults() == []
    button.focus()
    for key in ("Shift+Tab", "Tab"):
        screen.page.keyboard.press(key)
    expect(screen.page.get_by_role("tooltip")).to_be_visible()
    screen.page.keyboard.press("Enter")
    assert not [each for each in screen.requests if "download" in each.url]


def test_a_search_goes_on_where_the_server_stopped(open_screen: OpenScreen, site: Site) -> None:
    """As in a backup of many files, of which it looks at so many for one answer."""
    with site.client() as client:
        backup = newest_whole(client)["id"]
    screen = open_screen(f"/backups/{backup}", look=DESKTOP)
    asked: list[str | None] = []
    part: dict[str, Any] = {
        "path": "",
        "total": None,
        "visited": 50_000,
        "cut_short": True,
        "entries": [],
    }

    def answer(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        cursor = query.get("cursor", [None])[0]
        asked.append(cursor)
        if cursor != "2":
            following = {**part, "next_cursor": "1" if cursor is None else "2"}
            route.fulfill(body=json.dumps(following), content_type="application/json")
        else:
            route.continue_(url=route.request.url.replace("&cursor=2", ""))

    screen.page.route(re.compile(r"/contents\?.*search="), answer)
    files = files_of(screen)
    files.get_by_role("searchbox").fill("app.db")
    expect(files.get_by_role("row").filter(has_text="app.db")).to_have_count(1)
    expect(files.get_by_role("status")).to_have_text("1 found")
    assert asked == [None, "1", "2"]
