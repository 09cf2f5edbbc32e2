"""Work in the background: jobs, who does them, when, and how far they are."""

from holdfast.jobs.engine import JobEngine
from holdfast.jobs.listing import BackupFilter, BackupListing
from holdfast.jobs.options import JobOptions

__all__ = ["BackupFilter", "BackupListing", "JobEngine", "JobOptions"]
