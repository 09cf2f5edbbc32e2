"""The shape of the project: which room may know what, and what importing it does."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import holdfast
from holdfast.errors import HoldfastError
from scripts.generate_reference import ERRORS_PAGE, error_classes, errors_page

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "holdfast"
# These do their work when they are imported; that is what `python -m` is for.
PROGRAMS = {"holdfast.__main__", "holdfast.sources.sqlite.agent.__main__"}

PUBLIC_NAMES = {
    "BackupConfig",
    "BackupMetadata",
    "BackupScheduler",
    "BackupService",
    "BackupStats",
    "BackupStatus",
    "BackupType",
    "BackupVerification",
    "CancellationToken",
    "Channel",
    "CheckResult",
    "DatabaseOptions",
    "DirectoryOptions",
    "GuardResult",
    "HoldfastError",
    "PlannedChange",
    "Progress",
    "RestoreResult",
    "RetentionDecision",
    "RetentionPlan",
    "RetentionPolicy",
    "SettingsTable",
    "TablesOptions",
    "Trigger",
}

# Rooms of which others see only what the package itself names.
CLOSED_ROOMS = ("archive", "catalog", "config", "repository", "stores")


def modules() -> list[str]:
    found = pkgutil.walk_packages([str(SOURCE)], "holdfast.")
    return sorted(module.name for module in found if module.name not in PROGRAMS)


def source_files() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield str(path.relative_to(SOURCE)), ast.parse(path.read_text())


def imported_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def run_child(code: str) -> str:
    """Run code in a new interpreter, in which nothing was imported yet."""
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_rooms_import_downwards_only() -> None:
    """The contracts of import-linter hold."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("room", CLOSED_ROOMS)
def test_a_closed_room_is_entered_by_its_door(room: str) -> None:
    """Other rooms import what the package names, never its modules.

    `stores.base` and `stores.durable` are part of the door: the protocol, and how to write a
    file that survives a crash.
    """
    doors = {"holdfast.stores.base", "holdfast.stores.durable"}
    trespassers = [
        (file, name)
        for file, tree in source_files()
        if not file.startswith(f"{room}/")
        for name in imported_names(tree)
        if name.startswith(f"holdfast.{room}.") and name not in doors
    ]
    assert trespassers == []


def test_sqlite_is_opened_only_by_the_agent() -> None:
    """No module but those of the child process imports apsw, so no live database is opened here."""
    users = {
        file for file, tree in source_files() for name in imported_names(tree) if name == "apsw"
    }
    assert users
    assert all(file.startswith("sources/sqlite/agent/") for file in users)


def test_only_config_reads_the_environment() -> None:
    """`os.environ` and `os.getenv` are used in one module.

    The exception passes a few variables on to a child process and reads no setting.
    """
    readers = {
        file
        for file, tree in source_files()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv")
    }
    assert readers == {"config/environment.py", "sources/inherited.py"}


def test_the_public_names_are_pinned() -> None:
    """`holdfast.__all__` is what applications build on; a change to it is a decision."""
    assert set(holdfast.__all__) == PUBLIC_NAMES
    assert dir(holdfast) == sorted([*PUBLIC_NAMES, "__version__"])


@pytest.mark.parametrize("name", sorted(PUBLIC_NAMES))
def test_every_public_name_is_there(name: str) -> None:
    """Each name loads, and is documented."""
    assert getattr(holdfast, name).__doc__


def test_importing_the_package_is_light() -> None:
    """`import holdfast` loads neither cryptography nor SQLite, nor any of our own rooms."""
    code = "import sys, json, holdfast; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(run_child(code)))
    assert {name for name in loaded if name.startswith("holdfast")} == {"holdfast"}
    assert not loaded & {"apsw", "cryptography", "zstandard", "msgspec", "sqlite3", "argparse"}


def test_help_loads_no_room() -> None:
    """`holdfast --help` answers without loading what only the commands need."""
    code = (
        "import sys, json\n"
        "from holdfast.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print('\\n' + json.dumps(sorted(sys.modules)))"
    )
    loaded = set(json.loads(run_child(code).splitlines()[-1]))
    assert not loaded & {"apsw", "cryptography", "zstandard", "msgspec", "sqlite3"}


def test_importing_has_no_side_effects() -> None:
    """Importing every module starts no thread and changes no signal, logger or variable."""
    code = f"""
import importlib, logging, os, signal, sys, threading, warnings
def state():
    return (
        dict(os.environ), os.getcwd(), os.umask(os.umask(0o22)),
        [signal.getsignal(each) for each in sorted(signal.valid_signals())],
        list(logging.root.handlers), logging.root.level, threading.active_count(),
        list(warnings.filters), sys.excepthook, sorted(os.listdir("/proc/self/fd")),
    )
for name in {modules()!r}:
    if name.startswith("holdfast.sources.sqlite.agent"):
        continue  # apsw opens nothing, but it sets a signal-safe random source of its own
before = state()
for name in {modules()!r}:
    importlib.import_module(name)
after = state()
print([index for index, (one, two) in enumerate(zip(before, after)) if one != two])
"""
    assert run_child(code).strip() == "[]"


def all_errors() -> list[type[HoldfastError]]:
    for name in modules():
        importlib.import_module(name)
    found = [HoldfastError]
    for each in found:  # grows while it is walked
        found.extend(derived for derived in each.__subclasses__() if derived not in found)
    return [each for each in found if each.__module__.startswith("holdfast.")]


def test_errors_stand_in_one_place() -> None:
    """Every error that can reach a user is defined in errors.py, so that faces can map them."""
    assert {each.__module__ for each in all_errors()} == {"holdfast.errors"}


def test_every_error_has_a_code_of_its_own() -> None:
    """Codes tell errors apart for programs, so no two classes share one."""
    codes = [each.code for each in all_errors()]
    assert sorted(codes) == sorted(set(codes))


def test_every_error_is_in_the_tree_of_the_docstring() -> None:
    """The tree that errors.py draws is complete and up to date."""
    drawing = sys.modules["holdfast.errors"].__doc__ or ""
    drawn = {line.strip(" │├└─") for line in drawing.splitlines() if line.startswith("    ")}
    assert drawn == {each.__name__ for each in all_errors()}


def test_the_page_of_errors_is_current() -> None:
    """docs/reference/errors.md is what `make reference` writes."""
    assert set(error_classes()) == set(all_errors())
    assert ERRORS_PAGE.read_text() == errors_page()
