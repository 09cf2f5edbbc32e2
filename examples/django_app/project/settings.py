"""The project's settings. Its data lie in the directory SHELF_DATA, or in the working directory."""

from __future__ import annotations

import os
from pathlib import Path

BASE_DIR = Path(os.environ.get("SHELF_DATA", "."))
SECRET_KEY = os.environ.get("SHELF_SECRET_KEY", "for trying it out only")
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "examples.django_app.project.urls"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "examples.django_app.shelf",
    "holdfast.django",
]
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "shelf.sqlite3"}
}
MEDIA_ROOT = BASE_DIR / "media"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

HOLDFAST = {"APP": "shelf", "DIRECTORIES": {"media": MEDIA_ROOT}}
