"""`holdfast catalog`: where it is, making it, and making it anew."""

from __future__ import annotations

import stat

import pytest

from tests.cli.app import App


def test_a_lost_catalog_is_rebuilt(kept: App) -> None:
    """R25: it says how many backups were not known; a second time there are none."""
    place = str(kept.root / "backups" / "holdfast" / "catalog.db")
    first = kept.do("catalog", "rebuild", "--json").document
    assert first == {"catalog": {"place": place, "added": 1}}
    assert kept.do("catalog", "rebuild").out == f"0 jobs added to the catalog {place}\n"
    (kept.root / "backups" / "holdfast" / "catalog.db").unlink()
    assert kept.do("catalog", "rebuild").out == f"1 job added to the catalog {place}\n"


def test_the_catalog_is_made_and_found(kept: App) -> None:
    """`path` makes nothing, `migrate` makes a file that only its owner can read."""
    path = kept.root / "backups" / "holdfast" / "catalog.db"
    assert kept.do("catalog", "path").out == f"{path}\n"
    assert not path.exists()
    assert kept.do("catalog", "migrate").out == f"The catalog {path} is up to date\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("action", ["migrate", "rebuild"])
def test_a_catalog_that_cannot_be_used_is_said(kept: App, action: str) -> None:
    path = kept.root / "backups" / "holdfast" / "catalog.db"
    path.write_bytes(b"this is no database" * 100)
    done = kept.run("catalog", action)
    assert (done.status, done.out) == (1, "")
    assert "Traceback" not in done.err
    assert "file is not a database" in done.err
    assert "holdfast catalog rebuild" in done.err
