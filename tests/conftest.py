"""Rules for the whole suite: how Hypothesis runs, what counts as failed, what is said last."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

from tests.rig import servers

# The fixtures of database servers; each starts what it needs when it is first asked for.
postgres_server = servers.postgres_server
new_postgres_role = servers.new_postgres_role
new_postgres_database = servers.new_postgres_database
postgres_database = servers.postgres_database
chinook_postgres = servers.chinook_postgres
features_postgres = servers.features_postgres
postgres_container = servers.postgres_container
mariadb_server = servers.mariadb_server
new_mariadb_user = servers.new_mariadb_user
new_mariadb_database = servers.new_mariadb_database
mariadb_database = servers.mariadb_database
chinook_mariadb = servers.chinook_mariadb
features_mariadb = servers.features_mariadb

# A run that was started by nohup ignores the first, one in a script's background the others, and
# so would every program that tests start.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)

IN_CI = bool(os.environ.get("CI"))

# No deadline: two test workers share two cores. No database: runs leave no files behind.
# Shared machines are slow at times, which says nothing of the code under test.
_BASE = settings(
    max_examples=50,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("local", _BASE)
settings.register_profile("ci", _BASE, derandomize=True)
settings.register_profile("long", _BASE, max_examples=2000)
settings.load_profile("ci" if IN_CI else "local")


def _fail_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure: in CI every test must have run. Expected failures stay."""
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"Skipped in CI, where every test must run. {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _fail_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _fail_skipped(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Name what failed in the last lines, one for each: in CI messages are not cut to a line."""
    yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:  # a worker; the process that it works for tells
        return
    reports = [*reporter.stats.get("failed", ()), *reporter.stats.get("error", ())]
    for test in dict.fromkeys(report.nodeid for report in reports):
        reporter.write_line(f"FAILED {test}", red=True)
