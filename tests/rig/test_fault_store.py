from __future__ import annotations

import pytest

from holdfast.errors import StoreError
from holdfast.stores import MemoryStore, Store
from tests.rig.fault_store import (
    CRASHES,
    READS,
    WRITES,
    Crash,
    Ending,
    Fault,
    FaultStore,
    Mode,
    each_fault,
)
from tests.stores.conformance import StoreConformance

KEY = "keys/" + "1" * 64
LOCK = "locks/" + "2" * 64


class TestWithoutFaults(StoreConformance):
    @pytest.fixture
    def store(self) -> FaultStore:
        return FaultStore(MemoryStore())


def replace_key(store: Store) -> None:
    """A small operation: two writes with a read between."""
    store.save(LOCK, b"lock")
    assert store.load(LOCK) == b"lock"
    store.remove(KEY)


def test_each_mode_leaves_what_it_says() -> None:
    left: dict[tuple[str, int], dict[str, bytes]] = {}
    for ending in each_fault({KEY: b"key"}, replace_key, [*CRASHES, Mode.ERROR_AFTER]):
        assert ending.fault.nth is not None
        left[ending.fault.mode.name, ending.fault.nth] = ending.left.objects
        assert isinstance(ending.error, Crash if "CRASH" in ending.fault.mode.name else StoreError)

    before, saved, removed = {KEY: b"key"}, {KEY: b"key", LOCK: b"lock"}, {LOCK: b"lock"}
    assert left == {
        ("CRASH_BEFORE", 0): before,
        ("CRASH_AFTER", 0): saved,
        ("CRASH_TORN", 0): {KEY: b"key", LOCK: b"lo"},
        ("ERROR_AFTER", 0): saved,
        ("CRASH_BEFORE", 1): saved,
        ("CRASH_AFTER", 1): removed,
        ("CRASH_TORN", 1): removed,
        ("ERROR_AFTER", 1): removed,
    }


@pytest.mark.parametrize(("mode", "loaded"), [(Mode.CORRUPT, b"kdy"), (Mode.SHORT, b"ke")])
def test_reads_can_lie(mode: Mode, loaded: bytes) -> None:
    store = FaultStore(MemoryStore({KEY: b"key"}), [Fault(mode=mode, calls=READS)])

    assert store.load(KEY) == loaded
    assert store.load(KEY) == b"key"


def test_a_dead_process_does_nothing_more() -> None:
    store = FaultStore(MemoryStore({KEY: b"key"}), [Fault(mode=Mode.CRASH_BEFORE, calls=WRITES)])
    with pytest.raises(Crash):
        store.remove(KEY)

    with pytest.raises(Crash):
        store.load(KEY)
    assert store.crash().load(KEY) == b"key"


def test_a_lost_save_is_there_until_the_crash() -> None:
    """LOST is a disk that says durable and lies."""
    store = FaultStore(MemoryStore(), [Fault(mode=Mode.LOST, prefix="locks/")])
    store.save(KEY, b"key")
    store.save(LOCK, b"lock")

    assert store.load(LOCK) == b"lock"
    assert [info.name for info in store.crash().list("keys/")] == [KEY]
    assert list(store.inner.list("locks/")) == []


def test_the_trace_names_every_call_and_its_outcome() -> None:
    store = FaultStore(
        MemoryStore({KEY: b"key"}), [Fault(mode=Mode.ERROR_BEFORE, calls=READS, nth=1)]
    )
    store.load(KEY)
    with pytest.raises(StoreError):
        store.stat(KEY)
    with pytest.raises(StoreError):
        store.load(LOCK)

    assert [str(call) for call in store.trace] == [
        f"load {KEY} (ok)",
        f"stat {KEY} (ERROR_BEFORE)",
        f"load {LOCK} (ObjectNotFound)",
    ]


def test_an_ending_says_where_it_happened() -> None:
    ending = next(each_fault({KEY: b"key"}, replace_key, [Mode.CRASH_BEFORE]))

    assert isinstance(ending, Ending)
    assert str(ending).startswith(f"CRASH_BEFORE at call 0; last call: save {LOCK}")
