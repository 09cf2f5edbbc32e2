"""A password file is read as libpq reads it, for programs that cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.sources.postgresql.passfile import with_password_of_file
from holdfast.sources.postgresql.url import parse_url

_FILE = r"""
# a comment:5432:*:*:wrong
db:5432:shop:app:first
db:5432:shop:app:second
*:5433:*:app:any host
localhost:*:*:*:by socket
od\:d:*:a\\b:*:pa:ss\:w\\ord
[::1]:5432:*:*:wrong
::1:short
"""


@pytest.mark.parametrize(
    ("url", "password"),
    [
        ("postgresql://app@db/shop", "first"),
        ("postgresql://app@db/other", None),
        ("postgresql://app@far:5433/x", "any host"),
        ("postgresql://x@/y?host=/run/pg", "by socket"),
        ("postgresql://x@/y", "by socket"),
        ("postgresql://x@od%3Ad/a%5Cb", "pa:ss:w\\ord"),
        ("postgresql://app:own@db/shop", "own"),
    ],
)
def test_the_first_line_that_fits_counts(
    url: str, password: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".pgpass"
    file.write_text(_FILE)
    file.chmod(0o600)
    monkeypatch.delenv("PGPASSFILE", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert with_password_of_file(parse_url(url)).password == password


def test_a_file_that_others_may_read_or_that_is_missing_is_passed_over(tmp_path: Path) -> None:
    url = f"postgresql://app@db/shop?passfile={tmp_path}/pass"
    assert with_password_of_file(parse_url(url)).password is None
    (tmp_path / "pass").write_text("*:*:*:*:canary\n")
    (tmp_path / "pass").chmod(0o644)
    assert with_password_of_file(parse_url(url)).password is None
