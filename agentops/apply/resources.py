"""Makes what is new before agents are prepared, updates webhooks once they have moved, and deletes what is old last.

A tool or knowledge base that agents refer to is never edited, unless its file says `in_place`. What a killed run left
is found again by its content or its mark.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from agentops.apply.knowledge import KnowledgeMaker
from agentops.apply.model import (
    EventSink,
    Outcome,
    Problem,
    ResourceFinished,
    ResourceResult,
    Warned,
)
from agentops.apply.stale import resource_moved, subscribed_elsewhere
from agentops.apply.writes import write_once
from agentops.clock import Clock
from agentops.document import Document
from agentops.errors import AgentopsError, ConflictError, InvalidRequestError, OutcomeUnknownError
from agentops.plan.graph import is_first, is_last
from agentops.plan.merge import merge
from agentops.plan.model import Plan, ResourceAction, ResourceChange
from agentops.plan.resources import held
from agentops.plan.webhooks import displaced, given_up, to_subscribe, to_unsubscribe
from agentops.remote.port import Writer
from agentops.resources import (
    SOURCES_LENGTH,
    DesiredResource,
    Kind,
    ObservedResource,
    Ref,
    ResourceMark,
    SourceFile,
    owner_of,
    without_resource_mark,
)

_UNWRITTEN = "0" * SOURCES_LENGTH  # in the mark of a webhook that is not written to the end: fits no fingerprint


class NotKeptError(AgentopsError):
    """The platform holds something else than what was written."""


def no_files(file: SourceFile) -> bytes:
    """For plans that upload nothing."""
    raise LookupError(f"{file.path} is to be uploaded, and this run was given no way to read files")


@dataclass(slots=True)
class ResourceRun:
    """The resources of one run, with how each has ended so far.

    made: the tools that this run created, with their ids
    """

    plan: Plan
    writer: Writer
    clock: Clock
    emit: EventSink
    read_file: Callable[[SourceFile], bytes] = no_files
    ended: dict[int, ResourceResult] = field(default_factory=dict)
    made: list[tuple[ResourceChange, str]] = field(default_factory=list)

    @property
    def results(self) -> tuple[ResourceResult, ...]:
        """One for each change of the plan, in its order; what the run did not get to is not attempted."""
        return tuple(
            self.ended.get(index) or _result(change, Outcome.NOT_ATTEMPTED, "the run ended before")
            for index, change in enumerate(self.plan.resources)
        )

    # -- before the agents are prepared

    async def build(self, *, is_rehearsal: bool = False) -> bool:
        """Makes everything that agents may need. False where something could not be made.

        is_rehearsal: for copies that are called before anything goes live: what is edited in place stays as it is
        """
        if self.plan.references is not None:
            self.writer.refer_by(self.plan.references)
        for index, change in enumerate(self.plan.resources):
            if not is_first(change):
                continue
            if not change.is_change:
                self._end(index, change, Outcome.UNCHANGED, change.reason)
            elif is_rehearsal and change.action is ResourceAction.UPDATE:
                self.emit(Warned(change.key, "copies have it as it serves now: it is edited in place, for all at once"))
            elif self.plan.references is not None and _reference(change) in self.plan.references.made:
                self._end(index, change, Outcome.APPLIED, "made before the gate")
            elif not await self._try(index, change):
                return False
        return True

    async def withdraw(self) -> None:
        """Nothing goes live, so the tools that this run made are deleted again: they carry no mark by which a later run
        would know them. Knowledge bases stay: they have one, and the next run need not upload them again."""
        for change, tool_id in self.made:
            try:
                await self.writer.tools.delete(tool_id)
            except AgentopsError as error:
                self.emit(Warned(change.key, f"{tool_id}, which this run made, is still there: {error.summary}"))

    # -- once they have moved

    async def follow(self, agents: Mapping[str, str | None], why_not: str) -> None:
        """Updates webhooks, then deletes what goes. `agents`: the project's agent ids by key; `why_not`: why nothing is
        to be done, "" where all is."""
        for index, change in enumerate(self.plan.resources):
            if is_first(change):
                continue
            if not change.is_change:
                self._end(index, change, Outcome.UNCHANGED, change.reason)
            elif why_not:
                self._end(index, change, Outcome.NOT_ATTEMPTED, why_not)
            else:
                await self._try(index, change, agents)

    async def _try(self, index: int, change: ResourceChange, agents: Mapping[str, str | None] | None = None) -> bool:
        try:
            resource_id = await self._carry_out(change, agents or {})
        except InvalidRequestError as error:
            if is_last(change):  # the platform deletes nothing that an agent refers to, and one may have come since
                self._end(index, change, Outcome.SKIPPED, f"left there: {error.summary}")
                return True
            self._fail(index, change, error)
            return False
        except AgentopsError as error:
            self._fail(index, change, error)
            return False
        self._end(index, change, Outcome.APPLIED, "", resource_id)
        return True

    async def _carry_out(self, change: ResourceChange, agents: Mapping[str, str | None]) -> str:
        if change.action is ResourceAction.DELETE:
            return await self._delete(change)
        resource = change.desired
        if resource is None:
            raise LookupError(f"{change.address}: a plan that is read from a file has to be computed again")
        match resource.kind:
            case Kind.TOOL:
                resource_id = await self._tool(change, resource)
            case Kind.KNOWLEDGE:
                maker = KnowledgeMaker(self.writer.knowledge, self.clock, self.emit, self.read_file)
                resource_id = await maker.make(change, resource, self._mark(change))
            case Kind.WEBHOOK:
                return await self._webhook(change, resource, agents)
            case _:
                assert_never(resource.kind)
        if self.plan.references is not None:
            self.plan.references.has_made(_reference(change), resource_id)
        return resource_id

    def _mark(self, change: ResourceChange) -> ResourceMark:
        owner = owner_of(self.plan.project, self.plan.environment, change.address)
        return ResourceMark(owner, change.fingerprint[:SOURCES_LENGTH])

    # -- tools

    async def _tool(self, change: ResourceChange, resource: DesiredResource) -> str:
        """The id of a tool with the wanted definition; fields that the file leaves out are those of the one before."""
        tools, before = self.writer.tools, change.observed.content if change.observed else None
        # A tool that becomes another type keeps nothing of what it was.
        is_same_type = before is not None and before.get("type") == resource.content.get("type")
        body = merge({"definition": before if is_same_type else None}, {"definition": resource.content})["definition"]
        if change.action is ResourceAction.UPDATE and change.resource_id is not None:
            found = next((each for each in await tools.list() if each.resource_id == change.resource_id), None)
            if found is None or found.content != before:
                raise resource_moved(change)
            await tools.update(change.resource_id, body)
            await self._require_kept(resource, change.resource_id, change.fingerprint)
            return change.resource_id
        listed = await tools.list()
        known = {each.resource_id for each in listed}

        async def write() -> str:
            return await tools.create(body)

        async def read_back() -> str | None:
            new = [each for each in await tools.list() if each.resource_id not in known]
            right = [each for each in new if each.name == resource.name and held(resource, each) == change.fingerprint]
            return right[0].resource_id if right else None

        try:
            tool_id = await write_once(write, read_back, self.clock)
        except (InvalidRequestError, ConflictError) as error:
            if any(each.name == resource.name for each in listed):
                unique = "if the account takes no second tool of one name, "
                unique += f"set `in_place: true` in {resource.address.file}, or give its definition another name"
                error.hint = f"{error.hint}; {unique}" if error.hint else unique
            raise
        self.made.append((change, tool_id))
        await self._require_kept(resource, tool_id, change.fingerprint)
        return tool_id

    async def _require_kept(self, resource: DesiredResource, tool_id: str, wanted: str) -> None:
        """Reads the tool back: a definition that the platform changed would be made anew with every apply."""
        found = next((each for each in await self.writer.tools.list() if each.resource_id == tool_id), None)
        if found is None or held(resource, found) != wanted:
            raise NotKeptError(
                f"{resource.address}: the platform did not keep the definition as it was written",
                hint="check its fields against the platform's documentation; `agentops plan` shows which differ",
                code="not_kept",
            )

    # -- webhooks

    async def _webhook(
        self, change: ResourceChange, resource: DesiredResource, agents: Mapping[str, str | None]
    ) -> str:
        """Creates or updates a webhook and subscribes its agents.

        The mark comes last: it says that everything was written, so a run that is cut off before leaves work to see.
        """
        hooks, mark, content = self.writer.webhooks, self._mark(change), resource.content
        for other, displaced_id in displaced(change, await hooks.list(), agents):
            if (other.resource_id, displaced_id) not in change.displaces:
                raise subscribed_elsewhere(change, displaced_id, other)
        text = str(content.get("description", ""))
        webhook_id = change.resource_id
        if webhook_id is None:
            begun = f"{text} {ResourceMark(mark.owner, _UNWRITTEN)}".strip()

            async def write() -> str:
                return await hooks.create({"endpoint": content["endpoint"], "description": begun})

            async def read_back() -> str | None:
                found = await hooks.list()
                return next((each.resource_id for each in found if each.mark and each.mark.owner == mark.owner), None)

            webhook_id = await write_once(write, read_back, self.clock)
        for key, events in to_subscribe(change, agents).items():
            agent_id = agents.get(key)
            if agent_id is None:
                raise AgentopsError(f"{change.address}: the agent {key} does not exist yet", hint="apply it, too")
            await hooks.subscribe(agent_id, webhook_id, events)
        for agent_id in to_unsubscribe(change, agents):
            await self._unsubscribe(webhook_id, agent_id)
        body: Document = {"endpoint": content["endpoint"], "description": f"{text} {mark}".strip()}
        if "headers" in content:  # those that a file does not mention stay as they are
            body["headers"] = content["headers"]
        await hooks.update(webhook_id, body)
        return webhook_id

    async def _unsubscribe(self, webhook_id: str, agent_id: str) -> None:
        """Only where no other webhook has the agent: unsubscribing takes all its subscriptions away, theirs too."""
        for each in await self.writer.webhooks.list():
            if agent_id in each.content["events"] and each.resource_id != webhook_id:
                return
        await self.writer.webhooks.unsubscribe(agent_id)

    # -- what goes

    async def _delete(self, change: ResourceChange) -> str:
        resource_id = change.resource_id or ""
        match change.address.kind:
            case Kind.TOOL:
                await self.writer.tools.delete(resource_id)
            case Kind.KNOWLEDGE:
                await self.writer.knowledge.delete(resource_id)
            case Kind.WEBHOOK:
                await self._give_up(resource_id, change.observed)
                await self.writer.webhooks.delete(resource_id)
            case _:
                assert_never(change.address.kind)
        return resource_id

    async def _give_up(self, webhook_id: str, webhook: ObservedResource | None) -> None:
        """Takes away its subscriptions, which keep it from being deleted.

        It is marked as given up first: without subscriptions nothing else would tell the next run whose it is.
        """
        if webhook is None:
            return
        mark = ResourceMark(given_up(self.plan.project, self.plan.environment), _UNWRITTEN)
        text = without_resource_mark(webhook.description)
        await self.writer.webhooks.update(webhook_id, {"description": f"{text} {mark}".strip()})
        for agent_id in webhook.content["events"]:
            await self._unsubscribe(webhook_id, agent_id)

    # -- results

    def _fail(self, index: int, change: ResourceChange, error: AgentopsError) -> None:
        outcome = Outcome.UNKNOWN if isinstance(error, OutcomeUnknownError) else Outcome.FAILED
        self._end(index, change, outcome, "", change.resource_id, Problem.from_error(error, self.plan.environment))

    def _end(
        self,
        index: int,
        change: ResourceChange,
        outcome: Outcome,
        detail: str,
        resource_id: str | None = None,
        problem: Problem | None = None,
    ) -> None:
        result = _result(change, outcome, detail, resource_id or change.resource_id, problem)
        self.ended[index] = result
        if outcome is not Outcome.UNCHANGED:
            self.emit(ResourceFinished(result))


def _reference(change: ResourceChange) -> Ref:
    return Ref(change.address.kind, change.address.key, change.fingerprint)


def _result(
    change: ResourceChange,
    outcome: Outcome,
    detail: str,
    resource_id: str | None = None,
    problem: Problem | None = None,
) -> ResourceResult:
    return ResourceResult(change.address, change.name, change.action, outcome, detail, resource_id, problem)
