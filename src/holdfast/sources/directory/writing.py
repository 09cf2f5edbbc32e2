"""Writing the files of a backup into a fresh private directory."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from holdfast.errors import RestoreError
from holdfast.models.node import Node, NodeType
from holdfast.models.progress import CancellationToken, Progress, ProgressCallback
from holdfast.models.tree import BackupTree
from holdfast.sources.directory.beneath import Beneath, display
from holdfast.sources.directory.metadata import MetadataWriter
from holdfast.sources.directory.selection import Selection

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL

_THREADS: Final = 4
"""Writing small files waits for the file system more than it computes."""

_UNDER_WAY: Final = 64
"""Files open at once at most, of the thousand or so that a process may have."""


@dataclass(slots=True, kw_only=True)
class Written:
    """What was written.

    Attributes:
        files: Regular files.
        others: Whatever else is no directory, made or skipped.
        wrong: Paths whose file has another size than the backup says.
        skipped: Entries that were not made, by kind: devices, sockets.
        refused: Extended attributes that could not be set, by name.
    """

    files: int = 0
    others: int = 0
    size_bytes: int = 0
    wrong: list[str] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


class TreeWriter:
    """Writes a selection below an empty directory.

    Files and links are finished at once; directories at the end, bottom-up, for what is
    written into a directory changes its times, and its mode may forbid writing. What is
    kept until then is one node a directory and one path a hard-linked file.
    """

    def __init__(
        self,
        tree: BackupTree,
        selection: Selection,
        *,
        metadata: MetadataWriter,
        devices: bool,
        progress: ProgressCallback,
        cancel: CancellationToken,
    ) -> None:
        self._tree = tree
        self._selection = selection
        self._metadata = metadata
        self._devices = devices and os.geteuid() == 0
        self._progress = progress
        self._cancel = cancel
        self._links: dict[tuple[int, int, int, bytes], str] = {}
        self._written = Written(refused=metadata.refused)

    def write(self, target: Beneath, top: str) -> Written:
        """Write everything; the directory itself becomes `top`.

        Raises:
            OSError: Something could not be written.
            RestoreError: The backup holds something that cannot be written as it says.
        """
        directories: list[tuple[str, Node]] = []
        with _Fillers() as fillers:
            for relative, node in self._selection.nodes():
                self._cancel.raise_if_cancelled()
                path = f"{top}/{relative}" if relative else top
                if node.type is NodeType.DIR:
                    parent, name = target.parent(path)
                    os.mkdir(name, 0o700, dir_fd=parent)
                    directories.append((path, node))
                elif node.type is NodeType.FILE:
                    self._write_file(target, path, relative, node, fillers)
                else:
                    self._written.others += 1
                    self._write_other(target, path, node)
            fillers.wait()
        while directories:
            path, node = directories.pop()
            self._metadata.write_open(target.directory(path), node)
        return self._written

    def _write_file(
        self, target: Beneath, path: str, relative: str, node: Node, fillers: _Fillers
    ) -> None:
        link = (node.device_id, node.inode, node.size, node.content)
        linked = node.links > 1 and node.inode != 0
        self._written.files += 1
        self._written.size_bytes += node.size
        if linked and link in self._links:
            source, name = target.parent(self._links[link])
            directory, new = target.parent(path)
            os.link(name, new, src_dir_fd=source, dst_dir_fd=directory, follow_symlinks=False)
            return
        descriptor = target.open_file(path, _CREATE)
        fillers.submit(descriptor, lambda: self._fill(descriptor, relative, node))
        if linked:
            self._links[link] = path
        self._progress(
            Progress(
                step=f"Restoring {self._selection.full('')}",
                done_bytes=self._written.size_bytes,
                done_items=self._written.files,
            )
        )

    def _fill(self, descriptor: int, relative: str, node: Node) -> None:
        """Write content and metadata of a new file, in a thread."""
        self._tree.write_to(self._selection.full(relative), descriptor)
        if os.fstat(descriptor).st_size != node.size:
            self._written.wrong.append(relative)
        self._metadata.write_open(descriptor, node)

    def _write_other(self, target: Beneath, path: str, node: Node) -> None:
        directory, name = target.parent(path)
        match node.type:
            case NodeType.SYMLINK:
                if not node.link_target or "\0" in node.link_target:
                    raise RestoreError(f"The link {display(path)} of the backup leads nowhere")
                os.symlink(node.link_target, name, dir_fd=directory)
            case NodeType.FIFO:
                os.mkfifo(name, 0o600, dir_fd=directory)
            case NodeType.DEV | NodeType.CHARDEV if self._devices:
                kind = 0o060000 if node.type is NodeType.DEV else 0o020000
                os.mknod(name, kind | 0o600, node.device, dir_fd=directory)
            case _:
                self._written.skipped[node.type.value] += 1
                return
        self._metadata.write_named(target, path, node)


class _Fillers:
    """Threads that fill files that are open, and close them whatever happens.

    After the first failure the others are only closed.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, "holdfast-files")
        self._under_way: deque[Future[None]] = deque()
        self._failed = False

    def __enter__(self) -> _Fillers:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._failed = True
        self._pool.shutdown(wait=True)

    def submit(self, descriptor: int, fill: Callable[[], None]) -> None:
        """Have a file filled; waits while many are under way, and raises what failed there."""
        self._under_way.append(self._pool.submit(self._run, descriptor, fill))
        while len(self._under_way) > _UNDER_WAY:
            self._under_way.popleft().result()

    def wait(self) -> None:
        """Wait for all that was submitted; raise what failed."""
        while self._under_way:
            self._under_way.popleft().result()

    def _run(self, descriptor: int, fill: Callable[[], None]) -> None:
        try:
            if not self._failed:
                fill()
        except BaseException:
            self._failed = True
            raise
        finally:
            os.close(descriptor)
