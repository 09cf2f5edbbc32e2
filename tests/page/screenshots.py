"""Write the pictures of the page that the documentation shows: python -m tests.page.screenshots."""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from examples.sample_app.history import make_history
from tests.page.chromium import launch
from tests.page.screens import DESKTOP, DESKTOP_DARK, PATIENCE_MS, PHONE, Look, new_screen
from tests.page.sites import Site, site_of
from tests.rig.history import PASSWORD

IMAGES = Path(__file__).parents[2] / "docs" / "images"
PICTURES: dict[str, tuple[str, Look]] = {
    "overview": ("/", DESKTOP),
    "overview-dark": ("/", DESKTOP_DARK),
    "overview-phone": ("/", PHONE),
    "backups": ("/backups", DESKTOP),
    "backup": ("/backups/{newest}", DESKTOP),
    "restore": ("/restore/{newest}", DESKTOP),
    "schedule": ("/schedule", DESKTOP),
    "jobs": ("/jobs", DESKTOP),
    "repository": ("/repository", DESKTOP),
}


def main() -> None:
    """Take them all, of four weeks that are made for it."""
    IMAGES.mkdir(exist_ok=True)
    expect.set_options(timeout=PATIENCE_MS)
    # Paths are shown too, and should look like those of a server.
    with (
        tempfile.TemporaryDirectory(prefix="shop-", dir="/srv") as folder,
        sync_playwright() as playwright,
    ):
        root = Path(folder) / "chinook"
        make_history(root, PASSWORD)
        browser = launch(playwright)
        with site_of(root) as site:
            for name, (path, look) in PICTURES.items():
                _take(browser, site, path, look, IMAGES / f"page-{name}.png")
        browser.close()


def _take(browser: Browser, site: Site, path: str, look: Look, file: Path) -> None:
    with site.client() as client:
        newest = client.get("backups?status=verified&limit=1").json()["backups"][0]["id"]
    context = browser.new_context(
        viewport={"width": look.width, "height": look.height},
        color_scheme=look.scheme,
        locale="en-GB",
        timezone_id="Europe/Vienna",
        reduced_motion="reduce",
    )
    context.add_cookies([site.cookie("anna")])
    screen = new_screen(context, site, look)
    screen.open(path.format(newest=newest))
    screen.page.screenshot(path=file)
    context.close()
    print(file)


if __name__ == "__main__":
    main()
