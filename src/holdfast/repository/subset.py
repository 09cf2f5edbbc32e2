"""A part of a repository's packs to read, as restic spells it: `2/5`, `10%`, `500M`."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from holdfast.errors import UsageError

_BUCKET = re.compile(r"(\d{1,3})/(\d{1,3})")
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?)%")
_SIZE = re.compile(r"(\d+)([KMGT]?)", re.IGNORECASE)
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_MAX_BUCKETS = 256

PackSize = tuple[bytes, int]
"""Id of a pack and its size [bytes]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subset:
    """Which packs to read; exactly one of the three ways is set.

    Attributes:
        bucket: `(n, t)`: part n of t. All t parts together are all packs.
        share: From 0 to 1: so much of the bytes, chosen at random.
        size_bytes: So many bytes, chosen at random.
    """

    bucket: tuple[int, int] | None = None
    share: float | None = None
    size_bytes: int | None = None

    @classmethod
    def parse(cls, text: str) -> Subset:
        """Read `n/t` (t at most 256), `x%` or a number of bytes with K, M, G or T.

        Raises:
            UsageError: It is none of these.
        """
        if match := _BUCKET.fullmatch(text):
            number, total = int(match[1]), int(match[2])
            if 1 <= number <= total <= _MAX_BUCKETS:
                return cls(bucket=(number, total))
        elif match := _PERCENT.fullmatch(text):
            share = float(match[1]) / 100
            if 0 < share <= 1:
                return cls(share=share)
        elif (match := _SIZE.fullmatch(text)) and int(match[1]) > 0:
            return cls(size_bytes=int(match[1]) * _UNITS[match[2].upper()])
        raise UsageError(
            f"{text!r} does not say which part of the data to read",
            hint="Write n/t with n from 1 to t and t up to 256, a percentage such as 10%, "
            "or a size such as 500M.",
        )

    def choose(self, packs: Sequence[PackSize], *, seed: int | None = None) -> list[PackSize]:
        """Return the packs of this part; at least one, if there is any.

        Args:
            seed: Makes a random choice repeatable.
        """
        if self.bucket is not None:
            number, total = self.bucket
            return [pack for pack in packs if pack[0][0] % total == number - 1]
        wanted = self.size_bytes
        if wanted is None:
            wanted = round(sum(size for _, size in packs) * (self.share or 0))
        shuffled = list(packs)
        random.Random(seed).shuffle(shuffled)  # noqa: S311 - a sample, not a secret
        chosen: list[PackSize] = []
        for pack in shuffled:
            if wanted <= 0:
                break
            chosen.append(pack)
            wanted -= pack[1]
        return chosen
