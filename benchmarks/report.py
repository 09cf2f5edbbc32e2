"""Turn measured steps into a table, and into JSON."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.scenario import Step
from benchmarks.sizes import format_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One tool in one step: the medians over the rounds."""

    step: str
    tool: str
    wall_s: float
    cpu_s: float
    peak_bytes: float
    stored_bytes: float | None


def summarise(steps: Sequence[Step]) -> list[Row]:
    """Return one row per step and tool, in the order in which they were measured first."""
    names = list(dict.fromkeys(step.step for step in steps))
    tools = list(dict.fromkeys(step.tool for step in steps))
    rows = []
    for name in names:
        for tool in tools:
            found = [step for step in steps if (step.step, step.tool) == (name, tool)]
            if found:
                rows.append(_row(name, tool, found))
    return rows


def _row(name: str, tool: str, steps: Sequence[Step]) -> Row:
    measurements = [step.measurement for step in steps]
    stored = [step.stored_bytes for step in steps if step.stored_bytes is not None]
    return Row(
        step=name,
        tool=tool,
        wall_s=statistics.median(one.wall_s for one in measurements),
        cpu_s=statistics.median(one.cpu_s for one in measurements),
        peak_bytes=statistics.median(one.peak_bytes for one in measurements),
        stored_bytes=statistics.median(stored) if stored else None,
    )


def markdown_table(rows: Sequence[Row]) -> str:
    """Return a Markdown table; in parentheses how many times the first tool's value it is."""
    header = ("step", "tool", "wall", "CPU", "peak memory", "stored")
    lines = [header, tuple("-" * len(cell) for cell in header)]
    first: dict[str, Row] = {}
    for row in rows:
        step = "" if row.step in first else row.step
        base = first.setdefault(row.step, row)
        lines.append(
            (
                step,
                row.tool,
                _cell(row, base, lambda one: one.wall_s, _seconds),
                _cell(row, base, lambda one: one.cpu_s, _seconds),
                _cell(row, base, lambda one: one.peak_bytes, format_size),
                _cell(row, base, lambda one: one.stored_bytes, format_size),
            )
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(_line(line, widths) for line in lines)


def markdown_report(
    facts: Mapping[str, Any],
    versions: Mapping[str, str],
    tables: Sequence[tuple[str, Sequence[Row]]],
) -> str:
    """Return the whole report: on what it was measured, with what, and the tables."""
    on = (
        f"On {facts['processor']}, {facts['cores']} cores, {facts['memory_gib']} GiB of memory,"
        f" {facts['system']}, Python {facts['python']}, on {facts['measured_on']}."
    )
    programs = "\n".join(f"- {name}: `{version}`" for name, version in versions.items())
    parts = [f"### {title}\n\n{markdown_table(rows)}" for title, rows in tables]
    return "\n\n".join([on, programs, *parts]) + "\n"


def publish_report(page: Path, report: str, mark: str) -> None:
    """Put a report between the marks of a page, in the place of the one before.

    Args:
        mark: `results` stands for `<!-- results -->` and `<!-- end of results -->`.
    """
    begin, end = f"<!-- {mark} -->", f"<!-- end of {mark} -->"
    head, _, rest = page.read_text().partition(begin)
    _, found, tail = rest.partition(end)
    if not found:
        raise ValueError(f"{page} has no {begin} ... {end}")
    page.write_text(f"{head}{begin}\n{report}{end}{tail}")


def _cell(
    row: Row,
    base: Row,
    value_of: Callable[[Row], float | None],
    show: Callable[[float], str],
) -> str:
    value, reference = value_of(row), value_of(base)
    if value is None:
        return ""
    if row is base or not reference:
        return show(value)
    return f"{show(value)} ({_ratio(value / reference)})"


def _ratio(value: float) -> str:
    if value > 1000:
        return "> 1000x"
    return f"{value:.0f}x" if value >= 10 else f"{value:.2f}x"


def _seconds(value: float) -> str:
    return f"{value:.2f} s"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    if set(cells[0]) == {"-"}:
        return "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return "| " + " | ".join(padded) + " |"


def machine() -> dict[str, Any]:
    """Describe the machine, as far as it matters for the numbers."""
    facts = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in facts if line.startswith("model name")]
    memory_kib = int(Path("/proc/meminfo").read_text().split()[1])
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": len(models),
        "memory_gib": round(memory_kib / (1 << 20), 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "measured_on": f"{datetime.now(UTC):%Y-%m-%d}",
    }
