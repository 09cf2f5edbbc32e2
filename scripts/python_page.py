"""The page of the Python API, made from the signatures and docstrings of its public names."""

from __future__ import annotations

import inspect
import json
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cached_property
from typing import Any

import holdfast

_HEAD = """\
# Python API

Every name of `from holdfast import ...`, as the code says it. This page is made from the signatures
and docstrings by `make reference`; [embed.md](../how-to/embed.md) shows the library in use, and
[errors.md](errors.md) lists what it raises.

Names that are not on this page, and those that begin with an underscore, may change without notice.
"""
_FIRST = ("BackupService", "BackupScheduler", "BackupConfig")
"""What a reader looks for; the others follow by their names."""
_SECTION = re.compile(r"(Args|Attributes|Returns|Yields|Raises):")
_WIDTH = 88
_OWN_CODE = "holdfast."


def python_page() -> str:
    """Return the page of the Python API."""
    return "\n".join([_HEAD, *(line for name in public_names() for line in _entry(name))])


def public_names() -> list[str]:
    """Return the names that the page has, in its order."""
    others = sorted(set(holdfast.__all__) - set(_FIRST))
    return [*_FIRST, *others]


def public_members(cls: type) -> dict[str, Any]:
    """Return the methods and properties that a class and its bases in Holdfast define."""
    found: dict[str, Any] = {}
    for base in cls.__mro__:
        if base.__module__.startswith(_OWN_CODE):
            for name, member in vars(base).items():
                if not name.startswith("_") and _is_member(member):
                    found.setdefault(name, member)
    return found


def _is_member(member: Any) -> bool:
    kinds = (property, cached_property, classmethod, staticmethod)
    return isinstance(member, kinds) or inspect.isfunction(member)


def _entry(name: str) -> Iterator[str]:
    cls = getattr(holdfast, name)
    yield f"## {name}\n"
    yield _block(_declaration(cls))
    yield from _documentation(cls)
    members = public_members(cls)
    for each, member in members.items():
        yield f"### {name}.{each}\n"
        yield _block(_member_declaration(each, member))
        yield from _documentation(_function(member))


def _block(code: str) -> str:
    return f"```python\n{code}\n```\n"


def _declaration(cls: type) -> str:
    bases = ", ".join(base.__name__ for base in cls.__bases__ if base is not object)
    head = f"class {cls.__name__}({bases}):" if bases else f"class {cls.__name__}:"
    if issubclass(cls, Enum):
        members = (f"    {each.name} = {_value(each.value)}" for each in cls)
        return "\n".join([head, *members])
    if is_dataclass(cls):
        shown = [_field(each) for each in fields(cls) if not each.name.startswith("_")]
        return "\n".join([head, *(f"    {each}" for each in shown)])
    return _signature(cls.__name__, inspect.signature(cls.__init__), returns=False)


def _field(field: Field[Any]) -> str:
    declared = f"{field.name}: {field.type}"
    if field.default is not MISSING:
        return f"{declared} = {_value(field.default)}"
    if field.default_factory is not MISSING:
        return f"{declared} = {_value(field.default_factory())}"
    return declared


def _member_declaration(name: str, member: Any) -> str:
    function = _function(member)
    signature = inspect.signature(function)
    if isinstance(member, property | cached_property):
        return f"{name}: {signature.return_annotation}  # a property"
    marks = {classmethod: "@classmethod\n", staticmethod: "@staticmethod\n"}
    if inspect.isgeneratorfunction(inspect.unwrap(function)):
        held = re.sub(r"^Iterator\[(.*)\]$", r"\1", str(signature.return_annotation))
        name, signature = f"with {name}", signature.replace(return_annotation=held)
        return _signature(name, signature).replace(" -> ", " as ")
    return marks.get(type(member), "") + _signature(f"def {name}", signature)


def _function(member: Any) -> Callable[..., Any]:
    if isinstance(member, property):
        assert member.fget is not None
        return member.fget
    if isinstance(member, cached_property):
        return member.func
    return getattr(member, "__func__", member)  # type: ignore[no-any-return]


def _signature(name: str, signature: inspect.Signature, *, returns: bool = True) -> str:
    shown = list(_parameters(signature))
    result = f" -> {signature.return_annotation}" if returns else ""
    line = f"{name}({', '.join(shown)}){result}"
    if len(line) <= _WIDTH:
        return line
    return "\n".join([f"{name}(", *(f"    {each}," for each in shown), f"){result}"])


def _parameters(signature: inspect.Signature) -> Iterator[str]:
    stars: dict[Any, str] = {
        inspect.Parameter.VAR_POSITIONAL: "*",
        inspect.Parameter.VAR_KEYWORD: "**",
    }
    only_by_name = False
    for parameter in signature.parameters.values():
        if parameter.name in ("self", "cls"):
            continue
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not only_by_name:
            yield "*"
        only_by_name = only_by_name or parameter.kind in (
            inspect.Parameter.KEYWORD_ONLY,
            inspect.Parameter.VAR_POSITIONAL,
        )
        declared = f"{stars.get(parameter.kind, '')}{parameter.name}: {parameter.annotation}"
        has_default = parameter.default is not inspect.Parameter.empty
        yield f"{declared} = {_value(parameter.default)}" if has_default else declared


def _value(value: object) -> str:
    if isinstance(value, Enum):
        return f"{type(value).__name__}.{value.name}"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
    return "..." if " at 0x" in text else text  # an address is another one each time


def _documentation(thing: Any) -> Iterator[str]:
    """Yield a docstring as Markdown: its text, and a list for each of its sections."""
    title, body = "", list[str]()
    for line in [*(inspect.getdoc(thing) or "").splitlines(), "Raises:"]:
        section = _SECTION.fullmatch(line)
        if section is None:
            body.append(line)
            continue
        yield from _section(title, textwrap.dedent("\n".join(body)).strip("\n"))
        title, body = section[1], []


def _section(title: str, body: str) -> Iterator[str]:
    if not body:
        return
    if not title:
        yield f"{body}\n"
    elif title in ("Returns", "Yields"):
        yield f"{title}: {body[:1].lower()}{body[1:]}\n"
    else:
        yield f"{title}:\n"
        yield "\n".join(_items(body)) + "\n"


def _items(body: str) -> Iterator[str]:
    for line in body.splitlines():
        name, colon, text = line.partition(": ")
        begins = colon and re.fullmatch(r"[\w.*, ]+", name) and not line.startswith(" ")
        yield f"- `{name}`: {text}" if begins else f"  {line.strip()}".rstrip()
