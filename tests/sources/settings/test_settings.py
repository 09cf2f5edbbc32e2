"""Settings travel without their secrets and come back around those of the live side."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import (
    BackupTooNew,
    ConfigError,
    NotEnoughSpace,
    PathNotInBackup,
    RestoreError,
    SourceError,
    TargetExists,
)
from holdfast.models.backup import PlannedChange
from holdfast.models.manifest import ContentEntry
from holdfast.sources.base import CaptureContext, CaptureFacts, RestoreContext
from holdfast.sources.settings import SettingsSource
from holdfast.sources.settings.document import decode_document, make_document
from holdfast.sources.settings.secrets import Secrets
from tests.rig.disk import fill, small_disk
from tests.sources.directory.memory_tree import MemoryTree, empty_manifest
from tests.sources.settings.test_secrets import Hidden

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)


class FixedClock:
    def now(self) -> datetime:
        return NOW

    def monotonic_s(self) -> float:
        return 0.0

    def wait(self, event: object, timeout_s: float) -> bool:
        return False


class Store:
    """An application's settings, all or nothing."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = dict(values)
        self.refuse = False

    def export(self) -> Mapping[str, Any]:
        return dict(self.values)

    def restore(self, values: Mapping[str, Any]) -> None:
        if self.refuse:
            self.refuse = False
            raise ValueError("the password is hunter2")
        self.values = dict(values)


OLD = {
    "theme": "dark",
    "limit": 10,
    "smtp": {"host": "mail", "password": "old-secret"},
    "api_key": "old-key",
}


def make(provider: object, **options: Any) -> SettingsSource:
    return SettingsSource(provider, clock=FixedClock(), **options)


def capture(
    source: SettingsSource, scratch: Path, previous: Mapping[str, ContentEntry] | None = None
) -> tuple[MemoryTree, CaptureFacts, bool]:
    with source.capture(CaptureContext(scratch_dir=scratch, previous=previous or {})) as captured:
        (entry,) = captured.entries()
        assert entry.open is not None
        with entry.open() as stream:
            data = stream.read()
        unchanged = captured.unchanged
        facts = captured.facts()
    tree = MemoryTree(empty_manifest())
    tree.nodes["settings.json"] = entry.node
    tree.data["settings.json"] = data
    content = ContentEntry(
        kind="settings",
        size=len(data),
        count=facts.count,
        checksum=hashlib.sha256(data).hexdigest(),
        facts=dict(facts.facts),
    )
    contents = {"settings.json": content}
    tree.manifest = msgspec.structs.replace(tree.manifest, contents=contents)
    return tree, facts, unchanged


def context(tree: MemoryTree, scratch: Path, target: Path | None = None) -> RestoreContext:
    return RestoreContext(token="t", tree=tree, scratch_dir=scratch, target=target)


def test_settings_json_is_as_documented(tmp_path: Path) -> None:
    tree, facts, _ = capture(make({**OLD, "hidden": Hidden(), "empty": {}}), tmp_path)
    assert tree.data["settings.json"].decode() == (
        "{\n"
        '  "format": "holdfast-settings",\n'
        '  "settings": {\n'
        '    "empty": {},\n'
        '    "limit": 10,\n'
        '    "smtp": {\n'
        '      "host": "mail"\n'
        "    },\n"
        '    "theme": "dark"\n'
        "  },\n"
        '  "skipped": [\n'
        '    "api_key",\n'
        '    "hidden",\n'
        '    "smtp.password"\n'
        "  ],\n"
        '  "version": "1.0"\n'
        "}\n"
    )
    assert facts.count == 4
    assert facts.skipped_settings == ("api_key", "hidden", "smtp.password")
    assert tree.nodes["settings.json"].mode == 0o600


def test_no_secret_is_in_the_backup_or_in_a_journal(tmp_path: Path) -> None:
    """R56: canary values."""
    store = Store({**OLD, "list": [{"token": "canary-1"}], "url": "https://a:canary-2@host/"})
    source = make(store)
    tree, facts, _ = capture(source, tmp_path)
    with source.stage(context(tree, tmp_path)) as staged:
        told = repr((tree.data, facts, staged.state(), staged.plan(), staged.check()))
    for canary in ("old-secret", "old-key", "canary-1", "canary-2"):
        assert canary not in told


def test_the_same_settings_are_the_same_bytes_and_keep_their_time(tmp_path: Path) -> None:
    first, _, unchanged = capture(make({"b": 1, "a": {"y": 1, "x": 2}}), tmp_path)
    assert not unchanged
    content = first.manifest.contents["settings.json"]
    facts = {"changed_at_ns": 123}
    previous = {"settings.json": msgspec.structs.replace(content, facts=facts)}
    second, _, unchanged = capture(make({"a": {"x": 2, "y": 1}, "b": 1}), tmp_path, previous)
    assert unchanged
    assert second.data == first.data
    assert second.nodes["settings.json"].mtime_ns == 123
    third, _, unchanged = capture(make({"a": 1}), tmp_path, previous)
    assert not unchanged
    assert third.nodes["settings.json"].mtime_ns == int(NOW.timestamp()) * 10**9


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"when": NOW}, "'when'"),
        ({"deep": {"er": {1, 2}}}, "'deep.er'"),
        ({"ratio": float("nan")}, "'ratio'"),
        ({"raw": b"bytes"}, "'raw'"),
        ({"list": [1, [object()]]}, "'list'"),
        ({"text": "\ud800"}, "'text'"),
        ({3: "x"}, "'3'"),
        ({"map": {3: "x"}}, "'map.3'"),
        ({"list": [{3: "x"}]}, "'list'"),
    ],
)
def test_a_value_that_json_cannot_hold_is_refused_by_its_name(
    tmp_path: Path, values: Mapping[Any, Any], named: str
) -> None:
    with pytest.raises(SourceError) as caught:
        capture(make(values), tmp_path)
    assert named in caught.value.message


def test_settings_nested_without_end_are_refused(tmp_path: Path) -> None:
    endless: dict[str, Any] = {}
    endless["again"] = endless
    loop: list[Any] = []
    loop.append(loop)
    for values in (endless, {"loop": loop}):
        with pytest.raises(SourceError, match="levels"):
            capture(make(values), tmp_path)


def failing() -> Mapping[str, Any]:
    raise KeyError("the password is hunter2")


@pytest.mark.parametrize("provider", [failing, lambda: [1, 2]])
def test_a_provider_that_fails_is_a_source_error_without_its_words(
    tmp_path: Path, provider: Callable[[], Any]
) -> None:
    with pytest.raises(SourceError) as caught:
        capture(make(provider), tmp_path)
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize("given", [3, "settings", object()])
def test_what_gives_no_settings_is_a_config_error(given: object) -> None:
    with pytest.raises(ConfigError):
        SettingsSource(given)


def test_a_restore_puts_settings_back_and_leaves_live_secrets(tmp_path: Path) -> None:
    store = Store(OLD)
    source = make(store)
    tree, _, _ = capture(source, tmp_path)
    hidden = Hidden()
    live = {
        "theme": "light",
        "added": 1,
        "smtp": {"host": "other", "password": "new-secret", "port": 25},
        "oauth": {"client_secret": "kept", "name": "goes"},
        "api_key": hidden,
        "limit": "enc:now-encrypted",
    }
    store.values = live
    with source.stage(context(tree, tmp_path)) as staged:
        assert all(each.passed for each in staged.check())
        staged.state()
        staged.swap()
        assert store.values == {
            "theme": "dark",
            "smtp": {"host": "mail", "password": "new-secret"},
            "oauth": {"client_secret": "kept"},
            "api_key": hidden,
            "limit": "enc:now-encrypted",
        }
        staged.undo()
    assert store.values == live


def test_a_plan_says_what_changes_and_shows_no_secret(tmp_path: Path) -> None:
    store = Store(OLD)
    source = make(store)
    tree, _, _ = capture(source, tmp_path)
    store.values = {"theme": "light", "added": "x" * 100, "smtp": {"password": "s"}, "limit": 10}
    with source.stage(context(tree, tmp_path)) as staged:
        plan = staged.plan()
        assert store.values["theme"] == "light"
    assert plan == (
        PlannedChange(target="settings: added", action="remove", detail='"' + "x" * 56 + "..."),
        PlannedChange(target="settings: smtp.host", action="create", detail='"mail"'),
        PlannedChange(target="settings: theme", action="replace", detail='"light" -> "dark"'),
    )


def test_a_plan_without_changes_says_so(tmp_path: Path) -> None:
    source = make(Store(OLD))
    tree, _, _ = capture(source, tmp_path)
    with source.stage(context(tree, tmp_path)) as staged:
        (change,) = staged.plan()
    assert change.action == "unchanged"


@pytest.mark.parametrize("provider", [OLD, lambda: OLD])
def test_a_read_only_provider_is_told_and_nothing_is_swapped(
    tmp_path: Path, provider: object
) -> None:
    source = make(provider)
    tree, _, _ = capture(source, tmp_path)
    with source.stage(context(tree, tmp_path)) as staged:
        (change,) = staged.plan()
        assert change.action == "skip"
        assert "read-only provider" in change.detail
        state = json.loads(json.dumps(staged.state()))
        staged.swap()
        staged.undo()
    assert source.recover(state, committed=None)
    assert source.recover(state, committed=True)
    assert not source.recover(state, committed=False)


def test_settings_that_the_application_refuses_leave_the_old_ones(tmp_path: Path) -> None:
    """R17: an exception in the midst; and its words, which may hold values, are not repeated."""
    store = Store(OLD)
    source = make(store)
    tree, _, _ = capture(source, tmp_path)
    store.values = {"theme": "light", "api_key": "k"}
    store.refuse = True
    with source.stage(context(tree, tmp_path)) as staged:
        with pytest.raises(RestoreError) as caught:
            staged.swap()
        with pytest.raises(RestoreError):
            staged.undo()
    assert store.values == {"theme": "light", "api_key": "k"}
    assert "hunter2" not in caught.value.message


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("committed", [False, True])
def test_an_interrupted_swap_is_finished_or_taken_back(
    tmp_path: Path, swapped: bool, committed: bool
) -> None:
    """R17: whichever side of the swap the process died on, and any number of times."""
    store = Store(OLD)
    source = make(store)
    tree, _, _ = capture(source, tmp_path)
    store.values = {"theme": "light", "api_key": "live", "limit": "enc:x", "oauth": {"token": "t"}}
    with source.stage(context(tree, tmp_path)) as staged:
        state = json.loads(json.dumps(staged.state()))
        if swapped:
            staged.swap()
    assert source.recover(state, committed=None) is swapped
    for _ in range(2):
        assert source.recover(state, committed=committed) is committed
    assert store.values["theme"] == ("dark" if committed else "light")
    assert store.values["api_key"] == "live"


@pytest.mark.parametrize("state", [{}, {"mode": "live"}, {"mode": "file"}, {"mode": "other"}])
def test_a_journal_that_is_none_of_ours_is_refused(state: Mapping[str, Any]) -> None:
    with pytest.raises(RestoreError, match="journal"):
        make(Store(OLD)).recover(state, committed=None)


@pytest.mark.parametrize("name", ["out", "settings.json", "new/place.json"])
def test_with_a_target_the_settings_are_written_there(tmp_path: Path, name: str) -> None:
    source = make(Store(OLD))
    tree, _, _ = capture(source, tmp_path)
    (tmp_path / "out").mkdir()
    target = tmp_path / name
    written = target / "settings.json" if name == "out" else target
    with source.stage(context(tree, tmp_path, target)) as staged:
        assert staged.plan()[0].target == str(written)
        staged.check()
        state = staged.state()
        assert not written.exists()
        assert source.recover(state, committed=None) is False
        staged.swap()
        assert source.recover(state, committed=None) is True
        staged.undo()
        assert not written.exists()
    with source.stage(context(tree, tmp_path, target)) as staged:
        staged.swap()
    assert written.read_bytes() == tree.data["settings.json"]
    assert written.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in written.parent.iterdir() if "holdfast" in path.name] == []


def test_a_target_that_exists_is_never_replaced(tmp_path: Path) -> None:
    source = make(Store(OLD))
    tree, _, _ = capture(source, tmp_path)
    target = tmp_path / "settings.json"
    with source.stage(context(tree, tmp_path, target)) as staged:
        staged.state()
        target.write_text("mine")
        with pytest.raises(TargetExists):
            staged.swap()
    with pytest.raises(TargetExists), source.stage(context(tree, tmp_path, target)):
        pass
    assert target.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["settings.json"]


@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.parametrize("swapped", [False, True])
def test_an_interrupted_writing_is_finished_or_taken_back(
    tmp_path: Path, swapped: bool, committed: bool
) -> None:
    """R17: the file is there, whole, or it is not."""
    source = make(Store(OLD))
    tree, _, _ = capture(source, tmp_path)
    target = tmp_path / "settings.json"
    manager = source.stage(context(tree, tmp_path, target))
    staged = manager.__enter__()  # Never left, as by a process that was killed.
    state = staged.state()
    if swapped:
        staged.swap()
    for _ in range(2):
        assert source.recover(state, committed=committed) is committed
    assert [path.name for path in tmp_path.iterdir()] == ["settings.json"] * committed


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    """R36: ENOSPC while writing the settings."""
    source = make(Store({"text": "x" * 100_000}))
    tree, _, _ = capture(source, tmp_path)
    with small_disk(size_bytes=1 << 18) as disk:
        fill(disk)
        with (
            pytest.raises(NotEnoughSpace),
            source.stage(context(tree, tmp_path, disk / "settings.json")) as staged,
        ):
            staged.state()
        assert [path.name for path in disk.iterdir()] == ["ballast"]


def test_damaged_settings_are_refused_before_anything_is_touched(tmp_path: Path) -> None:
    """R15: one bit, in the last byte."""
    store = Store(OLD)
    source = make(store)
    tree, _, _ = capture(source, tmp_path)
    data = tree.data["settings.json"]
    tree.data["settings.json"] = data[:-1] + b"\x0b"
    with pytest.raises(RestoreError, match="manifest"), source.stage(context(tree, tmp_path)):
        pass
    assert store.values == OLD


def test_a_backup_without_settings_is_told(tmp_path: Path) -> None:
    tree = MemoryTree(empty_manifest())
    with pytest.raises(PathNotInBackup), make(Store(OLD)).stage(context(tree, tmp_path)):
        pass


def test_a_newer_document_is_refused_and_an_older_minor_is_read() -> None:
    newer = b'{"format": "holdfast-settings", "version": "2.0", "settings": {}}'
    with pytest.raises(BackupTooNew, match=r"2\.0"):
        decode_document(newer)
    assert decode_document(newer.replace(b"2.0", b"1.7")).settings == {}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"format": "other"}',
        b'{"format": "holdfast-settings", "version": "1.0"}',
        b'{"format": "holdfast-settings", "version": "1.0", "settings": []}',
        b'{"format": "holdfast-settings", "version": "1.0", "settings": {"a": 1, "a": 2}}',
        b'{"format": "holdfast-settings", "version": "1.0", "settings": {"a": NaN}}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_what_is_no_settings_document_is_refused(data: bytes) -> None:
    """R58: hostile JSON: depth, duplicate names, constants."""
    with pytest.raises(RestoreError):
        decode_document(data)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=15,
)


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), JSON, max_size=5))
def test_any_settings_come_back_as_they_were(values: dict[str, Any]) -> None:
    """R12: lossless, with the rules for secrets out of the way."""

    class Nothing(Secrets):
        def conceals(self, path: object, value: object) -> bool:
            return False

    document = make_document(values, Nothing())
    assert decode_document(document.encode()).settings == values
