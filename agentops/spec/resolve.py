"""One spec file into the agents it describes in one environment: extends, overlay, matrix, expressions, checks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from agentops.diagnostics import Diagnostic, Severity, Stretch, Where, has_errors
from agentops.document import AGENT_KEY, DesiredAgent, Document, Path
from agentops.fields import METADATA
from agentops.spec.check import check, sound_part
from agentops.spec.choices import settle_choices
from agentops.spec.closest import closest
from agentops.spec.environment import ProjectContext
from agentops.spec.files import AGENTS, FileProblem, ProjectFiles
from agentops.spec.lint_target import LintTarget
from agentops.spec.matrix import Instance, read_matrix
from agentops.spec.merge import merge
from agentops.spec.model.agent import AgentSpec, NoCalls
from agentops.spec.rendering import Rendering, checked_part, with_passthrough
from agentops.spec.rules import check_rules, check_sound_rules
from agentops.spec.scope import Functions, secret_in_env
from agentops.spec.secret_places import settle_secrets
from agentops.spec.source_text import SourceError
from agentops.spec.sources import digest_of_sources
from agentops.spec.suppression import split_suppressed
from agentops.spec.template_values import BUDGET
from agentops.spec.text_lines import text_lines
from agentops.spec.tree import Map, Mark, key_place, mark_of, to_document, to_plain, value_place

_ONLY_IN_SPECS = ("environments", "extends", "for_each", "key", "previous_keys")


@dataclass(frozen=True, slots=True)
class Layer:
    """One of the trees that a spec is merged from, as it was written; `what` says which."""

    what: str
    tree: Map


@dataclass(slots=True)
class Resolved:
    """One agent of a spec that has no errors: as rules see it (`target`) and as everything else does (`agent`)."""

    target: LintTarget
    agent: DesiredAgent
    suppressed: tuple[Diagnostic, ...] = ()
    layers: tuple[Layer, ...] = ()


@dataclass(frozen=True, slots=True)
class SpecResult:
    """What one spec file gives in one environment.

    agents:   those without errors
    problems: everything that is wrong or doubtful
    asked:    environment variables that `env()` read, with the place of the call
    secrets:  names of the secrets that were used
    files:    project paths of everything that was read
    tags:     by key, those of every agent whose tags can be read, whatever else is wrong with it
    """

    agents: tuple[DesiredAgent, ...]
    problems: tuple[Diagnostic, ...]
    asked: Mapping[str, Where]
    secrets: tuple[str, ...]
    files: tuple[str, ...]
    tags: Mapping[str, Mapping[str, str]]


@dataclass(slots=True)
class SpecReader:
    """Resolves the spec at `path` (a project path). Everything wrong goes into `problems`."""

    context: ProjectContext
    path: str
    problems: list[Diagnostic] = field(default_factory=list)
    read: dict[str, None] = field(default_factory=dict)
    asked: dict[str, Where] = field(default_factory=dict)
    secrets: dict[str, None] = field(default_factory=dict)
    layers: list[Layer] = field(default_factory=list)
    tags: dict[str, Mapping[str, str]] = field(default_factory=dict)
    is_whole: bool = True  # False when a fragment that it extends can't be read

    def result(self) -> SpecResult:
        """The agents of the spec, without the trees and models that they were made from and that take memory."""
        agents = tuple(each.agent for each in self.resolve())
        files = dict.fromkeys((*self.read, *(file for agent in agents for file in agent.files)))
        return SpecResult(agents, tuple(self.problems), self.asked, tuple(self.secrets), tuple(files), self.tags)

    def resolve(self) -> list[Resolved]:
        """The agents of the spec that have no errors."""
        tree = self._tree(self.path, None)
        if tree is None:
            return []
        merged = self._with_base(tree)
        if "agent_id" in merged:
            hint = "write it into the block of its environment: environments: {prod: {agent_id: ...}}"
            place = key_place(merged.marks["agent_id"])
            self._report("misplaced-field", "agent_id would bind the agent in every environment", hint, place)
        merged = self._with_overlay(merged)
        found = [self._instance(merged, instance) for instance in self._instances(merged)]
        return [each for each in found if each is not None]

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
        self._report("not-a-mapping", what, "start with `name:` and `config:`", Where(path))
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
        if self.context.defaults is not None:
            chain.append(self.context.defaults)
        names = {id(tree): "the spec", id(self.context.defaults): "the project's defaults"}
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
            path = self.context.files.inside_agents(base)
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
            self._report("wrong-type", "environments is no mapping", "write environments: {prod: {...}}", place)
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
            self._report("wrong-type", f"{name} is no mapping", "write what differs there", value_place(mark))
            return
        if overlay is None:
            return
        for key in (key for key in _ONLY_IN_SPECS if key in overlay):
            hint = "say it at the top of the spec, for all environments"
            self._report("misplaced-field", f"{key} can't differ by environment", hint, key_place(overlay.marks[key]))
        if name != self.context.environment_name:
            self.problems += check(AgentSpec, overlay, lenient=True)[1]

    def _merge(self, base: Map, over: Map) -> Map:
        with self._rendering({}) as (rendering, functions):
            merged = merge(base, over, self.problems, lambda value, mark: rendering.tree(value, mark)[0])
        self.read.update(functions.read)
        return merged

    def _instances(self, merged: Map) -> Iterator[Instance]:
        if "for_each" not in merged:
            yield Instance(None, None)
            return
        with self._rendering({}) as (rendering, functions):
            written, mark = rendering.tree(merged["for_each"], merged.marks["for_each"])
        self.read.update(functions.read)
        yield from read_matrix(written, mark, self.context.files, self.problems, self.read)

    @contextmanager
    def _rendering(self, names: dict[str, Any]) -> Iterator[tuple[Rendering, Functions]]:
        """A rendering with these names in its scope, and the functions there, which note what they read."""
        context = self.context
        rendering = Rendering(context.files, {}, self.problems)
        secrets = context.secrets.noting(self.secrets)
        nowhere = ("", 0, 0, "", 0, 0)  # a file that holds a single text or number has no marks of its own

        def render_tree(node: Any, _: Mapping[str, Any]) -> Any:
            return rendering.tree(node, getattr(node, "mark", nowhere))[0]

        functions = Functions(context.files, context.environ, secrets, render_tree)
        scope = {
            BUDGET: context.budget,
            "vars": context.variables,
            "environment": context.environment_name,
            "secrets": secrets,
            **functions.names(),
            **names,
        }
        rendering.scope = functions.scope = scope
        yield rendering, functions
        # The scope holds the functions, which hold the rendering, which holds the scope: broken up, nothing is left for
        # the garbage collector, which rests while the command line loads a project.
        rendering.scope = functions.scope = {}

    def _instance(self, merged: Map, instance: Instance) -> Resolved | None:
        """One agent: rendered, checked against the model and the rules."""
        before = len(self.problems)
        body = Map(merged.mark)
        for key in merged:
            if key not in ("for_each", "extends"):
                body.put(key, merged[key], merged.marks[key])
        with self._rendering(instance.names()) as (rendering, functions):
            tree, _ = rendering.tree(body, merged.mark)
        read = {**self.read, **functions.read}
        self.asked.update(dict.fromkeys(functions.asked, value_place(merged.mark)))
        key = self._key(tree, instance)
        rendering.agent = key
        if self.is_whole and (tags := _readable_tags(tree)) is not None:
            self.tags[key] = tags
        if rendering.has_choices:
            severity = Severity.ERROR if self.context.secrets.is_needed else Severity.WARNING
            self.problems += settle_choices(tree, severity, key)
        data = checked_part(tree) if rendering.has_extras else tree
        spec, wrong = check(AgentSpec, tree, data=self._without_new_fields(data), agent=key)
        self.problems += wrong
        target = None
        suppressed: list[Diagnostic] = []
        if spec is not None and not has_errors(self.problems[before:]):
            target = LintTarget(key, spec, tree, self.context.files, tuple(read), has_extras=rendering.has_extras)
            self.problems += settle_secrets(tree, key)
            found = check_rules(target, is_deploying=self.context.secrets.is_needed)
            stays, suppressed = split_suppressed(spec.lint or (), found)
            self.problems += stays
            self._check_calls(spec, tree, key, read)
        elif (sound := sound_part(AgentSpec, checked_part(tree))) is not None:
            left = LintTarget(key, sound, tree, self.context.files, tuple(read))
            self.problems += check_sound_rules(left)
            self._check_calls(sound, tree, key, read)
        if spec is None or target is None or has_errors(self.problems[before:]):
            return None
        settled = with_passthrough(tree) if rendering.has_extras else tree
        lines = text_lines(settled["config"], rendering.origins, self.context.files.known_text)
        agent = self._agent(key, spec, settled, tuple(read), lines)
        return Resolved(target, agent, tuple(suppressed), tuple(self.layers))

    def _without_new_fields(self, data: Map) -> Any:
        """`data` without the config fields that the project declares as newer than this release."""
        config = data.get("config")
        new = self.context.passthrough
        if not new or not isinstance(config, dict) or new.isdisjoint(config):
            return data
        return {**data, "config": {key: value for key, value in config.items() if key not in new}}

    def _key(self, tree: Map, instance: Instance) -> str:
        """The agent's key: as written, else from the file's path, with the item of a matrix behind it."""
        written = tree.get("key")
        key = written if isinstance(written, str) else key_of(self.path)
        if instance.suffix is not None and (not isinstance(written, str) or "${" not in str(written)):
            key = key if isinstance(written, str) and instance.suffix in key else f"{key}-{instance.suffix}"
        if not AGENT_KEY.fullmatch(key) and not isinstance(written, str):
            hint = "name the file with lower-case letters, digits, _ and -, or write `key:` into the spec"
            self._report("bad-key", f"the file's name gives the key {key!r}", hint, Where(self.path))
        return key

    def _check_calls(self, spec: AgentSpec, tree: Map, key: str, read: dict[str, None]) -> None:
        files = self.context.files
        for index, call in enumerate(_scripts(spec)):
            mark = mark_of(tree, ("calls", index))
            place = value_place(mark) if mark is not None else None
            try:
                path = files.inside_agents(call)
                read[path] = None
                if not files.exists(path):
                    raise FileProblem("missing-file", f"the call script {path} does not exist", files.nearby(path))
            except FileProblem as problem:
                self._report(problem.code, problem.summary, problem.hint, place, key)

    def _agent(
        self, key: str, spec: AgentSpec, tree: Map, read: tuple[str, ...], lines: Mapping[Path, tuple[Stretch, ...]]
    ) -> DesiredAgent:
        config, where = to_document(tree["config"], _places_outside(tree))
        calls = tuple(self.context.files.inside_agents(call) for call in _scripts(spec))
        return DesiredAgent(
            key=key,
            name=spec.name,
            config=config,
            metadata=_metadata(tree),
            workflow_type=spec.workflow_type or "single_prompt",
            where=where,
            lines=lines,
            tags=dict(spec.tags or {}),
            agent_id=spec.agent_id,
            previous_names=tuple(spec.previous_names or ()),
            previous_keys=tuple(spec.previous_keys or ()),
            calls=calls,
            no_calls_reason=spec.calls.none if isinstance(spec.calls, NoCalls) else None,
            source=self.path,
            files=read,
            sources=digest_of_sources(self.context.files, read, calls, self.context.defaults),
        )

    def _report(self, code: str, summary: str, hint: str, where: Where | None, agent: str | None = None) -> None:
        self.problems.append(Diagnostic(code, Severity.ERROR, summary, hint=hint, where=where, agent=agent))


def _readable_tags(tree: Map) -> Mapping[str, str] | None:
    """The tags of a spec that may be wrong elsewhere; None where they are wrong themselves."""
    tags = tree.get("tags")
    if tags is None:
        return {}
    return dict(tags) if isinstance(tags, Map) and all(isinstance(value, str) for value in tags.values()) else None


def _scripts(spec: AgentSpec) -> Sequence[str]:
    return () if spec.calls is None or isinstance(spec.calls, NoCalls) else spec.calls


def key_of(path: str) -> str:
    """The key of the spec at a project path that writes none of its own."""
    return path.removeprefix(f"{AGENTS}/").rpartition(".")[0].replace("/", "-")


def _metadata(tree: Map) -> Document:
    """The unversioned fields that the spec manages, in the platform's names; `name` is an agent's own."""
    return {name: to_plain(tree[key]) for name, key in METADATA.items() if name != "name" and key in tree}


def _places_outside(tree: Map) -> dict[Path, Where]:
    """Where the fields are written that are not in the document."""
    return {(name,): value_place(tree.marks[key]) for name, key in METADATA.items() if key in tree.marks}


def check_asked(results: Sequence[SpecResult], context: ProjectContext) -> list[Diagnostic]:
    """`env()` of a name that turned out to hold a secret somewhere else in the project."""
    held = context.secrets.variables(name for result in results for name in result.secrets)
    found = []
    for result in results:
        for name, where in result.asked.items():
            if name in held:
                error, written = secret_in_env(name), _place_of_call(name, result, context.files)
                found.append(Diagnostic(error.code, Severity.ERROR, error.summary, error.hint, written or where))
    return found


def _place_of_call(name: str, result: SpecResult, files: ProjectFiles) -> Where | None:
    """Where `env(name)` is written in what a spec was made from, if it is spelled out there."""
    call = re.compile(rf"""\benv\(\s*(["'])({re.escape(name)})\1""")
    for file in result.files:
        text = files.text(file)
        if (found := call.search(text)) is not None:
            before = text[: found.start(2)]
            return Where(file, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
    return None
