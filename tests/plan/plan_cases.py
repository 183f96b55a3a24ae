"""Reads `tests/cases/plan/NNN-*.yaml`: a spec, what was observed, options, and what the plan must say.

    shows:        one sentence
    environment:  fields of the environment (project acme, name prod unless said otherwise)
    generation:   v2 (default) or v1
    options:      of the plan: acknowledged, overwrites_drift, discards_draft, lists_unmanaged, today
    spec:         the config of the one agent `support`, called Support; or, for more,
    agents:       key -> {config, name, metadata, agent_id, previous_names, previous_keys, tags}, and `lines`: where
                  those of its prompt are written, as [first line, file, line there]
    served:       what we deployed last and what serves now; or, for more,
    observed:     agent id -> {name, metadata, archived, revisions (newest first), live, draft, branch}
    prune:        whether what nothing describes any more may go, which `orphans` say as well
    orphans:      keys of agents that no spec means, with what was observed of them
    account:      its voices, phone_numbers, knowledge_bases and max_agents, as far as the plan must ask for them, its
                  campaigns, and the `unanswered` questions; without it nothing is asked
    expect:       what `test_plan_cases.told` reads off the plan: changes, fields, drift, refusals, stale ...

Tools, knowledge bases and webhooks are told of in `shelf_cases`.

A revision is `{number, spec}` when we published it (`filled` is what the server added, `document` what it holds where
that is more than the spec; `key`, `environment`, `project` where the mark differs), and `{number, document}` with an
optional `label` when somebody else did. `{$secret: NAME, value: V}` is a secret; in what was observed it is the value.
"""

from __future__ import annotations

import asyncio
import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from shelf_cases import desired_resource, observed_resource, reference, with_names

from agentops.account import AccountLimits, PhoneNumber, Voice
from agentops.diagnostics import Stretch, Where
from agentops.document import (
    CLEARED,
    AgentListing,
    DesiredAgent,
    Draft,
    Environment,
    Generation,
    IgnoredDrift,
    LeafDifference,
    Limits,
    Mark,
    ObservedAgent,
    Revision,
    ScanState,
    Secret,
    SecretRef,
    build_label,
    split_note,
)
from agentops.errors import PlatformError
from agentops.plan.account import AccountAnswers, AccountQuestion, CampaignUse
from agentops.plan.build import PlanOptions
from agentops.plan.canonical import fingerprint
from agentops.plan.model import Plan
from agentops.remote.client import find_base
from agentops.remote.port import References, StoredCampaign
from agentops.resources import DesiredResource, Kind, ObservedResource, Part
from agentops.spec import Project
from agentops.workflow.deployment import Deployment
from agentops.workflow.planning import plan_agents, plan_deployment, survey

FOLDER = Path(__file__).parents[1] / "cases" / "plan"


@dataclass(frozen=True)
class Case:
    """One file. Everything but `expect` is an input."""

    name: str
    data: dict[str, Any]
    agents: tuple[DesiredAgent, ...]
    environment: Environment
    generation: Generation
    options: PlanOptions
    observed: dict[str, ObservedAgent] = field(default_factory=dict)
    orphans: dict[str, ObservedAgent] = field(default_factory=dict)
    account: AccountAnswers | None = None
    resources: tuple[DesiredResource, ...] = ()
    shelf: tuple[ObservedResource, ...] = ()

    @property
    def expect(self) -> dict[str, Any]:
        return self.data["expect"]

    def plan(self) -> Plan:
        """The plan as `agentops plan` makes it, from an account that holds what the case says."""
        return asyncio.run(self._plan())

    async def _plan(self) -> Plan:
        project = Project(
            root=FOLDER,
            name=self.environment.project,
            environment=self.environment,
            agents=self.agents,
            diagnostics=(),
            resources=self.resources,
        )
        account: Any = CaseAccount(self)
        deployment = Deployment(project, self.agents, account, api_key=None)
        if self.account is not None:
            return await plan_deployment(deployment, self.options, prune=bool(self.orphans))
        world = await survey(deployment, prune=bool(self.orphans) or self.data.get("prune", False))
        return await plan_agents(deployment, world, self.options)


class CaseAccount:
    """The account of a case, as far as a plan reads it. Asked for what the case doesn't answer, it fails the test."""

    base_url = "https://api.smallest.ai/atoms/v1"

    def __init__(self, case: Case) -> None:
        self.generation = case.generation
        self.facts = case.account
        self.agents = {each.agent_id: each for each in (*case.observed.values(), *case.orphans.values())}
        self.references: References | None = None
        self.tools, self.knowledge, self.webhooks = (CaseShelf(case, kind) for kind in Kind)

    def refer_by(self, references: References) -> None:
        self.references = references

    async def list_agents(self, *, archived: bool = False) -> list[AgentListing]:
        return [each.listing for each in self.agents.values() if each.listing.is_archived is archived]

    async def read_agent(self, listing: AgentListing, *, mine: tuple[str, str]) -> ObservedAgent:
        return with_names(self.agents[listing.agent_id], self.references)

    async def read_live(self, agent_id: str) -> Revision | None:
        return self.agents[agent_id].live

    async def read_revision(self, agent_id: str, revision_id: str, *, branch_id: str | None = None) -> Revision:
        return next(each for each in self.agents[agent_id].history if each.revision_id == revision_id)

    async def list_revisions(self, agent_id: str, *, limit: int = 20) -> tuple[Revision, ...]:
        return self.agents[agent_id].history[:limit]

    def _answer(self, question: AccountQuestion, answer: Any) -> Any:
        assert self.facts is not None
        if question in self.facts.unanswered:
            raise PlatformError("the account does not answer")
        assert answer is not None, f"the plan asks for the account's {question}, which the case doesn't say"
        return answer

    async def list_voices(self) -> tuple[Voice, ...]:
        return self._answer(AccountQuestion.VOICES, self.facts and self.facts.voices)

    async def list_knowledge_base_ids(self) -> tuple[str, ...]:
        return self._answer(AccountQuestion.KNOWLEDGE_BASES, self.facts and self.facts.knowledge_base_ids)

    async def list_phone_numbers(self) -> tuple[PhoneNumber, ...]:
        return self._answer(AccountQuestion.PHONE_NUMBERS, self.facts and self.facts.phone_numbers)

    async def read_account_limits(self) -> AccountLimits:
        return self._answer(AccountQuestion.LIMITS, (self.facts and self.facts.limits) or AccountLimits())

    async def list_campaigns(self) -> tuple[StoredCampaign, ...]:
        found = self._answer(AccountQuestion.CAMPAIGNS, (self.facts and self.facts.campaigns) or ())
        return tuple(StoredCampaign("c1", each.name, each.status, agent_id=each.agent_id) for each in found)


class CaseShelf:
    """What the account of a case has of one kind."""

    def __init__(self, case: Case, kind: Kind) -> None:
        self.found = [each for each in case.shelf if each.kind is kind]

    async def list(self) -> list[ObservedResource]:
        return self.found

    async def read_parts(self, resource_id: str) -> tuple[Part, ...]:
        return next(each.parts or () for each in self.found if each.resource_id == resource_id)


def case_files() -> list[Path]:
    return sorted(FOLDER.glob("*.yaml"))


def read_case(path: Path) -> Case:
    return case_of(path.stem, YAML(typ="safe", pure=False).load(path.read_text()))


def case_of(name: str, data: dict[str, Any]) -> Case:
    """The case that a file of this content is."""
    environment = _environment(data.get("environment") or {})
    wanted = data.get("resources") or {}
    data = _with_references(data, wanted)
    agents = data.get("agents") or ({"support": {"config": data["spec"]}} if "spec" in data else {})
    observed = data.get("observed") or {}
    if "served" in data:
        observed = {"a1": {"name": "Support", "revisions": [{"number": 2, "spec": data["served"]}]}}
    generation = Generation(data.get("generation", "v2"))
    return Case(
        name=name,
        data=data,
        agents=tuple(_agent(key, each) for key, each in agents.items()),
        environment=environment,
        generation=generation,
        options=_options(data.get("options") or {}),
        observed={key: _observed(key, each, environment, generation) for key, each in observed.items()},
        orphans={
            key: _observed(f"orphan-{key}", each, environment, generation)
            for key, each in (data.get("orphans") or {}).items()
        },
        account=_account(data["account"]) if "account" in data else None,
        resources=tuple(desired_resource(key, _desired(each)) for key, each in wanted.items()),
        shelf=tuple(
            observed_resource(key, _observed_values(each), wanted, environment)
            for key, each in (data.get("shelf") or {}).items()
        ),
    )


def _environment(data: dict[str, Any]) -> Environment:
    fields = {"project": "acme", "name": "prod", **data}
    if "limits" in fields:
        fields["limits"] = Limits(**fields["limits"])
    fields["ignore_drift"] = tuple(IgnoredDrift(**rule) for rule in fields.get("ignore_drift", ()))
    fields["protected_agents"] = tuple(fields.get("protected_agents", ()))
    return Environment(**fields)


def _options(data: dict[str, Any]) -> PlanOptions:
    return PlanOptions(**{**data, "acknowledged": frozenset(data.get("acknowledged", ()))})


def _account(data: dict[str, Any]) -> AccountAnswers:
    def answered(name: str, kind: Any) -> Any:
        return tuple(kind(**each) for each in data[name]) if data.get(name) is not None else None

    bases, limit = data.get("knowledge_bases"), data.get("max_agents")
    return AccountAnswers(
        voices=answered("voices", Voice),
        phone_numbers=answered("phone_numbers", PhoneNumber),
        knowledge_base_ids=tuple(bases) if bases is not None else None,
        limits=AccountLimits(limit) if limit is not None else None,
        campaigns=answered("campaigns", CampaignUse),
        unanswered=frozenset(AccountQuestion(name) for name in data.get("unanswered", ())),
    )


def _agent(key: str, data: dict[str, Any]) -> DesiredAgent:
    config = _desired(data.get("config") or {})
    prompt = ("singlePromptConfig", "prompt")
    return DesiredAgent(
        key=key,
        name=data.get("name", key.capitalize()),
        config=config,
        metadata=_desired(data.get("metadata") or {}),
        where={(): Where(f"agents/{key}.yaml"), prompt: Where(f"agents/prompts/{key}.md")},
        lines={prompt: tuple(Stretch(*each) for each in data["lines"])} if "lines" in data else {},
        tags=data.get("tags") or {},
        agent_id=data.get("agent_id"),
        previous_names=tuple(data.get("previous_names", ())),
        previous_keys=tuple(data.get("previous_keys", ())),
    )


def _observed(agent_id: str, data: dict[str, Any], environment: Environment, generation: Generation) -> ObservedAgent:
    history = tuple(_revision(each, environment) for each in data.get("revisions") or ())
    by_number = {revision.number: revision for revision in history}
    live = by_number.get(data["live"]) if "live" in data else (history[0] if history else None)
    metadata = _observed_values(data.get("metadata") or {})
    metadata["description"], note = split_note(metadata.get("description", ""))
    listing = AgentListing(
        agent_id,
        data.get("name", ""),
        {name: value for name, value in metadata.items() if value != ""},
        bool(data.get("archived")),
        note=note,
    )
    served = [each for each in history if generation is Generation.V2 or each.activated_at is not None]
    return ObservedAgent(
        listing,
        live=live,
        base=find_base(live, served, (environment.project, environment.name)) if live else None,
        history=history,
        draft=_draft(data.get("draft")),
        branch_id=live.branch_id if live else None,
    )


def _revision(data: dict[str, Any], environment: Environment) -> Revision:
    number, label = data["number"], data.get("label")
    if "spec" in data:
        mark = Mark(
            data.get("project", environment.project),
            data.get("environment", environment.name),
            data.get("key", "support"),
            fingerprint(_desired(data["spec"])),
        )
        label = build_label(data.get("label", f"deploy {number}"), mark)
        served = data.get("document", data["spec"])
        document = _laid_over(_observed_values(data.get("filled") or {}), _observed_values(served))
    else:
        document = _observed_values(data.get("document") or {})
    return Revision(
        revision_id=f"r{number}",
        number=number,
        label=label,
        published_at=data.get("at"),
        published_by=data.get("by"),
        scan=ScanState(data.get("scan", "passed")),
        restored_from=f"r{data['restored_from']}" if "restored_from" in data else None,
        branch_id=data.get("branch"),
        activated_at=data.get("activated"),
        document=document,
        unverifiable=frozenset(data.get("unverifiable", ())),
    )


def _draft(data: dict[str, Any] | None) -> Draft | None:
    if data is None:
        return None
    leaves = data.get("differences")
    return Draft(
        draft_id="d1",
        editor=data.get("editor"),
        differences=None if leaves is None else tuple(LeafDifference("call_handling", name) for name in leaves),
        document=_observed_values(data["document"]) if "document" in data else None,
    )


def _desired(value: Any) -> Any:
    if isinstance(value, dict):
        if "$secret" in value:
            ref = SecretRef(value["$secret"], value.get("value"))
            return Secret((value["before"], ref) if "before" in value else (ref,))
        if value == {"$clear": True}:
            return CLEARED
        if "$ref" in value:
            return value["$ref"]
        return {name: _desired(item) for name, item in value.items()}
    return [_desired(item) for item in value] if isinstance(value, list) else value


def _with_references(value: Any, wanted: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        if "$ref" in value:
            return {**value, "$ref": reference(value, wanted)}
        return {name: _with_references(item, wanted) for name, item in value.items()}
    return [_with_references(item, wanted) for item in value] if isinstance(value, list) else value


def _observed_values(value: Any) -> Any:
    if isinstance(value, dict):
        if "$ref" in value:
            return value["id"]
        if "$secret" in value:
            return value.get("before", "") + value["value"]
        return {name: _observed_values(item) for name, item in value.items()}
    return [_observed_values(item) for item in value] if isinstance(value, list) else copy.copy(value)


def _laid_over(base: Any, top: Any) -> Any:
    if isinstance(base, dict) and isinstance(top, dict):
        return {**base, **{name: _laid_over(base.get(name), item) for name, item in top.items()}}
    return top
