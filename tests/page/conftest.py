"""The rig of the page: real Chromium before a real `holdfast serve` over real backups.

How to write a test:

    def test_a_backup_is_made(open_screen: OpenScreen, own_site: Site) -> None:
        screen = open_screen("/backups", user="otto", site=own_site, look=PHONE)
        screen.page.get_by_role("button", name="Create a backup").click()
        ...
        expect(screen.page.get_by_text("Done")).to_be_visible()

- `open_screen(path, user=, site=, look=, language=)` opens a tab in a browser that has never been
  here, logged in without the form (`user=None`: not). It returns a `Screen`: `.page` is
  Playwright's, `.open("/jobs")` another screen as from a bookmark, `.go("Jobs")` by the navigation,
  `.settle()` waits until all has loaded and stands still (before axe or a picture; `expect` and
  clicks wait by themselves), `.faults()` runs axe and looks whether the page scrolls sideways.
- `look` is one of LOOKS: desktop and phone, light and dark.
- Sites: `site` is shared by all tests of a worker, which change nothing in it that others look at;
  `workshop` by those that change things and rely on nothing but what they made themselves
  (`workshop_below`: below a path);
  `own_site` is a fresh copy with a server of its own, for tests that change things (3 s);
  `proxied_site` is below a path behind a proxy, once with the path taken away, once not;
  `empty_site` has no users, no backups. `site.client("otto")` is the interface, to prepare or to
  look what came of it; `site.root` is the directory, with `app/app.db` in it.
- A test fails by itself if the console told an error or a warning, the page threw an error, the
  policy forbade something, or anything was asked for that is not below the page's own address.
- Nothing sleeps: `expect(...)` polls for a minute. Never count what the schedule may add.
- A failed test leaves a picture of each tab in its `tmp_path`, which pytest keeps.

The history (`tests/rig/history.py`) is made once for all workers. Playwright runs an event loop in
this thread as long as it lives, and `asyncio.run` of other tests would fail beside it; so the
browser is started for the package, and ends when a test of another one comes.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from examples.sample_app.history import furnish
from tests.page.chromium import launch
from tests.page.proxy import Mode
from tests.page.screens import DESKTOP, PATIENCE_MS, Look, OpenScreen, Screen, Tabs, new_screen
from tests.page.sites import Site, SiteAt, site_of
from tests.rig.history import history_copy, shared_history
from tests.web.server.process import serving

_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[_FAILED] = report.failed
    return report


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The four weeks of the sample application, for reading."""
    return shared_history(tmp_path_factory, worker_id)


@pytest.fixture(scope="session")
def site(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server for tests that change nothing that others look at."""
    with site_of(history_copy(history, tmp_path_factory.mktemp("site") / "copy")) as made:
        yield made


@pytest.fixture(scope="session")
def workshop(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server for tests that change things, each its own, and leave no job and no lock behind."""
    with site_of(history_copy(history, tmp_path_factory.mktemp("workshop") / "copy")) as made:
        yield made


@pytest.fixture(scope="session")
def workshop_below(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The same below a path, behind a proxy that takes the path away."""
    root = history_copy(history, tmp_path_factory.mktemp("below") / "copy")
    with site_of(root, behind="strips") as made:
        yield made


@pytest.fixture
def own_site(history: Path, tmp_path: Path, tabs: Tabs) -> Iterator[Site]:
    """A server for a test that changes what it likes."""
    with site_of(history_copy(history, tmp_path / "own")) as made:
        yield made
        tabs.close()


@pytest.fixture(scope="module", params=["strips", "passes"])
def proxied_site(
    request: pytest.FixtureRequest, history: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A server below a path behind a proxy."""
    mode: Mode = request.param
    root = history_copy(history, tmp_path_factory.mktemp(mode) / "copy")
    with site_of(root, behind=mode) as made:
        yield made


@pytest.fixture
def empty_site(tmp_path: Path, tabs: Tabs) -> Iterator[Site]:
    """A server of an application that nobody has set up: no users, no repository."""
    root = tmp_path / "empty"
    root.mkdir()
    furnish(root)
    with serving(root) as server:
        yield Site(root, server.url, server)
        tabs.close()


@pytest.fixture
def site_at(request: pytest.FixtureRequest) -> SiteAt:
    """Gives a site by the name of its fixture, for tests that are run at several places."""

    def get(name: str) -> Site:
        site: Site = request.getfixturevalue(name)
        return site

    return get


@pytest.fixture
def tabs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tabs]:
    """The tabs of a test; they close before the server that they show ends."""
    opened = Tabs(tmp_path, lambda: request.node.stash.get(_FAILED, True))
    yield opened
    opened.close()
    assert not opened.complaints, "\n".join(opened.complaints)


@pytest.fixture
def open_screen(request: pytest.FixtureRequest, browser: Browser, tabs: Tabs) -> OpenScreen:
    """Opens tabs; each is looked at for complaints when the test ends."""

    def open_one(
        path: str = "/",
        *,
        user: str | None = "anna",
        site: Site | None = None,
        look: Look = DESKTOP,
        language: str = "en-GB",
    ) -> Screen:
        visited: Site = site or request.getfixturevalue("site")
        context = browser.new_context(
            viewport={"width": look.width, "height": look.height},
            color_scheme=look.scheme,
            has_touch=look.phone,
            is_mobile=look.phone,
            locale=language,
            timezone_id="Europe/Vienna",
            reduced_motion="reduce",
        )
        if user is not None:
            context.add_cookies([visited.cookie(user)])
        screen = new_screen(context, visited, look)
        tabs.screens.append(screen)
        screen.open(path)
        return screen

    return open_one
