"""The first form of the books."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Make the table."""

    initial = True
    operations: ClassVar[list[object]] = [
        migrations.CreateModel(
            name="Book",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False, auto_created=True)),
                ("title", models.CharField(max_length=200)),
                ("price", models.DecimalField(max_digits=8, decimal_places=2)),
            ],
        ),
    ]
