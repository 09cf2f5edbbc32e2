"""What stands on the disk, as a `Node`."""

from __future__ import annotations

import grp
import os
import pwd
import stat

from holdfast.models.node import Node, NodeType
from holdfast.sources.directory.attributes import Attributes

_TYPES = {
    stat.S_IFREG: NodeType.FILE,
    stat.S_IFDIR: NodeType.DIR,
    stat.S_IFLNK: NodeType.SYMLINK,
    stat.S_IFBLK: NodeType.DEV,
    stat.S_IFCHR: NodeType.CHARDEV,
    stat.S_IFIFO: NodeType.FIFO,
    stat.S_IFSOCK: NodeType.SOCKET,
}


def node_type(status: os.stat_result) -> NodeType:
    """Return the kind of entry that `status` describes."""
    return _TYPES.get(stat.S_IFMT(status.st_mode), NodeType.IRREGULAR)


class Owners:
    """Names of users and groups, each looked up once: a directory service may be slow."""

    def __init__(self) -> None:
        self._users: dict[int, str] = {}
        self._groups: dict[int, str] = {}

    def user(self, uid: int) -> str:
        """Return the name of the user, or "" if it has none here."""
        if uid not in self._users:
            try:
                self._users[uid] = pwd.getpwuid(uid).pw_name
            except KeyError:
                self._users[uid] = ""
        return self._users[uid]

    def group(self, gid: int) -> str:
        """Return the name of the group, or "" if it has none here."""
        if gid not in self._groups:
            try:
                self._groups[gid] = grp.getgrgid(gid).gr_name
            except KeyError:
                self._groups[gid] = ""
        return self._groups[gid]


def describe(
    name: str,
    status: os.stat_result,
    owners: Owners,
    *,
    link_target: str = "",
    attributes: Attributes = (),
) -> Node:
    """Return the metadata of one entry, with the fields that restic sets for its kind."""
    kind = node_type(status)
    linked = kind is not NodeType.DIR
    return Node(
        name=name,
        type=kind,
        mode=stat.S_IMODE(status.st_mode),
        mtime_ns=status.st_mtime_ns,
        atime_ns=status.st_atime_ns,
        ctime_ns=status.st_ctime_ns,
        uid=status.st_uid,
        gid=status.st_gid,
        user=owners.user(status.st_uid),
        group=owners.group(status.st_gid),
        inode=status.st_ino,
        device_id=status.st_dev if linked and status.st_nlink > 1 else 0,
        size=status.st_size if kind is NodeType.FILE else 0,
        links=status.st_nlink if linked else 0,
        link_target=link_target,
        device=status.st_rdev if kind in {NodeType.DEV, NodeType.CHARDEV} else 0,
        extended_attributes=attributes,
    )
