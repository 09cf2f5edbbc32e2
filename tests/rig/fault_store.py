"""A store that fails as told, dies as told, and remembers what was asked of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from holdfast.errors import ObjectNotFound, StoreError
from holdfast.stores import MemoryStore, ObjectInfo, Store
from holdfast.stores.base import Buffer

WRITES = frozenset({"save", "remove"})
READS = frozenset({"load", "stat", "list"})
CALLS = WRITES | READS


class Crash(BaseException):
    """The process died here: no code of it may do anything any more."""


class Mode(Enum):
    """What happens at the chosen call."""

    ERROR_BEFORE = "the call has no effect and raises"
    ERROR_AFTER = "the call has its effect and raises all the same"
    TORN = "half of the bytes are stored under the name, and the call raises"
    CORRUPT = "one bit of what is read is flipped"
    SHORT = "the last byte of what is read is missing"
    LONG = "one byte more than is there is read"
    ABSENT = "an object that is there is said not to be"
    VANISHED = "a listing lacks its last object"
    DOUBLE = "a listing names its last object twice"
    GHOST = "a listing names an object that is gone"
    LATE = "a save is acknowledged, and visible only three calls later"
    LOST = "a save is acknowledged, and gone after a crash"
    CRASH_BEFORE = "the process dies before the call has an effect"
    CRASH_AFTER = "the process dies after the call had its effect, before it returns"
    CRASH_TORN = "the process dies when half of the bytes are stored under the name"


_LATE_CALLS = 3
CRASHES = (Mode.CRASH_BEFORE, Mode.CRASH_AFTER, Mode.CRASH_TORN)
ERRORS = (Mode.ERROR_BEFORE, Mode.ERROR_AFTER, Mode.TORN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong, and when.

    Attributes:
        calls: The operations that are counted.
        prefix: Only calls for names (or folders) that begin so are counted.
        nth: The call at which it happens, counted from 0; None means at every one.
    """

    mode: Mode
    calls: frozenset[str] = CALLS
    prefix: str = ""
    nth: int | None = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the store: `ok`, the name of the error it ended with, or a mode."""

    operation: str
    name: str
    size_bytes: int
    outcome: str

    def __str__(self) -> str:
        return f"{self.operation} {self.name} ({self.outcome})"


@dataclass(slots=True)
class _Counted:
    fault: Fault
    seen: int = 0

    def hit(self, operation: str, name: str) -> bool:
        fault = self.fault
        if operation not in fault.calls or not name.startswith(fault.prefix):
            return False
        self.seen += 1
        return fault.nth is None or self.seen == fault.nth + 1


@dataclass
class FaultStore:
    """Pass calls on to a store, with faults.

    Attributes:
        inner: Where objects really are. Its content is also what is left after a crash, but
            for the saves that were `LOST`; see `crash`.
        faults: What goes wrong; may be changed between operations.
        before: Called before each call with operation and name, e.g. to let others work.
        after: The same after each call that succeeded.
        trace: Every call, in the order in which they ended.
    """

    inner: Store = field(default_factory=MemoryStore)
    faults: Sequence[Fault] = ()
    before: Callable[[str, str], None] | None = None
    after: Callable[[str, str], None] | None = None
    trace: list[Call] = field(default_factory=list)
    crashed: bool = False

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._counted = [_Counted(fault) for fault in self.faults]
        self._lost: list[str] = []
        self._late: dict[str, tuple[bytes, int]] = {}

    @property
    def location(self) -> str:
        return self.inner.location

    def create(self) -> None:
        self._raise_if_crashed()
        self.inner.create()

    def save(self, name: str, data: Buffer) -> None:
        self._call("save", name, lambda: self.inner.save(name, data), bytes(data))

    def load(self, name: str, *, offset: int = 0, length: int | None = None) -> bytes:
        data: bytes = self._call(
            "load", name, lambda: self.inner.load(name, offset=offset, length=length)
        )
        return data

    def stat(self, name: str) -> ObjectInfo:
        info: ObjectInfo = self._call("stat", name, lambda: self.inner.stat(name))
        return info

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        found: Sequence[ObjectInfo] = self._call("list", prefix, lambda: [*self.inner.list(prefix)])
        return iter(found)

    def remove(self, name: str) -> None:
        self._call("remove", name, lambda: self.inner.remove(name))

    def free_bytes(self) -> int | None:
        self._raise_if_crashed()
        return self.inner.free_bytes()

    def close(self) -> None:
        """Leave the inner store open: the test still looks into it."""

    def crash(self) -> Store:
        """End this store (every later call raises `Crash`) and return what is left."""
        self.crashed = True
        self._show_late(all_of_them=True)
        for name in self._lost:
            self.inner.remove(name)
        self._lost.clear()
        return self.inner

    def _call(
        self, operation: str, name: str, perform: Callable[[], Any], data: bytes = b""
    ) -> Any:
        # One call at a time: while a hook runs, no other thread of this process goes on.
        with self._lock:
            if self.before is not None:
                self.before(operation, name)
            result = self._judge(operation, name, perform, data)
            if self.after is not None:
                self.after(operation, name)
            return result

    def _judge(self, operation: str, name: str, perform: Callable[[], Any], data: bytes) -> Any:
        self._raise_if_crashed()
        self._show_late()
        # Every fault counts every call, also one at which another fault happens.
        modes = [counted.fault.mode for counted in self._counted if counted.hit(operation, name)]
        mode = modes[0] if modes else None
        outcome = mode.name if mode else "ok"
        try:
            return self._perform(mode, operation, name, perform, data)
        except Exception as error:
            outcome = mode.name if mode else type(error).__name__
            raise
        finally:
            self.trace.append(Call(operation, name, len(data), outcome))

    def _perform(
        self, mode: Mode | None, operation: str, name: str, perform: Callable[[], Any], data: bytes
    ) -> Any:
        match mode:
            case Mode.ERROR_BEFORE:
                raise _failure(operation, name)
            case Mode.ERROR_AFTER:
                perform()
                raise _failure(operation, name)
            case Mode.TORN:
                self._tear(operation, name, data, perform)
                raise _failure(operation, name)
            case Mode.CRASH_BEFORE | Mode.CRASH_AFTER | Mode.CRASH_TORN:
                self._die(mode, operation, name, data, perform)
            case Mode.LOST if operation == "save":
                perform()
                self._lost.append(name)
                return None
            case Mode.LATE if operation == "save":
                self._late[name] = (data, len(self.trace) + _LATE_CALLS)
                return None
            case Mode.ABSENT:
                raise ObjectNotFound(f"{name} is said not to be there")
        return _altered(mode, perform())

    def _show_late(self, *, all_of_them: bool = False) -> None:
        for name, (data, due) in list(self._late.items()):
            if all_of_them or len(self.trace) >= due:
                del self._late[name]
                self.inner.save(name, data)

    def _die(
        self, mode: Mode, operation: str, name: str, data: bytes, perform: Callable[[], Any]
    ) -> None:
        if mode is Mode.CRASH_AFTER:
            perform()
        elif mode is Mode.CRASH_TORN:
            self._tear(operation, name, data, perform)
        self.crash()
        raise Crash(f"{operation} {name}")

    def _tear(self, operation: str, name: str, data: bytes, perform: Callable[[], Any]) -> None:
        if operation == "save":
            self.inner.save(name, data[: len(data) // 2])
        elif operation in WRITES:
            perform()

    def _raise_if_crashed(self) -> None:
        if self.crashed:
            raise Crash("this process is dead already")


def _failure(operation: str, name: str) -> StoreError:
    return StoreError(f"made to fail: {operation} {name}", hint="This is a test.")


def _altered(mode: Mode | None, result: Any) -> Any:
    if mode is Mode.CORRUPT and isinstance(result, bytes) and result:
        middle = len(result) // 2
        return result[:middle] + bytes([result[middle] ^ 1]) + result[middle + 1 :]
    if mode is Mode.SHORT and isinstance(result, bytes):
        return result[:-1]
    if mode is Mode.LONG and isinstance(result, bytes):
        return result + b"\0"
    if mode is Mode.VANISHED and isinstance(result, list):
        return result[:-1]
    if mode is Mode.DOUBLE and isinstance(result, list):
        return result + result[-1:]
    if mode is Mode.GHOST and isinstance(result, list):
        return [*result, *(_ghost(info) for info in result[-1:])]
    return result


def _ghost(info: ObjectInfo) -> ObjectInfo:
    """Return an object that is not there, in the folder of one that is."""
    folder, _, object_id = info.name.rpartition("/")
    return ObjectInfo(f"{folder}/{object_id[:2]}{'0' * 62}", info.size_bytes)


def calls_of(objects: dict[str, bytes], operation: Callable[[Store], object]) -> Sequence[Call]:
    """Run an operation once on a copy of a store and return the calls that it made."""
    store = FaultStore(MemoryStore(objects))
    operation(store)
    return store.trace


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run with one fault ended.

    Attributes:
        fault: What went wrong.
        left: What the store holds afterwards.
        error: What the operation raised, or None if it succeeded in spite of the fault.
        trace: The calls up to the end.
    """

    fault: Fault
    left: MemoryStore
    error: BaseException | None
    trace: Sequence[Call]

    def __str__(self) -> str:
        last = self.trace[-1] if self.trace else "no call"
        return f"{self.fault.mode.name} at call {self.fault.nth}; last call: {last}"


def each_fault(
    objects: dict[str, bytes],
    operation: Callable[[Store], object],
    modes: Sequence[Mode],
    *,
    calls: frozenset[str] = WRITES,
    prefix: str = "",
) -> Iterator[Ending]:
    """Run an operation once for every call that it makes and every mode, each time afresh.

    Args:
        objects: What the store holds at first.
        calls: The operations at which faults happen. To crash at a read is to crash at the
            write before it, so crashes need writes only.
    """
    made = calls_of(objects, operation)
    count = sum(call.operation in calls and call.name.startswith(prefix) for call in made)
    for number in range(count):
        for mode in modes:
            fault = Fault(mode=mode, calls=calls, prefix=prefix, nth=number)
            inner = MemoryStore(objects)
            store = FaultStore(inner, [fault])
            error: BaseException | None = None
            try:
                operation(store)
            except (Exception, Crash) as caught:  # noqa: BLE001 - the test judges what it is
                error = caught
            store.crash()
            yield Ending(fault, inner, error, store.trace)
