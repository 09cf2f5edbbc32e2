"""The `config` object: what a repository says of itself. Sealed, never compressed."""

from __future__ import annotations

import os
import re

import msgspec

from holdfast.errors import RepositoryDamaged, UnsupportedRepository
from holdfast.repository.crypto import SealingKey
from holdfast.repository.documents import INVALID_DOCUMENT
from holdfast.repository.layout import is_object_id
from holdfast.repository.polynomial import DEGREE, is_irreducible, random_irreducible
from holdfast.stores.base import Buffer

NEWEST_VERSION = 2


class RepositoryConfig(msgspec.Struct, frozen=True):
    """The content of `config`.

    Attributes:
        version: Format version: 1, or 2 which adds compression.
        id: 64 hexadecimal digits that tell this repository from any other.
        chunker_polynomial: In hexadecimal; for restic's content-defined chunks.
    """

    version: int
    id: str
    chunker_polynomial: str


def new_config(version: int) -> RepositoryConfig:
    """Return the config of a new repository.

    Raises:
        UnsupportedRepository: There is no such format version.
    """
    _check_version(version)
    return RepositoryConfig(version, os.urandom(32).hex(), f"{random_irreducible():x}")


def encode_config(config: RepositoryConfig, key: SealingKey) -> bytes:
    """Return the bytes to store as `config`."""
    return key.seal(msgspec.json.encode(config))


def decode_config(sealed: Buffer, key: SealingKey) -> RepositoryConfig:
    """Read the stored bytes of `config`.

    Raises:
        AuthenticationFailed: The key is not this repository's, or the bytes are altered.
        UnsupportedRepository: It is of a format version that we cannot read.
        RepositoryDamaged: It is no config.
    """
    plain = key.open(sealed)
    try:
        config = msgspec.json.decode(plain, type=RepositoryConfig)
    except INVALID_DOCUMENT as error:
        raise RepositoryDamaged(f"The repository's config is damaged: {error}") from error
    _check_version(config.version)
    if not is_object_id(config.id):
        raise RepositoryDamaged("The repository's config is damaged: its id is malformed")
    if not _is_polynomial(config.chunker_polynomial):
        raise RepositoryDamaged("The repository's config is damaged: its polynomial is invalid")
    return config


def _is_polynomial(text: str) -> bool:
    if re.fullmatch(r"[0-9a-fA-F]{1,16}", text) is None:
        return False
    polynomial = int(text, 16)
    return polynomial.bit_length() == DEGREE + 1 and is_irreducible(polynomial)


def _check_version(version: int) -> None:
    if not 1 <= version <= NEWEST_VERSION:
        raise UnsupportedRepository(
            f"The repository has format version {version}; this Holdfast knows 1 and 2",
            hint="Upgrade Holdfast, then try again.",
        )
