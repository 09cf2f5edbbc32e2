"""`holdfast-react` in the page of another application: packed, built into it, and used by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect

from tests.page.packing import run_npm, shared_host
from tests.page.screens import PATIENCE_MS, axe_source
from tests.web.contracts.example import running

TOKEN = "let-me-in"
_VIOLATIONS = """async () => (await axe.run()).violations.map(
    (each) => each.id + ": " + each.nodes.map((node) => node.html.slice(0, 160)).join("; "))"""
_LOOK_OF_PAGE = """() => [document.documentElement, document.body, document.querySelector("h1")]
    .map((each) => ["color", "backgroundColor", "fontFamily", "fontSize", "lineHeight", "margin"]
        .map((name) => getComputedStyle(each)[name]))"""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The application's page, which has the package installed, without a network."""
    return shared_host(tmp_path_factory, worker_id)


@pytest.fixture
def address(host: Path, tmp_path: Path) -> Iterator[str]:
    """Where the application answers; two guests have signed."""
    environment = {
        "GUEST_BOOK": str(tmp_path),
        "PAGE": str(host / "dist"),
        "ADMIN_TOKEN": TOKEN,
        "BACKUP_ENCRYPTION_PASSWORD": "a long sentence",
    }
    with running("examples.react_host.app:create_app", environment, tmp_path / "log") as where:
        address = f"http://{where}"
        for name in ("Ada", "Grace"):
            sign(address, name)
        yield address


@pytest.fixture
def page(browser: Browser, address: str, tmp_path: Path) -> Iterator[Page]:
    """A tab with the page; fails the test if anything is complained of."""
    context = browser.new_context(locale="en-GB", reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    complaints: list[str] = []

    def hear(said: ConsoleMessage) -> None:
        if said.type in {"error", "warning"}:
            complaints.append(said.text)

    def look_where(asked: Request) -> None:
        if not asked.url.startswith((address, "data:", "blob:")):
            complaints.append(f"It asked for {asked.url}")

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", look_where)
    page.goto(address)
    yield page
    page.screenshot(path=tmp_path / "last.png", full_page=True)
    context.close()
    assert complaints == []


def sign(address: str, name: str) -> None:
    httpx.post(f"{address}/api/guests", json={"name": name}).raise_for_status()


def guests(address: str) -> list[str]:
    found: list[str] = httpx.get(f"{address}/api/guests").json()
    return found


def shown_guests(page: Page) -> Locator:
    return page.get_by_role("list", name="Guests").get_by_role("listitem")


def violations(page: Page) -> list[str]:
    page.evaluate(axe_source())
    found: list[str] = page.evaluate(_VIOLATIONS)
    return found


def press(page: Page, name: str | re.Pattern[str]) -> None:
    page.get_by_role("button", name=name, exact=isinstance(name, str)).click()


def back_up(page: Page) -> None:
    press(page, "Back up now")
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_text("The backup is stored.")).to_be_visible()


def confirm_restore(page: Page) -> None:
    """Say yes to what would be replaced, and wait for the end."""
    press(page, "Restore")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Type guests to confirm").fill("guests")
    press(page, "Replace and restore")
    expect(page.get_by_role("status").filter(has_text="Restored")).to_be_visible()


def test_a_host_page_backs_up_restores_an_upload_and_undoes_that(
    page: Page, address: str, tmp_path: Path
) -> None:
    """All of it by the section, with the host's bearer token; the data really change and return."""
    before = page.evaluate(_LOOK_OF_PAGE)
    page.get_by_label("Token").fill(TOKEN)
    press(page, "Open the settings")
    expect(page.get_by_role("heading", name="No backups yet")).to_be_visible()
    assert violations(page) == []
    back_up(page)
    # A hook in the page's own part saw it too: they share the page's cache.
    expect(page.get_by_role("status").filter(has_text="Last backup: ")).to_be_visible()

    with page.expect_download() as download:
        press(page, re.compile("^Download "))
    archive = tmp_path / download.value.suggested_filename
    download.value.save_as(archive)
    sign(address, "Eve")

    press(page, "Restore from a file")
    with page.expect_file_chooser() as chooser:
        press(page, "Choose a file")
    chooser.value.set_files(archive)
    press(page, "Send and check")
    expect(page.get_by_role("row", name=re.compile("^guests 3 2"))).to_be_visible()
    assert violations(page) == []
    assert guests(address) == ["Ada", "Grace", "Eve"], "to look changes nothing"
    confirm_restore(page)
    assert guests(address) == ["Ada", "Grace"]
    expect(shown_guests(page)).to_have_text(["Ada", "Grace"])  # the page was told

    press(page, "Undo")
    page.get_by_role("dialog").get_by_label("Type guests to confirm").fill("guests")
    press(page, "Undo the restore")
    expect(page.get_by_text("The restore was undone")).to_be_visible()
    assert guests(address) == ["Ada", "Grace", "Eve"]
    expect(shown_guests(page)).to_have_text(["Ada", "Grace", "Eve"])
    press(page, "Done")
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    assert page.evaluate(_LOOK_OF_PAGE) == before, "the section restyles nothing around it"


def test_a_host_page_restores_and_deletes_a_backup_of_the_history(page: Page, address: str) -> None:
    """On a phone and in German too; what is deleted is gone from the list."""
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_label("Token").fill(TOKEN)
    press(page, "Open the settings")
    back_up(page)
    sign(address, "Eve")
    press(page, re.compile("^Restore .*20"))
    expect(page.get_by_role("heading", name="What would be replaced")).to_be_visible()
    confirm_restore(page)
    assert guests(address) == ["Ada", "Grace"]
    press(page, "Done")

    page.get_by_label("Language").select_option("de")
    remove = page.get_by_role("button", name=re.compile("löschen$"))
    expect(remove).to_have_count(2)  # the backup, and the safety backup of the restore
    remove.last.click()
    expect(page.get_by_role("dialog")).to_contain_text("Dieses Backup löschen?")
    expect(page.get_by_text("Das lässt sich nicht rückgängig machen.")).to_be_visible()
    press(page, "Backup löschen")
    expect(remove).to_have_count(1)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_wrong_property_of_the_section_is_an_error_of_types(host: Path) -> None:
    """The types of the package stand by themselves: they are checked too, and strictly."""
    page = host / "src" / "Wrong.tsx"
    page.write_text(
        'import { BackupRestore } from "holdfast-react";\n'
        "export const nowhere = <BackupRestore />;\n"
        'export const unknown = <BackupRestore baseUrl="/api" colour="red" />;\n'
        'export const french = <BackupRestore baseUrl="/api" language="fr" />;\n'
        'export const right = <BackupRestore baseUrl="/api" language="de" />;\n'
    )
    try:
        checked = run_npm("run", "check", cwd=host)
    finally:
        page.unlink()
    lines = re.findall(r"^src/Wrong\.tsx\((\d),", checked.stdout, re.MULTILINE)
    assert lines == ["2", "3", "4"], checked.stdout
    for name in ("baseUrl", "colour", '"fr"'):
        assert name in checked.stdout
    assert checked.stdout.count("error TS") == len(lines), checked.stdout
