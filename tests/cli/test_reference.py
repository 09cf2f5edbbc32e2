"""The reference says what the program does: generated parts are up to date, nothing is missing."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from holdfast.cli.parser import SettingAction, command_parser
from holdfast.cli.table import COMMANDS
from holdfast.config import load_plans
from holdfast.config.fields import FIELDS
from tests.cli import reference
from tests.cli.examples import examples, same_shape, shape

HOW = "run `python -m tests.cli.reference`"


def test_the_page_of_the_commands_is_up_to_date() -> None:
    assert reference.COMMANDS_PAGE.read_text() == reference.render_commands(), HOW


def test_the_table_of_the_settings_is_up_to_date() -> None:
    page = reference.SETTINGS_PAGE.read_text()
    assert page == reference.replace_block(page, "settings", reference.render_settings()), HOW


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.key)
def test_each_flag_of_a_setting_exists_and_sets_it(field: object) -> None:
    flag = getattr(field, "flag", None)
    if flag is None:
        return
    settings = {
        action.setting
        for command in COMMANDS.values()
        for action in command_parser(command)._actions
        # One spelling may be a setting of one command and a choice of another (`--keep`).
        if flag in action.option_strings and isinstance(action, SettingAction)
    }
    assert settings == {getattr(field, "key", None)}


def test_the_example_of_the_settings_page_is_a_configuration(tmp_path: Path) -> None:
    page = reference.SETTINGS_PAGE.read_text()
    for block in page.split("```toml\n")[1:]:
        text = block.partition("```")[0]
        assert tomllib.loads(text)
        (tmp_path / "holdfast.toml").write_text(text)
        assert load_plans(directory=tmp_path, environment={})


def test_each_document_has_the_shape_that_the_reference_shows(tmp_path: Path) -> None:
    documented = reference.documented_shapes(reference.DOCUMENTS_PAGE.read_text())
    printed = {example.line: shape(example.document) for example in examples(tmp_path / "app")}
    # The ids of keys differ from run to run.
    anonymous = {_without_id(line): found for line, found in documented.items()}
    assert anonymous.keys() == {_without_id(line) for line in printed}, HOW
    for line, found in printed.items():
        assert same_shape(anonymous[_without_id(line)], found), f"{line}: {HOW}"
    commands = {line.split()[0] for line in printed}
    assert commands == set(COMMANDS), "every command has a document"


def _without_id(line: str) -> str:
    return re.sub(r"\b[0-9a-f]{8}\b", "ID", line)
