"""Turns agents of an Atoms account into specs, in an existing project or in a new one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from agentops.document import AgentListing, Generation, ObservedAgent, Secret, SecretRef
from agentops.errors import UsageError
from agentops.importers.atoms.importing import AtomsImport, Present, import_observed, project_settings
from agentops.importers.atoms.shared import ids_of
from agentops.plan.concealment import KnownSecrets
from agentops.remote.connect import connect
from agentops.remote.port import Reader
from agentops.resources import Kind, ObservedResource
from agentops.settings import DEFAULT_HOST, Settings
from agentops.spec import Project
from agentops.spec.slug import slug
from agentops.workflow.deployment import Deployment, check_host

DEFAULT_ENVIRONMENT = "prod"


@dataclass(frozen=True, slots=True)
class AtomsRequest:
    """What to import: names, ids or globs, or everything; `output` is the project's folder."""

    wanted: tuple[str, ...]
    output: Path
    keeps_defaults: bool = False


async def import_into_project(request: AtomsRequest, deployment: Deployment) -> AtomsImport:
    """Imports the wanted agents of the environment's account for which the project has no spec."""
    return await _import(
        request, deployment.account, deployment.environment.name, deployment.project, deployment.secrets
    )


async def import_as_project(
    request: AtomsRequest, settings: Settings, environment: str | None, generation: Generation | None
) -> AtomsImport:
    """Imports the wanted agents of the key's account as a new project. Raises UsageError without a key."""
    if not settings.api_key:
        hint = "export SMALLEST_API_KEY=sk_..., or import into a project whose environment names a key"
        raise UsageError("importing needs an account: SMALLEST_API_KEY is not set", hint=hint, code="no-key")
    environment = environment or DEFAULT_ENVIRONMENT
    key = Secret((SecretRef("SMALLEST_API_KEY", settings.api_key),))
    check_host(settings.base_url)
    async with await connect(settings.base_url, key, generation=generation) as account:
        made = await _import(request, account, environment, None, KnownSecrets([settings.api_key]))
    name = slug(request.output.name) or "imported"
    base_url = None if settings.base_url == DEFAULT_HOST else settings.base_url
    project = {"agentops.yaml": project_settings(name, environment, base_url), ".gitignore": ".agentops/\n"}
    return replace(made, files={**project, **made.files})


async def _import(
    request: AtomsRequest, account: Reader, environment: str, project: Project | None, secrets: KnownSecrets
) -> AtomsImport:
    listings = await account.list_agents()
    chosen = _chosen(listings, request.wanted, secrets)
    known = _known(project, listings)
    mine = (project.name, environment) if project else None
    fresh = [listing for listing in chosen if listing.agent_id not in known]
    observed = await asyncio.gather(*(account.read_agent(listing, mine=mine) for listing in fresh))
    resources = await read_resources(account, observed)
    if account.generation is Generation.V2 and observed:
        # An agent's configuration doesn't name its webhooks: only the list of webhooks has their subscriptions.
        resources += await account.webhooks.list()
    present = Present(tuple(a.key for a in project.agents), known, project.resources) if project else Present()
    made = import_observed(
        observed,
        environment,
        keeps_defaults=request.keeps_defaults,
        resources=resources,
        present=present,
        secrets=secrets,
    )
    names = tuple(secrets.hide(listing.name) for listing in chosen if listing.agent_id in known)
    return replace(made, known=names)


async def read_resources(account: Reader, observed: Sequence[ObservedAgent]) -> list[ObservedResource]:
    """The tools and knowledge bases that live revisions refer to. Makes no request for kinds that none refers to."""
    found: list[ObservedResource] = []
    if account.generation is Generation.V1:
        return found
    if ids_of(observed, Kind.TOOL):
        found += await account.tools.list()
    if used := ids_of(observed, Kind.KNOWLEDGE):
        bases = [each for each in await account.knowledge.list() if each.resource_id in used]
        parts = await asyncio.gather(*(account.knowledge.read_parts(each.resource_id) for each in bases))
        found += [replace(base, parts=tuple(has)) for base, has in zip(bases, parts, strict=True)]
    return found


def _chosen(listings: Sequence[AgentListing], wanted: tuple[str, ...], secrets: KnownSecrets) -> list[AgentListing]:
    """The agents that `wanted` names by id, exact name or glob. Raises UsageError for an entry that matches none."""
    chosen: dict[str, AgentListing] = {}
    for each in wanted:
        found = [a for a in listings if each in (a.agent_id, a.name) or fnmatchcase(a.name, each)]
        if not found:
            names = ", ".join(sorted(secrets.hide(listing.name) for listing in listings)[:10]) or "none"
            raise UsageError(f"the account has no agent {each!r}", hint=f"it has: {names}", code="no-agent")
        chosen |= {listing.agent_id: listing for listing in found}
    return list(chosen.values()) if wanted else list(listings)


def _known(project: Project | None, listings: Sequence[AgentListing]) -> dict[str, str]:
    """The agents for which the project has a spec: id -> key."""
    agents = project.agents if project else ()
    keys = {agent.agent_id or agent.name: agent.key for agent in agents}
    found = {each.agent_id: keys.get(each.agent_id) or keys.get(each.name) for each in listings}
    return {agent_id: key for agent_id, key in found.items() if key}
