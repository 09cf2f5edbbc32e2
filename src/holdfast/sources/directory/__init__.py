"""Directories of files: captured as they stand, restored beside and then exchanged."""

from holdfast.sources.directory.source import DirectorySource

__all__ = ["DirectorySource"]
