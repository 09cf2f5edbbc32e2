"""The parsers: options that every command knows, and one parser for each command.

The line is parsed in two steps. The first finds the options before the command and the command
itself; the second, of that command only, gets the rest. Options that every command knows are in
both, without defaults, so that neither step forgets what the other found.
"""

from __future__ import annotations

from argparse import (
    REMAINDER,
    SUPPRESS,
    Action,
    ArgumentParser,
    BooleanOptionalAction,
    Namespace,
    RawDescriptionHelpFormatter,
    _ArgumentGroup,
)
from collections.abc import Sequence
from typing import Any, NoReturn

from holdfast import __version__
from holdfast.cli.table import COMMANDS, GROUPS, Command
from holdfast.errors import UsageError

EXIT_STATUSES = """\
exit statuses:
  0    done
  1    failed
  2    the command line or the configuration is wrong, or a confirmation is missing
  3    partly done: some paths could not be captured
  10   there is no repository
  11   the repository is locked, or another run is under way
  12   the password is missing or wrong
  130  interrupted (143: ended by SIGTERM)"""


class Parser(ArgumentParser):
    """An argument parser that raises `UsageError` and takes no abbreviated options."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Raise the message as an error like any other."""
        raise UsageError(message, hint=f"See `{self.prog} --help`.")


class SettingAction(Action):
    """Note an option as the value of a setting, with the option's name as its origin."""

    def __init__(
        self, option_strings: Sequence[str], dest: str, *, setting: str, **options: Any
    ) -> None:
        del dest
        super().__init__(option_strings, SUPPRESS, default=SUPPRESS, **options)
        self.setting = setting

    def __call__(
        self,
        parser: ArgumentParser,
        namespace: Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Keep the last value given."""
        del parser
        namespace.flags[self.setting] = (option_string or self.option_strings[0], values)


class SwitchSettingAction(SettingAction):
    """Set a setting by an option that takes no value: `const`."""

    def __init__(self, option_strings: Sequence[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **options)

    def __call__(
        self,
        parser: ArgumentParser,
        namespace: Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Take the constant."""
        del values
        super().__call__(parser, namespace, self.const, option_string)


class RepeatedSettingAction(SettingAction):
    """Gather every use of an option into one list."""

    def __call__(
        self,
        parser: ArgumentParser,
        namespace: Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Add a value."""
        _, before = namespace.flags.get(self.setting, ("", []))
        super().__call__(parser, namespace, [*before, values], option_string)


class OnceAction(BooleanOptionalAction):
    """`--x` or `--no-x`, but not both."""

    def __call__(
        self,
        parser: ArgumentParser,
        namespace: Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Keep what was said, and refuse its opposite."""
        before = getattr(namespace, self.dest)
        super().__call__(parser, namespace, values, option_string)
        if before is not None and before != getattr(namespace, self.dest):
            parser.error(f"{' and '.join(self.option_strings)} exclude each other")


class _RootParser(Parser):
    def error(self, message: str) -> NoReturn:
        if message.startswith("the following arguments are required: command"):
            raise UsageError("No command was given", hint="`holdfast --help` lists the commands.")
        super().error(message)


def parse(arguments: Sequence[str]) -> tuple[Command, Namespace]:
    """Parse a command line.

    Raises:
        UsageError: It cannot be understood.
        SystemExit: It asked for help or the version, which was printed.
    """
    namespace = Namespace(
        config=None, plan=None, json=False, quiet=False, verbose=False, no_color=False, flags={}
    )
    # The first step would take two dashes for its own; they stand before what is no option.
    end = arguments.index("--") if "--" in arguments else len(arguments)
    root_parser().parse_args(arguments[:end], namespace)
    command = _find_command(namespace.command)
    command_parser(command).parse_args([*namespace.rest, *arguments[end:]], namespace)
    return command, namespace


def root_parser() -> Parser:
    """Make the parser of what stands before the command, and of the command's name."""
    parser = _RootParser(
        prog="holdfast",
        usage="holdfast [options] COMMAND [arguments]",
        description="Back up databases, files and settings; prove the backups; restore them.",
        epilog=f"{_command_list()}\n\n`holdfast COMMAND --help` explains a command.\n\n"
        f"{EXIT_STATUSES}",
    )
    parser.add_argument("--version", action="version", version=f"holdfast {__version__}")
    add_common_options(parser)
    parser.add_argument("command", help=SUPPRESS)
    parser.add_argument("rest", nargs=REMAINDER, help=SUPPRESS)
    return parser


def command_parser(command: Command) -> Parser:
    """Make the parser of one command's arguments; imports the command's module."""
    parser = Parser(
        prog=f"holdfast {command.name}",
        description=f"{command.summary}.",
        epilog=f"{_examples(command)}\n\n{EXIT_STATUSES}",
    )
    module = command.load()
    module.add_arguments(parser)
    # The usage names what is the command's own; eight more options would bury it.
    usage = parser.format_usage().removeprefix("usage: ").rstrip()
    parser.usage = f"{usage.replace('%', '%%')} [common options]"
    add_common_options(parser)
    return parser


def add_common_options(parser: ArgumentParser) -> None:
    """Add the options that stand before or after every command."""
    group = parser.add_argument_group("common options")
    group.add_argument(
        "--repo",
        action=SettingAction,
        setting="repository",
        metavar="DIR",
        help="directory of the repository (default: ./backups)",
    )
    group.add_argument(
        "--config",
        metavar="FILE",
        default=SUPPRESS,
        help="configuration file (default: ./holdfast.toml, if there is one)",
    )
    group.add_argument(
        "--plan",
        metavar="NAME",
        default=SUPPRESS,
        help="the plan that is meant, where the configuration file has several",
    )
    group.add_argument(
        "--password-file",
        action=SettingAction,
        setting="encryption.password_file",
        metavar="FILE",
        help="read the repository's password from a file",
    )
    group.add_argument(
        "--password-command",
        action=SettingAction,
        setting="encryption.password_command",
        metavar="COMMAND",
        help="run a command, without a shell, that prints the repository's password",
    )
    for name, text in (
        ("--json", "print one JSON document on standard output"),
        ("--quiet", "print only results, warnings and errors"),
        ("--verbose", "show the traceback of unexpected errors"),
        ("--no-color", "print without colours (as NO_COLOR does)"),
    ):
        group.add_argument(name, action="store_true", default=SUPPRESS, help=text)


def add_source_options(parser: ArgumentParser) -> None:
    """Add the options that name what is protected, in the place of `holdfast.toml`."""
    group = parser.add_argument_group("what is protected (in the place of holdfast.toml)")
    group.add_argument(
        "--database",
        action=SettingAction,
        setting="database_url",
        metavar="URL",
        help="a database: sqlite:///./data/app.db, or the path of an SQLite file;"
        " postgresql://, mysql:// or mariadb://USER@HOST/NAME",
    )
    group.add_argument(
        "--container",
        action=SettingAction,
        setting="container",
        metavar="NAME",
        help="the running container that the database is in (docker:NAME, podman:NAME)",
    )
    group.add_argument(
        "--tables",
        action=RepeatedSettingAction,
        setting="tables",
        metavar="TABLE",
        help="a table to export as JSON besides, * for all (repeatable)",
    )
    group.add_argument(
        "--directory",
        action=RepeatedSettingAction,
        setting="directories",
        metavar="LABEL=PATH",
        help="a directory, under its name in the backup (repeatable)",
    )
    group.add_argument(
        "--exclude",
        action=RepeatedSettingAction,
        setting="exclude",
        metavar="PATTERN",
        help="leave out what matches, in every directory (repeatable)",
    )
    group.add_argument(
        "--settings-table",
        action=SettingAction,
        setting="settings.table",
        metavar="TABLE",
        help="the table of the database that keeps the application's settings",
    )


def add_yes_option(
    parser: ArgumentParser, explanation: str = "do not ask for confirmation"
) -> None:
    """Add the option that answers the question before a destructive act."""
    parser.add_argument("--yes", action="store_true", help=explanation)


def add_trust_option(parser: ArgumentParser) -> None:
    """Add the option that answers for whoever made an archive."""
    parser.add_argument(
        "--trust-dump",
        action="store_true",
        help="restore the database of an archive with the rights of a superuser: whoever made it"
        " could then run anything on the database server",
    )


def add_confirm_option(parser: ArgumentParser) -> None:
    """Add the option that names the live data which are to be replaced."""
    parser.add_argument(
        "--confirm",
        metavar="NAME",
        help="replace the live data of exactly this name or fingerprint (the dry run shows it),"
        " without being asked; needed where restore.target_name is set",
    )


def add_kept_option(parser: ArgumentParser | _ArgumentGroup) -> None:
    """Add the option that confirms that the password is kept elsewhere."""
    parser.add_argument(
        "--password-kept-elsewhere",
        action="store_true",
        help="confirm that the password can be found when this machine is lost",
    )


def _find_command(name: str) -> Command:
    if name in COMMANDS:
        return COMMANDS[name]
    import difflib

    near = difflib.get_close_matches(name, COMMANDS, n=1)
    raise UsageError(
        f"There is no command {name}",
        hint=f"Did you mean {near[0]}?" if near else "`holdfast --help` lists the commands.",
    )


def _command_list() -> str:
    width = max(map(len, COMMANDS)) + 2
    blocks = [
        "\n".join([f"{title}:", *(f"  {each.name:{width}}{each.summary}" for each in commands)])
        for title, commands in GROUPS
    ]
    return "\n\n".join(blocks)


def _examples(command: Command) -> str:
    lines = [f"  holdfast {line}\n      {what}" for line, what in command.examples]
    return "\n".join(["examples:", *lines])
