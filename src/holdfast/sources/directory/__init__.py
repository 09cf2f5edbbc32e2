"""Directories of files: captured as they stand, restored beside and then exchanged."""

from holdfast.sources.directory.source import DirectorySource
from holdfast.sources.directory.staged import StagedDirectory
from holdfast.sources.directory.taking_back import Identity, TakingBack, identity_at

__all__ = ["DirectorySource", "Identity", "StagedDirectory", "TakingBack", "identity_at"]
