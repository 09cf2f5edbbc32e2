"""One tab of a browser as a test uses it: it opens screens, waits for them, judges them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal, Protocol

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, WebError, expect

from tests.page.sites import Site

PATIENCE_MS = 60_000
SCREENS = ("overview", "backups", "restore", "schedule", "jobs", "repository", "audit", "users")
FOR_VIEWERS = ("overview", "backups", "schedule", "jobs", "repository", "users")
_AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
# What the browser says of every answer of 400 to 499: to be refused is no fault of a page.
_REFUSALS = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
_TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) => console.error(
    `The policy forbids ${event.blockedURI || "this"} (${event.violatedDirective})`))
"""
_UNTIL_STILL = """async () => {
    await document.fonts.ready;
    const ends = (each) => each.effect?.getComputedTiming().endTime !== Infinity;
    const moving = document.getAnimations().filter(ends);
    await Promise.all(moving.map((each) => each.finished.catch(() => null)));
}"""
_RUN_AXE = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations.map(
    (each) => `${each.id}: ` + each.nodes.map((node) => node.html.slice(0, 160)
        + " " + (node.any[0]?.message ?? node.all[0]?.message ?? "")).join("\\n    "))"""


@dataclass(frozen=True, slots=True)
class Look:
    """How wide a screen is, and its colours."""

    width: int
    height: int
    scheme: Literal["light", "dark"]
    phone: bool = False

    def __str__(self) -> str:
        return f"{'phone' if self.phone else 'desktop'}-{self.scheme}"


DESKTOP, DESKTOP_DARK = Look(1280, 860, "light"), Look(1280, 860, "dark")
PHONE, PHONE_DARK = Look(390, 844, "light", phone=True), Look(390, 844, "dark", phone=True)
LOOKS = (DESKTOP, DESKTOP_DARK, PHONE, PHONE_DARK)


class OpenScreen(Protocol):
    """Opens a tab in a browser that has never been here; see the fixture `open_screen`."""

    def __call__(
        self,
        path: str = "/",
        *,
        user: str | None = "anna",
        site: Site | None = None,
        look: Look = DESKTOP,
        language: str = "en-GB",
    ) -> Screen: ...


@dataclass(eq=False)
class Screen:
    """A tab of a browser.

    Attributes:
        complaints: What went wrong in it; a test with any fails when it ends.
        requests: All that it asked for, in order.
    """

    page: Page
    site: Site
    look: Look
    complaints: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        context = self.page.context
        context.add_init_script(_TELL_VIOLATIONS)
        context.on("console", self._hear)
        context.on("weberror", self._note_error)
        context.on("request", self._note_request)

    def open(self, path: str = "/") -> None:
        """Open a screen as from a bookmark, and wait until it stands still.

        Args:
            path: As it stands behind the # of the address, such as `/jobs`.
        """
        # From a blank page: else the browser keeps the document, and the screen before shows on.
        self.page.goto("about:blank")
        self.page.goto(f"{self.site.url}#{path}")
        self.settle()

    def settle(self) -> None:
        """Wait until a screen is there, has loaded, and nothing moves."""
        page = self.page
        # A dialog or drawer that is open takes what is below it from those who cannot see.
        expect(page.get_by_role("main", include_hidden=True)).to_be_visible()
        expect(page.get_by_role("heading", include_hidden=True).first).to_be_visible()
        expect(
            page.locator("main .mantine-Skeleton-root, main .mantine-Loader-root")
        ).to_have_count(0)
        page.evaluate(_UNTIL_STILL)

    def go(self, name: str) -> None:
        """Go to another screen by the navigation, which a phone hides behind a button.

        Args:
            name: As the navigation shows it, such as `Backups`.
        """
        if self.look.phone:
            self.page.get_by_role("button", name="Open the menu").click()
        self.page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()
        expect(self.page.get_by_role("heading", level=1, name=name)).to_be_visible()
        self.settle()

    def found_by_axe(self) -> list[str]:
        """Return what is not accessible on what shows now."""
        # By the browser's own tool, which the page's policy does not bind.
        self.page.evaluate(axe_source())
        found: list[str] = self.page.evaluate(_RUN_AXE)
        return found

    def faults(self) -> list[str]:
        """Return what is wrong with what shows now, for whatever reader."""
        found = self.found_by_axe()
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        if wide > self.look.width:
            found.append(f"it is {wide} px wide on {self.look.width} px, and scrolls sideways")
        return found

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not _REFUSALS.match(message.text):
            self.complaints.append(f"The console says: {message.text}")

    def _note_error(self, error: WebError) -> None:
        self.complaints.append(f"An error was thrown: {error.error}")

    def _note_request(self, request: Request) -> None:
        self.requests.append(request)
        if not request.url.startswith((self.site.url, "data:", "blob:", "about:")):
            self.complaints.append(f"It asked for what is not below the page: {request.url}")


@dataclass(eq=False)
class Tabs:
    """The tabs that a test opened.

    Attributes:
        pictures: Where a picture of each is left if the test failed.
        complaints: What went wrong in those that are closed.
    """

    pictures: Path
    failed: Callable[[], bool]
    screens: list[Screen] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    _closed: int = 0

    def close(self) -> None:
        """Close all, and note what went wrong in them."""
        while self.screens:
            screen = self.screens.pop()
            self._closed += 1
            if self.failed():
                picture = self.pictures / f"failed-{self._closed}.png"
                screen.page.screenshot(path=picture, full_page=True)
            screen.page.context.close()
            self.complaints += screen.complaints


def new_screen(context: BrowserContext, site: Site, look: Look) -> Screen:
    """Return a tab of a new browser context."""
    context.set_default_timeout(PATIENCE_MS)
    context.set_default_navigation_timeout(PATIENCE_MS)
    return Screen(context.new_page(), site, look)


@cache
def axe_source() -> str:
    """Return axe-core, which `make page` brings."""
    return _AXE.read_text("utf-8")


def faults_of_screens(screen: Screen, names: tuple[str, ...]) -> dict[str, list[str]]:
    """Open screens one after the other; return what is wrong, by the screen."""
    found: dict[str, list[str]] = {}
    judge: Callable[[], list[str]] = screen.faults
    for name in names:
        screen.open("/" if name == "overview" else f"/{name}")
        if faults := judge():
            found[name] = faults
    return found
