"""Reads `campaigns/*.yaml`: what is wrong in them, all of it at once and with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import time
from pathlib import Path
from typing import Any

from agentops.campaigns.model import DAYS, CallingHours, Campaign, CampaignSpec, WindowSpec
from agentops.closest import closest
from agentops.diagnostics import Diagnostic, Severity, Where, has_errors
from agentops.errors import SpecError, UsageError
from agentops.spec import Project
from agentops.spec.check import check, sound_part
from agentops.spec.environment import ProjectContext
from agentops.spec.files import FileProblem
from agentops.spec.project import with_sources
from agentops.spec.rendering import TreeRenderer
from agentops.spec.scope import Functions
from agentops.spec.source_text import SourceError
from agentops.spec.template_bounds import Budget
from agentops.spec.template_values import BUDGET
from agentops.spec.tree import Map, Mark, mark_of, to_plain, value_place

FOLDER = "campaigns"
_NAME = r"[a-z0-9][a-z0-9_-]{0,26}"  # the platform keeps 40 characters; 13 are for the digest
_NAMED = "lower-case letters, digits, _ and -, at most 27 characters"


def read_campaign(project: Project, name: str) -> Campaign:
    """The campaign of `campaigns/NAME.yaml`.

    Raises UsageError when there is no such file, SpecError with everything that is wrong in it.
    """
    if re.fullmatch(_NAME, name) is None:
        hint = f"its file is called after it: {_NAMED}"
        raise UsageError(f"{name!r} is not a valid name for a campaign", hint=hint, code="no-campaign")
    file = f"{FOLDER}/{name}.yaml"
    if not (project.root / file).is_file():
        there = [path.stem for path in sorted((project.root / FOLDER).glob("*.yaml"))]
        near = closest(name, there)
        hint = f"did you mean {near}?" if near else f"the project has: {', '.join(there) or 'none'}"
        raise UsageError(f"there is no {file}", hint=hint, code="no-campaign")
    spec, problems = _read(project, file)
    if spec is None or has_errors(problems):
        raise SpecError(problems)
    scope = f"{project.environment.project}/{project.environment.name}"
    return _to_campaign(name, scope, spec, project.root / Path(spec.audience.file).expanduser())


def check_campaigns(project: Project) -> list[Diagnostic]:
    """What is wrong in the project's campaigns, and every CSV file among them: people's numbers stay outside of git.

    The audience's path may come from a variable that is set only where the campaign is run: that is no mistake.
    """
    found: list[Diagnostic] = []
    folder = project.root / FOLDER
    for path in sorted(folder.rglob("*")):
        file = path.relative_to(project.root).as_posix()
        if path.suffix.lower() in (".csv", ".tsv", ".xlsx", ".xls"):
            found.append(_audience_in_repository(f"{file} is a table inside of the repository", Where(file)))
        elif path.suffix not in (".yaml", ".yml") or not path.is_file():
            continue
        elif path.parent != folder or path.suffix != ".yaml" or re.fullmatch(_NAME, path.stem) is None:
            hint = f"call it {FOLDER}/NAME.yaml, where NAME is {_NAMED}"
            summary = f"{file} can't be named on the command line"
            found.append(Diagnostic("campaign-name", Severity.ERROR, summary, hint, Where(file)))
        else:
            found += _read(project, file, is_run=False)[1]
    return found


def _read(project: Project, file: str, *, is_run: bool = True) -> tuple[CampaignSpec | None, list[Diagnostic]]:
    """The file as a spec, None where it is none, and everything that is wrong in it."""
    context = project.context
    assert context is not None  # a project that was read has one
    try:
        tree, warnings = context.files.tree(file)
    except SourceError as error:
        return None, list(with_sources([error.diagnostic], context.files))
    except FileProblem as problem:
        return None, [Diagnostic(problem.code, Severity.ERROR, problem.summary, problem.hint, Where(file))]
    problems = list(warnings)
    if not isinstance(tree, Map):
        hint = "it needs `agent:` and `audience:`"
        return None, [Diagnostic("not-a-mapping", Severity.ERROR, "the file is not a mapping", hint, Where(file))]
    renderer = _renderer(context, problems)
    rendered, _ = renderer.tree(tree, tree.mark)
    spec, wrong = check(CampaignSpec, rendered)
    known = {each.where for each in problems}
    problems += [each for each in wrong if each.where not in known]
    problems += _misplaced(project, rendered)
    if not is_run:
        problems = [each for each in problems if not _is_set_by_the_run(each, context, tree)]
    return spec, list(with_sources(problems, context.files))


def _renderer(context: ProjectContext, problems: list[Diagnostic]) -> TreeRenderer:
    renderer = TreeRenderer(context.files, {}, problems)
    functions = Functions(
        context.files, context.environ, context.secrets, lambda node, _: renderer.tree(node, node.mark)[0]
    )
    renderer.scope = functions.scope = {
        BUDGET: Budget(),
        "environment": context.environment_name,
        "env": functions.env,
        "vars": context.variables,
    }
    return renderer


def _is_set_by_the_run(problem: Diagnostic, context: ProjectContext, tree: Map) -> bool:
    mark = mark_of(tree, ("audience", "file"))
    if problem.code != "undefined-variable" or mark is None:
        return False
    own: list[Diagnostic] = []
    _renderer(context, own).tree(tree["audience"]["file"], mark)
    return problem in own


def _misplaced(project: Project, tree: Map) -> Iterator[Diagnostic]:
    """What no field shows alone: an agent that the project doesn't have, people's numbers in the repository, a window
    that never opens."""
    agent, audience = tree.get("agent"), tree.get("audience")
    keys = [each.key for each in project.agents]
    if isinstance(agent, str) and agent and agent not in keys and agent not in project.unresolved:
        near = closest(agent, keys)
        hint = f"did you mean {near}?" if near else f"the project has: {', '.join(keys) or 'none'}"
        place = value_place(tree.marks["agent"])
        yield Diagnostic("campaign-agent", Severity.ERROR, f"there is no agent {agent!r}", hint, place)
    file: Any = audience.get("file") if isinstance(audience, Map) else None
    if isinstance(audience, Map) and isinstance(file, str) and file and is_in_repository(project.root, Path(file)):
        mark: Mark = audience.marks["file"]
        yield _audience_in_repository("the audience's file is inside of the repository", value_place(mark))
    written = tree.get("window")
    window = sound_part(WindowSpec, to_plain(written)) if isinstance(written, Map) else None
    if isinstance(written, Map) and window is not None and window.from_ >= window.to:
        summary = f"the window never opens: it is from {window.from_} to {window.to} of the same day"
        hint = "`from` has to be before `to`; nobody is called over midnight"
        yield Diagnostic("campaign-window", Severity.ERROR, summary, hint, value_place(written.mark))


def is_in_repository(root: Path, file: Path) -> bool:
    """Whether the file, relative to the project's root or not, is inside of the project's repository."""
    repository = next((each for each in (root, *root.parents) if (each / ".git").exists()), root)
    return (root / file.expanduser()).resolve().is_relative_to(repository.resolve())


def _audience_in_repository(summary: str, where: Where) -> Diagnostic:
    hint = "keep people's numbers outside of the repository: file: ${{ env('NAME') }} with the path in NAME"
    return Diagnostic("audience-in-repository", Severity.ERROR, summary, hint, where)


def _to_campaign(name: str, scope: str, spec: CampaignSpec, audience: Path) -> Campaign:
    window = CallingHours(
        time.fromisoformat(spec.window.from_),
        time.fromisoformat(spec.window.to),
        frozenset(DAYS.index(day) for day in spec.window.days),
    )
    return Campaign(
        name=name,
        scope=scope,
        agent=spec.agent,
        audience=audience,
        phone_column=spec.audience.phone_column,
        zone_column=spec.audience.zone_column,
        description=spec.description,
        max_retries=spec.retries.max,
        retry_delay_min=spec.retries.delay_min,
        numbers=tuple(spec.numbers),
        window=window,
    )
