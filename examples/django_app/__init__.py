"""A shelf of books as a Django project, with backups by `manage.py`."""
