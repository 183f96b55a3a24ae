"""The whole project in one environment: every agent, and everything that is wrong, at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from agentops.diagnostics import Diagnostic, Severity, Where
from agentops.document import DesiredAgent, Environment
from agentops.errors import SpecError, UsageError
from agentops.resources import DesiredResource, Kind
from agentops.spec.environment import ProjectContext, read_context
from agentops.spec.files import AGENTS, PROJECT_FILE, FileProblem, ProjectFiles
from agentops.spec.lint_target import FolderTarget, ResourceTarget
from agentops.spec.policies import Policy
from agentops.spec.resolve import Resolved, SpecReader, SpecResult, check_asked, key_of
from agentops.spec.resources import Library, Read, check_agents
from agentops.spec.scope import SHORT_SECRET, GitFacts
from agentops.spec.template_bounds import Budget
from agentops.spec.tree import key_place, mark_of


@dataclass(frozen=True, slots=True)
class Unresolved:
    """An agent whose spec has errors: the files that it is made from, and its tags, None where they can't be read."""

    files: frozenset[str] = frozenset()
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """What a project describes in one environment.

    agents:      those without errors, in the order of their files
    resources:   tools, knowledge bases and webhooks without errors, in the order of their kinds and files
    diagnostics: everything that is wrong or doubtful in any file that was read, sorted by place
    unresolved:  agents whose spec has errors, by key, as far as the spec names them
    """

    root: Path
    name: str
    environment: Environment
    agents: tuple[DesiredAgent, ...]
    diagnostics: tuple[Diagnostic, ...]
    context: ProjectContext | None = field(default=None, repr=False)
    resources: tuple[DesiredResource, ...] = ()
    unresolved: Mapping[str, Unresolved] = field(default_factory=dict)

    @property
    def resolved(self) -> Iterator[Resolved]:
        """The agents with the trees and models behind them; too large to keep, so they are made again each time."""
        if self.context is not None:
            yield from self.resolve(self.context.files.specs())

    def resolve(self, paths: Iterable[str]) -> Iterator[Resolved]:
        """The agents that these specs give, as `resolved` has them."""
        if self.context is not None:
            context = replace(self.context, budget=Budget())
            Library(context)  # makes itself what `ref` means in the context
            for path in paths:
                yield from SpecReader(context, path).resolve()

    def resource_targets(self) -> Iterator[ResourceTarget]:
        """Tools, knowledge bases and webhooks without errors, as rules see them."""
        by_agents = {file for agent in self.agents for file in agent.files}
        for read in self.read_resources():
            if read.target is not None and read.resource is not None:
                is_known = not self.unresolved and read.resource.kind is not Kind.WEBHOOK
                read.target.is_used = read.resource.source in by_agents if is_known else None
                yield read.target

    def folders(self) -> Iterator[FolderTarget]:
        """The folders of resources, with what nothing reads in them; none where something in one has errors."""
        found = list(self.read_resources())
        read = {file for each in found for file in each.files} | {file for agent in self.agents for file in agent.files}
        for kind in Kind if self.context is not None and not self.unresolved else ():
            own = [each for each in found if each.address.kind is kind]
            is_ours = own or kind is Kind.KNOWLEDGE  # a repository may have a folder tools/ for something else
            if is_ours and self.context is not None and all(each.resource is not None for each in own):
                files = self.context.files.below(kind.folder)
                yield FolderTarget(kind, tuple(file for file in files if file not in read))

    def read_resources(self) -> Iterator[Read]:
        """Every file of `tools/`, `knowledge/` and `webhooks/` with all that was read for it, anew as in `resolved`."""
        if self.context is not None:
            library = Library(replace(self.context, budget=Budget()))
            yield from (library.read(address) for address in library.addresses)

    @property
    def forgotten(self) -> frozenset[str]:
        """Keys of agents that the project stopped managing and that nothing may archive."""
        return self.context.forgotten if self.context is not None else frozenset()

    @property
    def policies(self) -> tuple[Policy, ...]:
        """What has to hold for an agent before it is deployed."""
        return self.context.policies if self.context is not None else ()

    def place(self, *path: str) -> Where | None:
        """Where `path` is written in `agentops.yaml`."""
        tree = self.context.files.tree(PROJECT_FILE)[0] if self.context is not None else None
        mark = mark_of(tree, path)
        return key_place(mark) if mark is not None else None


def find_root(start: Path) -> Path:
    """The nearest folder at or above `start` that has an `agentops.yaml`. Raises `UsageError`."""
    start = start.absolute()
    if not start.is_dir():
        why = "is not a folder" if start.exists() else "isn't there"
        raise UsageError(f"{start} {why}", hint="name the project's folder, or one in it", code="no-project")
    for folder in (start, *start.parents):
        if (folder / PROJECT_FILE).is_file():
            return folder
    hint = "go into the project's folder, name it with --project, or start one with `agentops init`"
    raise UsageError(f"no {PROJECT_FILE} in {start} or above it", hint=hint, code="no-project")


def load_project(
    root: Path,
    *,
    environ: Mapping[str, str],
    environment: str | None = None,
    needs_secrets: bool = False,
    git: GitFacts | None = None,
) -> Project:
    """Reads, renders and checks everything below `root` for one environment (default: the project's own default).

    Problems are collected in `diagnostics`. Raises `UsageError` for an unknown environment or no project, and
    `SpecError` when `agentops.yaml` itself leaves no environment to work in.
    """
    files = ProjectFiles(root)
    try:
        context = read_context(files, environ, environment, needs_secrets=needs_secrets, git=git)
    except FileProblem as problem:
        raise UsageError(problem.summary, hint="start a project with `agentops init`", code="no-project") from None
    if not isinstance(context, ProjectContext):
        raise SpecError(with_sources(context, files))
    library = Library(context)
    results = []
    unresolved: dict[str, Unresolved] = {}
    for path in files.specs():
        results.append(SpecReader(context, path).result())
        unresolved |= _unresolved(path, results[-1])
        files.forget(path)
    library.read_all()
    files.forget_all()
    agents = tuple(agent for result in results for agent in result.agents)
    problems = [*context.problems, *(problem for result in results for problem in result.problems)]
    problems += library.problems()
    problems += check_agents(library.resources(), agents, tuple(unresolved), context.environment_name)
    problems += check_asked(results, context)
    problems += _short_secrets(context)
    problems += _duplicates("duplicate-agent-key", "key", [(agent.key, agent) for agent in agents])
    problems += _duplicates("duplicate-name", "name", [(agent.name, agent) for agent in agents])
    if not results:
        hint = f"put a spec into {AGENTS}/, such as {AGENTS}/support.yaml"
        problems.append(Diagnostic("no-specs", Severity.WARNING, "the project has no specs", hint, Where(PROJECT_FILE)))
    if context.environment is None:  # raised only here, so that errors in the specs are reported along with it
        raise SpecError(with_sources(_in_order(problems), files))
    named = [*library.secrets(), *(name for result in results for name in result.secrets)]
    secrets = context.secrets.known(named)
    made = replace(context.environment, secrets=secrets)
    diagnostics = with_sources(_in_order(problems), files)
    resources = library.resources()
    return Project(root, context.name, made, agents, diagnostics, context, resources, unresolved)


def _unresolved(path: str, result: SpecResult) -> dict[str, Unresolved]:
    """The agents that a spec with errors means and does not give. One that can't be read at all means the agent that
    its file is called after."""
    errors = [problem for problem in result.problems if problem.is_error]
    given = {agent.key for agent in result.agents}
    named = {problem.agent for problem in errors if problem.agent is not None}
    keys = named - given if named or given else {key_of(path)}
    files = frozenset((path, *result.files))
    return {key: Unresolved(files, result.tags.get(key)) for key in sorted(keys)} if errors else {}


def _short_secrets(context: ProjectContext) -> Iterator[Diagnostic]:
    """A warning for each used secret that is too short to be taken out of what others print."""
    tree = context.files.tree(PROJECT_FILE)[0]
    for name in context.secrets.short():
        mark = mark_of(tree, ("environments", context.environment_name, "secrets", name))
        summary = f"the secret {name} has fewer than {SHORT_SECRET} characters"
        hint = f"use a longer one ({context.secrets.source_of(name)}): it is guessed, and it can't be concealed"
        where = key_place(mark) if mark is not None else Where(PROJECT_FILE)
        yield Diagnostic("short-secret", Severity.WARNING, summary, hint, where)


def _duplicates(code: str, what: str, named: Iterable[tuple[str, DesiredAgent]]) -> Iterable[Diagnostic]:
    """An error for each agent whose name another one has already; it names both places."""
    seen: dict[str, Where] = {}
    for name, agent in named:
        where = agent.place_of(("name",)) or Where(agent.source)
        if name in seen:
            summary = f"two agents have the {what} {name!r}; the other is at {seen[name]}"
            hint = f"give each a `{what}:` of its own"
            yield Diagnostic(code, Severity.ERROR, summary, hint, where, agent=agent.key)
        seen.setdefault(name, where)


# Where `agentops.yaml` may hold a literal secret: allowed for this machine, a mistake for any other.
_LITERAL = re.compile(r"\b(?:value|api_key|secrets)\s*:")


def with_sources(problems: Iterable[Diagnostic], files: ProjectFiles) -> tuple[Diagnostic, ...]:
    """The problems with the lines that they point into; a line in which somebody found a secret is not shown."""
    problems = list(problems)
    hidden = {(each.where.file, each.where.line) for each in problems if each.where and each.code in _OF_PRIVATE}
    located: list[Diagnostic] = []
    for each in problems:
        if each.source is not None or (each.where and (each.where.file, each.where.line) in hidden):
            located.append(each)
            continue
        line = files.line(each.where.file, each.where.line) if each.where else None
        if each.where and each.where.file == PROJECT_FILE and _LITERAL.search(line or ""):
            line = None
        located.append(replace(each, source=line) if line else each)
    files.forget_all()
    return tuple(located)


# About text that has to stay out of logs: what stands there is not quoted.
_OF_PRIVATE = frozenset(
    {"secret-in-text", "secret-in-header", "card-number", "identity-number", "literal-secret", "secret-value"}
)
_OF_READER = ("yaml-boolean", "yaml-number-text")


def _in_order(problems: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sorted by place; what a shared fragment gets wrong in many agents is reported once, for none of them."""
    problems = list(problems)
    # Where the value has the wrong type anyway, that error explains it better than the YAML reader's warning would.
    mistyped = {each.where for each in problems if each.code == "wrong-type"}
    problems = [each for each in problems if each.code not in _OF_READER or each.where not in mistyped]
    once: dict[tuple[str, str, Where | None], Diagnostic] = {}
    for problem in problems:
        identity = (problem.code, problem.summary, problem.where)
        if identity in once and once[identity].agent != problem.agent:
            once[identity] = replace(once[identity], agent=None)
        once.setdefault(identity, problem)
    return tuple(sorted(once.values(), key=lambda each: (each.where or Where(""), each.code)))
