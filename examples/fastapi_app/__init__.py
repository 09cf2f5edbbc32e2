"""A camera on FastAPI: three lines give it backups, and it stands still while it is restored."""
