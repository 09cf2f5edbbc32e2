from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.server.site import Site, running


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A server with a user of each role: anna is admin, otto operator, vera viewer."""
    with running(tmp_path) as made:
        yield made


@pytest.fixture
def empty_site(tmp_path: Path) -> Iterator[Site]:
    """A server without users."""
    with running(tmp_path, users=False) as made:
        yield made


@pytest.fixture(scope="module")
def shared_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server for tests that change nothing that others look at."""
    with running(tmp_path_factory.mktemp("shared-site")) as made:
        yield made
