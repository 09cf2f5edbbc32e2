"""How far a job is: one number that only rises, and tables that are really counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.jobs import JobOptions
from holdfast.jobs.progress import Meter
from holdfast.models.job import JobKind
from holdfast.models.progress import Progress
from tests.jobs.conftest import MakeEngine
from tests.operations.application import Application

LONG_S = 120.0

steps = st.sampled_from(
    [
        "Backing up app.db",
        "Copying database app.db",
        "Verifying",
        "Staging app.db",
        "Making a safety backup",
        "Replacing app.db",
        "Exporting table orders",
        "Removing packs",
        "Importing files/media",
        "Anything else",
    ]
)
numbers = st.integers(0, 1000)
told = st.builds(
    Progress,
    step=steps,
    done_bytes=numbers,
    total_bytes=st.none() | numbers,
    done_items=numbers,
    total_items=st.none() | numbers,
    done_tables=st.none() | numbers,
    total_tables=numbers,
)


@given(kind=st.sampled_from(JobKind), said=st.lists(told))
def test_whatever_is_told_the_number_never_falls_and_never_is_100(
    kind: JobKind, said: list[Progress]
) -> None:
    """100 is said when the job is completed, and by nobody else."""
    meter, last = Meter(kind), 0
    for each in said:
        progress = meter.take(each)
        assert last <= progress.percent <= 99
        assert progress.current_step == each.step
        last = progress.percent


def test_a_backup_goes_by_the_bytes_of_all_its_sources() -> None:
    """What a source tells of its own copy does not count as the whole."""
    meter = Meter(JobKind.BACKUP)
    meter.take(Progress(step="Backing up app.db", done_bytes=0, total_bytes=100))
    assert meter.take(Progress(step="Copying x", done_bytes=9, total_bytes=9)).percent < 10
    half = meter.take(Progress(step="Backing up app.db", done_bytes=50, total_bytes=100))
    assert half.percent == 45
    whole = meter.take(Progress(step="Backing up media", done_bytes=100, total_bytes=100))
    assert whole.percent == 90


def test_tables_are_those_done_and_those_of_the_source_at_work() -> None:
    """A program that tells of each table is believed until the whole is told."""
    meter = Meter(JobKind.BACKUP)
    first = Progress(step="Dumping shop, table orders", done_items=3, total_items=11)
    assert (meter.take(first).completed_tables, meter.progress.total_tables) == (3, 11)
    meter.take(Progress(step="Backing up shop", done_tables=11, total_tables=11))
    assert (meter.progress.completed_tables, meter.progress.total_tables) == (11, 11)
    files = meter.take(Progress(step="Backing up media", done_items=5, total_items=500))
    assert (files.completed_tables, files.total_tables) == (11, 11)


@pytest.mark.parametrize("kind", [JobKind.BACKUP, JobKind.RESTORE])
def test_the_events_of_a_real_job_only_rise(
    kind: JobKind, application: Application, make_engine: MakeEngine
) -> None:
    """And the last of them, that of its end, is the first that says 100."""
    application.add_events(300)
    engine = make_engine(JobOptions(isolation="thread"))
    job = engine.wait(engine.submit(JobKind.BACKUP).id, LONG_S)
    if kind is JobKind.RESTORE:
        job = engine.wait(engine.submit(kind, {"backup_id": job.backup_id}).id, LONG_S)
    percents = [
        event.data["progress"]["percent"]
        for event in engine.events(job.id)
        if "progress" in event.data
    ]
    assert percents == sorted(percents)
    assert percents.count(100) == 1
    assert percents[-1] == 100
    assert (job.progress.completed_tables, job.progress.total_tables) == (2, 2)
