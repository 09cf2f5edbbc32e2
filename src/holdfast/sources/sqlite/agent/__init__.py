"""What runs in a child process because it touches a live database file.

POSIX advisory locks belong to a process: closing any descriptor of a file drops every lock
that the process holds on it, and two copies of the SQLite library in one process do not know
of each other's locks (Source: https://www.sqlite.org/howtocorrupt.html, section 2.2). The
application that embeds Holdfast may hold such locks, so Holdfast opens a live database, its
`-wal`, `-shm` and `-journal` only in here, in a process of its own.

The modules of this package import apsw, the standard library and `holdfast.errors`, nothing
more, so that the process starts in a few hundredths of a second.
"""
