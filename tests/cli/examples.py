"""The JSON documents of every command, printed by the real program on a real application."""

from __future__ import annotations

import json
import platform
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli.app import App

_PLACE = "/srv/shop"
_HOST = "shop-server"


@dataclass(frozen=True)
class Example:
    """One command line and the document that it printed.

    Attributes:
        says: What the document is, for the reference.
        status: The exit status.
    """

    line: str
    says: str
    document: Any
    status: int = 0


_BACKUP = (
    "`backup` has the fields of `BackupMetadata`. `original_size` is what was captured,"
    " `stored_size` what this backup added to the repository, `compressed_size` its whole content"
    " as stored. `status` is `completed`, `verified`, `partial`, `failed` or `restored`;"
    " `problems` are paths that could not be captured (exit status 3). `reminders` are sentences"
    " of what a person should still do; here and elsewhere usually none."
)
_VERIFICATION = (
    "`verification` names each check. `missing_files` are files that the database names and"
    " the backup lacks, `orphan_files` files that no row names. Where `verified` is false the"
    " exit status is 1."
)
_GUARD = (
    "`guard` says how the command ended and what became of the data; what the command prints is"
    " then on standard error. `restore_command` goes back to before it. Where the command was not"
    " run, or the data could not be brought back, the document is an error as below."
)
_CLEANUP = (
    "`decisions` is the plan: for each backup whether it stays, and why. `paused` says why"
    " the rules are paused. With `--dry-run`, `removed` is empty."
)
_CHECK = (
    "`findings` are what is damaged, each with the `backups` that cannot be restored whole."
    " Where `ok` is false the exit status is 1."
)
_PLAN = (
    "`changes` is the plan; an `action` is `create`, `replace`, `remove`, `unchanged`, or `skip`"
    " for what cannot be put back. `target` is what is there now; its `name` is what `--confirm`"
    " takes."
)
_KEYS = (
    "`current` is the key that opened the repository. `escrow` says whether one is kept elsewhere,"
    " and when that was last tried."
)
_RECOVERY = (
    "`recovery` is null where no restore was interrupted. Else it says which, whether it was"
    " `completed`, and in `given_up` what `--give-up` left where."
)
_LINES: tuple[tuple[str, str], ...] = (
    (
        "init --recovery-kit kit.txt",
        "`repository` is the new repository; `setup` says how its key is kept elsewhere.",
    ),
    ('create --description "Before the sale" --tags production', _BACKUP),
    ("list --limit 1", "`backups` are objects as `create` prints them, newest first."),
    ("show latest", "`backup` as `create` prints it, and the backup's `manifest.json`."),
    (
        "verify latest",
        _VERIFICATION,
    ),
    ("drill latest", "The same as of `verify`, of a real restore; `duration_s` is what it took."),
    (
        "restore latest --dry-run",
        _PLAN,
    ),
    ("restore latest --yes", "`safety_backup_id` is what `undo` puts back."),
    ("undo --yes", "The restore of the safety backup."),
    ("recover", _RECOVERY),
    (
        "guard -- make migrate",
        _GUARD,
    ),
    ("keep latest", "`backup` as `create` prints it."),
    ("unkeep latest", "`backup` as `create` prints it."),
    (
        "cleanup --keep 1",
        _CLEANUP,
    ),
    ("export latest -o shop.zip", "`export` is the file and its size."),
    ("import shop.zip", "`backup` as `create` prints it."),
    ("stats", "`stats` has the fields of `BackupStats`."),
    (
        "check --read-data",
        _CHECK,
    ),
    ("delete latest --yes", "`deleted` is what was removed."),
    ("prune --dry-run", "What a prune would do."),
    ("prune", "What it freed."),
    ("keys list", _KEYS),
    ("keys add --new-password-file second", "`key` is the new key."),
    ("keys recovery -o second.txt", "`recovery_kit` is the file, and the name of its key."),
    ("keys confirm --password-kept-elsewhere", "Set-up is finished."),
    ("keys drill --kit kit.txt", "`unlock_drill` is the proof; `recovery_key` the key's name."),
    ("unlock", "How many locks were removed, and `left`: those of who may be alive."),
    ("repair index --dry-run", "What a rebuild would change; `changed` says whether it was done."),
    (
        "catalog rebuild",
        "`added` is how many backups the catalog did not know. The others print `place` alone.",
    ),
    ("serve --check", "`server` is what would be served, and where its catalog is."),
    (
        "users add anna --role admin --new-password-file second",
        "`user` is the user; `logs_in_by` is `password` or `oidc`.",
    ),
    ("users list", "`users` are all users."),
    (
        "tokens add anna --name nightly --permission read",
        "`token` is shown this once; `details` is what the list shows of it.",
    ),
    ("tokens list", "`tokens` are the API tokens of all users, revoked ones too."),
    (
        "keys change --new-password-file third",
        "`key` is the key in the place of the one that opened the repository.",
    ),
)


def examples(root: Path) -> Iterator[Example]:
    """Run every command in `root` and yield what it printed."""
    root.mkdir()
    app = App(root).build()
    (root / "second").write_text("second password")
    (root / "third").write_text("third password")
    (root / "Makefile").write_text("migrate:\n")
    for line, says in _LINES:
        if line.startswith(("restore latest --dry-run", "cleanup")):
            app.add_user(9)
            app.do("create")
        done = app.do(*shlex.split(with_json(line)))
        yield Example(line, says, _anonymous(done.document, root))
    yield from _of_keys_and_settings(app)


def with_json(line: str) -> str:
    """Return a command line that prints a document; what is behind two dashes is another's."""
    own, dashes, command = line.partition(" -- ")
    return f"{own} --json{dashes}{command}"


def errors(root: Path) -> Example:
    """Return the document of a failure."""
    done = App(root).run("show", "backup_19990101_000000", "--json")
    says = "`code` is stable, [each is listed here](errors.md); `hint` may be `null`."
    return Example("show backup_19990101_000000", says, done.document, done.status)


def _of_keys_and_settings(app: App) -> Iterator[Example]:
    app.environment["BACKUP_ENCRYPTION_PASSWORD"] = "third password"
    keys = app.do("keys", "list", "--json").document["keys"]
    spare = next(key["id"] for key in keys if key["username"].startswith("recovery-"))
    done = app.do("keys", "remove", spare[:8], "--yes", "--json")
    yield Example(f"keys remove {spare[:8]} --yes", "`removed` is the key.", done.document)
    document = _anonymous(app.do("config", "show", "--json").document, app.root)
    document["config"]["settings"] = document["config"]["settings"][:4]
    says = "`settings` are all settings, in the order of [the list](configuration.md); here 4."
    yield Example("config show", says, document)
    with (app.root / "holdfast.toml").open("a") as file:
        file.write('[notify.ops]\nurl = "https://hooks.example.com/not-shown"\n')
    says = (
        "`channels` are the configured ones; `last` is what was sent last: `at`, `event`,"
        " `delivered` and `error`. `notify test` prints `deliveries`, each with `channel`,"
        " `delivered` and `error`; its exit status is 1 where one was not delivered."
    )
    yield Example("notify list", says, app.do("notify", "list", "--json").document)


def _anonymous(document: Any, root: Path) -> Any:
    text = json.dumps(document).replace(str(root), _PLACE)
    text = re.sub(r'"hf_[^"]{43}"', '"hf_3Yt..."', text)  # or programs that look for leaks find one
    return json.loads(text.replace(f'"{platform.node()}"', f'"{_HOST}"'))


def shape(value: Any) -> Any:
    """Return the names and kinds in a document, without its values."""
    match value:
        case dict():
            return {name: shape(item) for name, item in value.items()}
        case list():
            # Lists are of one kind each; how long they are is not part of the shape.
            return [shape(value[0])] if value else []
        case bool():
            return "boolean"
        case int() | float():
            return "number"
    return "text or null"


def same_shape(one: Any, other: Any) -> bool:
    """Return whether two shapes agree; an empty list agrees with any."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            same_shape(one[name], other[name]) for name in one
        )
    if isinstance(one, list) and isinstance(other, list):
        return not one or not other or same_shape(one[0], other[0])
    # A value that is null in one run may be a number in another.
    return bool(one == other) or "text or null" in (one, other)
