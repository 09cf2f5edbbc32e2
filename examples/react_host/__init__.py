"""A guest book with a React page of its own, in whose settings backups are looked after."""
