"""One spec file into the agents it describes in one environment: extends, overlay, matrix, expressions, checks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agentops.diagnostics import Diagnostic, Severity, Stretch, Where, has_errors
from agentops.document import AGENT_KEY, DesiredAgent, Path
from agentops.fields import METADATA
from agentops.resources import Ref
from agentops.spec.check import check, sound_part
from agentops.spec.choices import settle_choices
from agentops.spec.environment import ProjectContext
from agentops.spec.files import AGENTS, FileProblem, ProjectFiles
from agentops.spec.layered import Layer, LayeredReader
from agentops.spec.lint_target import LintTarget
from agentops.spec.matrix import Instance, read_matrix
from agentops.spec.model.agent import AgentSpec, NoCalls
from agentops.spec.rendering import checked_part, with_passthrough
from agentops.spec.rules import check_rules, check_sound_rules
from agentops.spec.scope import secret_in_env
from agentops.spec.secret_places import encode_secrets
from agentops.spec.source_text import place_at
from agentops.spec.sources import digest_of_sources
from agentops.spec.suppression import split_suppressed
from agentops.spec.text_lines import text_lines
from agentops.spec.tree import Map, key_place, mark_of, to_document, to_plain, value_place


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
class SpecReader(LayeredReader):
    """Resolves the spec at `path`."""

    tags: dict[str, Mapping[str, str]] = field(default_factory=dict)

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

    def _instances(self, merged: Map) -> Iterator[Instance]:
        if "for_each" not in merged:
            yield Instance(None, None)
            return
        with self._renderer({}) as (renderer, functions):
            written, mark = renderer.tree(merged["for_each"], merged.marks["for_each"])
        self.read.update(functions.read)
        yield from read_matrix(written, mark, self.context.files, self.problems, self.read)

    def _instance(self, merged: Map, instance: Instance) -> Resolved | None:
        """One agent: rendered, checked against the model and the rules."""
        before = len(self.problems)
        body = Map(merged.mark)
        for key in merged:
            if key not in ("for_each", "extends"):
                body.put(key, merged[key], merged.marks[key])
        with self._renderer(instance.names()) as (renderer, functions):
            tree, _ = renderer.tree(body, merged.mark)
        read = {**self.read, **functions.read}
        self.asked.update(dict.fromkeys(functions.asked, value_place(merged.mark)))
        key = self._key(tree, instance)
        renderer.agent = key
        if self.is_whole and (tags := _readable_tags(tree)) is not None:
            self.tags[key] = tags
        if renderer.has_choices:
            severity = Severity.ERROR if self.context.secrets.is_needed else Severity.WARNING
            self.problems += settle_choices(tree, severity, key)
        data = checked_part(tree) if renderer.has_extras else tree
        spec, wrong = check(AgentSpec, tree, data=self._without_new_fields(data), agent=key)
        self.problems += wrong
        target = None
        suppressed: list[Diagnostic] = []
        if spec is not None and not has_errors(self.problems[before:]):
            target = LintTarget(key, spec, tree, self.context.files, tuple(read), has_extras=renderer.has_extras)
            self._look_up_tools(target)
            self.problems += encode_secrets(tree, key)
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
        settled = with_passthrough(tree) if renderer.has_extras else tree
        lines = text_lines(settled["config"], renderer.origins, self.context.files.known_text)
        agent = self._agent(key, spec, settled, tuple(read), lines)
        return Resolved(target, agent, tuple(suppressed), tuple(self.layers))

    def _look_up_tools(self, target: LintTarget) -> None:
        single = target.config.singlePromptConfig
        refs = (single.toolRefs if single is not None else None) or ()
        known = [(index, self.context.tool_of(ref)) for index, ref in enumerate(refs) if isinstance(ref, Ref)]
        path = ("config", "singlePromptConfig", "toolRefs")
        target.shared_tools = tuple(((*path, index), tool) for index, tool in known if tool is not None)
        target.has_other_tools = len(target.shared_tools) < len(refs)

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
        # The unversioned fields, which are not in the document; `name` is an agent's own.
        outside: dict[Path, Where] = {
            (name,): value_place(tree.marks[key]) for name, key in METADATA.items() if key in tree.marks
        }
        config, where = to_document(tree["config"], outside)
        calls = tuple(self.context.files.inside_agents(call) for call in _scripts(spec))
        return DesiredAgent(
            key=key,
            name=spec.name,
            config=config,
            metadata={name: to_plain(tree[key]) for name, key in METADATA.items() if name != "name" and key in tree},
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
            return place_at(text, found.start(2), file)
    return None
