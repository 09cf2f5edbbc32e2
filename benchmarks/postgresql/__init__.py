"""Holdfast's PostgreSQL backups beside other tools: `python -m benchmarks.postgresql`."""
