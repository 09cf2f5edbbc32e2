"""How much the page loads before it can be used, and what that costs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

import holdfast
from examples.sample_app.history import furnish
from tests.page.screens import OpenScreen
from tests.page.sites import Site
from tests.web.server.process import PROGRAM, serving

FIRST_LOAD_KIB = 250
INTERACTIVE_S = 1.0
_NOT_COUNTED = re.compile(r"/api/v1/|chart|^(about|blob|data):", re.IGNORECASE)
"""What the interface answers, and charts, which come when they are needed."""


@pytest.mark.parametrize("language", ["en-GB", "de-DE"])
def test_the_first_load_is_small(open_screen: OpenScreen, language: str) -> None:
    """Of all that comes over the network until the overview stands, the page itself.

    In each language: the texts of one, and of those what the overview says.
    """
    screen = open_screen(language=language)
    sizes = {
        request.url.removeprefix(screen.site.url): max(0, request.sizes()["responseBodySize"])
        for request in screen.requests
        if not _NOT_COUNTED.search(request.url)
    }
    told = "\n".join(
        f"{size:9,} {name}" for name, size in sorted(sizes.items(), key=lambda x: x[1])
    )
    size_kib = sum(sizes.values()) / 1024
    print(f"The first load is {size_kib:.1f} KiB for {language}")
    assert size_kib <= FIRST_LOAD_KIB, f"{size_kib:.1f} KiB\n{told}"


def test_it_can_be_used_within_a_second(open_screen: OpenScreen) -> None:
    """Of the processor's time, from a browser that starts until one can type.

    By a watch on the wall it would be the load of the machine that is measured.
    """
    screen = open_screen(user=None)
    with_clock = screen.page.context.new_cdp_session(screen.page)
    with_clock.send("Performance.enable")
    expect(screen.page.get_by_label("User name")).to_be_editable()
    metrics = with_clock.send("Performance.getMetrics")["metrics"]
    used_s = {each["name"]: each["value"] for each in metrics}
    assert 0 < used_s["ProcessTime"] < INTERACTIVE_S


def test_a_checkout_in_which_it_is_not_built_says_how_to_build_it(
    open_screen: OpenScreen, tmp_path: Path
) -> None:
    """Its server runs all the same, and what it shows has no fault."""
    package = Path(holdfast.__file__).parent
    shutil.copytree(
        package, tmp_path / "source" / "holdfast", ignore=shutil.ignore_patterns("built", "*.pyc")
    )
    root = tmp_path / "app"
    root.mkdir()
    furnish(root)
    program = ("env", f"PYTHONPATH={tmp_path / 'source'}", *PROGRAM, "serve", "--port", "0")
    with serving(root, program=program) as server:
        screen = open_screen(user=None, site=Site(root, server.url, server))
        expect(screen.page.get_by_role("main")).to_contain_text("make page")
        assert screen.faults() == []
