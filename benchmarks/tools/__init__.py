"""The tools that are measured, each as the commands that a careful user would type.

The others are given the quiet database file itself, without the copy that a running
application would force on them: the case that favours them.
"""

from __future__ import annotations

from benchmarks.tools.base import FileTool, Tool
from benchmarks.tools.borg import Borg, BorgDefault
from benchmarks.tools.holdfast import Holdfast, HoldfastFiles
from benchmarks.tools.recipe import Recipe, RecipeFiles
from benchmarks.tools.restic import Restic

DATABASE_TOOLS: tuple[type[FileTool], ...] = (Holdfast, Restic, Borg, BorgDefault, Recipe)
FILE_TOOLS: tuple[type[FileTool], ...] = (HoldfastFiles, Restic, Borg, BorgDefault, RecipeFiles)

__all__ = ["DATABASE_TOOLS", "FILE_TOOLS", "FileTool", "Tool"]
