"""Reads the tools, knowledge bases and webhooks that a plan is about, and what refers to them. Decides nothing.

For a project without any, nothing is read; when pruning, without their folders.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from agentops.clock import platform_time
from agentops.closest import closest
from agentops.document import AgentListing, Environment, Generation, Mark, ObservedAgent, Revision, read_mark
from agentops.errors import NotFoundError, RefusedError, UsageError
from agentops.plan.concealment import KnownSecrets, known_secrets
from agentops.plan.holdings import Holdings, ResourcePlan, Uses
from agentops.plan.identity import Matching
from agentops.plan.model import AgentChange
from agentops.plan.references import ReferenceMap, mentioned, references_in, with_fingerprints
from agentops.plan.resources import (
    doubtful_tools,
    identify,
    is_reworded,
    match_resources,
    may_be_unmarked,
    needs_history,
    needs_others,
    reworded,
    sweep,
)
from agentops.plan.webhooks import Agents, match_webhooks
from agentops.remote.port import Reader
from agentops.resources import Address, DesiredResource, Kind, ObservedResource, owner_of
from agentops.spec import Project
from agentops.workflow.probing import known_answers
from agentops.workflow.uploaded import read_uploaded

_LOOKED_BACK = 5  # revisions that are searched for references to tools which may be old versions of ours
_LOOKED_FAR_BACK = 30  # revisions that are searched if none of those refers to such a tool


@dataclass(slots=True)
class Shelf:
    """What was read of the account's resources for one plan, and what the agents that were read refer to."""

    shared: Holdings
    references: ReferenceMap
    project: Project
    observed: dict[str, ObservedAgent] = field(default_factory=dict)

    known: frozenset[str] = frozenset()
    deployed: dict[str, datetime] = field(default_factory=dict)

    def note(self, key: str, found: ObservedAgent) -> None:
        """Remembers the ids that an agent refers to, so that its documents can be dropped."""
        live = found.live
        slim = replace(live, document={"toolRefs": sorted(self.needed_by(live))}) if live else None
        if (at := platform_time(found.base.published_at if found.base else None)) is not None:
            self.deployed[key] = at
        self.observed[key] = ObservedAgent(found.listing, live=slim, branch_id=found.branch_id)

    def needed_by(self, revision: Revision | None) -> frozenset[str]:
        """The ids of the account's resources that a revision refers to."""
        return mentioned((revision.document if revision else None) or {}, self.known)


async def open_shelf(account: Reader, project: Project, selected: Sequence[str], *, prunes: bool) -> Shelf | None:
    """Lists the resources that the plan is about; None if there are none. From now on, documents that are read from the
    account name them by references.

    Raises RefusedError on the older generation, where resources can't be deployed.
    """
    is_all = len(selected) == len(project.agents) and not project.unresolved
    has_folders = any((project.root / kind.folder).is_dir() for kind in Kind)
    if not project.resources and not (prunes and has_folders):
        return None
    if account.generation is Generation.V1:
        raise RefusedError(
            "this account has the older versioning (v1), where tools, knowledge bases and webhooks can't be deployed",
            hint="write the account's ids into the specs and move the folders tools/, knowledge/ and webhooks/ away, "
            "or have the account moved to branches",
            code="resources-need-branches",
        )
    wanted = project.resources if is_all else tuple(_reached(project, selected))
    observed = await _list(account, project.environment, wanted, prunes=prunes and is_all)
    secrets = KnownSecrets(known_secrets(project.environment, project.agents))
    shared = Holdings(
        project.environment,
        wanted,
        observed,
        secrets,
        project.agents,
        frozenset(each.address for each in project.resources),
        is_all=is_all,
        prunes=prunes and is_all,
        takes_namesakes=known_answers(project.root).get("tool_name") != "refused",
    )
    references = identify(shared)
    account.refer_by(references)
    return Shelf(shared, references, project, known=frozenset(each.resource_id for each in observed))


async def read_webhook_secret(account: Reader, project: Project, key: str) -> str:
    """The secret with which the platform signs the webhook's requests. Raises UsageError if we have no such webhook."""
    keys = [each.key for each in project.resources if each.kind is Kind.WEBHOOK]
    if key not in keys:
        close = closest(key, keys)
        meant = f"did you mean {close}? " if close else ""
        hint = f"{meant}the project has: {', '.join(keys) or 'none'}"
        raise UsageError(f"there is no webhook {key!r} in webhooks/", hint=hint, code="no-webhook")
    owner = owner_of(project.environment.project, project.environment.name, Address(Kind.WEBHOOK, key))
    found = [each for each in await account.webhooks.list() if each.mark is not None and each.mark.owner == owner]
    if not found:
        hint = "make it with `agentops apply`"
        raise UsageError(f"the account has no webhook {key!r} of this project yet", hint=hint, code="no-webhook")
    return await account.webhooks.read_secret(found[0].resource_id)


def with_references(project: Project) -> Project:
    """`project` with the fingerprints of what its agents refer to."""
    if not project.resources:
        return project
    return replace(project, agents=tuple(with_fingerprints(each, project.resources) for each in project.agents))


def _reached(project: Project, selected: Sequence[str]) -> list[DesiredResource]:
    """The resources that the selected agents refer to, and the webhooks that report the calls of no other agent."""
    chosen = [agent for agent in project.agents if agent.key in selected]
    named = {ref.address for agent in chosen for ref in references_in(agent.config)}
    return [
        each
        for each in project.resources
        if each.address in named or (each.kind is Kind.WEBHOOK and set(each.content["events"]) <= set(selected))
    ]


async def _list(
    account: Reader, environment: Environment, wanted: Sequence[DesiredResource], *, prunes: bool
) -> tuple[ObservedResource, ...]:
    """Every resource of the wanted kinds. Knowledge bases that may be ours have their parts."""
    kinds = list(Kind) if prunes else [kind for kind in Kind if any(each.kind is kind for each in wanted)]
    ports = {Kind.TOOL: account.tools, Kind.KNOWLEDGE: account.knowledge, Kind.WEBHOOK: account.webhooks}
    listed = await asyncio.gather(*(ports[kind].list() for kind in kinds))

    async def filled(found: ObservedResource) -> ObservedResource:
        if found.kind is not Kind.KNOWLEDGE:
            return found
        if found.mark is None and not any(may_be_unmarked(each, found) for each in wanted):
            return found
        try:
            return replace(found, parts=tuple(await account.knowledge.read_parts(found.resource_id)))
        except NotFoundError:
            return found  # it was deleted between the two requests

    return tuple(await asyncio.gather(*(filled(each) for found in listed for each in found)))


async def conclude_shelf(
    account: Reader,
    shelf: Shelf,
    matching: Matching,
    changes: Sequence[AgentChange],
    orphans: Mapping[str, ObservedAgent],
    *,
    overwrites_drift: bool,
) -> ResourcePlan:
    """What becomes of each resource, after the agents are planned."""
    shared, planned = shelf.shared, ResourcePlan(references=shelf.references)
    live = {key: _ids(agent) for key, agent in shelf.observed.items()}
    for key, orphan in orphans.items():
        live[f"{key} (archived)"] = shelf.needed_by(orphan.live)
    settled = frozenset(each.key for each in changes if _is_settled(each, shelf))
    uses = Uses(live=live, settled=settled, edited=frozenset(_edited(shelf, live)))
    if needs_history(shared):
        uses = await _with_history(account, shelf, uses)
    if needs_others(shared, uses):
        uses = replace(uses, others=await _others(account, shelf, matching.unmatched))
    match_resources(shared, shelf.references, uses, planned, overwrites_drift)
    planned.changes = [
        reworded(shared, each, read_uploaded(shelf.project, each))
        if is_reworded(each) and shelf.project.context is not None
        else each
        for each in planned.changes
    ]
    sweep(shared, uses, changes, planned)
    ids = {match.desired.key: match.listing.agent_id if match.listing else None for match in matching.matches}
    match_webhooks(shared, Agents(ids), planned, overwrites_drift)
    return planned


def _edited(shelf: Shelf, live: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """The ids of resources that were edited after the deploy of an agent that refers to them."""
    for each in shelf.shared.observed:
        deployed = (at for key, at in shelf.deployed.items() if each.resource_id in live[key])
        if each.edited_at is not None and any(each.edited_at > at for at in deployed):
            yield each.resource_id


def _ids(agent: ObservedAgent) -> frozenset[str]:
    return frozenset((agent.live.document or {}).get("toolRefs", ())) if agent.live else frozenset()


def _is_settled(change: AgentChange, shelf: Shelf) -> bool:
    """Whether the live revision was published from here, for exactly the spec as it is now."""
    agent, environment = shelf.observed.get(change.key), shelf.shared.environment
    mark = read_mark(agent.live.label) if agent is not None and agent.live is not None else None
    if mark is None or (mark.project, mark.environment) != (environment.project, environment.name):
        return False
    return mark.fingerprint == change.fingerprint


async def _with_history(account: Reader, shelf: Shelf, uses: Uses) -> Uses:
    """`uses` with the ids that earlier revisions of every agent refer to, as far back as they may matter."""

    async def look_back(agent: ObservedAgent, since: int, until: int) -> list[frozenset[str]]:
        """The ids that the revisions `since` to `until` steps before the live one refer to, newest first."""
        if agent.live is None:
            return []
        revisions = await account.list_revisions(agent.agent_id, limit=until + 1)
        ids = [each.revision_id for each in revisions]
        at = ids.index(agent.live.revision_id) + 1 if agent.live.revision_id in ids else 0
        found = await asyncio.gather(
            *(
                account.read_revision(agent.agent_id, each.revision_id, branch_id=each.branch_id)
                for each in revisions[max(at, since) :]
                if each.is_published
            )
        )
        return [shelf.needed_by(each) for each in found]

    agents = shelf.observed.values()
    looked = await asyncio.gather(*(look_back(each, 0, _LOOKED_BACK) for each in agents))
    before = {key: found[0] if found else frozenset[str]() for key, found in zip(shelf.observed, looked, strict=True)}
    uses = replace(uses, before=before, older=frozenset[str]().union(*(ids for found in looked for ids in found[1:])))
    if not doubtful_tools(shelf.shared) <= uses.ours:
        further = await asyncio.gather(*(look_back(each, _LOOKED_BACK + 1, _LOOKED_FAR_BACK) for each in agents))
        uses = replace(uses, older=uses.older.union(*(ids for found in further for ids in found)))
    return uses


async def _others(account: Reader, shelf: Shelf, unmatched: Sequence[AgentListing]) -> frozenset[str]:
    """The ids that live revisions of agents without a spec refer to. Previews of ours don't count."""
    live = await asyncio.gather(*(account.read_live(each.agent_id) for each in unmatched))
    environment = shelf.shared.environment
    theirs = (each for each in live if each is not None and not _is_ours(read_mark(each.label), environment))
    return frozenset[str]().union(*(shelf.needed_by(each) for each in theirs))


def _is_ours(mark: Mark | None, environment: Environment) -> bool:
    if mark is None or mark.project != environment.project:
        return False
    return mark.environment == environment.name or mark.environment.startswith(f"{environment.name}-preview-")
