"""Command lines: where options may stand, what is refused, and how."""

from __future__ import annotations

import json
import shlex

import pytest

from holdfast import __version__
from holdfast.cli.main import main
from holdfast.cli.parser import Parser, add_common_options, command_parser, parse
from holdfast.cli.table import COMMANDS, Command
from holdfast.errors import UsageError

LINES = """
create --encrypt --compress --description "Pre-deployment backup" --tags production deployment
create --encrypt --compress --verify
create --no-encrypt --no-compress
list --limit 10
verify backup_20231116_143022
restore backup_20231116_143022 --no-safety-backup --no-verify --yes
delete backup_20231116_143022 --yes
cleanup --keep 7
stats
""".strip().splitlines()


@pytest.mark.parametrize("line", LINES)
def test_the_promised_lines_parse(line: str) -> None:
    command, _ = parse(shlex.split(line))
    assert command.name == line.split()[0]


def test_create_understands_its_options() -> None:
    _, arguments = parse(shlex.split(LINES[0]))
    assert (arguments.encrypt, arguments.compress) == (True, True)
    assert arguments.description == "Pre-deployment backup"
    assert arguments.tags == ["production", "deployment"]
    _, arguments = parse(["create"])
    assert (arguments.encrypt, arguments.compress, arguments.tags) == (None, None, None)


@pytest.mark.parametrize(
    "line",
    [
        "--repo DIR --json --quiet --password-file F list --limit 3",
        "list --repo DIR --json --quiet --password-file F --limit 3",
        "--repo DIR --quiet list --json --limit 3 --password-file F",
    ],
)
def test_common_options_stand_before_or_after_the_command(line: str) -> None:
    _, arguments = parse(line.split())
    assert (arguments.json, arguments.quiet, arguments.verbose) == (True, True, False)
    assert arguments.limit == 3
    assert arguments.flags == {
        "repository": ("--repo", "DIR"),
        "encryption.password_file": ("--password-file", "F"),
    }


def test_the_option_nearest_the_end_counts() -> None:
    _, arguments = parse(["--repo", "A", "list", "--repo", "B"])
    assert arguments.flags["repository"] == ("--repo", "B")


def test_repeated_options_are_gathered() -> None:
    _, arguments = parse(
        ["create", "--directory", "a=x", "--exclude", "*.tmp", "--directory", "b=y"]
    )
    assert arguments.flags["directories"] == ("--directory", ["a=x", "b=y"])
    assert arguments.flags["exclude"] == ("--exclude", ["*.tmp"])


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("lst", "There is no command lst", "Did you mean list?"),
        ("xyzzy", "There is no command xyzzy", "`holdfast --help` lists the commands."),
        ("list --limit many", "argument --limit: invalid int value: 'many'", "holdfast list"),
        ("list --lim 3", "unrecognized arguments: --lim 3", "holdfast list --help"),
        ("--jso list", "unrecognized arguments: --jso", "holdfast --help"),
        ("list extra", "unrecognized arguments: extra", "holdfast list --help"),
        ("verify", "the following arguments are required: BACKUP", "holdfast verify --help"),
        ("--json", "No command was given", "`holdfast --help` lists the commands."),
        ("--quiet --json", "No command was given", "`holdfast --help` lists the commands."),
        ("create --encrypt --no-encrypt", "--encrypt and --no-encrypt exclude", "create"),
        ("create --no-encrypt --encrypt", "--encrypt and --no-encrypt exclude", "create"),
        ("create --compress --no-compress", "--compress and --no-compress exclude", "create"),
        ("create --password secret", "unrecognized arguments: --password secret", "create"),
    ],
)
def test_what_is_not_understood_is_a_usage_error(line: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(line.split())
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.name)
def test_every_help_has_examples_that_parse_and_the_exit_statuses(command: Command) -> None:
    text = command_parser(command).format_help()
    assert "exit statuses:" in text
    assert command.examples
    for line, _ in command.examples:
        assert f"holdfast {line}" in text
        assert parse(shlex.split(line))[0] is command


def test_every_option_says_what_it_does() -> None:
    common = Parser(prog="x")
    add_common_options(common)
    for parser in (common, *map(command_parser, COMMANDS.values())):
        for action in parser._actions:
            assert action.help, f"{parser.prog}: {action.option_strings or action.dest}"


@pytest.mark.parametrize(
    "line", ["--version --json", "--json --version", "--quiet --json --version"]
)
def test_the_version_is_a_document_where_one_is_wanted(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line.split()) == 0
    assert json.loads(capsys.readouterr().out) == {"version": __version__}


def test_a_version_that_is_the_value_of_an_option_is_not_asked_for() -> None:
    _, arguments = parse(["create", "--json", "--description=--version"])
    assert arguments.description == "--version"
