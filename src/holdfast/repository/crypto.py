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
from typing import Final

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
        with self._seal(plaintext) as view:
            return bytes(view)

    def append_sealed(self, plaintext: Buffer, sealed: bytearray) -> int:
        """Append the plaintext sealed under a fresh random nonce; return the length of that.

        It spares two copies, a fifth of the time of `seal` for 16 KiB.
        """
        with self._seal(plaintext) as view:
            sealed += view
            return len(view)

    def open(self, sealed: Buffer) -> bytes:
        """Return the plaintext of a sealed message.

        Raises:
            AuthenticationFailed: The message is too short, or its MAC does not fit.
        """
        with self.open_view(sealed) as view:
            return bytes(view)

    def open_view(self, sealed: Buffer) -> memoryview:
        """Return the plaintext as a view of a buffer of this thread.

        It holds until this thread's next call of any method; release it before.

        Raises:
            AuthenticationFailed: The message is too short, or its MAC does not fit.
        """
        view = memoryview(sealed)
        nonce = bytes(view[:NONCE_BYTES])
        if len(view) < OVERHEAD_BYTES or nonce == _ZERO_NONCE:
            raise AuthenticationFailed("not a sealed message")
        contexts = self._prepared(len(view))
        ciphertext = view[NONCE_BYTES:-MAC_BYTES]
        mac_key = self.mac_r + contexts.mask.update(nonce)
        try:
            Poly1305.verify_tag(mac_key, ciphertext, bytes(view[-MAC_BYTES:]))
        except InvalidSignature:
            raise AuthenticationFailed("the MAC does not fit") from None
        contexts.stream.reset_nonce(nonce)
        contexts.stream.update_into(ciphertext, contexts.scratch)
        return memoryview(contexts.scratch)[: len(ciphertext)]

    def _seal(self, plaintext: Buffer) -> memoryview:
        nonce = os.urandom(NONCE_BYTES)
        length = len(plaintext) + OVERHEAD_BYTES
        contexts = self._prepared(length)
        mac_key = self.mac_r + contexts.mask.update(nonce)
        view = memoryview(contexts.scratch)[:length]
        view[:NONCE_BYTES] = nonce
        ciphertext = view[NONCE_BYTES:-MAC_BYTES]
        contexts.stream.reset_nonce(nonce)
        contexts.stream.update_into(plaintext, ciphertext)
        view[-MAC_BYTES:] = Poly1305.generate_tag(mac_key, ciphertext)
        return view

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


class _Local(threading.local):
    contexts: _Contexts | None = None


def unproven(what: str) -> RepositoryDamaged:
    """Return the error to raise when something just sealed does not open to what it was."""
    return RepositoryDamaged(
        f"A new {what} did not read back as it was made, and was not stored",
        hint="Memory or processor of this machine are not reliable.",
    )


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
