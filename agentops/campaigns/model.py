"""`campaigns/NAME.yaml`: who is called by which agent, how often, and when."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from agentops.diagnostics import Diagnostic, Severity, Where, has_errors
from agentops.errors import SpecError, UsageError
from agentops.spec import Project
from agentops.spec.check import check
from agentops.spec.files import FileProblem
from agentops.spec.model.base import Format, Model
from agentops.spec.rendering import Rendering
from agentops.spec.scope import Functions
from agentops.spec.source_text import SourceError
from agentops.spec.template_bounds import Budget
from agentops.spec.template_values import BUDGET
from agentops.spec.tree import Map, Mark, value_place

FOLDER = "campaigns"
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAME = r"^[a-z0-9][a-z0-9_-]{0,26}$"  # the platform keeps 40 characters, 13 of which tell versions apart

TimeOfDay = Annotated[str, Format(r"^([01][0-9]|2[0-3]):[0-5][0-9]$", expected="a time such as 09:00, in quotes")]
E164 = Annotated[str, Format(r"^\+[1-9][0-9]{6,14}$", expected="a phone number with + and country code, in quotes")]


class AudienceSpec(Model):
    """The people to call. The file stays outside of the repository."""

    file: str = Field(min_length=1, description="A CSV file outside of the repository, such as ${{ env('PEOPLE') }}.")
    phone_column: str = Field(min_length=1, description="The column with the numbers, each with + and country code.")
    zone_column: str | None = Field(
        default=None, min_length=1, description="A column with IANA time zones; better than what a number tells."
    )


class RetriesSpec(Model):
    """What happens when nobody answers."""

    max: int = Field(default=3, ge=0, le=10, description="How often somebody is called again.")
    delay_min: int = Field(default=15, ge=1, le=1440, description="Minutes between two calls to somebody.")


class WindowSpec(Model):
    """When people may be called, in their own time. The default is the widest that US federal rules allow."""

    from_: TimeOfDay = Field(default="08:00", alias="from", description="Not before.")
    to: TimeOfDay = Field(default="21:00", description="Not after.")
    timezone: Literal["by_number"] = Field(default="by_number", description="Every zone that the number may be in.")
    days: list[Day] = Field(default=[*DAYS], min_length=1, description="On these days.")

    @model_validator(mode="after")
    def _opens(self) -> WindowSpec:
        if self.from_ >= self.to:
            raise PydanticCustomError("never_opens", "the window never opens: `from` has to be before `to`")
        return self


class CampaignSpec(Model):
    """One outbound campaign."""

    agent: str = Field(min_length=1, description="The key of the agent that calls.")
    audience: AudienceSpec = Field(description="Who is called.")
    description: str = Field(default="", max_length=200, description="What it is for; part of its identity.")
    retries: RetriesSpec = Field(default=RetriesSpec(), description="What happens when nobody answers.")
    numbers: list[E164] = Field(default=[], description="The account's numbers to call from; default: the platform's.")
    window: WindowSpec = Field(default=WindowSpec(), description="When people may be called.")


@dataclass(frozen=True, slots=True)
class Window:
    """From `opens` to `closes` of the same day, on `days` (Monday is 0), in the called person's time."""

    opens: time
    closes: time
    days: frozenset[int]


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as its file has it in one environment. `scope`: "project/environment"; `audience`: a path."""

    name: str
    scope: str
    agent: str
    audience: Path
    phone_column: str
    zone_column: str | None
    description: str
    max_retries: int
    retry_delay_min: int
    numbers: tuple[str, ...]
    window: Window

    def audience_digest(self, content: str) -> str:
        """Tells audiences apart: which column of which file, by the SHA-256 of what is in it."""
        return _digest(self.scope, self.name, self.phone_column, content)

    def digest(self, agent_id: str, audience_digest: str) -> str:
        """Tells campaigns apart by all that the platform keeps of one, since none can be changed there."""
        written = (self.scope, self.name, self.description, self.max_retries, self.retry_delay_min, *self.numbers)
        return _digest(*written, agent_id, audience_digest)


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:12]


def read_campaign(project: Project, name: str) -> Campaign:
    """The campaign of `campaigns/NAME.yaml`.

    Raises UsageError when there is no such file, SpecError with everything that is wrong in it.
    """
    if re.fullmatch(_NAME, name) is None:
        hint = "its file is called after it: lower-case letters, digits, _ and -, at most 27 characters"
        raise UsageError(f"{name!r} is no name of a campaign", hint=hint, code="no-campaign")
    context, file = project.context, f"{FOLDER}/{name}.yaml"
    assert context is not None  # a project that was read has one
    try:
        tree, found = context.files.tree(file)
    except FileProblem:
        there = ", ".join(sorted(path.stem for path in (project.root / FOLDER).glob("*.yaml"))) or "none"
        raise UsageError(f"there is no {file}", hint=f"the project has: {there}", code="no-campaign") from None
    except SourceError as error:
        raise SpecError([error.diagnostic]) from None
    problems = list(found)
    if not isinstance(tree, Map):
        hint = "write `field: value` lines, as docs/campaigns.md shows"
        raise SpecError([Diagnostic("not-a-mapping", Severity.ERROR, "the file is no mapping", hint, Where(file))])
    rendering = Rendering(context.files, {}, problems)
    functions = Functions(
        context.files, context.environ, context.secrets, lambda node, _: rendering.tree(node, node.mark)[0]
    )
    rendering.scope = functions.scope = {
        BUDGET: Budget(),
        "environment": context.environment_name,
        "env": functions.env,
        "vars": context.variables,
    }
    rendered, _ = rendering.tree(tree, tree.mark)
    spec, wrong = check(CampaignSpec, rendered)
    known = {each.where for each in problems}
    problems += [each for each in wrong if each.where not in known]
    if spec is not None:
        problems += _misplaced(project, spec, rendered)
    if spec is None or has_errors(problems):
        raise SpecError(problems)
    scope = f"{project.environment.project}/{project.environment.name}"
    return _to_campaign(name, scope, spec, (project.root / spec.audience.file).expanduser())


def _misplaced(project: Project, spec: CampaignSpec, tree: Map) -> list[Diagnostic]:
    """What only the project can tell: an agent that it doesn't have, people's numbers in the repository."""
    found: list[Diagnostic] = []

    def error(code: str, summary: str, hint: str, mark: Mark) -> None:
        found.append(Diagnostic(code, Severity.ERROR, summary, hint, value_place(mark)))

    keys = [agent.key for agent in project.agents]
    if spec.agent not in keys and spec.agent not in project.unresolved:
        hint = f"the project has: {', '.join(keys) or 'none'}"
        error("campaign-agent", f"there is no agent {spec.agent!r}", hint, tree.marks["agent"])
    path = (project.root / spec.audience.file).resolve()
    repository = next((each for each in (project.root, *project.root.parents) if (each / ".git").exists()), None)
    if path.is_relative_to((repository or project.root).resolve()):
        hint = "keep people's numbers outside of the repository: file: ${{ env('NAME') }} with the path in NAME"
        mark = tree["audience"].marks["file"]
        error("audience-in-repository", "the audience's file is inside of the repository", hint, mark)
    return found


def _to_campaign(name: str, scope: str, spec: CampaignSpec, audience: Path) -> Campaign:
    window = Window(
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
