"""Live data are put back from a backup or a file, after a look and a typed word; and undone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.page.deeds import (
    ask_live,
    back_up,
    change_live,
    download,
    forget_password,
    locked,
    newest_whole,
    type_word,
)
from tests.page.screens import (
    DESKTOP,
    DESKTOP_DARK,
    PHONE,
    PHONE_DARK,
    Look,
    OpenScreen,
    Screen,
    Tabs,
)
from tests.page.sites import Site, SiteAt
from tests.rig.history import PASSWORD
from tests.rig.postgresql import PostgresDatabase
from tests.web.server.process import CONFIGURATION, serving

COUNT = "SELECT count(*) FROM PlaylistTrack"
# Something else each time: what one test took away is not there for the next.
MISHAP = "DELETE FROM PlaylistTrack WHERE PlaylistId = (SELECT max(PlaylistId) FROM PlaylistTrack)"


def look_at(page: Page) -> None:
    """Have the server tell what would be replaced."""
    page.get_by_role("button", name="See what would be replaced").click()
    expect(page.get_by_role("heading", name="Check before you restore")).to_be_visible()


def ask(page: Page, title: str = "Restore will replace all data. Continue?") -> Locator:
    """Open the last question, and return it with the word typed."""
    page.get_by_role("button", name="Restore", exact=True).click()
    question = page.get_by_role("dialog", name=title)
    wanted = question.get_by_label(re.compile("^Type .* to confirm$"))
    expect(wanted).to_be_focused()
    expect(question.get_by_role("button", name="Replace and restore")).to_be_disabled()
    label = question.get_by_text(re.compile("^Type .* to confirm$")).inner_text()
    wanted.fill(label.removeprefix("Type ").removesuffix(" to confirm"))
    return question


def followed(page: Page) -> Locator:
    return page.get_by_role("region", name="Restore", exact=True)


@contextmanager
def slow_upload(page: Page) -> Iterator[None]:
    """Have what the browser sends trickle until the block ends."""
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")

    def limit(bytes_per_s: int) -> None:
        free = {"offline": False, "latency": 0, "downloadThroughput": -1}
        network.send("Network.emulateNetworkConditions", {**free, "uploadThroughput": bytes_per_s})

    limit(20_000)
    yield
    limit(-1)
    network.detach()


def expect_no_fault(screen: Screen) -> None:
    screen.settle()
    assert screen.faults() == []


@pytest.mark.parametrize(
    ("place", "look"),
    [("workshop", DESKTOP), ("workshop_below", PHONE_DARK)],
    ids=["desktop-light", "phone-dark-below-a-path"],
)
def test_a_backup_is_put_back_and_that_is_undone(
    open_screen: OpenScreen, site_at: SiteAt, place: str, look: Look
) -> None:
    """Nothing is replaced before the word is typed; each step is to be seen; both are real."""
    site = site_at(place)
    with site.client() as client:
        backup = back_up(client, description="Before the mishap")
    before = ask_live(site, COUNT)
    change_live(site, MISHAP)
    after = ask_live(site, COUNT)
    assert after < before

    screen = open_screen("/restore", site=site, look=look)
    page = screen.page
    page.get_by_role("link").filter(has_text="Before the mishap").first.click()
    expect(page.get_by_role("heading", name="How")).to_be_visible()
    expect(page).to_have_url(re.compile(backup["id"]))
    look_at(page)
    changed = page.get_by_role("row").filter(has_text="PlaylistTrack")
    expect(changed).to_contain_text(f"{after:,}")
    expect(changed).to_contain_text(f"{before:,}")
    expect(page.get_by_text("A safety backup is made first")).to_be_visible()
    expect_no_fault(screen)
    question = ask(page)
    expect_no_fault(screen)
    assert ask_live(site, COUNT) == after

    with locked(site):
        question.get_by_role("button", name="Replace and restore").click()
        step = followed(page).locator("[aria-current=step]")
        expect(step).to_contain_text("Stage it beside the live data · now")
        expect(followed(page).get_by_role("listitem").first).to_contain_text("done")
        expect(followed(page)).to_contain_text("Nothing has been replaced yet")
        assert screen.faults() == []
    expect(followed(page).get_by_role("status")).to_contain_text("Restored")
    expect_no_fault(screen)
    assert ask_live(site, COUNT) == before

    followed(page).get_by_role("button", name="Undo").click()
    question = page.get_by_role("dialog", name="Undo the last restore?")
    expect(question.get_by_role("row").filter(has_text="PlaylistTrack")).to_be_visible()
    expect(question).to_contain_text(re.compile(f"Undone: the restore on .*, from {backup['id']}"))
    expect(question).to_contain_text(re.compile("Comes back: backup_"))
    expect(question.get_by_role("button", name="Undo the restore")).to_be_disabled()
    type_word(question)
    expect_no_fault(screen)
    question.get_by_role("button", name="Undo the restore").click()
    expect(followed(page).get_by_role("status")).to_contain_text("The restore was undone")
    assert ask_live(site, COUNT) == after


def test_a_file_is_sent_checked_and_restored(
    open_screen: OpenScreen, workshop: Site, tmp_path: Path
) -> None:
    """How much was sent is to be seen; what was found stands there before anything happens."""
    with workshop.client() as client:
        backup = back_up(client)
        file = download(client, backup["id"], tmp_path / "copy.zip")
    before = ask_live(workshop, COUNT)
    change_live(workshop, MISHAP)
    after = ask_live(workshop, COUNT)

    screen = open_screen("/restore", site=workshop, look=DESKTOP_DARK)
    page = screen.page
    page.get_by_text("From a file", exact=True).click()
    with page.expect_file_chooser() as choosing:
        page.get_by_role("button", name="Choose a file").click()
    choosing.value.set_files(file)
    expect(page.get_by_text("copy.zip")).to_be_visible()
    expect_no_fault(screen)
    with slow_upload(page):
        page.get_by_role("button", name="Send and check").click()
        expect(page.get_by_role("progressbar", name="Sending")).to_be_attached()
        expect(page.get_by_text("Nothing is changed by this")).to_be_visible()
        expect_no_fault(screen)
    expect(page.get_by_role("heading", name="Check the archive before you restore")).to_be_visible()
    expect(page.get_by_text(re.compile(r"\d+ checks passed"))).to_be_visible()
    expect_no_fault(screen)
    question = ask(page)
    assert ask_live(workshop, COUNT) == after
    question.get_by_role("button", name="Replace and restore").click()
    expect(followed(page).get_by_role("status")).to_contain_text("Restored")
    assert ask_live(workshop, COUNT) == before


@pytest.mark.parametrize("look", [DESKTOP, PHONE_DARK], ids=str)
def test_what_is_no_whole_archive_is_refused(
    open_screen: OpenScreen, workshop: Site, tmp_path: Path, look: Look
) -> None:
    """By the page for its name, by the server for its bytes; live data stay as they are."""
    with workshop.client() as client:
        whole = download(client, newest_whole(client)["id"], tmp_path / "whole.zip").read_bytes()
    before = ask_live(workshop, COUNT)
    screen = open_screen("/restore/upload", site=workshop, look=look)
    page = screen.page
    notes = tmp_path / "notes.txt"
    notes.write_text("Not an archive")
    page.get_by_label("Archive to restore").set_input_files(notes)
    refusal = page.get_by_role("alert").filter(has_text="notes.txt was not sent")
    expect(refusal).to_contain_text("Only .zip and .zip.age")
    expect_no_fault(screen)
    broken = tmp_path / "broken.zip"
    broken.write_bytes(whole[: len(whole) // 2])
    page.get_by_label("Archive to restore").set_input_files(broken)
    page.get_by_role("button", name="Send and check").click()
    refusal = page.get_by_role("alert").filter(has_text="The archive cannot be restored")
    expect(refusal).to_be_visible()
    expect(page.get_by_role("button", name="Restore", exact=True)).to_have_count(0)
    expect_no_fault(screen)
    assert ask_live(workshop, COUNT) == before


def test_only_what_is_chosen_is_restored(open_screen: OpenScreen, workshop: Site) -> None:
    """A directory comes back, while the database stays as it is."""
    with workshop.client() as client:
        backup = back_up(client)
    picture = next(path for path in (workshop.root / "app/thumbnails").rglob("*") if path.is_file())
    drawn = picture.read_bytes()
    picture.unlink()
    change_live(workshop, MISHAP)
    after = ask_live(workshop, COUNT)
    screen = open_screen(f"/restore/{backup['id']}", site=workshop, look=PHONE)
    page = screen.page
    for part in ("app", "settings"):
        page.get_by_role("checkbox", name=re.compile(f"^{part} ")).uncheck()
    look_at(page)
    expect(page.get_by_text("1 file created")).to_be_visible()
    expect_no_fault(screen)
    question = ask(page, "Restore will replace the chosen data. Continue?")
    expect_no_fault(screen)
    question.get_by_role("button", name="Replace and restore").click()
    expect(followed(page).get_by_role("status")).to_contain_text("Restored")
    assert picture.read_bytes() == drawn
    assert ask_live(workshop, COUNT) == after


def test_without_a_safety_backup_it_warns_to_the_end(
    open_screen: OpenScreen, workshop: Site
) -> None:
    with workshop.client() as client:
        backup = back_up(client)
    change_live(workshop, MISHAP)
    screen = open_screen(f"/restore/{backup['id']}", site=workshop, look=DESKTOP)
    page = screen.page
    page.get_by_role("switch", name="Make a safety backup first").uncheck()
    expect(page.get_by_role("alert")).to_contain_text("This restore cannot be undone")
    expect_no_fault(screen)
    look_at(page)
    expect(page.get_by_role("alert").filter(has_text="No safety backup is made")).to_be_visible()
    question = ask(page)
    expect(question.get_by_role("alert")).to_contain_text("This cannot be undone")
    expect_no_fault(screen)
    question.get_by_role("button", name="Replace and restore").click()
    expect(followed(page)).to_contain_text("No safety backup was made, so this cannot be undone")
    expect(followed(page).get_by_role("button", name="Undo")).to_have_count(0)


def test_the_password_is_asked_for_again_when_it_was_given_long_ago(
    open_screen: OpenScreen, workshop: Site
) -> None:
    """What was begun goes on when it is right; nothing is told before."""
    with workshop.client() as client:
        backup = newest_whole(client)
    screen = open_screen(f"/restore/{backup['id']}", user=None, site=workshop, look=DESKTOP_DARK)
    page = screen.page
    page.get_by_label("User name").fill("anna")
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="How")).to_be_visible()
    forget_password(workshop)
    page.get_by_role("button", name="See what would be replaced").click()
    question = page.get_by_role("dialog", name="Your password once more")
    question.get_by_role("textbox", name="Password").fill("not this one either")
    question.get_by_role("button", name="Go on").click()
    expect(question.get_by_role("alert")).to_be_visible()
    assert screen.faults() == []
    question.get_by_role("textbox", name="Password").fill(PASSWORD)
    question.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Check before you restore")).to_be_visible()
    expect(question).to_have_count(0)


def test_a_viewer_restores_nothing(open_screen: OpenScreen, site: Site) -> None:
    """Neither by the button of a backup nor by the address."""
    with site.client() as client:
        backup = newest_whole(client)
    screen = open_screen(f"/backups/{backup['id']}", user="vera")
    page = screen.page
    button = page.get_by_role("dialog").get_by_role("button", name="Restore", exact=True)
    expect(button).to_have_attribute("aria-disabled", "true")
    button.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#/backups/"))
    screen.open(f"/restore/{backup['id']}")
    expect(page.get_by_role("main")).to_contain_text("You may not see this")
    with site.client("vera") as client:
        refused = client.post(f"backups/{backup['id']}/restore", json={"dry_run": True})
    assert refused.status_code == 403


@pytest.fixture
def orders(postgres_database: PostgresDatabase) -> PostgresDatabase:
    """A database of PostgreSQL with three orders."""
    postgres_database.run("CREATE TABLE orders (id INT PRIMARY KEY)")
    postgres_database.run("INSERT INTO orders VALUES (1), (2), (3)")
    return postgres_database


@pytest.fixture
def orders_site(orders: PostgresDatabase, tmp_path: Path, tabs: Tabs) -> Iterator[Site]:
    """A server that backs it up."""
    root = tmp_path / "orders"
    root.mkdir()
    file = root / "holdfast.toml"
    file.write_text(CONFIGURATION.replace("app.db", orders.url))
    file.chmod(0o600)
    with serving(root) as server:
        server.set_up()
        yield Site(root, server.url, server)
        tabs.close()


def test_a_database_on_a_server_is_put_back(
    open_screen: OpenScreen, orders: PostgresDatabase, orders_site: Site
) -> None:
    """PostgreSQL: the rows that were removed are there again, and the undo removes them."""

    def count() -> int:
        return int(orders.run("SELECT count(*) FROM orders")[0][0])

    with orders_site.client() as client:
        backup = back_up(client)
    orders.run("DELETE FROM orders WHERE id > 1")
    screen = open_screen(f"/restore/{backup['id']}", site=orders_site)
    page = screen.page
    look_at(page)
    expect_no_fault(screen)
    ask(page).get_by_role("button", name="Replace and restore").click()
    expect(followed(page).get_by_role("status")).to_contain_text("Restored")
    assert count() == 3
    followed(page).get_by_role("button", name="Undo").click()
    question = page.get_by_role("dialog", name="Undo the last restore?")
    type_word(question)
    question.get_by_role("button", name="Undo the restore").click()
    expect(followed(page).get_by_role("status")).to_contain_text("The restore was undone")
    assert count() == 1
