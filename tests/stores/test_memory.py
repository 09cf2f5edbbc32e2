from __future__ import annotations

import pytest

from holdfast.errors import NotEnoughSpace
from holdfast.stores import MemoryStore
from tests.stores.conformance import StoreConformance


class TestMemoryStore(StoreConformance):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()


def test_a_full_store_takes_nothing_more() -> None:
    store = MemoryStore(capacity_bytes=10)
    store.save("config", b"12345678")

    with pytest.raises(NotEnoughSpace, match=r"^Not enough disk space: "):
        store.save("keys/" + "0" * 64, b"123")
    assert store.objects == {"config": b"12345678"}
    assert store.free_bytes() == 2


def test_a_store_can_begin_with_objects_of_another() -> None:
    """The copy is its own: what happens to one does not happen to the other."""
    first = MemoryStore({"config": b"x"})
    second = MemoryStore(first.objects)
    second.remove("config")

    assert first.load("config") == b"x"
