"""The recovery kit: one page with a key of its own, and how to get the backups back with it.

The page is durable before its key is made, so that no key exists which nobody has. Killed in
between, a page is left whose key opens nothing, and set-up still counts as unfinished.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path

from holdfast.errors import NotEnoughSpace, StoreError, TargetExists, UsageError
from holdfast.models.recovery_key import RecoveryKey
from holdfast.operations.escrow import require_encryption
from holdfast.operations.plan import Workplace
from holdfast.repository import KdfParameters, KeyInfo, list_keys
from holdfast.stores.durable import publish, sync_directory, write_file

MAX_KIT_BYTES = 64 * 1024

_KDF = KdfParameters(n=2**10)
"""150 random bits cannot be guessed at any cost, and every password is tried on every key: a
dearer one would slow down all commands, by 0.1 s each."""

_SECRET_LINE = re.compile(r"^Recovery key:[ \t]*(\S.*?)\s*$", re.MULTILINE)
_REPOSITORY_LINE = re.compile(r"^Repository:[ \t]*([0-9a-f]{64})\s*$", re.MULTILINE)
_PAGE = """\
HOLDFAST RECOVERY KIT

Recovery key:  {key}
Repository:    {repository_id}
Place:         {location} (on {hostname})
Made:          {made_at:%Y-%m-%d %H:%M} UTC for {app}

Whoever has this key and the repository can read every backup in it. Print this page, or copy it
into a password manager, and remove the file from this machine: a key that is lost together with
the machine is of no use.

RESTORE ON ANOTHER MACHINE WITH HOLDFAST

Bring the repository there, or a copy of it: the directory with `config`, `keys` and `data`,
called DIR here. Type the key when you are asked for the password; small letters will do.

    holdfast list --repo DIR
    holdfast restore --repo DIR latest --into ./restored

RESTORE WITH RESTIC ALONE (https://restic.net, version 0.14 or newer)

The repository is in restic's format. Type the key as it is printed: capitals and hyphens.

    restic -r DIR snapshots
    restic -r DIR restore ID --target ./restored

Choose the ID from the list. Those tagged pre_restore are safety backups: they hold what a restore
replaced. restic's own "latest" may be one of them, so it is not the word to use here.

TRY IT, TWICE A YEAR

    holdfast keys drill --repo DIR
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryKit:
    """A kit that was written. The secret is in the file only.

    Attributes:
        name: The name of its key, on the page and in the list of keys.
    """

    path: Path
    name: str
    key_id: str
    repository_id: str


@dataclass(frozen=True, slots=True)
class KitContent:
    """What a kit, or a line that somebody typed, says.

    Attributes:
        repository_id: Of which repository it is, where that is said.
    """

    secret: str = field(repr=False)
    repository_id: str | None = None


def export_recovery_kit(work: Workplace, target: Path) -> RecoveryKit:
    """Make a recovery key and write its kit to a new file, or into a directory.

    Raises:
        UsageError: The repository is not encrypted, or the kit would lie inside of it.
        TargetExists: The file is there already; it is left as it is.
        StoreError: The kit cannot be written; no key was made.
    """
    repository = work.repository
    require_encryption(repository)
    key = RecoveryKey.random()
    require_kit_target(target, Path(repository.store.location))
    path = target / f"recovery-kit-{key.name}.txt" if target.is_dir() else target
    path = path.absolute()
    page = _PAGE.format(
        key=key.text,
        repository_id=repository.id,
        location=repository.store.location,
        hostname=os.uname().nodename,
        made_at=work.clock.now().astimezone(UTC),
        app=work.plan.app,
    )
    _write(path, page)
    try:
        info = repository.keys.add(key.text, username=key.user, kdf=_KDF)
    except BaseException:
        _remove_unless_made(path, work, key)
        raise
    return RecoveryKit(path=path, name=key.name, key_id=info.id, repository_id=repository.id)


def read_recovery_kit(text: str) -> KitContent:
    """Find the secret in a kit; a text without one is taken for the secret itself."""
    secret = _SECRET_LINE.search(text)
    repository = _REPOSITORY_LINE.search(text)
    return KitContent(
        secret[1] if secret else text.strip("\r\n"), repository[1] if repository else None
    )


def require_kit_target(path: Path, repository: Path) -> None:
    """Find out whether a kit may be written to a place, before anything is done.

    Raises:
        UsageError: It lies inside of the repository.
        TargetExists: A file is there.
        StoreError: There is no directory to write it into.
    """
    if path.resolve().is_relative_to(repository.resolve()):
        raise UsageError(
            f"{path} is inside the repository, where whoever can read the one has the other",
            hint="Name a place outside of it, best on another medium.",
        )
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise _is_there(path)
    if not path.absolute().parent.is_dir():
        raise StoreError(
            f"The recovery kit cannot be written to {path}: there is no directory {path.parent}",
            hint="No key was made. Name a file in a directory that exists.",
        )


def _is_there(path: Path) -> TargetExists:
    return TargetExists(
        f"{path} is there already",
        hint="Name another file; a kit is never written over anything.",
    )


def _write(path: Path, page: str) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        # A place whose name is no text is escaped; the key is plain ASCII.
        write_file(str(temporary), page.encode("utf-8", "backslashreplace"))
        publish(str(temporary), str(path))
        sync_directory(str(path.parent))
    except FileExistsError:
        raise _is_there(path) from None
    except OSError as error:
        kind = NotEnoughSpace if error.errno == errno.ENOSPC else StoreError
        raise kind(
            f"The recovery kit cannot be written to {path}: {error.strerror}",
            hint="No key was made. Name a file in a directory that can be written.",
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def _remove_unless_made(path: Path, work: Workplace, key: RecoveryKey) -> None:
    """Remove the kit, unless its key was stored after all: then it is the only copy."""
    present: list[KeyInfo] = list_keys(work.repository.store, on_damaged=lambda _: None)
    if not any(each.username == key.user for each in present):
        path.unlink(missing_ok=True)
