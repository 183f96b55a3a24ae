"""Reads the call scripts of a project: one file, or those that are chosen. Nobody is called from here.

Separate from `workflow.calls`, because `validate` checks scripts and needs nothing that makes calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agentops.calls.personas import read_persona
from agentops.calls.script import Script
from agentops.calls.script_reader import read_script
from agentops.closest import closest
from agentops.diagnostics import Diagnostic, Severity, Where, has_errors
from agentops.document import DesiredAgent, Environment
from agentops.errors import SpecError, UsageError
from agentops.spec import Project
from agentops.spec.files import PROJECT_FILE, FileProblem, ProjectFiles
from agentops.spec.project import with_sources
from agentops.spec.rendering import TreeRenderer
from agentops.spec.scope import Names
from agentops.spec.source_text import SourceError
from agentops.spec.tree import mark_of, value_place


@dataclass(frozen=True, slots=True)
class Choice:
    """Which scripts: these files (project-relative; none: those that specs name) with at least one of these tags."""

    files: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LoadedScript:
    """A script and its file. `places`: `file:line:column` of each step; `agent_place`: that of its agent."""

    script: Script
    file: str
    places: tuple[str, ...]
    agent_place: Where | None = None


_PATHS = "paths are relative to the project; without any, the scripts that the specs name are called"


def load_script(root: Path, file: str, environment: Environment) -> LoadedScript:
    """One script, with `${{ vars.x }}` and `${{ environment }}` rendered.

    Raises SpecError with every problem in it, UsageError if there is no such file.
    """
    files = ProjectFiles(root)
    try:
        tree, problems = files.tree(file)
    except FileProblem as problem:
        raise UsageError(
            f"the call script {file} can't be read: {problem.summary}",
            hint=problem.hint if problem.hint.startswith("did you mean") else _PATHS,
            code="call-script",
        ) from None
    except SourceError as error:
        raise SpecError([error.diagnostic]) from None
    problems = list(problems)
    mark = mark_of(tree, ()) or (file, 0, 0, file, 0, 0)
    scope = {"vars": Names("vars", environment.variables), "environment": environment.name}
    tree, _ = TreeRenderer(files, scope, problems).tree(tree, mark)
    if has_errors(problems):
        raise SpecError(problems)

    def place_of(path: tuple[str | int, ...]) -> Where | None:
        found = mark_of(tree, path)
        return value_place(found) if found else None

    script = read_script(tree, file=file, place_of=place_of)
    if isinstance(script, list):
        raise SpecError([*script, *problems])
    if missing := _missing_model(script, root / file, environment):
        raise SpecError([Diagnostic("call-script", Severity.ERROR, *missing, where=place_of(()) or Where(file))])
    places = tuple(str(place_of(("steps", index)) or file) for index in range(len(script.steps)))
    return LoadedScript(script, file, places, place_of(("agent",)))


def check_scripts(project: Project) -> list[Diagnostic]:
    """The mistakes in the call scripts that specs name.

    One of them is a script that the spec of another agent names than the one that it calls: that agent would count as
    tested, and nobody would call it.
    """
    problems: list[Diagnostic] = []
    named: dict[str, list[DesiredAgent]] = {}
    for agent in project.agents:
        for file in agent.calls:
            named.setdefault(file, []).append(agent)
    broken = {each.where.file for each in project.diagnostics if each.is_error and each.where is not None}
    for file, agents in named.items():
        try:
            loaded = load_script(project.root, file, project.environment)
        except SpecError as error:
            problems += error.diagnostics
            continue
        for source in dict.fromkeys(agent.source for agent in agents):
            keys = [agent.key for agent in project.agents if agent.source == source]
            if loaded.script.agent not in keys and source not in broken:
                problems.append(_of_another_agent(loaded, source, keys, [agent.key for agent in project.agents]))
    return problems


def _missing_model(script: Script, path: Path, environment: Environment) -> tuple[str, str] | None:
    """Why the script can't have the language model that it needs, and what to do about it."""
    if script.caller.goal is not None and environment.judge is None:
        hint = "add `judge: {base_url: https://..., model: ..., api_key: ${{ secrets.NAME }}}` to agentops.yaml"
        return "the script has a simulated caller, and the project has no judge", hint
    if script.caller.goal is not None:
        try:
            read_persona(script.caller.persona, path.parent)
        except UsageError as error:
            return error.summary, error.hint or ""
    return None


def load_scripts(project: Project, agents: Sequence[DesiredAgent], choice: Choice) -> list[LoadedScript]:
    """The chosen scripts of `agents`. All problems of all files are raised together, as one SpecError."""
    files = choice.files or tuple(dict.fromkeys(file for agent in agents for file in agent.calls))
    loaded: list[LoadedScript] = []
    specs = {PROJECT_FILE, *ProjectFiles(project.root).specs()} if choice.files else ()
    problems = [_no_script(file, agents) for file in files if file in specs]
    for file in files:
        if file in specs:
            continue
        try:
            loaded.append(load_script(project.root, file, project.environment))
        except SpecError as error:
            problems += error.diagnostics
    keys = [agent.key for agent in agents]
    problems += [_unknown_agent(item, keys) for item in loaded if choice.files and item.script.agent not in keys]
    if has_errors(problems):
        raise SpecError(with_sources(problems, ProjectFiles(project.root)))
    mine = [item for item in loaded if item.script.agent in keys]
    return [item for item in mine if not choice.tags or set(choice.tags) & set(item.script.tags)]


def _no_script(file: str, agents: Sequence[DesiredAgent]) -> Diagnostic:
    known = list(dict.fromkeys(script for agent in agents for script in agent.calls))
    hint = f"name one of {', '.join(known[:3])}" if known else "name a file in agents/calls/"
    what = "the project's settings" if file == PROJECT_FILE else "the spec of an agent"
    return Diagnostic("call-script", Severity.ERROR, f"{file} is {what}, not a call script", hint, Where(file))


def _of_another_agent(loaded: LoadedScript, source: str, keys: Sequence[str], known: Sequence[str]) -> Diagnostic:
    called = loaded.script.agent
    what = f"the agent {called!r}" if called in known else f"{called!r}, which no agent is called,"
    summary = f"the script calls {what} but {source} names it for {', '.join(keys[:3])}"
    hint = f"write `agent: {keys[0]}`, or name the script in the spec of {called}"
    if len(keys) > 1:
        hint = "write `agent:` with the key of one of them, or name the script in the spec of its own agent"
    if called not in known and len(keys) == 1:
        hint = f"write `agent: {keys[0]}`"
    where = loaded.agent_place or Where(loaded.file)
    return Diagnostic("call-agent", Severity.ERROR, summary, hint=hint, where=where, agent=keys[0], path="agent")


def _unknown_agent(loaded: LoadedScript, keys: Sequence[str]) -> Diagnostic:
    near = closest(loaded.script.agent, keys)
    hint = f"did you mean {near}?" if near else f"the agents are: {', '.join(keys) or 'none'}"
    summary = f"there is no agent {loaded.script.agent!r} to call"
    return Diagnostic("call-agent", Severity.ERROR, summary, hint=hint, where=Where(loaded.file), path="agent")
