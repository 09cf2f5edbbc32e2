"""Backups by the clock: a thread that runs them at the times of a cron expression.

Nothing here knows how a backup is made; it asks a service for it. What it promises:

- One run at a time: of the schedule and of `trigger_backup` together.
- Of several processes that keep the schedule of one repository, one makes each run.
- A nominal time runs once, also where the clock is set back (by up to a day) or daylight
  saving repeats the hour; however far the clock leaps ahead, what it leapt over runs once.
- An error in a run never ends the schedule; it is kept in `get_job_info`, logged as a warning
  and given to `on_error`.

The thread belongs to the process that calls `start`: where a server forks its workers, start
the scheduler in the worker, not before the fork.
"""

from holdfast.models.schedule import BackupConfig
from holdfast.scheduler.job import ScheduledService
from holdfast.scheduler.scheduler import BackupScheduler, JobInfo

__all__ = ["BackupConfig", "BackupScheduler", "JobInfo", "ScheduledService"]
