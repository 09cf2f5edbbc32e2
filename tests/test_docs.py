"""The documents run: their examples are executed, their links lead somewhere.

A block marked `sh run` or `python run` is executed. All blocks of a document run in their order,
in one fresh directory; shell blocks share one shell, Python blocks one interpreter.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from examples.sample_app.build import build

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_BLOCK = re.compile(r"^```(\w+) run\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)

# What must be there before the first block: the application of the text, or of the tutorial.
ROOT_PASSWORD = "a password for the documents"
CONFIGURATION = """
database_url = "sqlite:///data/app.db"
[encryption]
password_file = "backup-password"
[directories]
thumbnails = "data/thumbnails"
[retention]
keep_daily = 7
"""


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    for match in _BLOCK.finditer(page.read_text()):
        yield match[1], match[2]


def pages_with(language: str) -> list[Path]:
    return [page for page in PAGES if any(found == language for found, _ in blocks(page))]


def give(page: Path, place: Path) -> None:
    """Put into `place` what the reader of a page has already."""
    name = page_id(page)
    if name == "docs/tutorial.md":
        build(place / "app")
        return
    build(place / "data")
    (place / "backup-password").write_text(ROOT_PASSWORD)
    if name in ("README.md", "docs/how-to/embed.md"):
        return
    (place / "holdfast.toml").write_text(CONFIGURATION)
    holdfast(place, "init")
    holdfast(place, "create")


def environment() -> dict[str, str]:
    programs = str(Path(sys.executable).parent)
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    # No colours, no settings of whoever runs the tests.
    return {**kept, "PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}


def holdfast(place: Path, *arguments: str) -> None:
    subprocess.run(["holdfast", *arguments], cwd=place, env=environment(), check=True)


def run(command: list[str], script: str, place: Path) -> None:
    """Run a script from standard input's place: a file, so that its own commands may read."""
    file = place / ".script"
    file.write_text(script)
    result = subprocess.run(
        [*command, str(file)],
        cwd=place,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert result.returncode == 0, f"{result.stdout}\n{result.stderr}"


@pytest.mark.parametrize("page", pages_with("sh"), ids=page_id)
def test_shell_examples_run(page: Path, tmp_path: Path) -> None:
    """Every command that a page shows as runnable ends with success."""
    give(page, tmp_path)
    script = "\n".join(code for language, code in blocks(page) if language == "sh")
    run(["bash", "-euxo", "pipefail"], script, tmp_path)


@pytest.mark.parametrize("page", pages_with("python"), ids=page_id)
def test_python_examples_run(page: Path, tmp_path: Path) -> None:
    """Every Python example of a page runs, and leaves no warning."""
    give(page, tmp_path)
    script = "\n".join(code for language, code in blocks(page) if language == "python")
    run([sys.executable, "-W", "error"], script, tmp_path)


def test_the_example_program_runs(tmp_path: Path) -> None:
    """examples/embedded.py is what the library looks like in use."""
    build(tmp_path / "data")
    shutil.copy(ROOT / "examples" / "embedded.py", tmp_path / ".script.py")
    run([sys.executable, "-W", "error"], (tmp_path / ".script.py").read_text(), tmp_path)


def test_what_the_documents_rely_on_is_the_sample_application(tmp_path: Path) -> None:
    """The counts that the tutorial and the sample configuration name are those of the data."""
    build(tmp_path / "app")
    with closing(sqlite3.connect(tmp_path / "app" / "app.db")) as connection:
        (lines,) = connection.execute("select count(*) from InvoiceLine").fetchone()
        (albums,) = connection.execute("select count(*) from Album").fetchone()
    files = [path for path in (tmp_path / "app" / "thumbnails").rglob("*") if path.is_file()]
    assert (lines, albums, len(files)) == (2240, 347, 44)


def anchors(page: Path) -> set[str]:
    text = _FENCED.sub("", page.read_text())
    return {_slug(heading) for heading in _HEADING.findall(text)}


def _slug(heading: str) -> str:
    plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def links(page: Path) -> Iterator[str]:
    return iter(_LINK.findall(_FENCED.sub("", page.read_text())))


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link within the repository names a file that is there, and a heading in it."""
    for link in links(page):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in anchors(target), f"{link}: there is no such heading"


def test_every_page_can_be_found() -> None:
    """Whoever starts at the README reaches every page of the documentation."""
    reached = {ROOT / "README.md"}
    queue = list(reached)
    for page in queue:  # grows while it is walked
        for link in links(page):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target not in reached:
                reached.add(target)
                queue.append(target)
    assert [page_id(page) for page in PAGES if page not in reached] == []
