"""A folder of a backup, whoever wrote the repository."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from holdfast.errors import PathNotInBackup
from holdfast.models.node import Node, NodeType
from holdfast.models.tree import BackupTree
from holdfast.operations.contents import StoredEntry, list_folder


class Folders:
    """What `list_folder` asks of a tree."""

    def __init__(self, nodes: dict[str, list[Node]]) -> None:
        self._nodes = nodes

    def children(self, path: str) -> Iterator[Node]:
        return iter(self._nodes[path])

    def node(self, path: str) -> Node | None:
        folder, _, name = path.rpartition("/")
        return next((each for each in self._nodes.get(folder, ()) if each.name == name), None)


def listed(nodes: dict[str, list[Node]], path: str = "") -> list[StoredEntry]:
    return list_folder(cast("BackupTree", Folders(nodes)), path)


def node(name: str, kind: NodeType = NodeType.FILE, **facts: Any) -> Node:
    return Node(name=name, type=kind, **facts)


@pytest.mark.parametrize(
    ("name", "shown"), [("\udcff", "\\xff"), ("\ud800", "\\x00"), ("é\n", "é\n")]
)
def test_every_name_is_text_and_leads_to_its_folder(name: str, shown: str) -> None:
    """Another program may have written a name that no document can hold."""
    nodes = {"": [node(name, NodeType.DIR)], name: [node("deep")]}
    assert [each.name for each in listed(nodes)] == [shown]
    assert [each.path for each in listed(nodes, shown)] == [f"{shown}/deep"]


def test_a_name_that_is_spelled_so_goes_first() -> None:
    """`\\xff` may be four characters on the disk: then that folder is meant."""
    nodes = {
        "": [node("\udcff", NodeType.DIR), node("\\xff", NodeType.DIR)],
        "\\xff": [node("spelled")],
        "\udcff": [node("bytes")],
    }
    assert [each.name for each in listed(nodes, "\\xff")] == ["spelled"]


@pytest.mark.parametrize("kind", [each for each in NodeType if each is not NodeType.DIR])
def test_only_a_folder_has_a_content(kind: NodeType) -> None:
    with pytest.raises(PathNotInBackup, match="no directory a/b"):
        listed({"": [node("a", NodeType.DIR)], "a": [node("b", kind)]}, "a/b")


@pytest.mark.parametrize(
    ("at_ns", "told"),
    [
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (-1_000_000_000, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (2**80, None),
        (-(2**80), None),
    ],
)
def test_a_time_that_no_calendar_has_is_not_told(at_ns: int, told: datetime | None) -> None:
    (entry,) = listed({"": [node("a", mtime_ns=at_ns, size=7)]})
    assert (entry.modified_at, entry.size) == (told, 7)
