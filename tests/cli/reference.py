"""The generated parts of the reference; `python -m tests.cli.reference` writes them anew."""

from __future__ import annotations

import json
import re
import tempfile
from argparse import SUPPRESS, Action
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from holdfast.cli.parser import (
    EXIT_STATUSES,
    Parser,
    add_common_options,
    command_parser,
    root_parser,
)
from holdfast.cli.table import GROUPS, Command
from holdfast.config.fields import FIELDS, Field
from tests.cli.examples import Example, errors, examples, shape, with_json

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
COMMANDS_PAGE = REFERENCE / "cli.md"
SETTINGS_PAGE = REFERENCE / "configuration.md"
DOCUMENTS_PAGE = REFERENCE / "json.md"


def render_commands() -> str:
    """Return the page of the commands."""
    common = Parser(prog="holdfast", add_help=False)
    add_common_options(common)
    lines = [
        "# Commands",
        "",
        "<!-- Generated from the parsers by `make reference`. -->",
        "",
        f"    {root_parser().format_usage().removeprefix('usage: ').strip()}",
        "",
        "`holdfast --help` lists the commands, `holdfast COMMAND --help` explains one, and",
        "`holdfast --version` says which Holdfast it is. `python -m holdfast` is the same program.",
        "Options are written out in full; there are no abbreviations.",
        "",
        "## Common options",
        "",
        "They stand before or after the command.",
        "",
        *_options(common, skip=set()),
        "",
        "## Exit statuses",
        "",
        "| status | meaning |",
        "|---|---|",
        *_exit_statuses(),
    ]
    known = {option for action in common._actions for option in action.option_strings}
    for title, commands in GROUPS:
        lines += ["", f"## {title}"]
        for command in commands:
            lines += ["", *_command(command, known)]
    return "\n".join(lines) + "\n"


def render_settings() -> str:
    """Return the table of all settings."""
    lines = ["| key | option | variable | default | meaning |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *(_setting(field) for field in FIELDS)])


def render_documents(root: Path) -> str:
    """Return a section for each document; runs every command in `root`."""
    sections = [_document(example) for example in examples(root)]
    failure = errors(root)
    text = json.dumps(failure.document, indent=2)
    sections.append(
        f"## Errors\n\n{failure.says}\n\n"
        f"```console\n$ holdfast {failure.line} --json; echo $?\n{text}\n{failure.status}\n```"
    )
    return "\n" + "\n\n".join(sections) + "\n"


def documented_shapes(page: str) -> dict[str, Any]:
    """Return the shape of each documented example, by its command line."""
    pattern = r"```console\n\$ holdfast ([^\n]*?) --json( -- [^\n]*)?\n(.*?)\n```"
    found = re.findall(pattern, page, re.DOTALL)
    return {f"{line}{command}": shape(json.loads(text)) for line, command, text in found}


def replace_block(page: str, name: str, content: str) -> str:
    """Return a page with one of its generated blocks replaced."""
    start, end = f"<!-- generated: {name} -->", f"<!-- end of generated: {name} -->"
    pattern = re.compile(f"{re.escape(start)}.*{re.escape(end)}", re.DOTALL)
    assert pattern.search(page), f"the page has no block {name}"
    return pattern.sub(lambda _: f"{start}\n{content}\n{end}", page)


def _command(command: Command, known: set[str]) -> Iterator[str]:
    parser = command_parser(command)
    yield f"### {command.name}"
    yield ""
    yield f"{command.summary}."
    yield ""
    usage = " ".join(parser.format_usage().removeprefix("usage: ").replace("[-h] ", "").split())
    yield f"    {usage}"
    yield ""
    options = list(_options(parser, skip=known | {"-h"}))
    if options:
        yield from [*options, ""]
    yield "```sh"
    width = max(len(line) for line, _ in command.examples)
    for line, what in command.examples:
        yield f"holdfast {line:{width}}  # {what}"
    yield "```"


def _document(example: Example) -> str:
    text = json.dumps(example.document, indent=2, ensure_ascii=False)
    return (
        f"## {example.line.partition(' --')[0]}\n\n{example.says}\n\n"
        f"```console\n$ holdfast {with_json(example.line)}\n{text}\n```"
    )


def _options(parser: Parser, *, skip: set[str]) -> Iterator[str]:
    actions = [
        action
        for action in parser._actions
        if action.help != SUPPRESS and not skip & set(action.option_strings)
    ]
    if not actions:
        return
    yield "| option | meaning |"
    yield "|---|---|"
    for action in actions:
        # argparse doubles percent signs in help texts.
        text = (action.help or "").replace("%%", "%").replace("|", "\\|")
        yield f"| {_spelling(action)} | {text} |"


def _spelling(action: Action) -> str:
    if not action.option_strings:
        choices = ", ".join(f"`{choice}`" for choice in action.choices or ())
        return choices or f"`{action.metavar}`"
    value = f" {action.metavar or '|'.join(action.choices or ())}" if action.nargs != 0 else ""
    if action.nargs == "+":
        value += " ..."
    return ", ".join(f"`{option}{value}`".replace("|", "\\|") for option in action.option_strings)


def _exit_statuses() -> Iterator[str]:
    for line in EXIT_STATUSES.splitlines()[1:]:
        status, _, meaning = line.strip().partition(" ")
        yield f"| {status} | {meaning.strip()} |"


def _setting(field: Field) -> str:
    option = f"`{field.flag}`" if field.flag else ""
    variable = f"`{field.variable}`" if field.variable else ""
    return f"| `{field.key}` | {option} | {variable} | {_default(field)} | {field.summary} |"


def _default(field: Field) -> str:
    match field.default:
        case None | () | {}:
            return ""
        case bool():
            return f"`{str(field.default).lower()}`"
        case 0:
            return "off"
    return f"`{field.default}`"


def main() -> None:
    """Write the generated parts anew."""
    COMMANDS_PAGE.write_text(render_commands())
    page = SETTINGS_PAGE.read_text()
    SETTINGS_PAGE.write_text(replace_block(page, "settings", render_settings()))
    with tempfile.TemporaryDirectory() as folder:
        documents = render_documents(Path(folder) / "app")
    page = DOCUMENTS_PAGE.read_text()
    DOCUMENTS_PAGE.write_text(replace_block(page, "documents", documents))


if __name__ == "__main__":
    main()
