"""What the browser visits: `holdfast serve` as a process of its own, over real backups."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from examples.sample_app.history import ZONE
from tests.page.proxy import Mode, proxied
from tests.rig.history import PASSWORD
from tests.web.server.process import PATIENCE_S, Server, serving

PREFIX = "/tools/backup"
_HALF_A_DAY = timedelta(hours=12)
_STEP_UP_MINUTES = 600


@dataclass(frozen=True, eq=False)
class Site:
    """A server with users of each role: anna is admin, otto operator, vera viewer.

    Attributes:
        root: The directory of the application and its backups.
        url: Where the page is; ends with a slash.
    """

    root: Path
    url: str
    server: Server
    _cookies: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """The host and port that everything must come from."""
        return str(httpx.URL(self.url).copy_with(path="/"))

    @contextmanager
    def client(self, user: str = "anna") -> Iterator[httpx.Client]:
        """Give a client of the interface that is logged in."""
        with httpx.Client(base_url=f"{self.url}api/v1", timeout=PATIENCE_S) as client:
            login = {"username": user, "password": PASSWORD}
            answer = client.post("auth/login", json=login)
            assert answer.status_code == 200, answer.text
            yield client

    def cookie(self, user: str) -> Any:
        """Return what a browser keeps of a login; all tests share one for each user."""
        if user not in self._cookies:
            with self.client(user) as client:
                (cookie,) = client.cookies.jar
            self._cookies[user] = {
                "name": cookie.name,
                "value": cookie.value,
                "domain": cookie.domain,
                "path": cookie.path,
            }
        return self._cookies[user]


SiteAt = Callable[[str], Site]
"""Gives a site by the name of its fixture; see the fixture `site_at`."""


@contextmanager
def site_of(root: Path, *, behind: Mode | None = None) -> Iterator[Site]:
    """Serve a copy of the history until the block ends.

    Args:
        behind: A proxy that puts it below `PREFIX`.
    """
    with ExitStack() as stack:
        _configure(root / "holdfast.toml", root_path=PREFIX if behind else "")
        server = stack.enter_context(serving(root))
        url = stack.enter_context(proxied(server.url, PREFIX, behind)) if behind else server.url
        site = Site(root, url, server)
        _keep_schedule_away(site)
        yield site


def _configure(file: Path, root_path: str) -> None:
    """Have a login, which all tests share, last as long as they do, and locks be waited for.

    Copies go beside the application instead of a directory that all tests of a machine share.
    """
    server = f'[server]\nstep_up_minutes = {_STEP_UP_MINUTES}\nroot_path = "{root_path}"\n'
    restore = f'[restore]\ncopies_dir = "{file.parent / "restored"}"\n'
    file.write_text(f"busy_timeout_s = {PATIENCE_S}\n{file.read_text()}\n{server}\n{restore}")


def _keep_schedule_away(site: Site) -> None:
    """Have the nightly backup at an hour when no test runs: half a day from now."""
    hour = (datetime.now(UTC) + _HALF_A_DAY).astimezone(ZONE).hour
    with site.client() as client:
        found = client.get("schedule")
        kept = {
            name: found.json()[name] for name in ("timezone", "enabled", "retention", "misfire")
        }
        changed = {**kept, "cron": f"0 {hour} * * *"}
        answer = client.put("schedule", json=changed, headers={"If-Match": found.headers["ETag"]})
        assert answer.status_code == 200, answer.text
