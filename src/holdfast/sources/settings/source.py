"""The settings of an application as a source."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from holdfast.clock import Clock, SystemClock
from holdfast.errors import PathNotInBackup, RestoreError
from holdfast.models.manifest import SETTINGS_PATH, ContentEntry
from holdfast.models.node import Node, NodeType
from holdfast.models.tree import BackupTree
from holdfast.sources.base import CaptureContext, CaptureFacts, Entry, RestoreContext, discarding
from holdfast.sources.settings.document import MAX_BYTES, Document, decode_document, make_document
from holdfast.sources.settings.file import SettingsFile, StagedFile, recover_file
from holdfast.sources.settings.live import LiveSettings, StagedSettings, recover_live
from holdfast.sources.settings.provider import SettingsProvider, as_provider, export, restorer
from holdfast.sources.settings.secrets import SecretRule, Secrets

_NS = 1_000_000_000


class SettingsSource:
    """Captures settings without their secrets; puts them back if their provider can.

    Secrets are skipped and named, in `settings.json` and in the manifest. A restore leaves
    them as they are in the live settings.
    """

    name = "settings"
    kind = "settings"
    root = SETTINGS_PATH

    def __init__(
        self,
        provider: SettingsProvider | object,
        *,
        secret: Sequence[str] | SecretRule | None = None,
        public: Sequence[str] = (),
        clock: Clock | None = None,
    ) -> None:
        """Describe the settings; nothing is read yet.

        Args:
            provider: An object with `export` (and, if settings can be put back, `restore`), a
                function that returns a mapping, or a mapping.
            secret: Further secret settings, as patterns or as a rule; see `Secrets`.
            public: Patterns of names that are no secrets, whatever their words.

        Raises:
            ConfigError: The provider is none of these.
        """
        self._provider = as_provider(provider)
        self._secrets = Secrets(secret, public)
        self._clock = clock or SystemClock()

    @property
    def provider(self) -> SettingsProvider:
        """What gives the settings."""
        return self._provider

    @property
    def writable(self) -> bool:
        """Whether the provider can put settings back."""
        return restorer(self._provider) is not None

    def size_bytes(self) -> int:
        """Return 0: settings are small, and their provider is asked once a backup."""
        return 0

    @contextlib.contextmanager
    def capture(self, context: CaptureContext) -> Iterator[SettingsCapture]:
        """Export the settings.

        Raises:
            SourceError: The provider failed, or gave a value that JSON cannot hold.
        """
        document = make_document(export(self._provider), self._secrets)
        now_ns = int(self._clock.now().timestamp() * _NS)
        yield SettingsCapture(document, context.previous.get(SETTINGS_PATH), now_ns=now_ns)

    @contextlib.contextmanager
    def stage(self, context: RestoreContext) -> Iterator[StagedSettings | StagedFile]:
        """Prepare to put the settings back, or to write them to `context.target`.

        The target is the file, or an existing directory to write `settings.json` in.

        Raises:
            PathNotInBackup: The backup holds no settings.
            RestoreError: The settings in the backup are damaged.
            TargetExists: The target exists.
        """
        data = _load(context.tree)
        document = decode_document(data)
        content = context.tree.manifest.contents.get(SETTINGS_PATH)
        if context.target is not None:
            file = SettingsFile.at(context.target, data, context.token)
            staged_file = StagedFile(file, document, content)
            with discarding(staged_file, context):
                yield staged_file
            return
        yield StagedSettings(LiveSettings(self._provider, self._secrets), document, content)

    def recover(self, state: Mapping[str, Any], *, committed: bool | None) -> bool:
        """Finish or take back an interrupted swap.

        Settings that cannot be put back count as new: there was nothing to swap.

        Raises:
            RestoreError: The state cannot be read, or the application refuses the settings.
        """
        match state.get("mode"):
            case "file":
                return recover_file(state, committed=committed)
            case "live":
                live = LiveSettings(self._provider, self._secrets)
                return recover_live(live, state, committed=committed)
            case "read-only":
                return committed is not False
            case _:
                raise RestoreError("The journal of the restore of the settings cannot be read")

    def sweep(self, token: str, scratch_dir: Path) -> None:
        """Do nothing: settings are staged in memory."""


class SettingsCapture:
    """The settings of one moment."""

    def __init__(self, document: Document, previous: ContentEntry | None, *, now_ns: int) -> None:
        self._document = document
        self._data = document.encode()
        checksum = hashlib.sha256(self._data).hexdigest()
        self._unchanged = previous is not None and previous.checksum == checksum
        # The same settings keep the time of their last change, so that they store nothing.
        known = previous.facts.get("changed_at_ns") if previous and self._unchanged else None
        self._changed_at_ns = known if isinstance(known, int) else now_ns

    @property
    def unchanged(self) -> bool:
        """Whether the settings are those of the previous backup."""
        return self._unchanged

    def entries(self) -> Iterator[Entry]:
        """Yield `settings.json`."""
        node = Node(
            name=SETTINGS_PATH,
            type=NodeType.FILE,
            mode=0o600,
            size=len(self._data),
            links=1,
            uid=os.geteuid(),
            gid=os.getegid(),
            mtime_ns=self._changed_at_ns,
            atime_ns=self._changed_at_ns,
            ctime_ns=self._changed_at_ns,
        )
        yield Entry(path=SETTINGS_PATH, node=node, open=self._open)

    def facts(self) -> CaptureFacts:
        """Return the number of settings and the names of those that were skipped."""
        return CaptureFacts(
            count=len(self._document.settings),
            facts={"changed_at_ns": self._changed_at_ns},
            skipped_settings=tuple(sorted(self._document.skipped)),
        )

    def _open(self) -> BinaryIO:
        return io.BytesIO(self._data)


def _load(tree: BackupTree) -> bytes:
    node = tree.node(SETTINGS_PATH)
    if node is None or node.type is not NodeType.FILE:
        raise PathNotInBackup("The backup holds no settings")
    if node.size > MAX_BYTES:
        raise RestoreError(f"The settings in the backup are too large: {node.size} bytes")
    data = b"".join(tree.read(SETTINGS_PATH))
    content = tree.manifest.contents.get(SETTINGS_PATH)
    if content and content.checksum and content.checksum != hashlib.sha256(data).hexdigest():
        raise RestoreError(
            "The settings in the backup are not those that its manifest names",
            hint="Nothing was changed. Verify the backup.",
        )
    return data
