"""What the Tab key offers for values: environments, agents, scripts, codes, revisions. Reads files and nothing else.

Whatever goes wrong offers nothing: a shell has no place for a message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from agentops import workflow
from agentops.apply.run_history import read_runs
from agentops.errors import AgentopsError
from agentops.plan.codes import CODES
from agentops.resources import DesiredResource, Kind
from agentops.settings import read_settings


def environment_names(start: Path) -> tuple[str, ...]:
    """Of the project around `start`. Raises UsageError where there is none."""
    context = workflow.projects.read_specs(start, None, read_settings()).context
    return context.environments if context is not None else ()


def agent_keys(start: Path) -> tuple[str, ...]:
    return tuple(agent.key for agent in workflow.projects.read_specs(start, None, read_settings()).agents)


def shared(incomplete: str) -> list[str]:
    """Tools, knowledge bases and webhooks, as `tool.look_up_order`."""
    return _offered(incomplete, lambda: (each.address.name for each in _resources()))


def webhooks(incomplete: str) -> list[str]:
    return _offered(incomplete, lambda: (each.key for each in _resources() if each.kind is Kind.WEBHOOK))


def _resources() -> tuple[DesiredResource, ...]:
    return workflow.projects.read_specs(Path(), None, read_settings()).resources


def environments(incomplete: str) -> list[str]:
    return _offered(incomplete, lambda: environment_names(Path()))


def agents(incomplete: str) -> list[str]:
    return _offered(incomplete, lambda: agent_keys(Path()))


def tags(incomplete: str) -> list[str]:
    def pairs() -> set[str]:
        project = workflow.projects.read_specs(Path(), None, read_settings())
        return {f"{name}={value}" for agent in project.agents for name, value in (agent.tags or {}).items()}

    return _offered(incomplete, pairs)


def call_scripts(incomplete: str) -> list[str]:
    """Those of the project, as paths from here."""
    return _offered(incomplete, lambda: (path.as_posix() for path in Path("agents/calls").glob("**/*.yaml")))


def codes(incomplete: str) -> list[str]:
    """The codes that `explain` knows."""
    # Start-up time: every verb imports this module for its options, and few complete codes.
    from agentops.spec.explanations import explanations

    return _offered(incomplete, lambda: [*explanations(), *CODES, *_policies()])


def acknowledgements(incomplete: str) -> list[str]:
    own = [code for code, entry in CODES.items() if entry.acknowledged]
    return _offered(incomplete, lambda: [*own, *_policies()])


def _policies() -> list[str]:
    return [each.spec.id for each in workflow.policing.policies_at(Path())]


def revisions(incomplete: str) -> list[str]:
    """The numbers that this machine's deploys had: the account isn't asked for the sake of a key."""

    def numbers() -> set[str]:
        project = workflow.projects.read_specs(Path(), None, read_settings())
        runs = read_runs(project.root, project.environment.name)
        return {str(agent["serving_number"]) for run in runs for agent in run["agents"] if agent.get("serving_number")}

    return _offered(incomplete, numbers)


def _offered(incomplete: str, ask: Callable[[], Iterable[str]]) -> list[str]:
    with suppress(AgentopsError, OSError):
        return sorted(each for each in ask() if each.startswith(incomplete))
    return []
