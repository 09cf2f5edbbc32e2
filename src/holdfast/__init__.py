"""Holdfast: backup and restore for applications."""

__version__ = "0.1.0"
