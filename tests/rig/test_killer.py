from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.stores import LocalStore
from tests.rig.killer import Death, Killer, Level, Moment

NAME = "keys/" + "1" * 64


def save_one(root: str) -> None:
    """What the killed process does."""
    store = LocalStore(root)
    store.save(NAME, b"12345678")
    store.remove(NAME)


def fail(root: str) -> int:
    print("this went wrong")
    return 3


@pytest.fixture
def root(tmp_path: Path) -> Path:
    LocalStore(tmp_path / "repository").create()
    return tmp_path / "repository"


def deaths(killer: Killer, root: Path, moment: Moment) -> Iterator[tuple[str, list[str]]]:
    def prepare() -> list[str]:
        for path in (root / "keys").iterdir():
            path.unlink()
        return [str(root)]

    for death in killer.each(prepare, [root / "keys"], moment=moment):
        last = death.steps[-1].split()
        yield (
            last[0] if last[0] in ("save", "remove") else last[1],
            [
                f"{'temporary' if '-tmp-' in path.name else 'object'} {path.stat().st_size}"
                for path in sorted((root / "keys").iterdir())
            ],
        )


def test_a_process_dies_before_each_system_step(root: Path) -> None:
    with Killer("tests.rig.test_killer:save_one") as killer:
        assert list(deaths(killer, root, Moment.BEFORE)) == [
            ("mkdir", []),
            ("open", []),
            ("write", ["temporary 0"]),
            ("fsync", ["temporary 8"]),
            ("link", ["temporary 8"]),
            ("unlink", ["object 8", "temporary 8"]),
            ("fsync", ["object 8"]),
            ("unlink", ["object 8"]),
            ("fsync", []),
        ]


def test_a_process_dies_in_the_middle_of_a_write_and_after_a_step(root: Path) -> None:
    with Killer("tests.rig.test_killer:save_one") as killer:
        assert list(deaths(killer, root, Moment.TORN)) == [("write", ["temporary 4"])]
        after = list(deaths(killer, root, Moment.AFTER))
        assert after[2] == ("write", ["temporary 8"])
        assert after[4] == ("link", ["object 8", "temporary 8"])


def test_a_process_dies_at_operations_of_the_store(root: Path) -> None:
    with Killer("tests.rig.test_killer:save_one", level=Level.STORE) as killer:
        assert list(deaths(killer, root, Moment.BEFORE)) == [("save", []), ("remove", ["object 8"])]
        assert list(deaths(killer, root, Moment.TORN)) == [("save", ["temporary 4"])]
        assert list(deaths(killer, root, Moment.AFTER)) == [("save", ["object 8"]), ("remove", [])]


def test_a_run_that_is_let_live_tells_how_it_ended(root: Path) -> None:
    with Killer("tests.rig.test_killer:fail") as killer:
        death = killer.run([str(root)], [root])

    assert death == Death(steps=(), status=3, output="this went wrong\n")
