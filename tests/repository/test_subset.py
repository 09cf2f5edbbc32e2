from __future__ import annotations

import hashlib

import pytest

from holdfast.errors import UsageError
from holdfast.repository import Subset

PACKS = [(hashlib.sha256(b"%d" % number).digest(), 1000) for number in range(200)]


@pytest.mark.parametrize(
    ("text", "subset"),
    [
        ("1/5", Subset(bucket=(1, 5))),
        ("256/256", Subset(bucket=(256, 256))),
        ("10%", Subset(share=0.1)),
        ("2.5%", Subset(share=0.025)),
        ("100%", Subset(share=1.0)),
        ("500M", Subset(size_bytes=500 * 2**20)),
        ("3k", Subset(size_bytes=3072)),
        ("7", Subset(size_bytes=7)),
    ],
)
def test_a_subset_is_spelled_as_restic_spells_it(text: str, subset: Subset) -> None:
    assert Subset.parse(text) == subset


@pytest.mark.parametrize(
    "text", ["", "0/5", "6/5", "1/257", "0%", "101%", "-1", "0", "5P", "1/2/3", "ten", "1,5%"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="which part"):
        Subset.parse(text)


def test_all_parts_together_are_all_packs_and_none_twice() -> None:
    """R10: parts 1/t to t/t, read one a day, read every stored byte within t days."""
    chosen = [pack for n in range(1, 8) for pack in Subset(bucket=(n, 7)).choose(PACKS)]

    assert sorted(chosen) == sorted(PACKS)


def test_a_share_is_about_so_many_bytes() -> None:
    assert len(Subset.parse("10%").choose(PACKS, seed=1)) == 20
    assert len(Subset.parse("2500").choose(PACKS, seed=1)) == 3
    assert len(Subset.parse("1").choose(PACKS, seed=1)) == 1
    assert len(Subset.parse("100%").choose(PACKS)) == 200


def test_chance_takes_others_next_time() -> None:
    subset = Subset.parse("10%")

    assert subset.choose(PACKS, seed=1) != subset.choose(PACKS, seed=2)
