"""Sealing: what restic opens, and nothing that was altered."""

from __future__ import annotations

import base64
import os
import threading
import warnings
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.repository.crypto import (
    MAX_KDF_MEMORY_BYTES,
    OVERHEAD_BYTES,
    AuthenticationFailed,
    SealingKey,
    derive_key,
)
from tests.repository.making import GOLDEN

_GOLDEN_KEY = SealingKey(
    base64.b64decode("NdM+4eYICFTnVMGh8C4Gs6vmbJGLGzYrAu3a/u1zXGo="),
    base64.b64decode("VeaVp1Teb0LC+NeIDIHG1w=="),
    base64.b64decode("GCleCZwedgD01t0C0MXgBg=="),
)


def test_what_restic_sealed_opens() -> None:
    sealed = (GOLDEN / "restic-0.14-v2" / "config").read_bytes()
    assert _GOLDEN_KEY.open(sealed) == (
        b'{"version":2,"id":"f817f47a0b14940c3329a9f6adeee5c7b63dc21460a7fbf8c73461115dff7440",'
        b'"chunker_polynomial":"3c1737a74409cd"}'
    )


@given(st.binary(max_size=200))
def test_what_is_sealed_opens(plain: bytes) -> None:
    sealed = _GOLDEN_KEY.seal(plain)
    assert len(sealed) == len(plain) + OVERHEAD_BYTES
    assert _GOLDEN_KEY.open(sealed) == plain


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=10))
def test_messages_sealed_together_open_together_and_one_by_one(plain: list[bytes]) -> None:
    joined = bytes(_GOLDEN_KEY.seal_all(plain))
    sealed: list[bytes] = []
    for message in plain:
        length = len(message) + OVERHEAD_BYTES
        sealed.append(joined[:length])
        joined = joined[length:]
    assert not joined
    assert [bytes(view) for view in _GOLDEN_KEY.open_all(sealed)] == plain
    assert [_GOLDEN_KEY.open(message) for message in sealed] == plain


def test_one_altered_message_among_many_opens_none() -> None:
    """R53: nothing of the others is returned either, so nobody can take the wrong one."""
    good = [_GOLDEN_KEY.seal(b"message %d" % number) for number in range(5)]
    for wrong in range(5):
        altered = bytearray(good[wrong])
        altered[20] ^= 1
        for spoilt in (bytes(altered), good[wrong][:31], b"", bytes(64)):
            with pytest.raises(AuthenticationFailed):
                _GOLDEN_KEY.open_all([*good[:wrong], spoilt, *good[wrong + 1 :]])


def test_every_altered_byte_and_every_truncation_is_found() -> None:
    """R53: the MAC is checked before the plaintext is used; a failure returns nothing."""
    sealed = _GOLDEN_KEY.seal(b"a small secret")
    for position in range(len(sealed)):
        altered = bytearray(sealed)
        altered[position] ^= 1 << (position % 8)
        for wrong in (bytes(altered), sealed[:position]):
            with pytest.raises(AuthenticationFailed):
                _GOLDEN_KEY.open(wrong)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(AuthenticationFailed):
        SealingKey.random().open(_GOLDEN_KEY.seal(b"secret"))


def test_the_nonce_of_zeros_is_refused() -> None:
    with pytest.raises(AuthenticationFailed):
        _GOLDEN_KEY.open(bytes(64))


def test_nonces_are_never_used_twice() -> None:
    """R53: threads, and processes forked while a context is in use, draw different nonces."""
    nonces: list[bytes] = []

    def seal_many() -> None:
        for _ in range(50):
            sealed = _GOLDEN_KEY.seal_all([b"x"] * 10)
            nonces.extend(bytes(sealed[at : at + 16]) for at in range(0, len(sealed), 33))

    threads = [threading.Thread(target=seal_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads
        child = os.fork()
    if not child:
        os.write(writing, _GOLDEN_KEY.seal(b"x")[:16])
        os._exit(0)
    os.waitpid(child, 0)
    nonces += [os.read(reading, 16), _GOLDEN_KEY.seal(b"x")[:16]]
    os.close(reading)
    os.close(writing)
    assert len(set(nonces)) == 2002
    bits = Counter(byte for nonce in nonces for byte in nonce)
    assert len(bits) == 256


def test_a_large_message_leaves_no_large_buffer_behind() -> None:
    key = SealingKey.random()
    large = bytes(9 * 2**20)
    assert key.open(key.seal(large)) == large
    assert key.open(key.seal(b"small")) == b"small"
    contexts = key._local.contexts
    assert contexts is not None
    assert len(contexts.scratch) < 2**20


@pytest.mark.parametrize(
    ("n", "r", "p"),
    [
        (0, 8, 1),
        (1, 8, 1),
        (3, 8, 1),
        (-2, 8, 1),
        (2**15, 0, 1),
        (2**15, 8, 0),
        (MAX_KDF_MEMORY_BYTES // 128, 2, 1),
        (2, 2**31, 1),
        (2**15, 8, 2**20),
        (2**62, 1, 1),
    ],
)
def test_hostile_kdf_parameters_are_refused_before_any_memory_is_taken(
    n: int, r: int, p: int
) -> None:
    """R59: zero, one, huge and impossible parameters of scrypt."""
    with pytest.raises(ValueError, match="scrypt parameters"):
        derive_key("password", b"salt" * 16, n=n, r=r, p=p)


def test_a_password_gives_the_key_that_the_standard_vector_gives() -> None:
    """Source: RFC 7914, section 12, second vector."""
    key = derive_key("password", b"NaCl", n=1024, r=8, p=16)
    assert (key.encryption + key.mac_k + key.mac_r).hex() == (
        "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
        "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
    )


def test_a_key_of_zeros_is_refused() -> None:
    with pytest.raises(ValueError, match="zeros"):
        SealingKey(bytes(32), b"k" * 16, b"r" * 16)
