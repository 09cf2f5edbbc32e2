"""What goes where: results on standard output, the rest on standard error."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from holdfast.cli.console import Console
from holdfast.cli.documents import to_json
from holdfast.models.backup import BackupStatus, CheckResult


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def streams(**options: bool) -> tuple[Console, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    return Console(out=out, err=err, **options), out, err


def test_people_get_text_and_programs_a_document() -> None:
    console, out, _ = streams()
    console.answer({"a": 1}, lambda: "text")
    assert out.getvalue() == "text\n"
    console, out, _ = streams(json=True)
    console.answer({"a": 1}, lambda: "text")
    assert json.loads(out.getvalue()) == {"a": 1}


def test_quiet_prints_the_bare_result_and_no_notes() -> None:
    console, out, err = streams(quiet=True)
    console.answer({}, lambda: "Made backup x", brief="x")
    console.note("by the way")
    console.warn("look")
    assert (out.getvalue(), err.getvalue()) == ("x\n", "warning: look\n")


def test_values_have_one_form_in_every_document() -> None:
    class Struct(msgspec.Struct):
        size: int

    assert to_json(
        {
            "at": datetime(2023, 11, 16, 14, 30, 22, tzinfo=UTC),
            "local": datetime(2023, 11, 16, 14, 30, 22, 500_000).astimezone(UTC),
            "span": timedelta(seconds=90),
            "status": BackupStatus.PARTIAL,
            "path": Path("/x"),
            "id": b"\x01\xff",
            "checks": (CheckResult(name="n", passed=True),),
            "struct": Struct(size=3),
            "none": None,
        }
    ) == {
        "at": "2023-11-16T14:30:22Z",
        "local": to_json(datetime(2023, 11, 16, 14, 30, 22, 500_000).astimezone(UTC)),
        "span": 90.0,
        "status": "partial",
        "path": "/x",
        "id": "01ff",
        "checks": [{"name": "n", "passed": True, "detail": "", "skipped": False}],
        "struct": {"size": 3},
        "none": None,
    }


def test_a_value_without_a_form_is_a_fault() -> None:
    with pytest.raises(TypeError, match="no JSON form for object"):
        to_json(object())


def test_names_that_are_no_text_survive_a_document(tmp_path: Path) -> None:
    """A file name that is not UTF-8 is escaped in the way that JSON itself knows."""
    with (tmp_path / "out").open("w", encoding="utf-8") as out:
        Console(json=True, out=out).answer({"path": "a\udcff"}, str)
    assert json.loads((tmp_path / "out").read_text()) == {"path": "a\udcff"}


def test_characters_that_the_locale_lacks_are_escaped(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w", encoding="ascii") as out:
        Console(out=out).answer({}, lambda: "ü")
    assert (tmp_path / "out").read_text() == "\\xfc\n"


def test_colour_is_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert Console(out=Screen()).paint("x", "red") == "\x1b[31mx\x1b[0m"
    assert Console(out=Screen(), color=False).paint("x", "red") == "x"
    assert Console(out=io.StringIO()).paint("x", "red") == "x"
    monkeypatch.setenv("NO_COLOR", "1")
    assert Console(out=Screen()).paint("x", "red") == "x"
