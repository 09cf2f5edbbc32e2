"""Four weeks of the sample application: `python -m examples.sample_app.history --in DIR`.

Every backup, check, restore and failure in it happened: the server of `examples.sample_app.office`
did it when its clock stood there, asked by its schedule or by one of the people. `DIR` then holds
the application, its configuration, the repository, and the catalog of jobs and users.

Whoever opens it as a page sees a plan that is protected, and how it came to be so.
"""

from __future__ import annotations

import argparse
import random
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from examples.sample_app.build import DATABASE_NAME, THUMBNAILS_NAME, build
from examples.sample_app.office import Office, Person, Refused, open_office
from examples.sample_app.trading import cheapest_price, spoil_prices, trade

ZONE = ZoneInfo("Europe/Vienna")
NIGHTS = 27
PEOPLE = {"anna": "admin", "otto": "operator", "vera": "viewer"}
NIGHTLY = clock_time(3, 0)
OPENING = clock_time(9, 0)
"""After a nightly run: the schedule is to find the first one undone on the next night."""
CONFIGURATION = """
[schedule]
enabled = true
cron = "0 3 * * *"
timezone = "Europe/Vienna"

[retention]
keep_daily = 14
keep_weekly = 8
keep_monthly = 12
keep_tags = ["release"]
"""
_BIT_LATER = timedelta(minutes=2)


@dataclass(order=True)
class Deed:
    """What is done at one moment."""

    at: datetime
    do: Callable[[], object] = field(compare=False)


class Story:
    """What happens in the weeks before `now`.

    Args:
        directory: Where the application is.
        now: No deed is later.
    """

    def __init__(self, directory: Path, office: Office, password: str, now: datetime) -> None:
        self._app = directory / "app"
        self._office = office
        self._now = now
        self._chance = random.Random(1887)
        self._anna, self._otto, self._vera = (office.person(name, password) for name in PEOPLE)
        self._password = password

    def tell(self) -> None:
        """Let all of it happen, one after the other."""
        for deed in sorted(self._deeds()):
            if deed.at < self._now:
                self._office.clock.set(max(deed.at, self._office.clock.now()))
                deed.do()

    def _deeds(self) -> Iterator[Deed]:
        """Yield what is done, in no order; days are counted back from today."""
        yield self._at(NIGHTS, "09:20", self._found_office)
        yield self._at(NIGHTS, "10:05", self._first_backup)
        for ago in range(NIGHTS, -1, -1):
            yield self._at(ago, "17:45", partial(self._trade, ago))
            yield from self._night(ago)
        for ago in range(NIGHTS - 1, 1, -1):
            if self._day(ago).weekday() in (0, 2, 4):
                yield self._at(ago, "08:40", self._verify_newest)
        for ago in (22, 15, 8, 1):
            yield self._at(ago, "15:10", self._drill_newest)
        for ago in (20, 13, 6):
            yield self._at(ago, "11:30", self._check_repository)
        yield self._at(24, "13:55", lambda: self._release("Before release 2.4", verify=True))
        yield self._at(21, "09:05", self._after_partial)
        yield self._at(17, "08:15", self._retry_failed)
        yield self._at(11, "14:20", lambda: spoil_prices(self._app))
        yield self._at(11, "14:35", self._restore_prices)
        yield self._at(9, "10:10", self._forget_password)
        yield self._at(5, "13:50", lambda: self._release("Before release 2.5", verify=True))
        yield self._at(4, "16:25", self._copy_for_auditors)
        yield self._at(3, "11:15", self._only_pictures)

    def _night(self, ago: int) -> Iterator[Deed]:
        runs = {21: self._night_without_pictures, 17: self._night_without_database}
        if ago < NIGHTS:
            run = runs.get(ago, self._run)
            yield Deed(self._local(ago, NIGHTLY), lambda: run(self._local(ago, NIGHTLY)))

    def _at(self, ago: int, at: str, do: Callable[[], object]) -> Deed:
        return Deed(self._local(ago, clock_time.fromisoformat(at)), do)

    def _local(self, ago: int, at: clock_time) -> datetime:
        return datetime.combine(self._day(ago), at, ZONE).astimezone(UTC)

    def _day(self, ago: int) -> date:
        return self._now.astimezone(ZONE).date() - timedelta(days=ago)

    # What the people do

    def _found_office(self) -> None:
        self._office.service.init_repository()
        self._office.set_up(self._anna)
        self._anna.log_in()
        for person in (self._otto, self._vera):
            body = {
                "username": person.name,
                "role": PEOPLE[person.name],
                "password": person.password,
            }
            self._anna.ask("POST", "users", body)
        token = {"name": "monitoring", "permissions": ["read"], "expires_in_days": 365}
        self._anna.ask("POST", "tokens", token)

    def _first_backup(self) -> None:
        made = self._anna.ask(
            "POST", "backups", {"description": "The first, before going live", "tags": ["go-live"]}
        )
        self._anna.ask("POST", f"backups/{made['backup_id']}/verify")
        self._anna.ask("PATCH", f"backups/{made['backup_id']}", {"keep": True})
        self._anna.log_out()

    def _trade(self, ago: int) -> None:
        trade(self._app, self._local(ago, clock_time(17, 45)), self._chance)

    def _verify_newest(self) -> None:
        with at_work(self._otto) as otto:
            otto.ask("POST", f"backups/{newest(otto)}/verify")

    def _drill_newest(self) -> None:
        with at_work(self._otto) as otto:
            otto.ask("POST", f"backups/{newest(otto)}/drill")

    def _check_repository(self) -> None:
        with at_work(self._otto) as otto:
            otto.ask("POST", "repository/check", {"read_data": True})

    def _release(self, description: str, *, verify: bool) -> None:
        body = {"description": description, "tags": ["release"], "verify": verify}
        with at_work(self._otto) as otto:
            otto.ask("POST", "backups", body)

    def _after_partial(self) -> None:
        body = {"description": "The disk of the thumbnails is back", "tags": ["by-hand"]}
        with at_work(self._otto) as otto:
            otto.ask("POST", "backups", body)

    def _retry_failed(self) -> None:
        with at_work(self._otto) as otto:
            failed = otto.ask("GET", "jobs?status=failed&limit=1")["jobs"][0]
            otto.ask("POST", f"jobs/{failed['id']}/retry")

    def _restore_prices(self) -> None:
        """An update went wrong: last night's backup comes back, what is there is kept."""
        with at_work(self._anna) as anna:
            backup = newest(anna)
            seen = anna.ask("POST", f"backups/{backup}/restore", {"dry_run": True})
            anna.ask("POST", f"backups/{backup}/restore", {"confirmation": seen["confirmation"]})
        if not cheapest_price(self._app):
            raise Refused("The restore did not bring the prices back")

    def _forget_password(self) -> None:
        for _ in range(2):
            with suppress(Refused):
                self._vera.log_in("not this one either")
        self._vera.log_in()

    def _copy_for_auditors(self) -> None:
        with at_work(self._anna) as anna:
            backup = newest(anna)
            anna.ask("POST", f"backups/{backup}/download-link", {"minutes": 60})
            anna.ask("PATCH", f"backups/{backup}", {"keep": True, "tags": ["audit-2026"]})

    def _only_pictures(self) -> None:
        body = {"description": "Pictures only, before they are resized", "sources": ["thumbnails"]}
        with at_work(self._otto) as otto:
            otto.ask("POST", "backups", body)

    # What the schedule does

    def _run(self, at: datetime) -> None:
        self._office.scheduled_run(at)

    def _night_without_pictures(self, at: datetime) -> None:
        with away(self._app / THUMBNAILS_NAME):
            self._run(at)

    def _night_without_database(self, at: datetime) -> None:
        with away(self._app / DATABASE_NAME):
            self._run(at)


@contextmanager
def at_work(person: Person) -> Iterator[Person]:
    """Have somebody logged in for a while."""
    person.log_in()
    yield person
    person.log_out()


@contextmanager
def away(path: Path) -> Iterator[None]:
    """Have a file or folder elsewhere for a while, as a disk that is not mounted is."""
    elsewhere = path.with_name(f".{path.name}.away")
    path.rename(elsewhere)
    try:
        yield
    finally:
        elsewhere.rename(path)


def newest(person: Person) -> str:
    """Return the id of the newest backup that is stored whole."""
    found = person.ask("GET", "backups?status=completed&limit=1")["backups"][0]
    return str(found["id"])


def make_history(directory: Path, password: str, *, now: datetime | None = None) -> None:
    """Make it in the new directory `directory`.

    Args:
        password: Of each of the people.
        now: When it ends; the machine's own time by default.
    """
    now = now or datetime.now(UTC) - _BIT_LATER
    directory.mkdir(parents=True)
    furnish(directory)
    first = now.astimezone(ZONE).date() - timedelta(days=NIGHTS)
    begin = datetime.combine(first, OPENING, ZONE).astimezone(UTC)
    with open_office(directory, begin) as office:
        Story(directory, office, password, now).tell()


def furnish(directory: Path) -> None:
    """Put the application and its configuration into a directory."""
    sample = Path(__file__).with_name("holdfast.toml").read_text()
    (directory / "holdfast.toml").write_text(sample + CONFIGURATION)
    secret = directory / "password"
    secret.touch(mode=0o600)
    secret.write_text(f"{secrets.token_urlsafe(24)}\n")
    build(directory / "app")


def main() -> int:
    """Make it where the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument(
        "--in", dest="directory", type=Path, required=True, metavar="DIR", help="a new directory"
    )
    parser.add_argument(
        "--password-file",
        type=Path,
        metavar="FILE",
        help=f"the password of {', '.join(PEOPLE)} (default: one is made and shown)",
    )
    arguments = parser.parse_args()
    file: Path | None = arguments.password_file
    password = file.read_text().strip() if file else secrets.token_urlsafe(12)
    begun_s = time.monotonic()
    make_history(arguments.directory, password)
    print(f"{NIGHTS} nights and days in {time.monotonic() - begun_s:.0f} s")
    if file is None:
        print(f"{', '.join(PEOPLE)} log in with the password {password}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
