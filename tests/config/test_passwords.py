"""Where the repository's password comes from, and what becomes of it when it does not."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from holdfast.config import (
    Configuration,
    PasswordSource,
    describe,
    load_configuration,
    read_password,
)
from holdfast.errors import ConfigError

VARIABLE = "BACKUP_ENCRYPTION_PASSWORD"


def load(
    directory: Path,
    environment: dict[str, str] | None = None,
    flags: dict[str, tuple[str, object]] | None = None,
) -> Configuration:
    return load_configuration(flags=flags, directory=directory, environment=environment or {})


def password(configuration: Configuration) -> str | None:
    source = configuration.settings.encryption.password
    return read_password(source) if source else None


def test_no_source_is_no_password(tmp_path: Path) -> None:
    assert password(load(tmp_path)) is None


def test_flags_count_before_variables_and_variables_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "flag").write_text("from flag\n")
    (tmp_path / "file").write_text("from file\r\n")
    config = tmp_path / "holdfast.toml"
    config.write_text('[encryption]\npassword_file = "file"\n')
    environment = {VARIABLE: "from variable"}
    flags: dict[str, tuple[str, object]] = {"encryption.password_file": ("--password-file", "flag")}
    assert password(load(tmp_path)) == "from file"
    assert password(load(tmp_path, environment)) == "from variable"
    assert password(load(tmp_path, environment, flags)) == "from flag"


def test_among_variables_the_value_counts_before_file_and_command(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("from file")
    command = {f"{VARIABLE}_COMMAND": "echo from command"}
    file = {f"{VARIABLE}_FILE": "file"}
    assert password(load(tmp_path, command)) == "from command"
    assert password(load(tmp_path, command | file)) == "from file"
    assert password(load(tmp_path, command | file | {VARIABLE: "value"})) == "value"


def test_a_command_is_run_without_a_shell(tmp_path: Path) -> None:
    """R55: what a shell would expand stays as it is."""
    program = "import sys; print(sys.argv[1])"
    source = PasswordSource.of_command(f"{sys.executable} -c '{program}' '$HOME;x'", "flag")
    assert read_password(source) == "$HOME;x"


def test_a_command_is_not_told_the_secrets_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R56: no secret in the environment of an unrelated child."""
    monkeypatch.setenv(VARIABLE, "canary")
    monkeypatch.setenv("HOME", "/home/x")
    program = f"import os; print(os.environ.get('{VARIABLE}'), os.environ['HOME'])"
    source = PasswordSource.of_command(f'{sys.executable} -c "{program}"', "flag")
    assert read_password(source) == "None /home/x"


def test_only_line_ends_are_cut_off_a_password(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"  two words \n\n")
    assert read_password(PasswordSource.of_file(file, "flag")) == "  two words "


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"\n", "is empty"), (b"\xff\xfe", "not UTF-8"), (b"x" * 70_000, "longer than")],
)
def test_a_file_that_holds_no_password_is_refused(
    tmp_path: Path, content: bytes, message: str
) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        read_password(PasswordSource.of_file(file, "--password-file"))


def test_a_missing_file_is_named_with_who_named_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent \(--password-file\) cannot be read"):
        read_password(PasswordSource.of_file(tmp_path / "absent", "--password-file"))


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("false", "ended with status 1"),
        ("no-such-program-at-all", "cannot be run"),
        ("true", "is empty"),
    ],
)
def test_a_command_that_gives_no_password_is_an_error(command: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_password(PasswordSource.of_command(command, "--password-command"))


@pytest.mark.parametrize("command", ["", "echo 'x"])
def test_a_command_that_is_none_is_refused(command: str) -> None:
    with pytest.raises(ConfigError):
        PasswordSource.of_command(command, "--password-command")


def test_a_password_in_a_readable_file_is_warned_about(tmp_path: Path) -> None:
    config = tmp_path / "holdfast.toml"
    config.write_text('[encryption]\npassword = "canary"\n')
    config.chmod(0o644)
    (warning,) = load(tmp_path).warnings
    assert "chmod 600" in warning
    config.chmod(0o600)
    assert load(tmp_path).warnings == ()


def test_no_secret_is_shown(tmp_path: Path) -> None:
    """R56: neither a description nor a repr holds a secret."""
    (tmp_path / "holdfast.toml").write_text('[encryption]\npassword = "canary"\n')
    (tmp_path / "holdfast.toml").chmod(0o600)
    configuration = load(
        tmp_path,
        {
            "DATABASE_URL": "postgresql://user:canary@x@host/db?sslmode=off&password=canary",
            f"{VARIABLE}_COMMAND": "echo canary",
        },
    )
    shown = json.dumps([(each.key, each.value) for each in describe(configuration)])
    assert "canary" not in shown
    assert "canary" not in repr(configuration.settings.encryption)
    values = {each.key: each for each in describe(configuration)}
    assert values["database_url"].value == "postgresql://user:***@host/db?sslmode=off&password=***"
    assert values["encryption.password"].value == "(set)"
    assert values["encryption.password"].origin.endswith(f"(not used: {VARIABLE}_COMMAND counts)")
    assert values["encryption.password_command"].origin == f"{VARIABLE}_COMMAND"
