"""From options to an opened deployment: finds the project, reads git, starts the emulator if that is the target."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from agentops.cli.collector import frozen_collector
from agentops.document import Generation
from agentops.errors import UsageError
from agentops.settings import read_settings
from agentops.state import state_folder

if TYPE_CHECKING:
    from agentops.net.client import Exchange
    from agentops.plan.model import Plan
    from agentops.spec import Project
    from agentops.workflow.deployment import Deployment

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a verb was told about where to work and on which agents. `keys`: those of a saved plan."""

    start: Path
    environment: str | None = None
    generation: Generation | None = None
    agents: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    changed_since: str | None = None
    keys: frozenset[str] | None = None
    is_verbose: bool = False
    shard: tuple[int, int] | None = None

    def of_plan(self, plan: Plan) -> Scope:
        """This scope on the environment and the agents of a saved plan, where the command line names no other."""
        is_selecting = bool(self.agents or self.excluded or self.tags or self.changed_since)
        keys = None if is_selecting else frozenset(change.key for change in plan.changes)
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
    shard: tuple[int, int] | None = None,
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
        shard=shard,
    )


def read_project(scope: Scope, *, needs_secrets: bool) -> Project:
    """The project around `scope.start`. Raises UsageError when there is none or no such environment."""
    from agentops.spec import find_root, load_project
    from agentops.workflow.git import read_git_facts

    root = find_root(scope.start)
    settings = read_settings()
    with frozen_collector():
        return load_project(
            root,
            environ=settings.for_specs,
            environment=scope.environment,
            needs_secrets=needs_secrets,
            git=read_git_facts(root),
        )


@asynccontextmanager
async def opened(scope: Scope) -> AsyncIterator[Deployment]:
    """The deployment that `scope` means, with its account connected and its agents selected."""
    from agentops.cli.reading import ReadingProgress
    from agentops.plan.selection import Selection
    from agentops.workflow.deployment import open_deployment
    from agentops.workflow.selecting import selected

    project = read_project(scope, needs_secrets=True)
    settings = read_settings()
    reading = ReadingProgress(sys.stderr, redraws=sys.stderr.isatty() and settings.can_redraw)
    with emulator_for(project, scope) as emulator_url, reading:
        async with open_deployment(
            project,
            settings,
            emulator_url=emulator_url,
            generation=scope.generation,
            on_exchange=_tell_exchange if scope.is_verbose else None,
            on_read=reading.tell,
        ) as deployment:
            selection = Selection(scope.agents, scope.excluded, scope.tags, keys=scope.keys, shard=scope.shard)
            yield selected(deployment, selection, scope.changed_since)


@contextmanager
def emulator_for(project: Project, scope: Scope) -> Iterator[str | None]:
    """The embedded emulator's address while it runs, for environments that target it."""
    if not project.environment.is_emulator or project.environment.base_url:
        yield None
        return
    from agentops.emulator.options import EmulatorOptions
    from agentops.emulator.server import start
    from agentops.emulator.store.database import EmulatorError

    behaviours = project.root / "agents" / "behaviours"
    options = EmulatorOptions(
        api=scope.generation.value if scope.generation else "v2",
        data=state_folder(project.root) / "emulator.db",
        behaviours=tuple(sorted(behaviours.glob("*.yaml"))),
    )
    try:
        running = start(options)
    except EmulatorError as failure:
        raise UsageError(str(failure)) from failure
    try:
        yield running.base_url
    finally:
        running.stop()


def _tell_exchange(exchange: Exchange) -> None:
    told_id = f"  {exchange.request_id}" if exchange.request_id else ""
    talk(f"  {exchange.method} {exchange.path} -> {exchange.status}  {exchange.elapsed_ms:.0f} ms{told_id}")


def run_async(main: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Runs a verb's coroutine to its end."""
    return asyncio.run(main())


def talk(text: str) -> None:
    """Says something to the person at the terminal: on stderr, so that stdout stays data."""
    print(text, file=sys.stderr, flush=True)


def is_interactive() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
