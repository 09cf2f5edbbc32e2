"""The commands by name. Their modules are imported only when they are used."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from holdfast.cli.context import Context


class CommandModule(Protocol):
    """What each module in `commands` offers."""

    add_arguments: Callable[[ArgumentParser], None]
    run: Callable[[Context], int]


class Command(NamedTuple):
    """One command.

    Attributes:
        examples: Command lines without the leading `holdfast`, each with what it does.
        module: Its module in `commands`, where that is not its name.
    """

    name: str
    summary: str
    examples: tuple[tuple[str, str], ...]
    module: str = ""

    def load(self) -> CommandModule:
        """Import the module of the command."""
        name = f"holdfast.cli.commands.{self.module or self.name}"
        return cast("CommandModule", importlib.import_module(name))


GROUPS: tuple[tuple[str, tuple[Command, ...]], ...] = (
    (
        "Backups",
        (
            Command(
                "init",
                "Make a new repository",
                (
                    ("init", "in ./backups, asking for a password"),
                    ("init --repo /mnt/backups --password-file ~/.holdfast", "at another place"),
                    ("init --recovery-kit kit.txt", "with a page to keep elsewhere"),
                    ("init --no-encrypt", "readable by anyone who can read the files"),
                ),
            ),
            Command(
                "create",
                "Make a backup",
                (
                    ("create", "of everything that holdfast.toml names"),
                    (
                        'create --description "Pre-deployment backup" --tags production deployment',
                        "with notes to find it by",
                    ),
                    ("create --encrypt --compress --verify", "and prove that it is intact"),
                    (
                        "create --database app.db --directory thumbnails=./data/thumbnails",
                        "without a configuration file",
                    ),
                ),
            ),
            Command(
                "list",
                "List the backups, newest first",
                (
                    ("list --limit 10", "the newest ten"),
                    ("list --tag production --json", "for a program"),
                    ("list --repo /mnt/backups", "of a repository, without a configuration"),
                ),
            ),
            Command(
                "show",
                "Show what one backup holds",
                (
                    ("show latest", "the newest backup"),
                    ("show backup_20231116_143022 --json", "with its manifest, for a program"),
                ),
            ),
            Command(
                "verify",
                "Prove that a backup is intact and readable",
                (
                    ("verify backup_20231116_143022", "by its id"),
                    ("verify latest", "the newest backup"),
                ),
            ),
            Command(
                "drill",
                "Prove that a backup restores, in a scratch place",
                (
                    ("drill latest", "restore it, check it, remove it again"),
                    (
                        'drill latest --expect "select count(*) > 0 from users"',
                        "with a question of your own",
                    ),
                ),
            ),
            Command(
                "stats",
                "Show the repository in numbers",
                (("stats", "sizes, savings, ages"),),
            ),
        ),
    ),
    (
        "Restoring",
        (
            Command(
                "restore",
                "Restore a backup: in place, or into a new place",
                (
                    ("restore latest --dry-run", "what would change"),
                    ("restore backup_20231116_143022", "in place; asks first"),
                    ("restore latest --into ./restored", "beside the live data"),
                    ("restore latest --path files/thumbnails/a.jpg", "one file, in place"),
                    ("restore app-backup-2023-11-16-14-30-22.zip", "from an exported archive"),
                    (
                        "restore --repo /mnt/backups latest --into ./restored",
                        "on a fresh machine, without a configuration",
                    ),
                ),
            ),
            Command(
                "guard",
                "Back up, run a command that changes the data, and bring them back if it fails",
                (
                    ("guard -- alembic upgrade head", "any command, without a shell"),
                    ("guard --keep -- python manage.py migrate", "leave a failed state to look at"),
                    ("guard --timeout 600 -- make migrate", "end it after ten minutes"),
                ),
            ),
            Command(
                "undo",
                "Put back what the last restore replaced",
                (("undo --dry-run", "what would change"), ("undo", "asks first")),
            ),
            Command(
                "recover",
                "Finish or take back a restore that was interrupted",
                (
                    ("recover", "as every command does first"),
                    ("recover --give-up", "where that is not possible: leave all as it is"),
                ),
            ),
        ),
    ),
    (
        "Keeping and removing",
        (
            Command(
                "keep",
                "Keep a backup whatever the retention rules say",
                (("keep backup_20231116_143022", "for ever, or until `unkeep`"),),
            ),
            Command(
                "unkeep",
                "Let the retention rules decide on a backup again",
                (("unkeep backup_20231116_143022", "by its id"),),
                "keep",
            ),
            Command(
                "delete",
                "Remove one backup",
                (
                    ("delete backup_20231116_143022", "asks first"),
                    ("delete backup_20231116_143022 --yes", "does not ask"),
                ),
            ),
            Command(
                "cleanup",
                "Remove old backups by the retention rules, and free their space",
                (
                    ("cleanup --dry-run", "what would go and what stays, with the reasons"),
                    ("cleanup --keep 7", "keep the newest seven"),
                    ("cleanup --daily 7 --weekly 4 --monthly 12 --yes", "does not ask"),
                ),
            ),
        ),
    ),
    (
        "Archives",
        (
            Command(
                "export",
                "Write a backup to a portable file that opens without Holdfast",
                (
                    ("export latest", "as <app>-backup-YYYY-MM-DD-HH-MM-SS.zip"),
                    ("export latest -o app.zip.age", "encrypted by a passphrase"),
                    ("export latest -o app.db.gz", "only the database"),
                    ("export latest -o shop.sql.gz", "the database of a server, as SQL text"),
                ),
            ),
            Command(
                "import",
                "Keep a portable file as a backup in the repository",
                (("import app-backup-2023-11-16-14-30-22.zip", "checked before it is taken"),),
                "import_",
            ),
        ),
    ),
    (
        "The repository",
        (
            Command(
                "check",
                "Check the repository for damage",
                (
                    ("check", "its structure"),
                    ("check --read-data", "every stored byte"),
                    ("check --read-data-subset 1/7", "a seventh of them"),
                ),
            ),
            Command(
                "prune",
                "Free the space that no backup uses any more",
                (("prune --dry-run", "how much that is"), ("prune", "free it")),
            ),
            Command(
                "keys",
                "List, add, remove and change the repository's passwords; keep one elsewhere",
                (
                    ("keys list", "who has one"),
                    ("keys add", "a further password; asks for it twice"),
                    ("keys change", "another password in the place of the present one"),
                    ("keys remove 4d1f", "by its id"),
                    ("keys recovery -o kit.txt", "a page with a key of its own, to keep elsewhere"),
                    ("keys confirm", "the password is kept elsewhere; asks to type it"),
                    ("keys drill", "prove that the recovery key opens; asks for it"),
                ),
            ),
            Command(
                "unlock",
                "Remove the locks that dead processes left",
                (("unlock", "stale ones"), ("unlock --all", "all, also those in use")),
            ),
            Command(
                "repair",
                "Rebuild the repository's index from what is stored",
                (
                    ("repair index --dry-run", "what would be found"),
                    ("repair index", "when `check` says that the index is damaged"),
                ),
            ),
            Command(
                "catalog",
                "Rebuild or update the catalog of jobs and users, or say where it is",
                (
                    ("catalog rebuild", "after it was lost, from the backups themselves"),
                    ("catalog migrate", "before a new version starts; servers do so themselves"),
                    ("catalog path", "to know what to keep a copy of"),
                ),
            ),
            Command(
                "notify",
                "List and test the channels on which people are told how backups fare",
                (
                    ("notify list", "which there are, and what was sent last"),
                    ("notify test", "a message on each of them"),
                    ("notify test ops", "on one"),
                ),
            ),
            Command(
                "config",
                "Show the settings and where each came from",
                (("config show", "secrets are not shown"), ("config show --json", "for a program")),
            ),
        ),
    ),
    (
        "Server",
        (
            Command(
                "serve",
                "Offer the REST API and a page, and keep the schedules",
                (
                    ("serve", "at http://127.0.0.1:8080/"),
                    (
                        "serve --host 10.0.0.5 --tls-certificate cert.pem --tls-key key.pem",
                        "on the network; --allowed-host gives the name that it has there",
                    ),
                    ("serve --check", "only say what would be served"),
                ),
            ),
            Command(
                "users",
                "Add, list, change or remove the users of the server",
                (
                    ("users add anna --role admin", "asks for a password"),
                    ("users list", "who there is"),
                    ("users role ben --role viewer", "may only look from now on"),
                    ("users passwd anna", "a new password; logged out everywhere"),
                ),
            ),
            Command(
                "tokens",
                "Add, list or revoke the API tokens of programs",
                (
                    (
                        "tokens add anna --name nightly --permission read --permission run",
                        "prints the token, once",
                    ),
                    ("tokens list", "whose, for what, until when"),
                ),
            ),
        ),
    ),
)

COMMANDS = {command.name: command for _, commands in GROUPS for command in commands}
