"""What a dump program writes, as a stream that ends only when the program succeeded."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

from holdfast.errors import HoldfastError, ProgramFailed
from holdfast.sources.programs.child import Child

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer


class Output(io.RawIOBase):
    """The bytes of a dump: all of them, or an error that is no `OSError`.

    Args:
        child: The program that dumps; closing the stream closes it.
        proof: A program that reads the same bytes and fails unless they are whole, if any.
        explain: Turns the failure of either into what it means for the user.
        on_end: Called once both have succeeded; it may raise.
    """

    def __init__(
        self,
        child: Child,
        *,
        proof: Child | None = None,
        explain: Callable[[ProgramFailed], HoldfastError],
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self._child = child
        self._proof = proof
        self._explain = explain
        self._on_end = on_end
        self._ended = False
        self.size_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Read what is there, at least a byte until the end.

        Raises:
            HoldfastError: The dump failed, is empty, or is not whole.
        """
        wanted = memoryview(buffer).cast("B")
        if self._ended or not wanted:
            return 0
        try:
            got = self._child.read_into(wanted)
            if got and self._proof is not None:
                self._proof.write(wanted[:got])
            if not got:
                self._end()
        except ProgramFailed as error:
            raise self._explain(error) from error
        self.size_bytes += got
        return got

    def _end(self) -> None:
        self._child.finish()
        if not self.size_bytes:
            raise ProgramFailed(self._child.name, 0, "it wrote nothing")
        if self._proof is not None:
            self._proof.finish()
        self._ended = True
        self._on_end()

    def close(self) -> None:
        """End both programs (idempotent)."""
        if not self.closed:
            self._child.close()
            if self._proof is not None:
                self._proof.close()
        super().close()
