"""Patterns select as `.gitignore` does, within the part of it that is documented."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.errors import ConfigError
from holdfast.sources.directory.patterns import PathPatterns


@pytest.mark.parametrize(
    ("pattern", "path", "is_directory", "excluded"),
    [
        ("*.tmp", "a.tmp", False, True),
        ("*.tmp", "deep/er/a.tmp", False, True),
        ("*.tmp", "a.tmpx", False, False),
        ("*.tmp", "A.TMP", False, False),
        ("*.tmp", "dir.tmp", True, True),
        ("*.tmp", "dir.tmp/inside", False, True),
        ("cache/", "cache", True, True),
        ("cache/", "cache", False, False),
        ("cache/", "a/cache/b", False, True),
        ("cache", "mycache", True, False),
        ("/top", "top", False, True),
        ("/top", "a/top", False, False),
        ("/top/only", "top/only", False, True),
        ("a/b", "a/b", False, True),
        ("a/b", "x/a/b", False, False),
        ("a/*/c", "a/b/c", False, True),
        ("a/*/c", "a/b/b/c", False, False),
        ("a/**/c", "a/c", False, True),
        ("a/**/c", "a/b/b/c", False, True),
        ("**/c", "c", False, True),
        ("**/c", "a/b/c", False, True),
        ("a/**", "a", True, False),
        ("a/**", "a/b", False, True),
        ("?.txt", "a.txt", False, True),
        ("?.txt", "ab.txt", False, False),
        ("[a-c].txt", "b.txt", False, True),
        ("[!a-c].txt", "b.txt", False, False),
        ("[!a-c].txt", "d.txt", False, True),
        ("[]]", "]", False, True),
        ("[*]", "*", False, True),
        ("[*]", "x", False, False),
        ("a[!x]b", "a/b", False, False),
        ("a.b", "aXb", False, False),
        ("new\nline*", "new\nlines\n", False, True),
    ],
)
def test_a_pattern_excludes_what_it_says(
    pattern: str, path: str, is_directory: bool, excluded: bool
) -> None:
    patterns = PathPatterns(exclude=[pattern])
    assert patterns.selects(path, is_directory=is_directory) is not excluded


def test_with_include_only_matching_files_are_taken_and_all_directories_walked() -> None:
    patterns = PathPatterns(include=["*.jpg", "docs/"], exclude=["private*"])
    assert patterns.selects("a/b.jpg", is_directory=False)
    assert patterns.selects("docs/any", is_directory=False)
    assert patterns.selects("a", is_directory=True)
    assert not patterns.selects("a/b.png", is_directory=False)
    assert not patterns.selects("a/private.jpg", is_directory=False)


@pytest.mark.parametrize(
    "pattern", ["", "/", "a//b", "./a", "a/..", "!a", "[abc", "[z-a]", "a\0b", "//"]
)
def test_a_pattern_that_cannot_be_understood_is_refused_by_name(pattern: str) -> None:
    with pytest.raises(ConfigError) as caught:
        PathPatterns(exclude=[pattern])
    assert repr(pattern) in caught.value.message


@given(st.text(alphabet="ab*?[]!-/.^\\", min_size=1, max_size=12), st.text("ab/.", max_size=12))
def test_any_pattern_is_refused_or_works(pattern: str, path: str) -> None:
    try:
        patterns = PathPatterns(exclude=[pattern])
    except ConfigError:
        return
    patterns.selects(path, is_directory=False)


@given(st.from_regex(r"[ab.]{1,3}(/[ab.]{1,3}){0,3}", fullmatch=True))
def test_a_path_without_wildcards_matches_itself_and_what_is_below(path: str) -> None:
    if any(part in {".", ".."} for part in path.split("/")):
        return
    patterns = PathPatterns(exclude=["/" + path])
    assert not patterns.selects(path, is_directory=False)
    assert not patterns.selects(path + "/x", is_directory=False)
    assert patterns.selects("x" + path, is_directory=False)


def matches(parts: list[str], path: list[str]) -> bool:
    """Match as the documentation says, the plain way."""
    if not parts:
        return not path
    if parts[0] == "**":
        return any(matches(parts[1:], path[count:]) for count in range(len(path) + 1))
    return bool(path) and fnmatchcase(path[0], parts[0]) and matches(parts[1:], path[1:])


@given(
    st.lists(st.sampled_from(["**", "*", "a*b*a", "*a*", "?b", "ab", "a", "[!a]"]), max_size=4),
    st.lists(st.text("ab", min_size=1, max_size=4), min_size=1, max_size=5),
)
@settings(max_examples=300)
def test_stars_match_as_if_every_way_was_tried(parts: list[str], path: list[str]) -> None:
    if not parts or parts[-1] == "**":
        parts = [*parts, "a"]
    patterns = PathPatterns(exclude=["/" + "/".join(parts)])
    expected = any(matches(parts, path[:count]) for count in range(1, len(path) + 1))
    assert patterns.selects("/".join(path), is_directory=False) is not expected


@pytest.mark.parametrize("pattern", ["*a" * 30 + "b", "**/a/" * 30 + "b", "a/**/" * 30 + "b*c"])
def test_a_hostile_pattern_takes_no_longer_than_another(pattern: str) -> None:
    """A backup may bring patterns along; tried every way, these would take for ever."""
    patterns = PathPatterns(exclude=[pattern])
    assert patterns.selects("a" * 250, is_directory=False)
    assert patterns.selects("a/" * 1000 + "a", is_directory=False)
