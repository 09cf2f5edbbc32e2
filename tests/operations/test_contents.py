"""A folder of a backup and a search through it, whoever wrote the repository."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from holdfast.errors import PathNotInBackup
from holdfast.models.node import Node, NodeType
from holdfast.models.tree import BackupTree
from holdfast.operations import contents
from holdfast.operations.contents import StoredEntry, list_folder, locate_file, search_tree
from holdfast.repository import Repository, RepositoryWriter, Snapshot, SnapshotTree
from tests.repository.making import WHEN, create


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


# Searching

Folder = dict[str, Any]
"""What a folder holds: folders as dictionaries, files as None, other kinds as what they are."""


def stored(folder: Folder) -> SnapshotTree:
    """Return the tree of a repository that holds this."""
    repository: Repository = create()
    with repository.lock() as lock, repository.writer(lock) as writer:
        tree_id = _save(writer, folder)
        writer.finish()
        return repository.tree(repository.save_snapshot(Snapshot(time=WHEN, tree=tree_id)))


def _save(writer: RepositoryWriter, folder: Folder) -> bytes:
    nodes = []
    for name, held in folder.items():
        if isinstance(held, dict):
            nodes.append(node(name, NodeType.DIR, subtree=_save(writer, held)))
        else:
            nodes.append(node(name, held or NodeType.FILE))
    return writer.save_tree(nodes)


PHOTOS: Folder = {
    "database": {"app.db": None},
    "files": {
        "2024": {"Café": {"menu.txt": None}, "IMG_1.JPG": None, "img_2.jpg": None},
        "images": {"img": NodeType.SYMLINK, "raw": {"img_1.raw": None}},
    },
    "img.fifo": NodeType.FIFO,
}


@pytest.mark.parametrize(
    ("text", "path", "found"),
    [
        ("img", "", ["files/2024/IMG_1.JPG", "files/2024/img_2.jpg", "files/images/img",
                     "files/images/raw/img_1.raw", "img.fifo"]),
        ("IMG_1", "", ["files/2024/IMG_1.JPG", "files/images/raw/img_1.raw"]),
        ("images", "", ["files/images"]),
        ("images/", "", ["files/images/img", "files/images/raw"]),
        ("raw/img", "", ["files/images/raw/img_1.raw"]),
        ("/img", "files/2024", ["files/2024/IMG_1.JPG", "files/2024/img_2.jpg"]),
        ("files/2024", "", ["files/2024"]),
        ("files/2024", "files", []),
        ("img", "/files//images/raw/", ["files/images/raw/img_1.raw"]),
        ("CAFE\u0301", "", ["files/2024/Café"]),
        ("*", "", []),
        ("..", "", []),
    ],
)  # fmt: skip
def test_what_is_found(text: str, path: str, found: list[str]) -> None:
    """A part of the path that reaches into the name, however written; folders and all else."""
    result = search_tree(stored(PHOTOS), text, path)
    assert [each.path for each in result.entries] == found
    assert [each.name for each in result.entries] == [each.rpartition("/")[2] for each in found]
    assert (result.after, result.cut_short) == (None, False)


@pytest.mark.parametrize("path", ["", "files"])
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
@pytest.mark.parametrize("most", [1, 2, 5, 100])
def test_a_search_in_parts_finds_what_one_finds(
    monkeypatch: pytest.MonkeyPatch, path: str, limit: int, most: int
) -> None:
    """Wherever it stops, in whatever folder: nothing twice, and nothing left out."""
    tree = stored(PHOTOS)
    whole = [each.path for each in search_tree(tree, "m", path).entries]
    monkeypatch.setattr(contents, "MAX_VISITED", most)
    found: list[str] = []
    visited, after = 0, ""
    while True:
        part = search_tree(tree, "m", path, after=after, limit=limit)
        assert len(part.entries) <= limit
        assert 0 < part.visited <= most
        assert part.cut_short == (part.after is not None and part.visited == most)
        found += [each.path for each in part.entries]
        visited += part.visited
        if part.after is None:
            break
        after = part.after
    assert len(whole) > 3
    assert found == whole
    assert visited == len([*tree.walk(path)])


def test_a_part_that_is_full_says_more_only_where_there_is_more() -> None:
    """Who asks for the rest gets some."""
    tree = stored({"a1": None, "a2": None, "b": None})
    assert search_tree(tree, "a", limit=2).after is None
    assert search_tree(tree, "a", limit=1).after == "a1"


def test_names_that_are_no_text_are_found_and_gone_on_from() -> None:
    """They are found as they are shown, and two that are shown alike do not hold it up."""
    tree = stored({"\\xff": {"deep": None}, "\udcff": {"deep": None, "deeper": None}})
    shown = [each.path for each in search_tree(tree, "deep").entries]
    assert shown == ["\\xff/deep", "\\xff/deep", "\\xff/deeper"]
    first = search_tree(tree, "xff", limit=1)
    assert first.after == "\\xff/deep"
    (second,) = search_tree(tree, "xff", after=first.after).entries
    assert second.path == "\\xff"


@pytest.mark.parametrize("after", ["nowhere", "files/nowhere", "../files", "img.fifo/x", "\0"])
def test_a_search_goes_on_only_from_what_is_there(after: str) -> None:
    with pytest.raises(PathNotInBackup):
        search_tree(stored(PHOTOS), "x", after=after)


def test_a_folder_of_many_folders_is_read_once() -> None:
    """A search holds what it is in: it does not read the top anew for each folder below."""
    tree = stored({f"{number:05}": {"x": None} for number in range(3000)})
    loads: list[bytes] = []
    load = tree._load_tree

    def counted(tree_id: bytes) -> list[Node]:
        loads.append(tree_id)
        return load(tree_id)

    tree._load_tree = counted
    assert len(search_tree(tree, "x", limit=5000).entries) == 3000
    assert len(loads) == len(set(loads))


# One file


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("files/2024/IMG_1.JPG", "files/2024/IMG_1.JPG"),
        ("/files//./2024/img_2.jpg", "files/2024/img_2.jpg"),
        ("files/\\xff/\\xfe.txt", "files/\udcff/\udcfe.txt"),
    ],
)
def test_a_file_is_where_its_path_is_shown(path: str, where: str) -> None:
    files = {**PHOTOS["files"], "\udcff": {"\udcfe.txt": None}}
    found, at = locate_file(stored({"files": files}), path)
    assert (found, at.name) == (where, where.rpartition("/")[2])


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("files/2024", "files/2024 is a directory"),
        ("files/2024/", "files/2024 is a directory"),
        ("files/images/img", "is a symbolic link"),
        ("img.fifo", "is a device, a socket or a pipe"),
        ("files/nothing", "holds no files/nothing"),
        ("nothing/app.db", "no directory nothing"),
        ("database/app.db/x", "no directory database/app.db"),
        ("files/images/img/x", "no directory files/images/img"),
        ("database/../database/app.db", "no directory database/.."),
        ("..", "holds no .."),
        ("", "without a name"),
        ("/", "without a name"),
        ("database/.", "database"),
    ],
)
def test_what_is_no_file_is_none_and_says_what_it_is(path: str, told: str) -> None:
    """A link is not followed: it may lead anywhere."""
    with pytest.raises(PathNotInBackup) as raised:
        locate_file(stored(PHOTOS), path)
    assert told in raised.value.message
