"""`backup`, `restore` and `listbackups`."""
