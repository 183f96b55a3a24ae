"""Where a value of an agent or of a resource came from: the layers that set it, and what the expressions in the last of
them named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from agentops.closest import closest
from agentops.diagnostics import Where
from agentops.document import CLEARED, Path, Secret, path_text
from agentops.errors import UsageError
from agentops.fields import KEY_NAMES
from agentops.resources import Address, Kind
from agentops.spec.files import AGENTS, PROJECT_FILE
from agentops.spec.layered import Layer
from agentops.spec.lint_target import FileTarget, ResourceTarget
from agentops.spec.merge import CLEAR, MERGE
from agentops.spec.project import Project
from agentops.spec.template import has_expression
from agentops.spec.tree import Map, Mark, Seq, mark_of, value_place

_PART = re.compile(r"\[(\d+)\]|\[([^\]]{1,200})\]|([^.\[\]]+)")
_NAMES = re.compile(
    r"\b(vars|secrets|ref\.tool|ref\.knowledge)\.([A-Za-z_]\w*)|"
    r"\b(file|yaml|env)\(\s*['\"]([^'\"]{1,300})['\"]|\b(environment|each)\b"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a value depends on: what it is and where it is written."""

    what: str
    where: Where | None = None
    written: str | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """`steps` begin with the layer whose value counts and what that names; then come the layers that it overrides.

    is_shared: it is a tool's, a knowledge base's or a webhook's, and no agent's
    """

    path: str
    value: Any
    steps: tuple[Step, ...]
    is_shared: bool = False


def explain_value(project: Project, target: FileTarget, layers: Sequence[Layer], written: str) -> Provenance:
    """Where the value at `written`, a dotted path such as `config.synthesizer.speed`, came from.

    Raises `UsageError` when there is no such value.
    """
    tree = target.tree
    parts = tuple(int(index) if index else name or plain for index, name, plain in _PART.findall(written))
    path = _find(tree, parts)
    for inner in ("config", "definition"):  # what nearly every path begins with need not be written
        if path is None and inner in tree and (below := _find(tree[inner], parts)) is not None:
            path = (inner, *below)
    if path is None:
        names = sorted({str(part) for each in _all_paths(tree, ()) for part in each if isinstance(part, str)})
        near = closest(str(parts[-1]) if parts else "", names)
        every = f"`agentops render --agent {target.key}` prints every value"
        if isinstance(target, ResourceTarget):
            every = f"`agentops render --shared {target.key}` prints every value"
        hint = f"did you mean {near}?" if near else every
        raise UsageError(f"{target.key} has no value at {written}", hint=hint, code="no-value")
    steps = tuple(_steps(project, target, layers, path))
    return Provenance(path_text(path), target.value(path), steps, isinstance(target, ResourceTarget))


def _find(tree: Any, parts: Path) -> Path | None:
    """The path with every list item by its index, or None when it leads nowhere."""
    found: list[str | int] = []
    for part in parts:
        if isinstance(tree, dict) and part in tree:
            found.append(part)
            tree = tree[part]
        elif isinstance(tree, list) and (index := _index(tree, part)) is not None:
            found.append(index)
            tree = tree[index]
        else:
            return None
    return tuple(found)


def _index(items: list[Any], part: str | int) -> int | None:
    if isinstance(part, int):
        return part if part < len(items) else None
    named = (i for i, item in enumerate(items) if isinstance(item, dict) and part in map(item.get, KEY_NAMES))
    return next(named, None)


def _all_paths(tree: Any, base: Path) -> Iterator[Path]:
    items: Any = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield (*base, key)
        yield from _all_paths(value, (*base, key))


def _steps(project: Project, target: FileTarget, layers: Sequence[Layer], path: Path) -> Iterator[Step]:
    keys = _keyed(target.tree, path)
    setting = [(layer, found) for layer in layers if (found := _in_layer(layer.tree, keys)) is not None]
    for position, (layer, (value, mark)) in enumerate(reversed(setting)):
        decides = position == 0
        what = f"set by {layer.what}" if decides else f"overridden: {layer.what} has"
        yield Step(what, value_place(mark), _shown(value))
        if decides and isinstance(value, str) and has_expression(value):
            yield from _named(project, target, value)
    if not setting:
        mark = mark_of(target.tree, path)
        yield Step("made by an expression around it", value_place(mark) if mark is not None else None)


def _keyed(tree: Any, path: Path) -> Path:
    """The path with list items by their natural key, because layers may have them at other indexes."""
    keyed: list[str | int] = []
    for part in path:
        tree = tree[part]
        named = [tree[key] for key in KEY_NAMES if isinstance(tree, dict) and isinstance(tree.get(key), str)]
        keyed.append(named[0] if isinstance(part, int) and named else part)
    return tuple(keyed)


def _in_layer(tree: Any, path: Path) -> tuple[Any, Mark] | None:
    """The value of a layer at `path`, or the expression, `$clear` or null above it that decides it."""
    mark: Mark = tree.mark
    for part in path:
        if isinstance(tree, Map) and MERGE in tree:
            tree = tree.get("items")  # `{$merge: name, items: [...]}` stands where the list stands
        index = _index(tree, part) if isinstance(tree, Seq) else None
        if isinstance(tree, Map) and part in tree:
            tree, mark = tree[str(part)], tree.marks[str(part)]
        elif isinstance(tree, Seq) and index is not None:
            tree, mark = tree[index], tree.marks[index]
        elif isinstance(tree, str) and has_expression(tree):
            return tree, mark
        else:
            return None
    return tree, mark


def _named(project: Project, target: FileTarget, text: str) -> Iterator[Step]:
    """What the expressions in `text` name, and where that is written."""
    seen: set[str] = set()
    for match in _NAMES.finditer(text):
        group, name, function, argument, word = match.groups()
        if match[0] in seen:
            continue
        seen.add(match[0])
        if group == "vars":
            place = _project_place(project, "variables", name) or project.place("variables", name)
            yield Step(f"vars.{name}", place, _shown(project.environment.variables.get(name)))
        elif group in ("ref.tool", "ref.knowledge"):
            address = Address(Kind(group.removeprefix("ref.")), name)
            meant = next((each for each in project.resources if each.address == address), None)
            yield Step(f"{group}.{name}", Where(meant.source) if meant else None, meant.name if meant else None)
        elif group == "secrets":
            origin = project.context.secrets.source_of(name) if project.context is not None else ""
            yield Step(f"secrets.{name}: {origin}", _project_place(project, "secrets", name))
        elif function == "env":
            yield Step(f"env('{argument}'): the environment variable {argument}")
        elif function is not None:
            folder = target.kind.folder if isinstance(target, ResourceTarget) else AGENTS
            yield Step(f"{function}('{argument}')", Where(f"{folder}/{argument}"))
        elif word == "environment":
            yield Step(f"environment: {project.environment.name}")
        else:
            yield Step("each: the item of for_each")


def _project_place(project: Project, block: str, name: str) -> Where | None:
    """Where the environment's own block has `name`; None when it has not."""
    if project.context is None:
        return None
    tree: Any = project.context.files.tree(PROJECT_FILE)[0]
    for part in ("environments", project.environment.name, block):
        tree = tree.get(part) if isinstance(tree, dict) else None
    if not isinstance(tree, Map) or name not in tree:
        return None
    return value_place(tree.marks[name])


def _shown(value: Any) -> str:
    """A value in one short line; a secret by its reference."""
    if isinstance(value, Secret):
        return value.reference
    if value is CLEARED or (isinstance(value, Map) and CLEAR in value):
        return "(cleared)"
    if isinstance(value, dict | list):
        what = "field" if isinstance(value, dict) else "item"
        return f"{len(value)} {what}{'s' if len(value) != 1 else ''}"
    if value is None:
        return "null: not managed"
    text = str(value).strip().splitlines()[0] if isinstance(value, str) and value.strip() else str(value)
    return text if len(text) <= 80 else text[:77] + "..."
