"""How long the tests of consistency under load (R07) go on."""

from __future__ import annotations

import os

VARIABLE = "HOLDFAST_TEST_LOAD_BACKUPS"


def backups_under_load(usual: int) -> int:
    """Return how many backups such a test makes: `make soak` asks for 200, by a variable."""
    return int(os.environ.get(VARIABLE, usual))
