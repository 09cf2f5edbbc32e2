"""Measure Holdfast side by side with other tools: `python -m benchmarks.run --size 1G`.

Writes `results.json` and `results.md` into the work directory and prints the table.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.report import machine, markdown_report, publish_report, summarise
from benchmarks.scenario import Scenario, Step
from benchmarks.scenarios import DatabaseScenario, FilesScenario
from benchmarks.sizes import format_size, parse_size
from benchmarks.tools import DATABASE_TOOLS, FILE_TOOLS, FileTool, Tool

DEFAULT_WORK = Path(__file__).parent / "work"
_MARK = "results"
_PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def main() -> int:
    """Measure what the command line asks for."""
    options = _parse()
    work: Path = options.work.resolve()
    scenarios: list[tuple[Scenario, tuple[type[FileTool], ...]]] = []
    if "database" in options.only:
        database = DatabaseScenario(work / f"database-{options.size}", options.size)
        scenarios.append((database, DATABASE_TOOLS))
    if "files" in options.only:
        scenarios.append((FilesScenario(work / "files"), FILE_TOOLS))
    if not all_there(tuple(tool for _, tools in scenarios for tool in tools)):
        return 1
    results: list[tuple[str, list[Step]]] = []
    for scenario, tools in scenarios:
        print(f"\n{scenario.title}: making the data", flush=True)
        scenario.build()
        chosen = [tool for tool in tools if not options.tool or tool.name in options.tool]
        steps = _measure(scenario, chosen, work / "home", options.rounds)
        results.append((scenario.title, steps))
    measured_tools = {step.tool for _, steps in results for step in steps}
    versions = {
        tool.name: version_of(tool)
        for tool in (*DATABASE_TOOLS, *FILE_TOOLS)
        if tool.name in measured_tools
    }
    write_results(work, results, versions, mark=_MARK if options.publish else None)
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure Holdfast against other tools.")
    parser.add_argument("--size", type=parse_size, default="1G", help="of the database (1G)")
    parser.add_argument("--rounds", type=int, default=1, help="measure so often, show medians")
    parser.add_argument("--work", type=Path, default=DEFAULT_WORK, help="directory for the data")
    parser.add_argument("--only", nargs="+", choices=("database", "files"),
                        default=("database", "files"))  # fmt: skip
    parser.add_argument("--tool", action="append", help="measure only this tool; repeatable")
    parser.add_argument("--publish", action="store_true", help=f"put the tables into {_PAGE.name}")
    return parser.parse_args()


def all_there(tools: tuple[type[Tool], ...]) -> bool:
    """Return whether all programs are on this machine; say what to install if not."""
    missing = sorted({program for tool in tools for program in tool.missing()})
    if missing:
        print(f"Not on this machine: {', '.join(missing)}", file=sys.stderr)
        print("Install them (Debian: apt-get install restic borgbackup sqlite3 openssl), "
              "or name the tools to measure with --tool.", file=sys.stderr)  # fmt: skip
    return not missing


def _measure(
    scenario: Scenario, tools: list[type[FileTool]], home: Path, rounds: int
) -> list[Step]:
    steps: list[Step] = []

    def report(step: Step) -> None:
        steps.append(step)
        announce(step)

    for _ in range(rounds):
        for tool in tools:
            shutil.rmtree(home, ignore_errors=True)
            shutil.rmtree(home.with_name(home.name + "-kept"), ignore_errors=True)
            scenario.measure(tool, home, report)
    return steps


def announce(step: Step) -> None:
    """Print what a step took."""
    taken = step.measurement
    stored = "" if step.stored_bytes is None else f", stored {format_size(step.stored_bytes)}"
    print(f"  {step.tool}: {step.step}: {taken.wall_s:.2f} s, CPU {taken.cpu_s:.2f} s, "
          f"peak {format_size(taken.peak_bytes)}{stored}", flush=True)  # fmt: skip


def write_results(
    work: Path,
    results: list[tuple[str, list[Step]]],
    versions: dict[str, str],
    *,
    mark: str | None,
) -> None:
    """Write the results into the work directory, and between marks of the page if there are."""
    document = {
        "machine": machine(),
        "versions": versions,
        "steps": {title: [dataclasses.asdict(step) for step in steps] for title, steps in results},
    }
    (work / "results.json").write_text(json.dumps(document, indent=2) + "\n")
    tables = [(title, summarise(steps)) for title, steps in results]
    fragment = markdown_report(machine(), versions, tables)
    (work / "results.md").write_text(fragment)
    print(f"\n{fragment}\nWritten: {work / 'results.json'}, {work / 'results.md'}")
    if mark is not None:
        publish_report(_PAGE, fragment, mark)
        print(f"Published: {_PAGE}")


def version_of(tool: type[Tool]) -> str:
    """Return what a tool says of its version."""
    command = tool.version_command()
    output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return output.splitlines()[0] if output else "unknown"


if __name__ == "__main__":
    sys.exit(main())
