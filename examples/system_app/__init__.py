"""A camera on SQLite that records what moves; its backups are ZIP files of all of it."""
