"""The page of the Python API says all that is public, and says it as the code does."""

from __future__ import annotations

import inspect
import re
from dataclasses import is_dataclass

import pytest

import holdfast
from scripts.generate_reference import PYTHON_PAGE
from scripts.python_page import python_page

HOW = "run `make reference`"


def test_the_page_is_up_to_date() -> None:
    """docs/reference/python.md is what `make reference` writes."""
    assert PYTHON_PAGE.read_text() == python_page(), HOW


def test_every_public_name_is_on_the_page() -> None:
    """Each once, as a section."""
    names = re.findall(r"^## (\w+)$", PYTHON_PAGE.read_text(), re.MULTILINE)
    assert sorted(names) == sorted(holdfast.__all__), HOW


@pytest.mark.parametrize("name", holdfast.__all__)
def test_every_public_member_is_on_the_page_with_its_meaning(name: str) -> None:
    """What `dir` shows of a class and Holdfast defines: methods, properties and fields."""
    cls = getattr(holdfast, name)
    page = PYTHON_PAGE.read_text()
    assert inspect.getdoc(cls), f"{name} has no docstring"
    for member in filter(lambda each: not each.startswith("_"), dir(cls)):
        found = inspect.getattr_static(cls, member)
        home = getattr(inspect.unwrap(getattr(found, "fget", found)), "__module__", None)
        if is_dataclass(cls) and member in cls.__dataclass_fields__:
            continue
        if (home or "").startswith("holdfast.") and not isinstance(found, cls):
            assert f"\n### {name}.{member}\n" in page, HOW
            assert inspect.getdoc(found), f"{name}.{member} has no docstring"


@pytest.mark.parametrize("name", holdfast.__all__)
def test_every_field_parameter_and_member_is_on_the_page(name: str) -> None:
    """By its name, in the declaration of its class."""
    cls = getattr(holdfast, name)
    section = PYTHON_PAGE.read_text().partition(f"\n## {name}\n")[2].partition("```\n")[0]
    # The members of an enumeration, or what it takes to make one of the others.
    wanted = getattr(cls, "__members__", None) or inspect.signature(cls).parameters
    for each in wanted:
        assert re.search(rf"\b{each}(: | = )", section), f"{each}: {HOW}"
