"""What every store must do. A store's test class inherits these tests and gives `store`."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from holdfast.errors import InvalidObjectName, ObjectExists, ObjectNotFound, StoreError
from holdfast.stores.base import ObjectInfo, Store


def object_name(content: bytes, kind: str = "data") -> str:
    """Return the name under which a repository keeps such content."""
    identifier = hashlib.sha256(content).hexdigest()
    return f"data/{identifier[:2]}/{identifier}" if kind == "data" else f"{kind}/{identifier}"


class StoreConformance:
    """Tests of the port; each states one rule."""

    def test_what_is_saved_is_loaded(self, store: Store) -> None:
        """Every kind of object comes back byte for byte, the empty one too."""
        contents = [b"", b"\0", bytes(range(256)) * 5]
        for kind in ("keys", "locks", "snapshots", "index", "data", "holdfast/damaged"):
            for content in contents:
                store.save(object_name(content, kind), content)
        store.save("config", b"the config")

        assert store.load("config") == b"the config"
        for kind in ("keys", "locks", "snapshots", "index", "data", "holdfast/damaged"):
            for content in contents:
                assert store.load(object_name(content, kind)) == content

    @pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
    def test_any_buffer_can_be_saved(self, store: Store, kind: type) -> None:
        """Bytes, byte arrays and views are all taken, and a later change of them does not count."""
        data = bytearray(b"some data")
        store.save("config", kind(data))
        data[:] = b"OTHERDATA"

        assert store.load("config") == b"some data"

    def test_a_part_is_loaded(self, store: Store) -> None:
        """A range is given by offset and length, to the last byte."""
        store.save("config", b"0123456789")

        assert store.load("config", offset=3, length=4) == b"3456"
        assert store.load("config", offset=7) == b"789"
        assert store.load("config", offset=9, length=1) == b"9"
        assert store.load("config", offset=10) == b""
        assert store.load("config", offset=0, length=0) == b""

    @pytest.mark.parametrize(("offset", "length"), [(0, 11), (8, 3), (11, None), (10, 1)])
    def test_fewer_bytes_than_asked_for_is_an_error(
        self, store: Store, offset: int, length: int | None
    ) -> None:
        """A range that the object does not fill raises; it is never silently shorter."""
        store.save("config", b"0123456789")

        with pytest.raises(StoreError, match="too short"):
            store.load("config", offset=offset, length=length)

    def test_an_object_is_never_replaced(self, store: Store) -> None:
        """I4: a second save of a name raises and leaves the first bytes."""
        store.save("config", b"first")

        with pytest.raises(ObjectExists):
            store.save("config", b"second")
        assert store.load("config") == b"first"

    def test_of_many_savers_of_one_name_one_wins(self, store: Store) -> None:
        """I4: at the same moment too, exactly one save succeeds, and its bytes stay."""

        def save(number: int) -> bool:
            try:
                store.save("config", b"%d" % number * 1000)
            except ObjectExists:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(save, range(8)))

        assert won.count(True) == 1
        assert store.load("config") == b"%d" % won.index(True) * 1000

    def test_stat_tells_the_size(self, store: Store) -> None:
        name = object_name(b"12345")
        store.save(name, b"12345")

        assert store.stat(name) == ObjectInfo(name, 5)

    def test_listing_shows_every_object_of_the_folder(self, store: Store) -> None:
        """Names and sizes, at any depth, of this folder only."""
        contents = [b"%d" % number for number in range(40)]
        for content in contents:
            store.save(object_name(content), content)
        store.save(object_name(b"another", "index"), b"another")

        expected = sorted((object_name(content), len(content)) for content in contents)
        assert sorted((info.name, info.size_bytes) for info in store.list("data/")) == expected
        assert list(store.list("index/")) == [ObjectInfo(object_name(b"another", "index"), 7)]

    def test_an_empty_folder_lists_nothing(self, store: Store) -> None:
        assert list(store.list("snapshots/")) == []
        assert list(store.list("data/")) == []

    def test_remove_removes_exactly_one_object(self, store: Store) -> None:
        """R30: only the named object goes; it can be saved again afterwards."""
        one, other = object_name(b"one", "locks"), object_name(b"other", "locks")
        store.save(one, b"one")
        store.save(other, b"other")

        store.remove(one)

        assert list(store.list("locks/")) == [ObjectInfo(other, 5)]
        store.save(one, b"one")
        assert store.load(one) == b"one"

    def test_what_is_not_there_is_not_found(self, store: Store) -> None:
        name = object_name(b"never saved")
        with pytest.raises(ObjectNotFound):
            store.load(name)
        with pytest.raises(ObjectNotFound):
            store.stat(name)
        with pytest.raises(ObjectNotFound):
            store.remove(name)

    @pytest.mark.parametrize(
        "name",
        [
            "",
            "/",
            ".",
            "..",
            "config/",
            "/config",
            "config\n",
            "con\0fig",
            "keys",
            "keys/",
            "keys/*",
            "keys/../config",
            "keys//" + "a" * 64,
            "keys/" + "a" * 63,
            "keys/" + "a" * 65,
            "keys/" + "A" * 64,
            "keys\\" + "a" * 64,
            "other/" + "a" * 64,
            "data/" + "a" * 64,
            "data/ab/" + "a" * 64,
            "data/aa/" + "a" * 64 + "\n",
            "data/aa/../" + "a" * 64,
            "/etc/passwd",
        ],
    )
    def test_other_names_are_refused(self, store: Store, name: str) -> None:
        """R30, R61: only names of repository objects reach the disk, whatever is asked."""
        with pytest.raises(InvalidObjectName):
            store.save(name, b"")
        with pytest.raises(InvalidObjectName):
            store.load(name)
        with pytest.raises(InvalidObjectName):
            store.stat(name)
        with pytest.raises(InvalidObjectName):
            store.remove(name)

    @pytest.mark.parametrize("prefix", ["", "/", "keys", "..", "keys/..", "other/", "data/../"])
    def test_other_folders_are_refused(self, store: Store, prefix: str) -> None:
        with pytest.raises(InvalidObjectName):
            list(store.list(prefix))

    def test_create_is_idempotent(self, store: Store) -> None:
        """Making a store again leaves what it holds."""
        store.save("config", b"kept")
        store.create()

        assert store.load("config") == b"kept"

    def test_free_space_is_known_or_none(self, store: Store) -> None:
        free = store.free_bytes()

        assert free is None or free > 0

    def test_the_location_names_the_place(self, store: Store) -> None:
        assert store.location
