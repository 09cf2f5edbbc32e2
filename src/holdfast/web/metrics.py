"""The figures of a plan as Prometheus reads them, from a registry of our own each time.

The host's registry is left alone, and so is ours between two requests: every figure is of the
repository and the catalog, so all server processes tell the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from holdfast.models.backup import BackupMetadata
from holdfast.web.protection import Standing, Verdict, judge


def format_metrics(standing: Standing, plan: str) -> bytes:
    """Return the figures in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Figures(standing, plan))
    return generate_latest(registry)


class _Figures(Collector):
    """What is known of a plan, as metrics."""

    def __init__(self, standing: Standing, plan: str) -> None:
        self._standing = standing
        self._plan = plan

    def collect(self) -> Iterator[Metric]:
        """Yield each metric."""
        yield from self._jobs()
        yield from self._ages()
        yield from self._sizes()
        healthy = judge(self._standing)[0] is not Verdict.FAILING
        yield self._gauge("protected", "Whether there is a good backup as new as promised", healthy)

    def _jobs(self) -> Iterator[Metric]:
        jobs = GaugeMetricFamily("holdfast_jobs", "Jobs by status", labels=["plan", "status"])
        for status, count in self._standing.counts.items():
            jobs.add_metric([self._plan, status.value], count)
        yield jobs
        running = GaugeMetricFamily(
            "holdfast_job_progress_percent", "How far running jobs are", labels=["plan", "kind"]
        )
        for job in self._standing.active:
            running.add_metric([self._plan, job.kind.value], job.progress.percent)
        yield running
        stalled = sum(job.stalled for job in self._standing.active)
        yield self._gauge("jobs_stalled", "Running jobs that stand still", stalled)
        yield self._gauge("worker_running", "Whether jobs are done here", self._standing.working)

    def _ages(self) -> Iterator[Metric]:
        at = self._standing.at
        for name, backup in (
            ("success", self._standing.last_success),
            ("verified", self._standing.last_verified),
        ):
            if backup is None:
                continue
            taken_s = backup.created_at.timestamp()
            what = f"the newest {'good' if name == 'success' else 'proven'} backup"
            yield self._gauge(f"last_{name}_timestamp_seconds", f"When {what} was taken", taken_s)
            age_s = at.timestamp() - taken_s
            yield self._gauge(f"last_{name}_age_seconds", f"How old {what} is", age_s)
        for run_at in self._standing.runs[:1]:
            yield self._gauge(
                "next_run_timestamp_seconds", "When the schedule is due", run_at.timestamp()
            )

    def _sizes(self) -> Iterator[Metric]:
        backups = self._standing.backups
        yield self._gauge("backups", "Backups that are stored", len(backups))
        yield self._gauge("backups_verified", "Of them proven", sum(b.verified for b in backups))
        added = sum(each.stored_size for each in backups)
        yield self._gauge("backups_stored_bytes", "What backups added to the repository", added)
        # One of parts of the plan would look like data that vanished.
        newest = next((each for each in backups if not each.only), None)
        if newest is not None:
            yield from self._newest(newest)

    def _newest(self, backup: BackupMetadata) -> Iterator[Metric]:
        yield self._gauge("last_backup_original_bytes", "Of what it holds", backup.original_size)
        yield self._gauge("last_backup_stored_bytes", "What it added", backup.stored_size)
        if backup.duration_s is not None:
            yield self._gauge("last_backup_duration_seconds", "How long it took", backup.duration_s)

    def _gauge(self, name: str, text: str, value: float) -> Metric:
        gauge = GaugeMetricFamily(f"holdfast_{name}", text, labels=["plan"])
        gauge.add_metric([self._plan], float(value))
        return gauge
