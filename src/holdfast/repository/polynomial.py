"""Irreducible polynomials over GF(2), as `config` must name one for restic's chunker.

Holdfast does not cut by them, but restic refuses a repository whose polynomial is reducible.
A polynomial is an `int`: bit i is the coefficient of x^i.
Source: M. O. Rabin, "Fingerprinting by Random Polynomials" (1981); irreducibility by the
test of Ben-Or, as restic's chunker does it.
"""

from __future__ import annotations

import secrets

DEGREE = 53


def random_irreducible() -> int:
    """Return a random irreducible polynomial of degree 53."""
    while True:
        candidate = 1 << DEGREE | secrets.randbits(DEGREE) | 1
        if is_irreducible(candidate):
            return candidate


def is_irreducible(polynomial: int) -> bool:
    """Return whether a polynomial has no factor but itself and 1."""
    power = 2  # the polynomial x
    for _ in range((polynomial.bit_length() - 1) // 2):
        power = _square_modulo(power, polynomial)
        if _gcd(polynomial, power ^ 2) != 1:
            return False
    return True


def _square_modulo(value: int, modulus: int) -> int:
    # Squaring over GF(2) spreads the bits: a zero goes between any two.
    return _modulo(int("0".join(f"{value:b}"), 2), modulus)


def _modulo(value: int, modulus: int) -> int:
    degree = modulus.bit_length()
    while (excess := value.bit_length() - degree) >= 0:
        value ^= modulus << excess
    return value


def _gcd(left: int, right: int) -> int:
    while right:
        left, right = right, _modulo(left, right)
    return left
