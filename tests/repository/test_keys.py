"""Passwords: R50 (changing never locks out) and R51 (errors that say which)."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import msgspec
import pytest

from holdfast.errors import (
    HoldfastError,
    KeyDamaged,
    NoKeys,
    RepositoryDamaged,
    RepositoryNotFound,
    UsageError,
    WrongPassword,
)
from holdfast.repository import Repository, list_keys
from holdfast.stores import MemoryStore, Store
from tests.repository.making import PASSWORD, WHEN, create, reopen
from tests.rig.fault_store import CRASHES, ERRORS, WRITES, FaultStore, each_fault
from tests.rig.sim_clock import SimClock


def _made() -> MemoryStore:
    store = MemoryStore()
    create(store)
    return store


def _key_name(store: MemoryStore) -> str:
    (name,) = [name for name in store.objects if name.startswith("keys/")]
    return name


def _with_key(document: bytes) -> MemoryStore:
    """Return a repository whose only key file has another content, under the fitting name."""
    objects = _made().objects
    objects = {name: data for name, data in objects.items() if not name.startswith("keys/")}
    return MemoryStore(objects | {f"keys/{hashlib.sha256(document).hexdigest()}": document})


def test_the_wrong_password_is_called_so() -> None:
    """R51: all keys are intact, and none opens."""
    with pytest.raises(WrongPassword) as caught:
        reopen(_made(), "wrong")
    assert caught.value.exit_code == 12
    assert "wrong" not in str(caught.value)


def test_the_empty_password_does_not_open_an_encrypted_repository() -> None:
    """R51."""
    with pytest.raises(WrongPassword):
        reopen(_made(), "")


def test_a_repository_without_keys_is_called_so() -> None:
    """R51."""
    store = _made()
    store.remove(_key_name(store))
    with pytest.raises(NoKeys):
        reopen(store)


def test_no_repository_is_called_so_and_none_is_made() -> None:
    """R51."""
    store = MemoryStore()
    with pytest.raises(RepositoryNotFound):
        reopen(store)
    assert store.objects == {}


def test_the_keys_of_another_repository_are_called_so() -> None:
    """R51: the password is right for the keys, and the keys are wrong for the rest."""
    mine, other = _made(), _made()
    objects = mine.objects
    del objects[_key_name(mine)]
    objects[_key_name(other)] = other.objects[_key_name(other)]
    with pytest.raises(RepositoryDamaged, match="belongs to another repository"):
        reopen(MemoryStore(objects))


def test_every_altered_byte_of_a_key_file_is_called_damage() -> None:
    """R51, R03: a flipped bit is never mistaken for a wrong password."""
    store = _made()
    name = _key_name(store)
    content = store.objects[name]
    for position in range(len(content)):
        altered = bytearray(content)
        altered[position] ^= 1 << (position % 8)
        for wrong in (bytes(altered), content[:position]):
            with pytest.raises(KeyDamaged) as caught:
                reopen(MemoryStore(store.objects | {name: wrong}))
            assert caught.value.exit_code == 12


@pytest.mark.parametrize(
    "change",
    [
        {"N": 2**40},
        {"N": 0},
        {"N": 1},
        {"N": 3},
        {"r": 0},
        {"r": 2**40},
        {"p": 2**40},
        {"p": -1},
        {"kdf": "none"},
        {"salt": None},
        {"data": ""},
        {"data": "AAAA"},
        {"N": "16"},
    ],
)
def test_a_hostile_key_file_is_refused_quickly(change: dict[str, object]) -> None:
    """R59: parameters of scrypt that would take all memory or all time."""
    store = _made()
    fields = msgspec.json.decode(store.objects[_key_name(store)]) | change
    with pytest.raises((KeyDamaged, WrongPassword)):
        reopen(_with_key(msgspec.json.encode(fields)))


@pytest.mark.parametrize("document", [b"", b"{}", b"null", b"[" * 9999])
def test_what_is_no_key_file_is_damage(document: bytes) -> None:
    with pytest.raises(KeyDamaged):
        reopen(_with_key(document))


def test_one_damaged_key_does_not_keep_another_from_opening() -> None:
    store = _made()
    repository = reopen(store)
    added = repository.keys.add("second")
    damaged = store.objects | {f"keys/{added.id}": b"damaged"}
    assert reopen(MemoryStore(damaged)).id == repository.id
    with pytest.raises(KeyDamaged, match=added.id[:16]):
        reopen(MemoryStore(damaged), "second")


def test_any_of_several_passwords_opens() -> None:
    clock = SimClock(WHEN)
    store = MemoryStore()
    repository = create(store, clock=clock)
    clock.advance(60)
    added = repository.keys.add("second")
    assert reopen(store, "second").id == repository.id
    keys = repository.keys.list()
    assert [key.id for key in keys] == [repository.keys.current_id, added.id]
    assert [key.current for key in keys] == [True, False]
    assert keys[0].created_at == WHEN
    assert keys[1].created_at == WHEN + timedelta(seconds=60)
    second = reopen(store, "second")
    assert [key.current for key in second.keys.list()] == [False, True]


def test_a_password_that_opens_already_is_not_added_again() -> None:
    """R49: a second key of the same password would only look like a second way in."""
    store = _made()
    keys = reopen(store).keys
    added = keys.add("second")
    before = store.objects
    for password, known in ((PASSWORD, keys.current_id), ("second", added.id)):
        with pytest.raises(UsageError, match=f"already: it is that of key {known[:8]}") as caught:
            keys.add(password)
        assert password not in f"{caught.value} {caught.value.hint}"
    assert store.objects == before


def test_keys_are_listed_without_a_password_and_damaged_ones_on_request() -> None:
    store = _made()
    keys = reopen(store).keys
    added = keys.add("second", username="somebody")
    seen = list_keys(store)
    assert sorted(each.id for each in seen) == sorted([keys.current_id, added.id])
    assert [each.username for each in seen if each.id == added.id] == ["somebody"]
    assert not any(each.current for each in seen)
    damaged = MemoryStore(store.objects | {f"keys/{added.id}": b"damaged"})
    with pytest.raises(KeyDamaged, match=added.id[:16]):
        list_keys(damaged)
    told: list[str] = []
    assert [each.id for each in list_keys(damaged, on_damaged=told.append)] == [keys.current_id]
    assert told == [added.id]


def test_a_key_is_removed_by_a_unique_prefix() -> None:
    store = _made()
    repository = reopen(store)
    added = repository.keys.add("second")
    assert repository.keys.remove(added.id[:12]).id == added.id
    with pytest.raises(WrongPassword):
        reopen(store, "second")
    assert reopen(store).id == repository.id


@pytest.mark.parametrize("prefix", ["", "zz", "g" * 64])
def test_a_prefix_of_no_key_removes_nothing(prefix: str) -> None:
    store = _made()
    before = store.objects
    with pytest.raises(UsageError):
        reopen(store).keys.remove(prefix)
    assert store.objects == before


def test_the_key_in_use_and_the_last_key_stay() -> None:
    repository = create()
    with pytest.raises(UsageError, match="in use"):
        repository.keys.remove(repository.keys.current_id)
    repository.keys.add("second")
    with pytest.raises(UsageError, match="in use"):
        repository.keys.remove(repository.keys.current_id)


def test_a_changed_password_replaces_the_old_one() -> None:
    store = MemoryStore()
    repository = create(store)
    info = repository.keys.change("new")
    assert info.current
    assert [key.id for key in repository.keys.list()] == [info.id]
    assert reopen(store, "new").id == repository.id
    with pytest.raises(WrongPassword):
        reopen(store)


def test_an_empty_password_makes_a_repository_that_says_so() -> None:
    store = MemoryStore()
    repository = create(store, password="")
    assert not repository.encrypted
    assert not reopen(store, "").encrypted
    repository.keys.change("secret")
    assert repository.encrypted
    assert reopen(store, "secret").encrypted


def test_passwords_may_hold_anything() -> None:
    password = "grüße \udcff\n\0 " * 10
    store = MemoryStore()
    create(store, password=password)
    assert reopen(store, password).encrypted


def _opens(store: Store, *passwords: str) -> set[str]:
    found: set[str] = set()
    for password in passwords:
        try:
            reopen(store, password)
        except HoldfastError:
            continue
        found.add(password)
    return found


def _change(store: Store) -> None:
    reopen(store).keys.change("new")


def test_a_crash_while_the_password_changes_leaves_one_that_opens() -> None:
    """R50: crashes and errors at every store write of a password change."""
    start = _made().objects
    for ending in each_fault(start, _change, (*CRASHES, *ERRORS)):
        assert _opens(ending.left, PASSWORD, "new"), ending
        if ending.error is None:
            assert _opens(ending.left, PASSWORD, "new") == {"new"}, ending


def test_a_new_key_is_proven_to_open_before_the_old_one_goes() -> None:
    """R50: the trace of a change: save the new, read it back, remove the old."""
    store = FaultStore(MemoryStore(_made().objects))
    repository = reopen(store)
    store.trace.clear()
    old = repository.keys.current_id
    new = repository.keys.change("new").id
    calls = [(call.operation, call.name.rpartition("/")[2]) for call in store.trace]
    assert calls.index(("save", new)) < calls.index(("load", new)) < calls.index(("remove", old))


def test_two_administrators_who_change_at_once_leave_keys_that_open() -> None:
    """R50: neither change undoes the other."""
    store = _made()
    first, second = reopen(store), reopen(store)
    first.keys.change("first")
    with pytest.raises(HoldfastError):
        second.keys.change("second")  # the key it would replace is gone already
    assert _opens(store, "first", "second") == {"first", "second"}


def test_a_failed_creation_can_be_run_again() -> None:
    """R32: crashes and errors at every store write of a creation."""

    def make(store: Store) -> None:
        create(store)

    for ending in each_fault({}, make, (*CRASHES, *ERRORS), calls=WRITES):
        left = ending.left
        if "config" in left.objects:
            continue
        again = create(left)
        assert reopen(left).id == again.id, ending
        assert Repository.open(left, PASSWORD).key.encryption == again.key.encryption, ending
