"""What the server can say to people, read from its source: codes, steps, checks, sentences."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from pathlib import Path

from holdfast.errors import HoldfastError

_SOURCE = Path(__file__).parents[1] / "src" / "holdfast"

# Where an expression is not read below: what it comes to.
_KNOWN: dict[tuple[str, str], tuple[str, ...]] = {
    ("sources/mysql/source.py", "f'Loading {self.name}: {table}'.removesuffix(': ')"): (
        "Loading {}: {}",
        "Loading {}",
    ),
    ("sources/postgresql/dumping.py", "self._step"): ("Dumping database {}",),
    ("sources/postgresql/dumping.py", "f'{self._step}, table {self._table}'"): (
        "Dumping database {}, table {}",
    ),
    # The name of another check, with the name of a database.
    ("operations/backup.py", "self._step"): ("Backing up {}",),
    ("operations/databases.py", "label"): ("sqlite integrity", "foreign keys", "table counts"),
    ("operations/extract.py", "check.name.removeprefix(f'{_ROOT}: ')"): (
        "files",
        "file count",
        "metadata",
    ),
    ("operations/findings.py", "name"): (),
    ("operations/servers.py", "f'{check.name} ({Path(root).stem})'"): (),
    ("sources/sqlite/checks.py", "name"): (),
    ("sources/tables/source.py", "self.root"): (),
}
# What joins it to something else, or names the field that it is about, which the page takes off.
_BEFORE = re.compile(r"^(, |\w+: )")
_PLACE = re.compile(r"\{\w*\}")


class NotRead(Exception):
    """An expression could not be read: it is to be put simpler, or named in `_KNOWN`."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the server can say, with `{}` for what is put in."""

    problem: frozenset[str]
    step: frozenset[str]
    check: frozenset[str]
    sentence: frozenset[str]
    """All texts of the source, whatever they are for."""


@dataclass(slots=True)
class _Module:
    path: str
    assigned: dict[tuple[str, str], list[ast.expr]] = field(default_factory=dict)
    """By the function, "" for the module, and the name."""
    inside: dict[ast.AST, str] = field(default_factory=dict)
    """All of it in its order, each with the function that it is in, "" for none."""


@cache
def read() -> Said:
    """Return what the server can say.

    Raises:
        NotRead: The name of a step or of a check is put together in a way that is not known.
    """
    modules = [_module_of(file) for file in sorted(_SOURCE.rglob("*.py")) if _is_server(file)]
    constants = {name: each for module in modules for name, each in _constants(module)}
    steps, checks, sentences = set[str](), set[str](), set[str]()
    for module in modules:
        for node in module.inside:
            if isinstance(node, ast.Call):
                steps.update(_read(_step_of(node), module, constants))
                checks.update(_read(_check_of(node), module, constants))
                sentences.update(_counted(node))
            elif isinstance(node, ast.expr):
                sentences.update(_loosely(node, constants))
        checks.update(_yielded(module))
    codes = frozenset(each.code for each in _kinds(HoldfastError))
    return Said(codes, frozenset(steps), frozenset(checks), frozenset(sentences))


def _is_server(file: Path) -> bool:
    return "cli" not in file.relative_to(_SOURCE).parts


def _module_of(file: Path) -> _Module:
    module = _Module(file.relative_to(_SOURCE).as_posix())
    _enter(module, ast.parse(file.read_text("utf-8")), "")
    for node in module.inside:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            _note(module, node.targets[0], node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            _note(module, node.target, node.value)
        elif isinstance(node, ast.For) and isinstance(node.iter, ast.Name | ast.Tuple):
            _note(module, node.target, node.iter)  # each of the items
    return module


def _enter(module: _Module, node: ast.AST, function: str) -> None:
    module.inside[node] = function
    within = node.name if isinstance(node, ast.FunctionDef) else function
    for each in ast.iter_child_nodes(node):
        _enter(module, each, within)


def _note(module: _Module, target: ast.expr, value: ast.expr) -> None:
    if isinstance(target, ast.Name):
        place = (module.inside[target], target.id)
        module.assigned.setdefault(place, []).append(value)
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, of_it in zip(target.elts, value.elts, strict=False):
            _note(module, one, of_it)


def _constants(module: _Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield the texts that other modules may import."""
    for (function, name), values in module.assigned.items():
        if not function and name.isupper() and isinstance(values[0], ast.Constant | ast.Tuple):
            yield name, values[0]


def _step_of(call: ast.Call) -> ast.expr | None:
    """Return the step that is told; `replace` makes another of what is told already."""
    is_progress = ast.unparse(call.func).rpartition(".")[2] in ("Progress", "replace")
    return _keyword(call, "step") if is_progress else None


def _check_of(call: ast.Call) -> ast.expr | None:
    called = ast.unparse(call.func)
    is_renamed = called == "replace" and ast.unparse(call.args[0]) == "check"
    if called == "CheckResult" or is_renamed:
        return _keyword(call, "name")
    is_finding = called in ("findings.add", "findings.skip")
    return call.args[0] if is_finding and call.args else None


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((each.value for each in call.keywords if each.arg == name), None)


def _read(node: ast.expr | None, module: _Module, constants: dict[str, ast.expr]) -> set[str]:
    """Return all that an expression can come to."""
    if node is None:
        return set()
    known = _KNOWN.get((module.path, ast.unparse(node)))
    if known is not None:
        return set(known)
    match node:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.JoinedStr():
            return {_template(node, constants)}
        case ast.IfExp(body=one, orelse=other):
            return _read(one, module, constants) | _read(other, module, constants)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            both = product(_read(left, module, constants), _read(right, module, constants))
            return {one + other for one, other in both}
        case ast.Tuple(elts=items):
            return set[str]().union(*(_read(each, module, constants) for each in items))
        case ast.Name(id=name):
            return _read_name(name, node, module, constants)
    raise NotRead(f"{module.path}:{node.lineno}: {ast.unparse(node)}")


def _read_name(
    name: str, node: ast.expr, module: _Module, constants: dict[str, ast.expr]
) -> set[str]:
    function = module.inside[node]
    values = (
        module.assigned.get((function, name))
        or module.assigned.get(("", name))
        or _given(function, name, module)
        or [constants[name] for _ in range(name in constants)]
    )
    if not values:
        raise NotRead(f"{module.path}:{node.lineno}: {name}")
    return set[str]().union(*(_read(each, module, constants) for each in values))


def _given(function: str, name: str, module: _Module) -> list[ast.expr]:
    """Return what a function of the module that has such a parameter is called with."""
    found: list[ast.expr] = []
    for node in module.inside:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            names = [each.arg for each in node.args.args if each.arg not in ("self", "cls")]
            if name in names:
                found += _arguments(function, names.index(name), module)
    return [each for each in found if not (isinstance(each, ast.Name) and each.id == name)]


def _arguments(function: str, place: int, module: _Module) -> Iterator[ast.expr]:
    for call in module.inside:
        if not isinstance(call, ast.Call) or len(call.args) <= place:
            continue
        if ast.unparse(call.func).rpartition(".")[2] == function:
            yield call.args[place]


def _yielded(module: _Module) -> Iterator[str]:
    """Yield the names of the checks that the helper process of SQLite makes."""
    if module.path != "sources/sqlite/agent/inspection.py":
        return
    for node in module.inside:
        value = node.value if isinstance(node, ast.Return | ast.Yield) else None
        if isinstance(value, ast.Tuple) and len(value.elts) == 3:
            name = value.elts[0]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value


def _loosely(node: ast.expr, constants: dict[str, ast.expr]) -> Iterator[str]:
    """Yield what a text comes to, with each part that is not fixed as a `{}`."""
    match node:
        case ast.Constant(value=str(text)):
            yield _PLACE.sub("{}", text)
        case ast.JoinedStr():
            text = _template(node, constants)
            yield text
            yield _BEFORE.sub("", text)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            for one, other in product(_parts(left, constants), _parts(right, constants)):
                yield one + other


def _parts(node: ast.expr, constants: dict[str, ast.expr]) -> list[str]:
    if isinstance(node, ast.IfExp):
        return [*_parts(node.body, constants), *_parts(node.orelse, constants)]
    return list(_loosely(node, constants)) or ["{}"]


def _template(node: ast.JoinedStr, constants: dict[str, ast.expr]) -> str:
    said = ""
    for each in node.values:
        part = each.value if isinstance(each, ast.FormattedValue) else each
        if isinstance(part, ast.Name):
            part = constants.get(part.id, part)
        text = part.value if isinstance(part, ast.Constant) else None
        said += text if isinstance(text, str) else "{}"
    return said


def _counted(call: ast.Call) -> Iterator[str]:
    """Yield `1 file` and `{} files` of `counted(n, "file")`."""
    if not re.fullmatch(r"_?counted", ast.unparse(call.func)) or len(call.args) != 2:
        return
    match call.args[1]:
        case ast.Constant(value=str(noun)):
            yield f"1 {noun}"
            yield f"{{}} {noun}s"


def _kinds(kind: type[HoldfastError]) -> Iterator[type[HoldfastError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _kinds(each)
