"""Applications for the tests: built once, copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.app import App


@pytest.fixture(scope="session")
def _built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return App(tmp_path_factory.mktemp("built")).build().root


@pytest.fixture(scope="session")
def _backed_up(tmp_path_factory: pytest.TempPathFactory, _built: Path) -> Path:
    root = tmp_path_factory.mktemp("backed-up") / "app"
    shutil.copytree(_built, root)
    App(root).do("create", "--description", "first", "--tags", "one", "two")
    return root


@pytest.fixture
def app(tmp_path: Path, _built: Path) -> App:
    """An application without a repository."""
    shutil.copytree(_built, tmp_path / "app")
    return App(tmp_path / "app")


@pytest.fixture
def kept(tmp_path: Path, _backed_up: Path) -> App:
    """An application with one backup, of five users."""
    shutil.copytree(_backed_up, tmp_path / "app")
    return App(tmp_path / "app")
