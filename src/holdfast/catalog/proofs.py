"""Proofs: the newest result of verifying and of drilling each backup, a small file each.

They lie beside the repository and not in the catalog, since retention goes by them (the newest
proven backup stays) and a damaged catalog may be moved away at any time. Each is sealed with
the repository's key: whoever can write to the medium cannot make a backup look proven, and
names of files in it are not in the clear. One that cannot be read proves nothing, and hides
nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec

from holdfast.catalog.records import Proof, RunKind
from holdfast.errors import StoreError
from holdfast.stores.durable import replace_file

_log = logging.getLogger("holdfast.catalog")

_SUFFIX = ".proof"


class Seal(Protocol):
    """Encrypts and authenticates; a repository's key does."""

    def seal(self, plaintext: bytes) -> bytes:
        """Return the bytes sealed."""

    def open(self, sealed: bytes) -> bytes:
        """Return what was sealed.

        Raises:
            ValueError: It was not sealed with this key, or was altered.
        """


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    version: int = 1
    backup_id: str
    snapshot_tree: str
    kind: RunKind
    passed: bool
    proven_at: datetime
    errors: tuple[str, ...] = ()
    detail: dict[str, Any] = {}


class ProofFiles:
    """The proofs of one repository's backups. Safe to use from many threads and processes.

    Args:
        directory: Where they lie; made with the first.
    """

    def __init__(self, directory: Path, seal: Seal) -> None:
        self._directory = directory
        self._seal = seal

    def save(self, proof: Proof) -> None:
        """Keep a proof durably, in the place of the one of its kind before.

        Raises:
            StoreError: It cannot be written; the one before still holds.
        """
        document = _Document(
            backup_id=proof.backup_id,
            snapshot_tree=proof.snapshot_tree,
            kind=proof.kind,
            passed=proof.passed,
            proven_at=proof.proven_at,
            errors=proof.errors,
            detail=proof.detail,
        )
        path = self._path(proof.backup_id, proof.kind)
        sealed = self._seal.seal(msgspec.json.encode(document))
        try:
            replace_file(str(path), sealed)
        except OSError as error:
            raise StoreError(
                f"The proof of {proof.backup_id} cannot be written: {path}: {error.strerror}",
                hint="Free disk space or mend the permissions there, then verify again.",
            ) from error

    def load(self) -> dict[str, list[Proof]]:
        """Return the proofs of every backup, by backup id."""
        found: dict[str, list[Proof]] = {}
        for path in self._files():
            proof = self._read(path)
            if proof is not None:
                found.setdefault(proof.backup_id, []).append(proof)
        return found

    def remove(self, backup_id: str) -> None:
        """Drop the proofs of a backup that was removed.

        Raises:
            StoreError: They cannot be removed. They do no harm: a proof names what it proved.
        """
        try:
            for kind in RunKind:
                self._path(backup_id, kind).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(
                f"The proof of {backup_id} cannot be removed: {error.strerror}",
                hint=f"Mend the permissions of {self._directory}.",
            ) from error

    def _path(self, backup_id: str, kind: RunKind) -> Path:
        return self._directory / f"{backup_id}.{kind}{_SUFFIX}"

    def _files(self) -> Iterator[Path]:
        try:
            paths = sorted(self._directory.iterdir())
        except FileNotFoundError:
            return
        except OSError as error:
            _log.warning("The proofs in %s cannot be read: %s", self._directory, error.strerror)
            return
        for path in paths:
            if path.suffix == _SUFFIX:
                yield path

    def _read(self, path: Path) -> Proof | None:
        try:
            document = msgspec.json.decode(self._seal.open(path.read_bytes()), type=_Document)
        except FileNotFoundError:
            return None  # removed since the directory was listed
        except (OSError, ValueError) as error:
            _log.warning("The proof %s counts for nothing: %s", path, error)
            return None
        return Proof(
            backup_id=document.backup_id,
            snapshot_tree=document.snapshot_tree,
            kind=document.kind,
            passed=document.passed,
            proven_at=document.proven_at,
            errors=document.errors,
            detail=document.detail,
        )
