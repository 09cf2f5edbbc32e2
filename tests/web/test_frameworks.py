"""Holdfast in frameworks that it knows nothing of, and in FastAPI with several processes."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.web.contracts.example import ROOT, run_lines, running

PAGES = ROOT / "docs" / "how-to"
TOKEN = {"ADMIN_TOKEN": "let-me-in"}
SECRETS = {"BACKUP_ENCRYPTION_PASSWORD": "a long sentence", **TOKEN}


@pytest.mark.parametrize(
    ("factory", "server"),
    [
        ("examples.flask_app.app", ("flask", "--app", "{}", "run")),
        ("examples.litestar_app.app:create_app", ("uvicorn", "--factory", "{}")),
    ],
    ids=["flask", "litestar"],
)
def test_the_lines_of_the_page_run(factory: str, server: tuple[str, ...], tmp_path: Path) -> None:
    """The examples start as documented, and do what their page says."""
    environment = {"GUEST_BOOK": str(tmp_path), **SECRETS}
    with running(factory, environment, tmp_path / "log", server=server) as address:
        said = run_lines(PAGES / "frameworks.md", address, tmp_path, TOKEN)
        stranger = httpx.post(f"http://{address}/admin/backups")
    assert stranger.status_code == 401
    assert '"completed"' in said
    assert said.rstrip().endswith('["Ada"]')


def test_the_camera_serves_backups_from_four_processes(tmp_path: Path) -> None:
    """The lines of the page about FastAPI, each answered by whichever process gets it."""
    environment = {"CAMERA": str(tmp_path), **SECRETS}
    server = ("uvicorn", "--factory", "{}", "--workers", "4")
    factory = "examples.fastapi_app.app:create_app"
    with running(factory, environment, tmp_path / "log", server=server) as address:
        said = run_lines(PAGES / "embed.md", address, tmp_path, TOKEN)
    assert said.rstrip().endswith("1")
    assert '"status":"completed"' in said
