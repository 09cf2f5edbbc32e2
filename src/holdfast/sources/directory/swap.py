"""A swap of staged for live entries that a crash can interrupt anywhere.

Every step exchanges two names and can be told done or not done by the inode that stands at
the live one. So the swap can be carried on or taken back from wherever it stopped, any
number of times, and its own inverse is the same walk.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeGuard

import msgspec

from holdfast.errors import RestoreError, TargetExists
from holdfast.sources.directory.attributes import replace_attributes
from holdfast.sources.directory.beneath import Beneath, display
from holdfast.sources.directory.exchange import exchange, flush, settle
from holdfast.sources.directory.steps import (
    STEPS,
    Adjustment,
    Ownership,
    Step,
    decode_path,
    encode_path,
    read_steps,
)

_STATE = "swap"
_SLOT = "slot-"
"""A file system that cannot exchange two names parks one here; the number is the step's."""


class _State(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    live: str
    staged: str
    container: str
    telling: Step | None
    prepared_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """Where the entries of the steps stand.

    Attributes:
        live: The directory that the paths of the steps start from on the live side.
        staged: The same on the staged side.
        container: The staging directory, which holds `staged` and the file of the steps.
        telling: One step, to tell from when the container is gone; None if there are none.
        prepared_ns: When all was staged and nothing moved yet [ns since 1970].
    """

    live: Path
    staged: Path
    container: Path
    telling: Step | None
    prepared_ns: int = 0

    def state(self) -> dict[str, Any]:
        """Return all this as JSON values."""
        state = _State(
            live=encode_path(str(self.live)),
            staged=encode_path(str(self.staged)),
            container=encode_path(str(self.container)),
            telling=self.telling,
            prepared_ns=self.prepared_ns,
        )
        return dict(msgspec.to_builtins(state))

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> Self:
        """Return the swap with that state.

        Raises:
            RestoreError: It is no such state.
        """
        try:
            loaded = msgspec.convert(state, _State)
        except msgspec.ValidationError as error:
            raise RestoreError(f"The journal of the restore cannot be read: {error}") from error
        return cls(
            live=Path(decode_path(loaded.live)),
            staged=Path(decode_path(loaded.staged)),
            container=Path(decode_path(loaded.container)),
            telling=loaded.telling,
            prepared_ns=loaded.prepared_ns,
        )

    def save(self) -> None:
        """Keep this in the staging directory, for `sweep` to know it by."""
        with Beneath.open(self.container) as container:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(container.open_file(_STATE, flags), "wb") as file:
                file.write(msgspec.json.encode(self.state()))

    @classmethod
    def find(cls, container: Path) -> Self | None:
        """Return the swap that was saved in a staging directory, or None."""
        try:
            return cls.load(msgspec.json.decode((container / _STATE).read_bytes()))
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def begun(self) -> bool:
        """Return whether anything may have been moved already."""
        with Beneath.open(self.live) as live, Beneath.open(self.container) as container:
            if any(name.startswith(_SLOT) for name in container.names()):
                return True
            return any(_done(step, live) for step in read_steps(container) if _moves(step))

    def recorded(self) -> bool:
        """Return whether the steps are there, so that they can be carried on or taken back."""
        return (self.container / STEPS).is_file()

    def told(self) -> bool:
        """Return whether the swap was done, as one step tells."""
        if self.telling is None:
            return True
        with Beneath.open(self.live) as live:
            return _done(self.telling, live)

    def done(self) -> bool:
        """Return whether every step is done."""
        with Beneath.open(self.live) as live, Beneath.open(self.container) as container:
            steps = read_steps(container)
            return all(_done(step, live) for step in steps if _moves(step))

    def forward(self, *, replace: bool = True) -> None:
        """Do every step that is not done yet, durably.

        Args:
            replace: Whether an entry may stand in the way where there was none at first.

        Raises:
            TargetExists: One does, and may not.
            OSError: A step failed; those before it are done.
        """
        with _Sides(self) as sides:
            sides.settle()
            for number, step in enumerate(read_steps(sides.container)):
                if _moves(step) and not _done(step, sides.live):
                    sides.check(step, replace=replace)
                    sides.exchange(number, step)
            sides.adjust(forward=True)
            sides.flush()

    def backward(self) -> None:
        """Take back every step that is done, durably.

        Raises:
            OSError: A step failed; those before it are taken back.
        """
        with _Sides(self) as sides:
            sides.settle()
            for number, step in enumerate(read_steps(sides.container)):
                if _moves(step) and _done(step, sides.live):
                    if not step.new and sides.staged.find(decode_path(step.path)) is None:
                        continue  # It went before we could remove it.
                    sides.exchange(number, step)
            sides.adjust(forward=False)
            sides.flush()


class _Sides:
    """The open directories of a swap."""

    def __init__(self, swap: Swap) -> None:
        self.live = Beneath.open(swap.live)
        try:
            self.staged = Beneath.open(swap.staged)
            try:
                self.container = Beneath.open(swap.container)
            except BaseException:
                self.staged.close()
                raise
        except BaseException:
            self.live.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for tree in (self.live, self.staged, self.container):
            tree.close()

    def check(self, step: Step, *, replace: bool) -> None:
        path = decode_path(step.path)
        staged = self.staged.find(path)
        if step.new and (staged is None or staged.st_ino != step.new):
            raise RestoreError(f"What was staged for {display(path)} is no longer there")
        if not replace and not step.old and self.live.find(path) is not None:
            raise TargetExists(
                f"Cannot restore {display(path)}: something was put there meanwhile",
                hint="Choose another target, or remove what is there.",
            )

    def exchange(self, number: int, step: Step) -> None:
        path = decode_path(step.path)
        slot = self.container.directory(), f"{_SLOT}{number}"
        exchange(self.live.parent(path), self.staged.parent(path), slot=slot)

    def settle(self) -> None:
        """Finish or take back the one exchange that a crash may have caught in three renames."""
        slots = [name for name in self.container.names() if name.startswith(_SLOT)]
        for name in slots:
            number = int(name.removeprefix(_SLOT))
            step = next(
                step for place, step in enumerate(read_steps(self.container)) if place == number
            )
            path = decode_path(step.path)
            slot = self.container.directory(), name
            settle(self.live.parent(path), self.staged.parent(path), slot=slot)

    def adjust(self, *, forward: bool) -> None:
        """Set the metadata of directories that stayed, after all that changes their times."""
        for step in read_steps(self.container):
            if isinstance(step, Adjustment):
                wanted = step.new if forward else step.old
                _set_ownership(self.live.directory(decode_path(step.path)), wanted)

    def flush(self) -> None:
        flush(self.live)


def _moves(step: Step | Adjustment) -> TypeGuard[Step]:
    return isinstance(step, Step)


def _done(step: Step, live: Beneath) -> bool:
    status = live.find(decode_path(step.path))
    inode = status.st_ino if status else 0
    return inode == step.new if step.new else inode != step.old


def _set_ownership(descriptor: int, wanted: Ownership) -> None:
    status = os.fstat(descriptor)
    if (status.st_uid, status.st_gid) != (wanted.uid, wanted.gid) and os.geteuid() == 0:
        os.fchown(descriptor, wanted.uid, wanted.gid)
    if os.geteuid() in {0, status.st_uid}:
        os.fchmod(descriptor, wanted.mode)
        replace_attributes(descriptor, wanted.attributes)
        os.utime(descriptor, ns=(wanted.atime_ns, wanted.mtime_ns))
