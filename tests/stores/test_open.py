from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.errors import ConfigError
from holdfast.stores import LocalStore, open_store


@pytest.mark.parametrize("form", ["{}", "file://{}", "file://localhost{}", "{}/"])
def test_a_path_or_a_file_url_is_a_local_store(tmp_path: Path, form: str) -> None:
    store = open_store(form.format(tmp_path / "a b"))

    assert isinstance(store, LocalStore)
    assert store.path == tmp_path / "a b"


def test_a_file_url_is_unquoted() -> None:
    assert open_store("file:///a%20b/%C3%A4").location == "/a b/ä"


def test_a_relative_path_is_fixed_when_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later change of the working directory does not move the repository."""
    monkeypatch.chdir(tmp_path)
    store = open_store("backups")
    monkeypatch.chdir("/")

    assert store.location == str(tmp_path / "backups")


@pytest.mark.parametrize(
    "location",
    [
        "s3:bucket/path",
        "s3://bucket",
        "sftp:user@host:/p",
        "https://host/x",
        "rest:http://h",
        "gs:b",
    ],
)
def test_other_places_are_refused_with_what_is_supported(location: str) -> None:
    with pytest.raises(ConfigError, match="not supported") as caught:
        open_store(location)
    assert "file://" in str(caught.value.hint)


@pytest.mark.parametrize("location", ["", "a\0b", "file://host/path", "file:///a%00b", "file://"])
def test_a_place_that_is_none_is_refused(location: str) -> None:
    with pytest.raises(ConfigError):
        open_store(location)


def test_a_path_with_a_colon_is_a_path(tmp_path: Path) -> None:
    assert open_store(f"{tmp_path}/s3:x").location == f"{tmp_path}/s3:x"
    assert open_store("./s3:x").location.endswith("/s3:x")
