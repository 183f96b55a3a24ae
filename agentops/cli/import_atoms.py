"""What `import atoms` needs from outside: the account, through the project's environment or the key alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from agentops.cli.session import Scope, emulator_for, read_project
from agentops.document import AgentListing, ObservedAgent, Secret, SecretRef
from agentops.errors import SpecError, UsageError
from agentops.importers.atoms.importing import AtomsImport, import_observed, project_settings
from agentops.remote.connect import connect
from agentops.remote.port import Writer
from agentops.settings import DEFAULT_HOST, read_settings
from agentops.spec import Project
from agentops.workflow.deployment import check_host, open_deployment

DEFAULT_ENVIRONMENT = "prod"


@dataclass(frozen=True, slots=True)
class AtomsRequest:
    """What to import: names, ids or globs, or everything; into the project at `output`, or a new one there."""

    wanted: tuple[str, ...]
    scope: Scope
    output: Path
    keeps_defaults: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """An open account, and the project whose environment it is (None: there is none yet)."""

    writer: Writer
    environment: str
    project: Project | None = None


async def read_and_import(request: AtomsRequest) -> tuple[AtomsImport, tuple[str, ...]]:
    """The wanted agents as files, and the names of those that the project has already."""
    async with _opened(request) as account:
        listings = await account.writer.list_agents()
        chosen = _chosen(listings, request.wanted)
        known = _known(account.project, chosen)
        fresh = [listing for listing in chosen if listing.agent_id not in known]
        observed = await _read(account, fresh)
        taken = [agent.key for agent in account.project.agents] if account.project else []
        made = import_observed(observed, account.environment, taken=taken, keeps_defaults=request.keeps_defaults)
    if account.project is None:
        name = "".join(c if c.isalnum() else "-" for c in request.output.name.lower()).strip("-") or "imported"
        made = AtomsImport(
            {"agentops.yaml": _new_settings(name, account.environment), ".gitignore": ".agentops/\n", **made.files},
            made.agents,
        )
    return made, tuple(listing.name for listing in chosen if listing.agent_id in known)


async def _read(account: Account, listings: Sequence[AgentListing]) -> list[ObservedAgent]:
    mine = (account.project.name, account.environment) if account.project else None
    return list(await asyncio.gather(*(account.writer.read_agent(listing, mine=mine) for listing in listings)))


@asynccontextmanager
async def _opened(request: AtomsRequest) -> AsyncIterator[Account]:
    if (request.output / "agentops.yaml").is_file():
        project = read_project(request.scope, needs_secrets=False)
        if any(diagnostic.is_error for diagnostic in project.diagnostics):
            raise SpecError(project.diagnostics)
        with emulator_for(project, request.scope) as emulator_url:
            async with open_deployment(
                project, read_settings(), emulator_url=emulator_url, generation=request.scope.generation
            ) as deployment:
                yield Account(deployment.account, project.environment.name, project)
        return
    settings = read_settings()
    if not settings.api_key:
        hint = "export SMALLEST_API_KEY=sk_..., or import into a project whose environment names a key"
        raise UsageError("importing needs an account: SMALLEST_API_KEY is not set", hint=hint, code="no-key")
    check_host(settings.base_url)
    key = Secret((SecretRef("SMALLEST_API_KEY", settings.api_key),))
    async with await connect(settings.base_url, key, generation=request.scope.generation) as writer:
        yield Account(writer, request.scope.environment or DEFAULT_ENVIRONMENT)


def _new_settings(name: str, environment: str) -> str:
    base_url = read_settings().base_url
    return project_settings(name, environment, None if base_url == DEFAULT_HOST else base_url)


def _chosen(listings: Sequence[AgentListing], wanted: tuple[str, ...]) -> list[AgentListing]:
    """The agents that any of `wanted` names, by id, exact name or glob. Raises UsageError for one that names none."""
    chosen: dict[str, AgentListing] = {}
    for each in wanted:
        found = [a for a in listings if each in (a.agent_id, a.name) or fnmatchcase(a.name, each)]
        if not found:
            names = ", ".join(sorted(listing.name for listing in listings)[:10]) or "none"
            raise UsageError(f"the account has no agent {each!r}", hint=f"it has: {names}", code="no-agent")
        chosen |= {listing.agent_id: listing for listing in found}
    return list(chosen.values()) if wanted else list(listings)


def _known(project: Project | None, listings: Sequence[AgentListing]) -> set[str]:
    """The ids of agents that the project has a spec for."""
    agents = project.agents if project else ()
    ids = {agent.agent_id for agent in agents if agent.agent_id}
    names = {agent.name for agent in agents if not agent.agent_id}
    return {listing.agent_id for listing in listings if listing.agent_id in ids or listing.name in names}
