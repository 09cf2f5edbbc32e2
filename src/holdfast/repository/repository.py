"""The repository: create or open it, then read, write, lock and list.

This class joins the parts; each part lives in its own module.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace

from holdfast.clock import Clock, SystemClock
from holdfast.errors import (
    BackupNotFound,
    ObjectExists,
    ObjectNotFound,
    RepositoryDamaged,
    RepositoryExists,
)
from holdfast.models.node import Node
from holdfast.models.progress import CancellationToken
from holdfast.repository.compression import DEFAULT_LEVEL, MAX_LEVEL, Zstd
from holdfast.repository.config import (
    RepositoryConfig,
    decode_config,
    encode_config,
    new_config,
)
from holdfast.repository.crypto import AuthenticationFailed, DeriveKey, SealingKey, derive_key
from holdfast.repository.damage_notes import load_damage, note_damage
from holdfast.repository.file_reading import FileReader
from holdfast.repository.index import BlobIndex
from holdfast.repository.index_loading import load_index_files, lost_packs
from holdfast.repository.keys import KdfParameters, KeyRing, OpenedKey, create_key, open_keys
from holdfast.repository.layout import CONFIG_NAME, BlobType, ObjectKind, object_name
from holdfast.repository.locks import (
    Lock,
    LockInfo,
    acquire,
    read_locks,
    remove_locks,
    save_referring,
)
from holdfast.repository.objects import SealedObjects, exists
from holdfast.repository.opening import left_over_master, load_config, refuse_existing
from holdfast.repository.reader import BlobReader
from holdfast.repository.snapshot_tree import SnapshotTree
from holdfast.repository.snapshots import Snapshot, decode_snapshot, encode_snapshot
from holdfast.repository.trees import decode_tree
from holdfast.repository.writer import RepositoryWriter
from holdfast.stores.base import Store

_DEFAULT_KDF = KdfParameters()
_MOST_LISTINGS = 100
"""Each is one more snapshot that came or went while they were read; so many are no chance."""


class Repository:
    """An open repository. Make one by `create` or `open`. Safe to use from many threads.

    Attributes:
        store: Where its objects live; the caller closes it.
        keys: Its passwords.
        objects: Its index, snapshot and lock objects, for check, prune and repair.
        blobs: Reads single blobs.
    """

    def __init__(
        self,
        store: Store,
        config: RepositoryConfig,
        opened: OpenedKey,
        *,
        password_empty: bool,
        clock: Clock,
        kdf: KdfParameters,
    ) -> None:
        self.store = store
        self.clock = clock
        self._config = config
        self._key = opened.master
        self._password_empty = password_empty
        self.keys = KeyRing(store, opened, clock=clock, kdf=kdf, on_change=self._password_changed)
        self._zstd = Zstd()
        self.objects = SealedObjects(store, opened.master, version=config.version, zstd=self._zstd)
        self._index: BlobIndex | None = None
        self._only_intact = False
        self._loading = threading.Lock()
        self._locks: set[Lock] = set()
        self.blobs = BlobReader(
            store, opened.master, self._zstd, lambda: self.index, self.refresh_index
        )
        self._files = FileReader(self.blobs)

    @classmethod
    def create(
        cls,
        store: Store,
        password: str,
        *,
        clock: Clock | None = None,
        version: int = 2,
        kdf: KdfParameters = _DEFAULT_KDF,
    ) -> Repository:
        """Make a new repository and open it.

        An interrupted `create` leaves no repository; it can simply be run again.

        Args:
            password: Opens the repository; "" makes one whose content everybody can read.
            version: Format version: 2, or 1 which has no compression.
            kdf: The cost of trying passwords.

        Raises:
            RepositoryExists: There is one already, or what is left of one.
            UnsupportedRepository: There is no such format version.
        """
        clock = clock or SystemClock()
        config = new_config(version)
        store.create()
        refuse_existing(store)
        master = left_over_master(store, password) or SealingKey.random()
        key_id = create_key(store, password, master, clock=clock, kdf=kdf)
        try:
            store.save(CONFIG_NAME, encode_config(config, master))
        except ObjectExists:
            store.remove(object_name(ObjectKind.KEY, key_id))
            raise RepositoryExists(
                f"Another process has just made a repository at {store.location}"
            ) from None
        return cls(
            store,
            config,
            OpenedKey(key_id, master),
            password_empty=not password,
            clock=clock,
            kdf=kdf,
        )

    @classmethod
    def open(
        cls,
        store: Store,
        password: str,
        *,
        clock: Clock | None = None,
        kdf: KdfParameters = _DEFAULT_KDF,
        derive: DeriveKey = derive_key,
    ) -> Repository:
        """Open a repository.

        Args:
            kdf: The cost of trying passwords that are added later.
            derive: Derives keys from the password, which takes a tenth of a second each.

        Raises:
            RepositoryNotFound: There is none.
            WrongPassword: The password opens no key.
            NoKeys: There is no key.
            KeyDamaged: A key is damaged, and the password opens no other.
            UnsupportedRepository: It is of a format version that we cannot read.
            RepositoryDamaged: Its config is missing or damaged.
        """
        sealed = load_config(store)
        for opened in open_keys(store, password, derive=derive):
            try:
                config = decode_config(sealed, opened.master)
            except AuthenticationFailed:
                continue
            return cls(
                store,
                config,
                opened,
                password_empty=not password,
                clock=clock or SystemClock(),
                kdf=kdf,
            )
        raise RepositoryDamaged(
            f"The config of the repository at {store.location} is damaged, "
            "or belongs to another repository than its keys",
            hint="Bring back the file `config` from a copy of the repository.",
        )

    @staticmethod
    def exists(store: Store) -> bool:
        """Return whether there is a repository; `open` says why not."""
        return exists(store, CONFIG_NAME)

    @property
    def id(self) -> str:
        """Return what tells this repository from any other."""
        return self._config.id

    @property
    def version(self) -> int:
        """Return the format version, 1 or 2."""
        return self._config.version

    @property
    def encrypted(self) -> bool:
        """Return whether a password was needed to open it."""
        return not self._password_empty

    @property
    def key(self) -> SealingKey:
        """Return the master key, for check, prune and repair."""
        return self._key

    @property
    def zstd(self) -> Zstd:
        """Return the compressor, for check, prune and repair."""
        return self._zstd

    @property
    def index(self) -> BlobIndex:
        """Return where all blobs lie; loaded on first use.

        List snapshots before you look anything up: a snapshot is saved after its index files,
        so an index loaded later knows all of it.
        """
        index = self._index
        if index is None:
            with self._loading:
                if self._index is None:
                    self._index = self._load_index()
                index = self._index
        return index

    def reload_index(self, *, only_intact: bool = False) -> None:
        """Forget the index and load it anew.

        Args:
            only_intact: Leave out what lies in packs that are missing or cut short, and what
                a check noted as damaged, so that a backup stores it again instead of relying
                on it.
        """
        with self._loading:
            self._only_intact = only_intact
            self._index = self._load_index()

    def refresh_index(self) -> bool:
        """Bring the index up to date with the index files; return whether it changed.

        Files that are new are added. If one is gone, packs may be gone too, and the index is
        loaded anew.
        """
        before = self._index
        if before is None:
            return bool(self.index.files)
        with self._loading:
            present = {file_id for file_id, _ in self.objects.list(ObjectKind.INDEX)}
            known = before.files | before.damaged_files.keys()
            if present == known:
                return False
            if known <= present and not self._only_intact:
                self._index = load_index_files(self.objects, before)
            else:
                self._index = self._load_index()
        return True

    def _load_index(self) -> BlobIndex:
        index = load_index_files(self.objects, BlobIndex())
        if not self._only_intact:
            return index
        lost = lost_packs(self.store, index)
        bad = load_damage(self.objects).bad_copies()
        if not (lost or bad):
            return index
        return load_index_files(self.objects, BlobIndex(), without=lost, without_copies=bad)

    def lock(self, *, exclusive: bool = False, wait_s: float = 0.0) -> Lock:
        """Lock the repository: shared for writing, exclusive for removing.

        Args:
            wait_s: How long to wait for others [s].

        Raises:
            RepositoryLocked: Another process excludes ours; the message says which.
        """
        lock = acquire(self.objects, exclusive=exclusive, clock=self.clock, wait_s=wait_s)
        self._locks.add(lock)
        lock.on_release(lambda: self._locks.discard(lock))
        return lock

    def unlock(self, *, remove_all: bool = False) -> int:
        """Remove stale locks, or with `remove_all` all; return how many were removed."""
        return remove_locks(self.objects, clock=self.clock, remove_all=remove_all)

    def list_locks(self) -> list[LockInfo]:
        """Return the locks that are there, stale ones too, oldest first.

        Raises:
            RepositoryDamaged: A lock cannot be read.
        """
        return sorted(read_locks(self.objects), key=lambda lock: (lock.created_at, lock.id))

    def list_snapshots(
        self, on_damaged: Callable[[RepositoryDamaged], None] | None = None
    ) -> list[Snapshot]:
        """Return all snapshots, oldest first.

        A change of what is said of a backup saves its snapshot anew and removes the former. A
        listing in whose course that happens may show neither: a page of it read before the new
        one came, the next after the old one went. So two in succession have to be the same.

        Args:
            on_damaged: Is told of snapshots that cannot be read, instead of raising.

        Raises:
            RepositoryDamaged: A snapshot cannot be read; the message names it.
        """
        found: dict[str, Snapshot | None] = {}
        listed, before = self._snapshot_ids(), None
        for _ in range(_MOST_LISTINGS):
            self._load_listed(listed, found, on_damaged)
            listed, before = self._snapshot_ids(), listed
            if listed == before:
                break
        snapshots = (found.get(snapshot_id) for snapshot_id in listed)
        return sorted(
            (each for each in snapshots if each is not None),
            key=lambda snapshot: (snapshot.time, snapshot.id or ""),
        )

    def _snapshot_ids(self) -> set[str]:
        return {snapshot_id for snapshot_id, _ in self.objects.list(ObjectKind.SNAPSHOT)}

    def _load_listed(
        self,
        listed: Iterable[str],
        found: dict[str, Snapshot | None],
        on_damaged: Callable[[RepositoryDamaged], None] | None,
    ) -> None:
        """Load what was listed, is not loaded yet and has not gone since."""
        for snapshot_id in listed:
            if snapshot_id in found:
                continue
            try:
                document = self.objects.load(ObjectKind.SNAPSHOT, snapshot_id)
                found[snapshot_id] = decode_snapshot(document, snapshot_id)
            except ObjectNotFound:
                continue
            except RepositoryDamaged as error:
                if on_damaged is None:
                    raise
                found[snapshot_id] = None
                on_damaged(error)

    def load_snapshot(self, snapshot_id: str) -> Snapshot:
        """Return a snapshot by its full id.

        Raises:
            BackupNotFound: There is none.
            RepositoryDamaged: It cannot be read.
        """
        try:
            document = self.objects.load(ObjectKind.SNAPSHOT, snapshot_id)
        except (ObjectNotFound, ValueError):
            raise BackupNotFound(f"There is no snapshot {snapshot_id}") from None
        return decode_snapshot(document, snapshot_id)

    def save_snapshot(self, snapshot: Snapshot) -> Snapshot:
        """Save a snapshot, durably; what it refers to must be durable already.

        Returns:
            The snapshot with its id.

        Raises:
            LockLost: A lock of this repository that we hold was lost; nothing was saved.
        """
        document = encode_snapshot(snapshot)
        locks = list(self._locks)
        snapshot_id, _ = save_referring(self.objects, locks, ObjectKind.SNAPSHOT, document)
        return replace(snapshot, id=snapshot_id)

    def remove_snapshot(self, snapshot_id: str) -> None:
        """Remove a snapshot; the space is freed by a later prune.

        Raises:
            BackupNotFound: There is none.
            LockLost: A lock of this repository that we hold was lost; nothing was removed.
        """
        for lock in list(self._locks):
            lock.confirm()
        try:
            self.objects.remove(ObjectKind.SNAPSHOT, snapshot_id)
        except (ObjectNotFound, ValueError):
            raise BackupNotFound(f"There is no snapshot {snapshot_id}") from None

    def tree(self, snapshot: Snapshot) -> SnapshotTree:
        """Return the files of a snapshot."""
        return SnapshotTree(snapshot, self.load_tree, self._files)

    def note_damage(self) -> None:
        """Note the damage that was met while reading, so that no later backup relies on it.

        Raises:
            StoreError: It could not be noted.
        """
        if self.blobs.damage:
            note_damage(self.objects, self.blobs.damage)
            self.blobs.damage.clear()

    def load_blob(self, blob_type: BlobType, blob_id: bytes) -> bytes:
        """Return the verified plaintext of a blob.

        Raises:
            RepositoryDamaged: It is missing, or no copy of it is intact.
        """
        return self.blobs.load(blob_type, blob_id)

    def load_tree(self, tree_id: bytes) -> list[Node]:
        """Return the entries of a directory.

        Raises:
            RepositoryDamaged: It is missing or damaged.
        """
        return decode_tree(self.load_blob(BlobType.TREE, tree_id), tree_id)

    def writer(
        self,
        lock: Lock,
        *,
        compression: int | None = DEFAULT_LEVEL,
        cancel: CancellationToken | None = None,
    ) -> RepositoryWriter:
        """Begin to add blobs.

        The index is brought up to date first, because a prune by another process may have
        removed what it knows; with the lock held no such thing happens any more.

        Args:
            lock: A lock on this repository, held until the writer has finished.
            compression: zstd level from 1 to 19; None stores data as it is.

        Raises:
            ValueError: The level is out of range.
        """
        if compression is not None and not 1 <= compression <= MAX_LEVEL:
            raise ValueError(f"compression level {compression} is not from 1 to {MAX_LEVEL}")
        self.refresh_index()
        return RepositoryWriter(
            store=self.store,
            key=self._key,
            objects=self.objects,
            index=self.index,
            lease=lock,
            zstd=self._zstd,
            compression=compression if self.version >= 2 else None,
            compress_trees=self.version >= 2,
            cancel=cancel or CancellationToken(),
        )

    def _password_changed(self, password: str) -> None:
        self._password_empty = not password
