"""Before a repository is opened or made: is there one, and what is left of one?"""

from __future__ import annotations

from holdfast.errors import (
    KeyDamaged,
    NoKeys,
    ObjectNotFound,
    RepositoryDamaged,
    RepositoryExists,
    RepositoryNotFound,
    StoreError,
    WrongPassword,
)
from holdfast.repository.crypto import SealingKey
from holdfast.repository.keys import open_keys
from holdfast.repository.layout import CONFIG_NAME, ObjectKind
from holdfast.repository.objects import exists, list_ids, load_sealed_config
from holdfast.stores.base import Store


def load_config(store: Store) -> bytes:
    """Return the stored bytes of `config`.

    Raises:
        RepositoryNotFound: There is no repository.
        RepositoryDamaged: There is what is left of one, without a config.
    """
    try:
        return bytes(load_sealed_config(store, CONFIG_NAME))
    except ObjectNotFound:
        pass
    try:
        is_repository = next(list_ids(store, ObjectKind.KEY), None) and _holds_data(store)
    except StoreError:
        is_repository = False  # the place itself is not there
    if is_repository:
        raise RepositoryDamaged(
            f"The repository at {store.location} has lost its config",
            hint="Bring back the file `config` from a copy of the repository.",
        )
    raise RepositoryNotFound(
        f"There is no repository at {store.location}",
        hint="Check the path, or make a repository with `holdfast init`.",
    )


def refuse_existing(store: Store) -> None:
    """Refuse to make a repository where one is, or what is left of one.

    Raises:
        RepositoryExists: There is; it was left as it is.
    """
    if exists(store, CONFIG_NAME):
        raise RepositoryExists(
            f"There is a repository at {store.location} already; it was left as it is"
        )
    if _holds_data(store):
        raise RepositoryExists(
            f"There is a repository without a config at {store.location}; it was left as it is",
            hint="Bring back the file `config` from a copy of the repository.",
        )


def _holds_data(store: Store) -> bool:
    kinds = (ObjectKind.SNAPSHOT, ObjectKind.INDEX, ObjectKind.PACK)
    return any(next(list_ids(store, kind), None) is not None for kind in kinds)


def left_over_master(store: Store, password: str) -> SealingKey | None:
    """Return the master key that an interrupted `create` with this password left.

    A second one beside it would make a repository with two keys for one password, of which
    other programs may try the wrong one.
    """
    if next(list_ids(store, ObjectKind.KEY), None) is None:
        return None
    try:
        return next(open_keys(store, password)).master
    except (KeyDamaged, WrongPassword, NoKeys, StopIteration):
        return None
