"""Measure Holdfast on PostgreSQL beside other tools: `python -m benchmarks.postgresql --size 1G`.

Starts a server of its own. Writes `results.json` and `results.md` into its work directory and
prints the table. Run it as root or as a user who may run the server's programs.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from benchmarks.measure import CommandFailed
from benchmarks.postgresql.scenario import PostgresScenario
from benchmarks.postgresql.server import Server, give_to_server_user, program_directory
from benchmarks.postgresql.tools import POSTGRES_TOOLS, PostgresTool, archive_command
from benchmarks.run import DEFAULT_WORK, all_there, announce, version_of, write_results
from benchmarks.scenario import Step
from benchmarks.sizes import parse_size

_MARK = "postgresql results"


def main() -> int:
    """Measure what the command line asks for."""
    options = _parse()
    chosen = [tool for tool in POSTGRES_TOOLS if not options.tool or tool.name in options.tool]
    programs = program_directory()
    if not all_there(tuple(chosen)) or programs is None:
        return 1
    work: Path = options.work.resolve() / f"postgresql-{options.size}"
    work.mkdir(parents=True, exist_ok=True)
    home = work / "home"
    live = work / "live"
    live.mkdir(exist_ok=True)
    give_to_server_user(live)
    server = Server(live / "data", programs, archive_command(home))
    try:
        scenario = PostgresScenario(work, options.size, server)
        print(f"{scenario.title}: making the data", flush=True)
        scenario.build()
        versions: dict[str, str] = {"PostgreSQL": programs.parts[-2]}
        steps: list[Step] = []
        for _ in range(options.rounds):
            for tool in chosen:
                found = _measure(scenario, tool, home)
                if isinstance(found, str):
                    versions[tool.name] = found
                else:
                    versions[tool.name] = version_of(tool)
                    steps += found
    finally:
        server.close()
    write_results(
        work, [(scenario.title, steps)], versions, mark=_MARK if options.publish else None
    )
    return 0


def _measure(scenario: PostgresScenario, tool: type[PostgresTool], home: Path) -> list[Step] | str:
    """Return the steps of one tool, or why it could not be measured; Holdfast always can."""
    steps: list[Step] = []

    def report(step: Step) -> None:
        announce(step)
        steps.append(step)

    for folder in (home, home.with_name(home.name + "-kept")):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        scenario.measure(tool, home, report)
    except CommandFailed as error:
        if tool is POSTGRES_TOOLS[0]:
            raise
        print(f"  {tool.name}: not measured: {error}", flush=True)
        return f"not measured: {str(error).splitlines()[-1]}"
    return steps


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure Holdfast on PostgreSQL.")
    parser.add_argument("--size", type=parse_size, default="1G", help="of the database (1G)")
    parser.add_argument("--rounds", type=int, default=1, help="measure so often, show medians")
    parser.add_argument("--work", type=Path, default=DEFAULT_WORK, help="directory for the data")
    parser.add_argument("--tool", action="append", help="measure only this tool; repeatable")
    parser.add_argument("--publish", action="store_true", help="put the table into the page")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
