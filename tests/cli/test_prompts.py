"""Questions at a terminal, and what is said where there is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal, clean_environment

_ASK = """
import sys
from holdfast.cli.console import Console
from holdfast.cli.failures import report
from holdfast.cli.interruption import Interruption
from holdfast.cli.prompts import Prompts

console = Console()
with Interruption() as interruption:
    try:
        print("answer:", eval(sys.argv[1], {"prompts": Prompts(console, interruption)}))
    except BaseException as error:
        sys.exit(report(error, console, signal_number=interruption.signal_number))
"""


def ask(question: str, tmp_path: Path) -> Terminal:
    return Terminal(
        [sys.executable, "-c", _ASK, question], cwd=tmp_path, environment=clean_environment()
    )


@pytest.mark.parametrize("answer", ["y", "Yes", " YES "])
def test_yes_goes_ahead(answer: str, tmp_path: Path) -> None:
    with ask('prompts.confirm("Restore will replace all data. Continue?")', tmp_path) as terminal:
        terminal.expect("Restore will replace all data. Continue? [y/N] ")
        terminal.enter(answer)
        assert terminal.wait() == 0


@pytest.mark.parametrize("answer", ["", "n", "yess", "\x04"])
def test_anything_else_is_no(answer: str, tmp_path: Path) -> None:
    with ask('prompts.confirm("Continue?")', tmp_path) as terminal:
        terminal.expect("[y/N] ")
        terminal.enter(answer)
        assert terminal.wait() == 2
        assert "Not confirmed, nothing was changed" in terminal.screen


def test_a_password_is_asked_once_and_not_echoed(tmp_path: Path) -> None:
    with ask("len(prompts.repository_password(False))", tmp_path) as terminal:
        terminal.expect("Password of the repository: ")
        terminal.enter("canary")
        assert terminal.wait() == 0
        assert "answer: 6" in terminal.screen
        assert "canary" not in terminal.screen


def test_a_new_password_is_asked_twice_until_both_are_the_same(tmp_path: Path) -> None:
    with ask("prompts.repository_password(True)", tmp_path) as terminal:
        terminal.expect("Password for the new repository: ")
        terminal.enter("one")
        terminal.expect("The same again: ")
        terminal.enter("two")
        terminal.expect("not the same")
        terminal.expect("Password for the new repository: ")
        terminal.enter("one")
        terminal.expect("The same again: ")
        terminal.enter("one")
        assert terminal.wait() == 0
        assert "answer: one" in terminal.screen


def test_an_empty_password_is_refused(tmp_path: Path) -> None:
    """R51: the empty password is no password."""
    with ask("prompts.repository_password(True)", tmp_path) as terminal:
        terminal.expect("Password for the new repository: ")
        terminal.enter("")
        assert terminal.wait() == 12


@pytest.mark.parametrize("question", ['prompts.confirm("x")', "prompts.secret('x')"])
def test_ctrl_c_breaks_a_question_off(question: str, tmp_path: Path) -> None:
    with ask(question, tmp_path) as terminal:
        terminal.expect("x")
        terminal.process.send_signal(2)
        assert terminal.wait() == 130
        assert "\nInterrupted" in terminal.screen.replace("\x1b[31mholdfast:\x1b[0m ", "")


@pytest.mark.parametrize(
    ("question", "status", "hint"),
    [
        ("prompts.confirm('x')", 2, "--yes"),
        ("prompts.repository_password(False)", 12, "BACKUP_ENCRYPTION_PASSWORD_COMMAND"),
        ("prompts.repository_password(True)", 12, "--no-encrypt"),
        ("prompts.new_secret('x')", 12, "--help"),
        ("prompts.secret('x')", 12, "--help"),
    ],
)
def test_without_a_terminal_the_option_is_named(
    question: str, status: int, hint: str, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ASK, question],
        input="y\n",
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=clean_environment(),
    )
    assert (done.returncode, done.stdout) == (status, "")
    assert hint in done.stderr.partition("hint: ")[2]
