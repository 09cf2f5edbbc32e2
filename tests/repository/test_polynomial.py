"""Polynomials: restic refuses a repository whose polynomial is reducible."""

from __future__ import annotations

import pytest

from holdfast.repository.polynomial import DEGREE, is_irreducible, random_irreducible


@pytest.mark.parametrize(
    "polynomial",
    [0x25B468838DCB75, 0x3DA3358B4DC173, 0x256B24022F1D07, 0b111, 0b1011, 0x11B],
)
def test_irreducible_polynomials_are_known_as_such(polynomial: int) -> None:
    assert is_irreducible(polynomial)


@pytest.mark.parametrize(
    "polynomial", [0b101, 0b1111, 0x25B468838DCB76, 0x25B468838DCB74, 0x3DA3358B4DC175]
)
def test_reducible_polynomials_are_known_as_such(polynomial: int) -> None:
    assert not is_irreducible(polynomial)


def test_new_polynomials_are_irreducible_and_differ() -> None:
    polynomials = {random_irreducible() for _ in range(5)}
    assert len(polynomials) == 5
    assert all(p.bit_length() == DEGREE + 1 and is_irreducible(p) for p in polynomials)
