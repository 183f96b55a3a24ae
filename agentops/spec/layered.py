"""One file laid over what it extends, with the block of its environment over that, and what expressions see in it.

What `resolve` (agents) and `resources` (tools, knowledge, webhooks) have in common.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from pydantic import BaseModel

from agentops.closest import closest
from agentops.diagnostics import Diagnostic, Severity, Where
from agentops.resources import Address
from agentops.spec.check import check
from agentops.spec.environment import ProjectContext
from agentops.spec.files import AGENTS, FileProblem
from agentops.spec.merge import merge
from agentops.spec.model.agent import AgentSpec
from agentops.spec.rendering import TreeRenderer
from agentops.spec.scope import Functions
from agentops.spec.source_text import SourceError
from agentops.spec.template_values import BUDGET
from agentops.spec.tree import Map, Mark, key_place, value_place

_ONLY_IN_SPECS = ("environments", "extends", "for_each", "key", "previous_keys")


@dataclass(frozen=True, slots=True)
class Layer:
    """One of the trees that a spec is merged from, as it was written; `what` says which."""

    what: str
    tree: Map


@dataclass(slots=True)
class LayeredReader:
    """Reads the file at `path` (a project path). Everything wrong goes into `problems`.

    `opened` are the resources that are being read because of a reference, this one among them.
    """

    model: ClassVar[type[BaseModel]] = AgentSpec
    folder: ClassVar[str] = AGENTS
    beginning: ClassVar[str] = "`name:` and `config:`"

    context: ProjectContext
    path: str
    problems: list[Diagnostic] = field(default_factory=list)
    read: dict[str, None] = field(default_factory=dict)
    asked: dict[str, Where] = field(default_factory=dict)
    secrets: dict[str, None] = field(default_factory=dict)
    layers: list[Layer] = field(default_factory=list)
    opened: tuple[Address, ...] = ()
    is_whole: bool = True  # False when a fragment that it extends can't be read

    def _tree(self, path: str, place: Where | None) -> Map | None:
        """The mapping in a file; `place` is where it was asked for."""
        try:
            tree, warnings = self.context.files.tree(path)
        except SourceError as error:
            self.problems.append(replace(error.diagnostic))
            return None
        except FileProblem as problem:
            self._report(problem.code, problem.summary, problem.hint, place or Where(path))
            return None
        self.read[path] = None
        self.problems += warnings
        if isinstance(tree, Map):
            return tree
        what = "the file is empty" if tree is None else "the file holds no mapping"
        self._report("not-a-mapping", what, f"start with {self.beginning}", Where(path))
        return None

    def _with_base(self, tree: Map) -> Map:
        """`tree` laid over everything that it extends, and over the project's defaults."""
        chain = [tree]
        seen = [self.path]
        while (base := chain[-1].get("extends")) is not None:
            place = value_place(chain[-1].marks["extends"])
            below = self._base(base, place, seen)
            if below is None:
                self.is_whole = False
                break
            chain.append(below)
        defaults = self.context.defaults if self.model is AgentSpec else None
        if defaults is not None:
            chain.append(defaults)
        own = "the spec" if self.model is AgentSpec else "its file"
        names = {id(tree): own, id(defaults): "the project's defaults"}
        self.layers = [Layer(names.get(id(each), "the fragment"), each) for each in reversed(chain)]
        merged = chain.pop()
        while chain:
            merged = self._merge(merged, chain.pop())
        return merged

    def _base(self, base: Any, place: Where, seen: list[str]) -> Map | None:
        if not isinstance(base, str):
            self._report("wrong-type", "extends takes the path of a fragment", "write extends: _base/name.yaml", place)
            return None
        try:
            path = self.context.files.inside(base, self.folder)
        except FileProblem as problem:
            self._report(problem.code, problem.summary, problem.hint, place)
            return None
        if path in seen:
            circle = " -> ".join([*seen[seen.index(path) :], path])
            self._report("file-cycle", f"specs extend each other in a circle: {circle}", "break the circle", place)
            return None
        seen.append(path)
        return self._tree(path, place)

    def _with_overlay(self, merged: Map) -> Map:
        """`merged` with the block of the chosen environment laid over it."""
        environments = merged.get("environments")
        if environments is None:
            return merged
        base = Map(merged.mark)
        for key in merged:
            if key != "environments":
                base.put(key, merged[key], merged.marks[key])
        if not isinstance(environments, Map):
            place = value_place(merged.marks["environments"])
            self._report("wrong-type", "environments is not a mapping", "write environments: {prod: {...}}", place)
            return base
        for name, mark in environments.marks.items():
            self._check_overlay(name, environments[name], mark)
        overlay = environments.get(self.context.environment_name)
        if not isinstance(overlay, Map):
            return base
        self.layers.append(Layer(f"the block for {self.context.environment_name}", overlay))
        return self._merge(base, overlay)

    def _check_overlay(self, name: str, overlay: Any, mark: Mark) -> None:
        known = self.context.environments
        if name not in known:
            close = closest(name, known)
            hint = f"did you mean {close}?" if close else f"agentops.yaml has: {', '.join(known)}"
            self._report("unknown-environment", f"there is no environment {name!r}", hint, key_place(mark))
        if overlay is not None and not isinstance(overlay, Map):
            self._report("wrong-type", f"{name} is not a mapping", "write what differs there", value_place(mark))
            return
        if overlay is None:
            return
        for key in (key for key in _ONLY_IN_SPECS if key in overlay):
            hint = "write it at the top of the spec, for all environments"
            self._report("misplaced-field", f"{key} can't differ by environment", hint, key_place(overlay.marks[key]))
        if name != self.context.environment_name:
            self.problems += check(self.model, overlay, lenient=True)[1]

    def _merge(self, base: Map, over: Map) -> Map:
        with self._renderer({}) as (renderer, functions):
            merged = merge(base, over, self.problems, lambda value, mark: renderer.tree(value, mark)[0])
        self.read.update(functions.read)
        return merged

    @contextmanager
    def _renderer(self, names: dict[str, Any]) -> Iterator[tuple[TreeRenderer, Functions]]:
        """A renderer with these names in its scope, and the functions there, which note what they read."""
        context = self.context
        renderer = TreeRenderer(context.files, {}, self.problems)
        secrets = context.secrets.noting(self.secrets)
        nowhere = ("", 0, 0, "", 0, 0)  # a file that holds a single text or number has no marks of its own

        def render_tree(node: Any, _: Mapping[str, Any]) -> Any:
            return renderer.tree(node, getattr(node, "mark", nowhere))[0]

        functions = Functions(context.files, context.environ, secrets, render_tree, self.folder)
        scope = {
            BUDGET: context.budget,
            "vars": context.variables,
            "environment": context.environment_name,
            "secrets": secrets,
            "ref": context.references(self.read, self.opened),
            **functions.names(),
            **names,
        }
        renderer.scope = functions.scope = scope
        yield renderer, functions
        # The scope holds the functions, which hold the renderer, which holds the scope: broken up, nothing is left for
        # the garbage collector, which rests while the command line loads a project.
        renderer.scope = functions.scope = {}

    def _report(self, code: str, summary: str, hint: str, where: Where | None, agent: str | None = None) -> None:
        self.problems.append(Diagnostic(code, Severity.ERROR, summary, hint=hint, where=where, agent=agent))
