"""What Django asks of an application."""

from __future__ import annotations

from django.apps import AppConfig


class HoldfastConfig(AppConfig):
    """Backups of the project's databases and media."""

    name = "holdfast.django"
    label = "holdfast"
    verbose_name = "Holdfast"
