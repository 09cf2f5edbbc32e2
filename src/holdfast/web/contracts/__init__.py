"""Interfaces for backups that applications have already, served by Holdfast."""
