"""What stands on the shelf."""

from __future__ import annotations

from django.db import models


class Book(models.Model):
    """One book."""

    title = models.CharField(max_length=200)
    price = models.DecimalField(max_digits=8, decimal_places=2)
