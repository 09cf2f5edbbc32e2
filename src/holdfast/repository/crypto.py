"""AES-256 in counter mode with Poly1305-AES: how everything in a repository is sealed.

A sealed message is `nonce (16) || ciphertext || MAC (16)`. The MAC is checked before any
byte is decrypted; on failure nothing is returned.

Source: restic's design document, section "Keys, Encryption and MAC"; D. J. Bernstein,
"The Poly1305-AES message-authentication code" (2005).
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Sequence
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR, ECB
from cryptography.hazmat.primitives.poly1305 import Poly1305

from holdfast.errors import RepositoryDamaged
from holdfast.stores.base import Buffer

NONCE_BYTES: Final = 16
MAC_BYTES: Final = 16
OVERHEAD_BYTES: Final = NONCE_BYTES + MAC_BYTES
"""How much longer a sealed message is than its plaintext [bytes]."""

MAX_KDF_MEMORY_BYTES: Final = 256 * 2**20
"""Most memory that a key file may ask of us; its parameters are not authenticated yet."""

MAX_KDF_WORK: Final = 2**25
"""Largest N*r*p: about ten seconds. restic's own default is 2**18."""

_ZERO_NONCE: Final = bytes(NONCE_BYTES)
_SCRATCH_BYTES: Final = 64 * 2**10
_LARGE_SCRATCH_BYTES: Final = 8 * 2**20
"""A buffer that one very large message needed is not kept for ever."""


class AuthenticationFailed(ValueError):
    """The MAC does not fit: another key made these bytes, or they were altered."""


class SealingKey:
    """A key for sealing and opening messages. Safe to use from many threads.

    Each thread keeps its own cipher contexts: making one costs more than sealing 16 KiB with
    it (5 us against 2), and they are not safe to share.
    """

    def __init__(self, encryption: bytes, mac_k: bytes, mac_r: bytes) -> None:
        if len(encryption) != 32 or len(mac_k) != 16 or len(mac_r) != 16:
            raise ValueError("a key must be 32 + 16 + 16 bytes long")
        if not (any(encryption) and any(mac_k) and any(mac_r)):
            raise ValueError("a key must not be all zeros")
        self.encryption = encryption
        self.mac_k = mac_k
        self.mac_r = mac_r
        self._local = _Local()

    @classmethod
    def random(cls) -> SealingKey:
        """Make a new key from the system's random source."""
        return cls(os.urandom(32), os.urandom(16), os.urandom(16))

    def seal(self, plaintext: Buffer) -> bytes:
        """Return the plaintext sealed under a fresh random nonce.

        The nonce comes from the kernel for each message, so forked processes never share one.
        """
        return bytes(self.seal_all([plaintext]))

    def seal_all(self, plaintexts: Sequence[Buffer]) -> bytearray:
        """Return the plaintexts, each sealed under its own fresh random nonce, joined.

        For many small messages it takes half the time of `seal`: one call each to the kernel
        for all nonces and to AES for all their masks.
        """
        contexts = self._prepared(0)
        stream = contexts.stream
        sealed = bytearray(sum(map(len, plaintexts)) + OVERHEAD_BYTES * len(plaintexts))
        nonces = os.urandom(NONCE_BYTES * len(plaintexts))
        masks = contexts.mask.update(nonces)
        start = 0
        with memoryview(sealed) as view:
            for number, plaintext in enumerate(plaintexts):
                part = slice(number * NONCE_BYTES, (number + 1) * NONCE_BYTES)
                nonce = nonces[part]
                body = start + NONCE_BYTES
                end = body + len(plaintext)
                view[start:body] = nonce
                ciphertext = view[body:end]
                stream.reset_nonce(nonce)
                stream.update_into(plaintext, ciphertext)
                tag = Poly1305.generate_tag(self.mac_r + masks[part], ciphertext)
                ciphertext.release()
                start = end + MAC_BYTES
                view[end:start] = tag
        return sealed

    def open_all(self, sealed: Sequence[Buffer]) -> list[memoryview]:
        """Return the plaintexts of sealed messages as views of a buffer of this thread.

        They hold until this thread's next call of any method.

        Raises:
            AuthenticationFailed: A message is too short, or its MAC does not fit. Nothing of
                any is returned.
        """
        contexts = self._prepared(sum(map(len, sealed)))
        stream = contexts.stream
        scratch = memoryview(contexts.scratch)
        masks = contexts.mask.update(_nonces(sealed))
        opened: list[memoryview] = []
        start = 0
        for number, message in enumerate(sealed):
            view = memoryview(message)
            ciphertext = view[NONCE_BYTES:-MAC_BYTES]
            mask = masks[number * NONCE_BYTES : (number + 1) * NONCE_BYTES]
            try:
                Poly1305.verify_tag(self.mac_r + mask, ciphertext, bytes(view[-MAC_BYTES:]))
            except InvalidSignature:
                raise AuthenticationFailed("the MAC does not fit") from None
            plaintext = scratch[start : start + len(ciphertext)]
            start += len(ciphertext)
            stream.reset_nonce(bytes(view[:NONCE_BYTES]))
            stream.update_into(ciphertext, plaintext)
            opened.append(plaintext)
        return opened

    def open(self, sealed: Buffer) -> bytes:
        """Return the plaintext of a sealed message.

        Raises:
            AuthenticationFailed: The message is too short, or its MAC does not fit.
        """
        (plaintext,) = self.open_all([sealed])
        return bytes(plaintext)

    def _prepared(self, length: int) -> _Contexts:
        """Return this thread's contexts, with room for `length` bytes."""
        contexts = self._local.contexts
        if contexts is None:
            contexts = self._local.contexts = _Contexts(
                Cipher(AES(self.encryption), CTR(_ZERO_NONCE)).encryptor(),
                # ECB of one block is the plain AES permutation, which is what Poly1305-AES
                # masks its nonce with.
                Cipher(AES(self.mac_k), ECB()).encryptor(),  # noqa: S305
            )
        size = len(contexts.scratch)
        if size < length or (size > _LARGE_SCRATCH_BYTES and length < _SCRATCH_BYTES):
            contexts.scratch = bytearray(max(length, _SCRATCH_BYTES))
        return contexts


class _Contexts:
    """What one thread needs to seal and open."""

    __slots__ = ("mask", "scratch", "stream")

    def __init__(self, stream: CipherContext, mask: CipherContext) -> None:
        self.stream = stream
        self.mask = mask
        self.scratch = bytearray()


def _nonces(sealed: Sequence[Buffer]) -> bytes:
    """Return the joined nonces of sealed messages."""
    nonces = [bytes(message[:NONCE_BYTES]) for message in sealed]
    if min(map(len, sealed)) < OVERHEAD_BYTES or _ZERO_NONCE in nonces:
        raise AuthenticationFailed("not a sealed message")
    return b"".join(nonces)


class _Local(threading.local):
    contexts: _Contexts | None = None


def unproven(what: str) -> RepositoryDamaged:
    """Return the error to raise when something just sealed does not open to what it was."""
    return RepositoryDamaged(
        f"A new {what} did not read back as it was made, and was not stored",
        hint="Memory or processor of this machine are not reliable.",
    )


class DeriveKey(Protocol):
    """How `derive_key` is called; who opens a repository often passes one that remembers."""

    def __call__(self, password: str, salt: bytes, *, n: int, r: int, p: int) -> SealingKey:
        """See `derive_key`."""


def derive_key(password: str, salt: bytes, *, n: int, r: int, p: int) -> SealingKey:
    """Derive the key that seals the master key, by scrypt.

    Raises:
        ValueError: The parameters are not valid for scrypt or cost more than we allow.
    """
    check_kdf_cost(n=n, r=r, p=p)
    raw = hashlib.scrypt(
        password.encode("utf-8", "surrogateescape"),
        salt=salt,
        n=n,
        r=r,
        p=p,
        dklen=64,
        maxmem=128 * r * (n + p + 2) + 2**20,
    )
    return SealingKey(raw[:32], raw[32:48], raw[48:])


def check_kdf_cost(*, n: int, r: int, p: int) -> None:
    """Refuse scrypt parameters that are invalid or made to exhaust memory or time.

    Raises:
        ValueError: They are.
    """
    if n < 2 or n & (n - 1) or r < 1 or p < 1:
        raise ValueError(f"scrypt parameters N={n} r={r} p={p} are not valid")
    if 128 * n * r > MAX_KDF_MEMORY_BYTES or n * r * p > MAX_KDF_WORK:
        raise ValueError(f"scrypt parameters N={n} r={r} p={p} ask for too much")
