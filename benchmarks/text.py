"""Plausible text and incompressible bytes, fast and the same for the same seed.

A pool is made once, word by word, and pieces are cut from it at random places. Pieces repeat
only megabytes apart and at other offsets, which neither a compressor's window nor a
deduplicator's chunks can see.
"""

from __future__ import annotations

import itertools
import random

_ONSETS = "bcdfghklmnprstvwz"
_VOWELS = "aeiou"
_ENDINGS = ["ter", "men", "ing", "ion", "est", "and", "for", "ous", "ly", "der", "sch", "per"]
_SYLLABLES = [a + b for a in _ONSETS for b in _VOWELS] + _ENDINGS
_VOCABULARY_WORDS = 12_000
_TEXT_POOL_WORDS = 4_000_000
_BYTES_POOL = 32 << 20


class Pool:
    """Text and bytes to cut pieces from."""

    def __init__(self, random_source: random.Random) -> None:
        self.random = random_source
        self.words = _vocabulary(random_source)
        self._text = _text(random_source, self.words)
        self._bytes = random_source.randbytes(_BYTES_POOL)

    def text(self, length: int) -> str:
        """Return about `length` characters of words."""
        start = int(self.random.random() * (len(self._text) - length))
        return self._text[start : start + length]

    def blob(self, length: int) -> bytes:
        """Return `length` bytes that do not compress, as photographs do not."""
        start = int(self.random.random() * (len(self._bytes) - length))
        return self._bytes[start : start + length]

    def word(self) -> str:
        """Return one word."""
        return self.words[int(self.random.random() ** 3 * len(self.words))]


def _vocabulary(random_source: random.Random) -> list[str]:
    words: dict[str, None] = {}
    while len(words) < _VOCABULARY_WORDS:
        count = random_source.choice((1, 2, 2, 2, 3, 3, 4))
        words["".join(random_source.choices(_SYLLABLES, k=count))] = None
    return list(words)


def _text(random_source: random.Random, words: list[str]) -> str:
    # Zipf's law: the n-th most frequent word is about n times rarer than the first.
    weights = list(itertools.accumulate(1 / (rank + 2) for rank in range(len(words))))
    chosen = random_source.choices(words, cum_weights=weights, k=_TEXT_POOL_WORDS)
    for index in range(0, len(chosen), 11):
        chosen[index] = f"{chosen[index].capitalize()}"
    for index in range(10, len(chosen), 11):
        chosen[index] = f"{chosen[index]}."
    return " ".join(chosen)
