"""How a backup that restic made is shown."""

from __future__ import annotations

import re

from tests.cli.app import PASSWORD, App
from tests.rig.restic import Restic


def test_sizes_that_are_not_known_are_not_shown_as_nothing(app: App) -> None:
    """A list says `-` where an older restic said nothing; one backup is measured."""
    restic = Restic(app.root / "backups", PASSWORD, app.root / "home")
    restic.init()
    restic.run("backup", "data/thumbnails", cwd=app.root)

    listed = app.do("list").out
    told = "summary" in restic.snapshots()[0]
    assert told or re.search(r"completed +- +-", listed), listed

    shown = app.do("show", "latest").out
    assert re.search(r"Size: +[1-9][0-9.]* (B|KiB)", shown), shown
    assert "0 B" not in shown
    assert re.search(r"Compressed: +(yes|no)\b", shown), shown
