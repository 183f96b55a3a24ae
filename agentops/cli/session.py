"""From options to an opened deployment: finds the project, starts the emulator if that is the target."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from agentops import workflow
from agentops.cli.collector import frozen_collector
from agentops.cli.local import emulator_for
from agentops.cli.reading import ReadingProgress
from agentops.cli.streams import trusted
from agentops.cli.talking import talk as talk
from agentops.document import Generation
from agentops.plan.selection import Selection
from agentops.settings import read_settings

if TYPE_CHECKING:
    from agentops.net import Exchange
    from agentops.plan.model import Plan
    from agentops.spec import Project
    from agentops.workflow.deployment import Deployment

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a verb works and on which agents, as the command line names them. `keys`: those of a saved plan."""

    start: Path
    environment: str | None = None
    generation: Generation | None = None
    agents: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    changed_since: str | None = None
    keys: frozenset[str] | None = None
    is_verbose: bool = False

    @property
    def selection(self) -> Selection:
        return Selection(self.agents, self.excluded, self.tags, keys=self.keys)

    @property
    def is_selecting(self) -> bool:
        """Whether it names agents, by key, tag or change."""
        return bool(self.agents or self.excluded or self.tags or self.changed_since)

    def of_plan(self, plan: Plan) -> Scope:
        """This scope on the environment and the agents of a saved plan, where the command line names no other."""
        keys = None if self.is_selecting else frozenset(change.key for change in plan.changes)
        return replace(self, environment=self.environment or plan.environment, keys=keys)


def scope_of(
    start: Path,
    environment: str | None,
    generation: Generation | None,
    agents: list[str] | None = None,
    excluded: list[str] | None = None,
    tags: list[str] | None = None,
    changed_since: str | None = None,
    *,
    is_verbose: bool = False,
) -> Scope:
    """The scope from a verb's options, as typer hands them over."""
    return Scope(
        start=start,
        environment=environment,
        generation=generation,
        agents=tuple(agents or ()),
        excluded=tuple(excluded or ()),
        tags=tuple(tags or ()),
        changed_since=changed_since,
        is_verbose=is_verbose,
    )


def read_project(scope: Scope, *, needs_secrets: bool = False) -> Project:
    """The project around `scope.start`. Raises UsageError when there is none or no such environment."""
    settings = read_settings()
    with frozen_collector():
        return workflow.projects.read_project(scope.start, scope.environment, settings, needs_secrets=needs_secrets)


@asynccontextmanager
async def opened(scope: Scope, *, needs_secrets: bool = True, needs_specs: bool = True) -> AsyncIterator[Deployment]:
    """The deployment that `scope` means, with its account connected and its agents selected.

    needs_specs: False where agents are found by our marks, so that no mistake in a file is in the way
    """
    project = read_project(scope, needs_secrets=needs_secrets)
    settings = read_settings()
    reading = ReadingProgress(trusted(sys.stderr), redraws=sys.stderr.isatty() and settings.can_redraw)
    async with emulator_for(project, scope.generation) as emulator_url:
        with reading:
            async with workflow.deployment.open_deployment(
                project,
                settings,
                selection=scope.selection,
                changed_since=scope.changed_since,
                needs_specs=needs_specs,
                emulator_url=emulator_url,
                generation=scope.generation,
                on_exchange=_tell_exchange if scope.is_verbose else None,
                on_read=reading.show,
                on_wait=talk,
            ) as deployment:
                yield deployment


def _tell_exchange(exchange: Exchange) -> None:
    request_id = f"  {exchange.request_id}" if exchange.request_id else ""
    talk(f"  {exchange.method} {exchange.path} -> {exchange.status}  {exchange.elapsed_ms:.0f} ms{request_id}")


def run_async(main: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Runs a verb's coroutine to its end."""
    return asyncio.run(main())


def today() -> str:
    """Today in UTC as an ISO date, for rules that expire."""
    return datetime.now(UTC).date().isoformat()


def is_interactive() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
