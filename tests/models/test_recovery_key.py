"""The recovery key as a person types it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import RecoveryKeyMistyped
from holdfast.models.recovery_key import (
    ALPHABET,
    RecoveryKey,
    looks_like_recovery_key,
    recovery_key_name,
)

KEY = RecoveryKey("GXWR5-D84HJ-E1TJ5-6M5DH-5C1C0-1ND81-SBY85")


def test_two_keys_differ_and_each_has_150_random_bits() -> None:
    """R49: what is random is the thirty characters after the name."""
    keys = {RecoveryKey.random().text for _ in range(100)}
    assert len(keys) == 100
    for text in keys:
        groups = text.split("-")
        assert [len(group) for group in groups] == [5] * 7
        assert set(text.replace("-", "")) <= set(ALPHABET)
    seen = {char for text in keys for char in text}
    assert seen == {*ALPHABET, "-"}


@pytest.mark.parametrize(
    "typed",
    [
        KEY.text,
        KEY.text.lower(),
        KEY.text.replace("-", " "),
        f"  {KEY.text.replace('-', '')}\n",
        KEY.text.replace("-", "\u2013"),
        KEY.text.replace("0", "O").replace("1", "l"),
        KEY.text.replace("0", "o").replace("1", "I"),
    ],
)
def test_however_it_is_typed_it_is_the_same_key(typed: str) -> None:
    """R49."""
    assert RecoveryKey.parse(typed) == KEY


@pytest.mark.parametrize("position", [i for i in range(len(KEY.text)) if KEY.text[i] != "-"])
def test_one_wrong_character_anywhere_is_called_a_typing_mistake(position: int) -> None:
    """R49: told from a wrong key before anything is tried; the message repeats nothing of it."""
    other = ALPHABET[(ALPHABET.index(KEY.text[position]) + 1) % len(ALPHABET)]
    mistyped = KEY.text[:position] + other + KEY.text[position + 1 :]
    with pytest.raises(RecoveryKeyMistyped, match="at least one character is wrong") as caught:
        RecoveryKey.parse(mistyped)
    assert not any(group in str(caught.value) for group in mistyped.split("-"))
    assert caught.value.exit_code == 12


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "0 characters instead of 35"),
        (KEY.text[:-1], "34 characters instead of 35"),
        (KEY.text + "0", "36 characters instead of 35"),
        (KEY.text[:-1] + "U", "no U"),
        (KEY.text[:-1] + "ß", "instead of 35"),
        (KEY.text[:-1] + "é", "only digits and letters"),
    ],
)
def test_what_cannot_be_a_key_is_refused_with_the_reason(typed: str, why: str) -> None:
    with pytest.raises(RecoveryKeyMistyped, match=why):
        RecoveryKey.parse(typed)


def test_two_neighbours_that_changed_places_are_a_typing_mistake() -> None:
    text = KEY.text
    for i in range(len(text) - 1):
        swapped = text[:i] + text[i + 1] + text[i] + text[i + 2 :]
        if swapped.replace("-", "") == text.replace("-", ""):
            continue
        with pytest.raises(RecoveryKeyMistyped):
            RecoveryKey.parse(swapped)


@given(st.text())
def test_no_text_breaks_the_reader(typed: str) -> None:
    with contextlib.suppress(RecoveryKeyMistyped):
        RecoveryKey.parse(typed)
    looks_like_recovery_key(typed)
    recovery_key_name(typed)


def test_the_name_is_public_and_the_rest_is_in_no_repr() -> None:
    """R56."""
    assert KEY.text.startswith(f"{KEY.name}-")
    assert KEY.text[6:11] not in repr(KEY)
    assert recovery_key_name(KEY.user) == KEY.name


@pytest.mark.parametrize(
    "user", ["root", "recovery", "recovery-", "recovery-team", "recovery-k7m2q"]
)
def test_another_users_key_is_no_recovery_key(user: str) -> None:
    assert recovery_key_name(user) is None


def test_its_form_is_recognised_with_a_mistake_in_it_and_a_password_is_not_taken_for_one() -> None:
    assert looks_like_recovery_key(KEY.text[:-1] + "U")
    assert not looks_like_recovery_key("correct horse battery staple")
