"""Passphrase encryption as the `age` tool does it, streamed.

An archive `backup.zip.age` opens with `age -d backup.zip.age > backup.zip` and the same
passphrase. Done here on `cryptography`: pyrage 1.4 holds the whole plaintext and ciphertext
in memory in its passphrase mode (300 MB of data took 912 MB) and derives the key with up to
512 MiB more, and a file encrypted to a generated identity could not be opened with the
passphrase alone. Source: https://age-encryption.org/v1, the scrypt recipient.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from holdfast.archive.limits import ArchiveLimits, damaged
from holdfast.archive.writer import Sink
from holdfast.errors import ArchivePassphraseError, ArchiveRefused

MAGIC = b"age-encryption.org/v1\n"
ARMOR = b"-----BEGIN AGE ENCRYPTED FILE-----"
CHUNK_BYTES = 64 * 1024
WRITTEN_LOG_N = 17
"""128 MiB and half a second: `age` itself takes 18, whose 256 MiB would be all we may use."""

_SALT_LABEL = b"age-encryption.org/v1/scrypt"
_SALT_BYTES = 16
_KEY_BYTES = 16
_NONCE_BYTES = 16
_TAG_BYTES = 16
_MAC_BYTES = 32
_MAX_HEADER_BYTES = 64 * 1024


class AgeWriter:
    """A sink whose bytes reach another sink encrypted. `close` writes the last chunk."""

    def __init__(self, sink: Sink, passphrase: str, *, log_n: int = WRITTEN_LOG_N) -> None:
        """Write the header.

        Raises:
            ArchivePassphraseError: The passphrase is empty.
        """
        if not passphrase:
            raise ArchivePassphraseError(
                "An encrypted archive needs a passphrase that is not empty",
                hint="Give a passphrase, or export to a plain .zip.",
            )
        key = os.urandom(_KEY_BYTES)
        salt = os.urandom(_SALT_BYTES)
        nonce = os.urandom(_NONCE_BYTES)
        wrapped = ChaCha20Poly1305(_wrap_key(passphrase, salt, log_n)).encrypt(bytes(12), key, None)
        header = MAGIC + b"-> scrypt %s %d\n%s\n---" % (_encode(salt), log_n, _encode(wrapped))
        sink.write(header + b" " + _encode(_header_mac(key, header)) + b"\n" + nonce)
        self._sink = sink
        self._cipher = ChaCha20Poly1305(_derive(key, nonce, b"payload"))
        self._held = bytearray()
        self._counter = 0

    def write(self, data: bytes, /) -> int:
        """Take `data`."""
        self._held += data
        # The last chunk must not be empty, so one that is full waits until more follows.
        whole = max(len(self._held) - 1, 0) // CHUNK_BYTES * CHUNK_BYTES
        for start in range(0, whole, CHUNK_BYTES):
            self._seal(bytes(self._held[start : start + CHUNK_BYTES]), last=False)
        del self._held[:whole]
        return len(data)

    def close(self) -> None:
        """Write what is held as the last chunk; without it no reader accepts the file."""
        self._seal(bytes(self._held), last=True)
        self._held.clear()

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        self._sink.write(self._cipher.encrypt(_chunk_nonce(self._counter, last=last), chunk, None))
        self._counter += 1


@contextmanager
def age_encrypted(sink: Sink, passphrase: str) -> Iterator[AgeWriter]:
    """Give a sink whose bytes reach `sink` encrypted under `passphrase`.

    If the body raises, the file is left without its end, so that nothing accepts it.

    Raises:
        ArchivePassphraseError: The passphrase is empty.
    """
    writer = AgeWriter(sink, passphrase)
    yield writer
    writer.close()


def age_size(plain_size: int) -> int:
    """Return the length of an age file [bytes] that holds `plain_size` bytes."""
    salt, wrapped, mac = (_encoded_length(n) for n in (_SALT_BYTES, _KEY_BYTES + _TAG_BYTES, 32))
    header = len(MAGIC) + len(f"-> scrypt  {WRITTEN_LOG_N}\n\n--- \n") + salt + wrapped + mac
    chunks = max(1, -(-plain_size // CHUNK_BYTES))
    return header + _NONCE_BYTES + plain_size + chunks * _TAG_BYTES


def decrypt(
    source: BinaryIO, passphrase: str, *, limits: ArchiveLimits | None = None
) -> Iterator[bytes]:
    """Yield the plaintext of the age file that `source` is at the beginning of.

    Each piece is authenticated before it is yielded; the whole is complete only when the
    iterator ends without an error.

    Raises:
        ArchivePassphraseError: The passphrase is wrong, or the file is not encrypted with one.
        ArchiveDamaged: The file is truncated or altered.
        ArchiveRefused: It demands more memory than `limits` allow.
    """
    key = _open_header(source, passphrase, limits or ArchiveLimits())
    nonce = source.read(_NONCE_BYTES)
    if len(nonce) < _NONCE_BYTES:
        raise damaged("the encrypted file is cut off after its header")
    cipher = ChaCha20Poly1305(_derive(key, nonce, b"payload"))
    counter = 0
    chunk = _read(source, CHUNK_BYTES + _TAG_BYTES)
    while True:
        following = _read(source, CHUNK_BYTES + _TAG_BYTES)
        yield _opened(cipher, chunk, counter, last=not following)
        if not following:
            return
        chunk = following
        counter += 1


def _opened(cipher: ChaCha20Poly1305, chunk: bytes, counter: int, *, last: bool) -> bytes:
    if counter and len(chunk) <= _TAG_BYTES:
        raise damaged("the encrypted file is cut off")
    try:
        return cipher.decrypt(_chunk_nonce(counter, last=last), chunk, None)
    except (InvalidTag, ValueError) as error:
        what = "is cut off or altered near its end" if last else "was altered"
        raise damaged(f"the encrypted file {what}") from error


def _open_header(source: BinaryIO, passphrase: str, limits: ArchiveLimits) -> bytes:
    """Return the file key."""
    lines = _header_lines(source)
    arguments = lines[1].split(b" ")
    if arguments[:2] != [b"->", b"scrypt"]:
        raise ArchivePassphraseError(
            "The backup file is encrypted to a key, not with a passphrase",
            hint="Decrypt it with `age -d -i KEYFILE FILE > backup.zip`, then use backup.zip.",
        )
    if len(arguments) != 4 or len(lines) != 4:
        raise damaged("the header of the encrypted file is malformed")
    salt, log_n = _decode(arguments[2], _SALT_BYTES), _work_factor(arguments[3], limits)
    wrapped = _decode(lines[2], _KEY_BYTES + _TAG_BYTES)
    mac = _decode(lines[3].removeprefix(b"--- "), _MAC_BYTES)
    try:
        key = ChaCha20Poly1305(_wrap_key(passphrase, salt, log_n)).decrypt(bytes(12), wrapped, None)
    except InvalidTag:
        raise ArchivePassphraseError(
            "The passphrase does not open the backup file",
            hint="Check the passphrase; if it is right, the file's header is damaged.",
        ) from None
    signed = b"\n".join(lines[:3]) + b"\n---"
    if not hmac.compare_digest(mac, _header_mac(key, signed)):
        raise damaged("the header of the encrypted file was altered")
    return key


def _header_lines(source: BinaryIO) -> list[bytes]:
    lines: list[bytes] = []
    left = _MAX_HEADER_BYTES
    while not lines or not lines[-1].startswith(b"---"):
        line = source.readline(left)
        left -= len(line)
        if not line.endswith(b"\n"):
            raise damaged("the header of the encrypted file is cut off")
        lines.append(line[:-1])
    if lines[0] + b"\n" != MAGIC or len(lines) < 2:
        raise damaged("the header of the encrypted file is malformed")
    return lines


def _work_factor(text: bytes, limits: ArchiveLimits) -> int:
    if not text.isdigit() or text.startswith(b"0") or len(text) > 2:
        raise damaged("the header of the encrypted file is malformed")
    log_n = int(text)
    if log_n > limits.scrypt_log_n:
        raise ArchiveRefused(
            f"Backup file was refused: deriving its key would take {2**log_n // 1024} MiB of "
            f"memory, at most {2**limits.scrypt_log_n // 1024} MiB are allowed",
            hint="If you trust it, decrypt it with `age -d FILE > backup.zip` first.",
        )
    return log_n


def _wrap_key(passphrase: str, salt: bytes, log_n: int) -> bytes:
    needed = 128 * 8 << log_n
    return hashlib.scrypt(
        passphrase.encode("utf-8", "surrogateescape"),
        salt=_SALT_LABEL + salt,
        n=1 << log_n,
        r=8,
        p=1,
        maxmem=needed + 2**20,
        dklen=32,
    )


def _header_mac(key: bytes, header: bytes) -> bytes:
    return hmac.digest(_derive(key, b"", b"header"), header, "sha256")


def _derive(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(key)


def _chunk_nonce(counter: int, *, last: bool) -> bytes:
    return counter.to_bytes(11, "big") + bytes([last])


def _read(source: BinaryIO, length: int) -> bytes:
    """Read `length` bytes, or what is left."""
    data = source.read(length)
    while len(data) < length and (more := source.read(length - len(data))):
        data += more
    return data


def _encode(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")


def _encoded_length(length: int) -> int:
    return -(-length * 4 // 3)


def _decode(text: bytes, length: int) -> bytes:
    """Decode canonical base64 without padding.

    Raises:
        ArchiveDamaged: It is something else, or of another length.
    """
    try:
        data = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise damaged("the header of the encrypted file is malformed") from error
    if len(data) != length or _encode(data) != text:
        raise damaged("the header of the encrypted file is malformed")
    return data
