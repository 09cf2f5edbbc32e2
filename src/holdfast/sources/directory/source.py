"""A directory of files as a source.

What a capture takes: regular files, directories, symbolic links (never followed below the
directory itself), FIFOs and device nodes (as such, without content), with modes, owners,
times, hard links and extended attributes. Sockets are left out. File systems mounted below
are entered. What cannot be read, vanishes or changes while it is read is a problem.

What a restore does: it stages the files beside the directory and exchanges the two in one
atomic step, so that readers see wholly the old or wholly the new one. Where something inside
must stay (what the patterns leave out, the repository, what the backup could not take) or
the directory cannot be moved (it is a mount point, its parent may not be written), it
exchanges entry after entry instead: each atomically, all of them recorded, so that an
interrupted swap is finished or taken back. A process whose working directory or open files
are inside keeps the old ones until it opens them again.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from holdfast.errors import ConfigError, RestoreError, SourceError, SourceNotFound, TargetExists
from holdfast.models.manifest import FILES_DIR
from holdfast.sources.base import CaptureContext, RestoreContext, discarding
from holdfast.sources.directory.area import choose_place, remove_area, sweep
from holdfast.sources.directory.aside import aside_of, set_aside
from holdfast.sources.directory.beneath import Beneath, join
from holdfast.sources.directory.capture import DirectoryCapture
from holdfast.sources.directory.failures import translated
from holdfast.sources.directory.mounts import mount_points
from holdfast.sources.directory.patterns import PathPatterns
from holdfast.sources.directory.reserved import Reserved
from holdfast.sources.directory.scope import Scope
from holdfast.sources.directory.selection import Selection
from holdfast.sources.directory.staged import RestoreOptions, StagedDirectory
from holdfast.sources.directory.swap import Swap


class DirectorySource:
    """Captures and restores one directory.

    SQLite databases inside are better protected as database sources: a copied live one may
    be unusable, and the capture warns of files that look like it.
    """

    def __init__(
        self,
        label: str,
        path: Path,
        *,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        strip_setuid: bool = True,
        restore_devices: bool = False,
        reserved: Sequence[Path] = (),
    ) -> None:
        """Describe the directory; nothing is opened yet.

        Args:
            label: Its name in the plan and in the backup (`files/<label>`).
            path: The directory, or a symbolic link to it.
            include: Patterns of files to take, see `patterns`; empty means all.
            exclude: Patterns of what to leave out; wins over `include`.
            strip_setuid: Restore files without set-uid, set-gid and capabilities.
            restore_devices: Restore device nodes (as root only).
            reserved: Paths never captured, counted, replaced or removed, besides those that
                the contexts name.

        Raises:
            ConfigError: The label or a pattern cannot be used.
        """
        if not label or "/" in label or "\0" in label or label in {".", ".."}:
            raise ConfigError(
                f"Cannot use {label!r} as the label of a directory",
                hint="Use letters, digits, '-' and '_'.",
            )
        self._label = label
        self._path = Path(path)
        self._patterns = PathPatterns(include, exclude)
        self._options = RestoreOptions(strip_setuid=strip_setuid, devices=restore_devices)
        self._reserved = tuple(reserved)

    @property
    def name(self) -> str:
        """The label."""
        return self._label

    @property
    def kind(self) -> str:
        """`directory`."""
        return "directory"

    @property
    def root(self) -> str:
        """`files/<label>`."""
        return f"{FILES_DIR}/{self._label}"

    @property
    def path(self) -> Path:
        """The live directory, as it was given."""
        return self._path

    def size_bytes(self) -> int:
        """Sum the sizes of the selected files, by a walk that opens none.

        Entries that cannot be looked at count nothing.

        Raises:
            SourceNotFound: The directory is not there.
            SourceError: It cannot be read.
        """
        total = 0
        with self._open() as tree:
            reserved = Reserved(self._path, self._reserved)
            pending = [""]
            while pending:
                directory = pending.pop()
                with contextlib.suppress(OSError):
                    for name in tree.names(directory):
                        path = join(directory, name)
                        status = tree.find(path)
                        if status is None or reserved.has(path, status):
                            continue
                        is_directory = stat.S_ISDIR(status.st_mode)
                        if not self._patterns.selects(path, is_directory=is_directory):
                            continue
                        if is_directory:
                            pending.append(path)
                        elif stat.S_ISREG(status.st_mode):
                            total += status.st_size
        return total

    @contextlib.contextmanager
    def capture(self, context: CaptureContext) -> Iterator[DirectoryCapture]:
        """Begin to walk the directory.

        The files are not frozen: each is read when its entry is opened.

        Raises:
            SourceNotFound: The directory is not there.
            SourceError: It cannot be read, or lies inside the repository.
        """
        reserved = Reserved(self._path, (*self._reserved, *context.exclude))
        with self._open() as tree:
            yield DirectoryCapture(
                tree, self.root, patterns=self._patterns, reserved=reserved, context=context
            )

    @contextlib.contextmanager
    def stage(self, context: RestoreContext) -> Iterator[StagedDirectory]:
        """Prepare a restore into the live directory, or into `context.target`.

        The target is the path that becomes the directory; it may not exist, or be empty.

        Raises:
            PathNotInBackup: The backup does not hold what shall be restored.
            TargetExists: The target holds something already.
            RestoreError: The directory cannot be replaced.
        """
        shown = self._path if context.target is None else context.target
        selection = Selection(context.tree, self.root, context.only)
        with translated("restore into", shown):
            root = Path(os.path.realpath(shown))
            _refuse_target(root, shown, must_be_empty=context.target is not None)
            scope = self._scope(context, root, selection)
        staged = StagedDirectory(
            context, selection, scope, root=root, shown=shown, options=self._options
        )
        with discarding(staged, context):
            yield staged

    def recover(self, state: Mapping[str, Any], *, committed: bool | None) -> bool:
        """Finish or take back an interrupted swap, and remove what was staged.

        What was written into the restored directory before it was taken back is kept; see
        `kept_aside`.

        Raises:
            RestoreError: What would be put back is gone, or a step failed.
        """
        swap = Swap.load(state)
        with translated("recover", swap.live):
            if not swap.recorded():
                done = swap.told()
                if committed is not None and committed != done:
                    raise RestoreError(
                        f"Cannot {'finish' if committed else 'take back'} the restore of "
                        f"{self._path}: what was staged is gone",
                        hint="Restore again, or undo it from the safety backup.",
                    )
            elif committed is None:
                return swap.done()
            elif committed:
                swap.forward()
                done = True
            else:
                swap.backward()
                set_aside(swap)
                done = False
            if committed is not None:
                remove_area(swap.container)
        return done

    def kept_aside(self, state: Mapping[str, Any]) -> Path | None:
        """Return where `recover` kept what was written into a restored directory, or None."""
        aside = aside_of(Swap.load(state).container)
        return aside if aside.is_dir() else None

    def sweep(self, token: str, scratch_dir: Path) -> None:
        """Remove what restores staged that were killed before their swap began (idempotent).

        A new restore does the same by itself.
        """
        del token, scratch_dir  # whose process is gone is seen by its lock
        root = Path(os.path.realpath(self._path))
        with translated("clean up beside", root):
            if root.parent.is_dir():
                sweep(choose_place(root).directory, root.name or "root")

    def _open(self) -> Beneath:
        try:
            return Beneath.open(self._path)
        except FileNotFoundError as error:
            raise SourceNotFound(
                f"There is no directory {self._path}",
                hint="Correct the path in the configuration, or create the directory.",
            ) from error
        except NotADirectoryError as error:
            raise SourceError(
                f"Cannot back up {self._path}: it is not a directory",
                hint="Name the directory that holds it.",
            ) from error
        except OSError as error:
            raise SourceError(
                f"Cannot read the directory {self._path}: {error.strerror}",
                hint="Let this user read it, or run as one who may.",
            ) from error

    def _scope(self, context: RestoreContext, root: Path, selection: Selection) -> Scope:
        manifest = context.tree.manifest
        content = manifest.contents.get(self.root)
        facts = content.facts if content else {}
        prefix = self.root + "/"
        problems = {
            problem.path.removeprefix(prefix) if problem.path != self.root else ""
            for problem in manifest.problems
            if problem.path == self.root or problem.path.startswith(prefix)
        }
        recorded = facts if context.target is None else {}
        try:
            reserved = Reserved(
                root,
                (*self._reserved, *context.exclude),
                relative=_texts(recorded, "left_out"),
            )
            patterns = PathPatterns(_texts(recorded, "include"), _texts(recorded, "exclude"))
        except (SourceError, ConfigError) as error:
            raise RestoreError(error.message, hint=error.hint) from error
        base = "/" if root == Path("/") else f"{root}/"
        return Scope(
            patterns=(self._patterns, patterns),
            reserved=reserved,
            mounts=frozenset(
                point[len(base) :]
                for point in mount_points()
                if point.startswith(base) and point != base
            ),
            problems=frozenset(problems),
            only=selection.only,
        )


def _refuse_target(root: Path, shown: Path, *, must_be_empty: bool) -> None:
    try:
        status = root.stat()
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(status.st_mode):
        raise TargetExists(
            f"Cannot restore into {shown}: it is not a directory",
            hint="Name a directory, or a path that does not exist.",
        )
    if must_be_empty and any(root.iterdir()):
        raise TargetExists(
            f"Cannot restore into {shown}: it is not empty",
            hint="Name an empty directory, or a path that does not exist.",
        )


def _texts(facts: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return a list of strings from the facts, whatever a foreign manifest may hold there."""
    value = facts.get(key)
    if not isinstance(value, list | tuple):
        return ()
    return tuple(item for item in value if isinstance(item, str))
