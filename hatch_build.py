"""Puts the administrators' page into packages: without it none is built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGE = "src/holdfast/web/server/static/built"


class PageHook(BuildHookInterface[Any]):
    """Insists that the page is built; `artifacts` in pyproject.toml then takes it along."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Look before a package is built; an editable installation may do without."""
        del build_data
        if version != "editable" and not Path(self.root, PAGE, "index.html").is_file():
            raise FileNotFoundError(
                f"{PAGE} is missing: the administrators' page is not built. Type `make page`,"
                " and build the package again."
            )
