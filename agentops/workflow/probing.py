"""Asks a real account what no documentation settles (`remote.probe`), and removes what it made, however it ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from agentops import __version__
from agentops.calls.session import NoConnection, Target, try_session
from agentops.clock import Clock, SystemClock
from agentops.document import Environment, Generation, Secret, SecretRef
from agentops.errors import PlatformError, UsageError
from agentops.files import read_text
from agentops.json_text import read_json
from agentops.net import Http, NetOptions, RetryPolicy, Tiers, Transport, platform_origin
from agentops.plan.model import Plan
from agentops.remote import probe
from agentops.remote.connect import connect
from agentops.remote.scratch import (
    SCRATCH,
    Scratch,
    archive,
    delete_tool,
    find_scratch,
    find_scratch_tools,
    make_scratch,
    probing_dialect,
)
from agentops.settings import Settings
from agentops.workflow.deployment import account_key, check_host

FORMAT_VERSION = 1
REPORT_FILE = "agentops-probe.json"
_READ_NAMES = {"knowledge_name": "globalKnowledgeBaseId", "custom_llm_name": "customLLMWebSocketUrl"}
_STRANGER = Secret((SecretRef("a key that is nobody's", "sk_agentops_probe_of_a_wrong_key"),))
_CLEANING_S = 30.0


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What a probe found. It can be attached to a bug report: no key, host, id or name is in it.

    left: names of scratch agents and tools that are still there
    """

    made_at: str
    answers: tuple[probe.ProbeAnswer, ...]
    left: tuple[str, ...] = ()

    def to_json(self) -> str:
        answers = {each.name: {"answer": each.answer, "reason": each.reason or None} for each in self.answers}
        data = {
            "format_version": FORMAT_VERSION,
            "agentops": __version__,
            "made_at": self.made_at,
            "generation": Generation.V2.value,
            "answers": answers,
        }
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class ProbeTarget:
    """The account to ask, and how fast. `transport` and `clock` are for tests."""

    environment: Environment
    settings: Settings
    base_url: str | None = None
    transport: Transport | None = None
    clock: Clock | None = None
    pace: Tiers | float | None = field(default_factory=Tiers)

    @property
    def origin(self) -> str:
        return platform_origin(self.base_url or self.environment.base_url or self.settings.base_url)


@dataclass(frozen=True, slots=True)
class ProbeEstimate:
    """What a probe will do to an account, for the person who has to agree."""

    questions: int
    requests: int
    publishes: int
    name: str


def estimate() -> ProbeEstimate:
    return ProbeEstimate(len(probe.QUESTIONS) + 1, probe.EXPECTED_REQUESTS, probe.EXPECTED_PUBLISHES, SCRATCH)


async def run_probe(target: ProbeTarget, on_answer: Callable[[probe.ProbeAnswer], None]) -> ProbeReport:
    """Every question's answer. What was made for them is always removed; what a kill leaves, `clean_up` finds.

    Raises UsageError on the older versioning, PlatformError if the scratch agent can't be created.
    """
    clock = target.clock or SystemClock()
    key = account_key(target.environment, target.settings)
    check_host(target.origin, target.environment.hosts)
    await _require_branches(target, key)
    async with _open(target, key) as http, _open(target, _STRANGER) as stranger:
        scratch = Scratch(http, stranger, clock, f"{SCRATCH} {clock.now():%Y-%m-%d %H:%M:%S}")
        answers: list[probe.ProbeAnswer] = []
        try:
            await make_scratch(scratch)
            async for found in probe.ask_all(scratch):
                answers.append(found)
                on_answer(found)
            for found in (await _chat(target, key, scratch), *_not_asked()):
                answers.append(found)
                on_answer(found)
        finally:
            left = await _take_away(http, scratch)
        return ProbeReport(clock.now().isoformat(timespec="seconds"), tuple(answers), left)


async def clean_up(target: ProbeTarget) -> tuple[int, int]:
    """Archives the scratch agents that earlier probes left, and deletes their tools. Returns the numbers of those that
    are gone and of those that are still there."""
    check_host(target.origin, target.environment.hosts)
    async with _open(target, account_key(target.environment, target.settings)) as http:
        outcomes = [await archive(http, agent_id) for agent_id in await find_scratch(http)]
        outcomes += [await delete_tool(http, tool_id) for tool_id in await find_scratch_tools(http)]
    return sum(outcomes), len(outcomes) - sum(outcomes)


@asynccontextmanager
async def _open(target: ProbeTarget, key: Secret) -> AsyncIterator[Http]:
    # Nothing is retried: a refusal is an answer here, even a 500.
    options = NetOptions(requests_per_second=target.pace, retry=RetryPolicy(attempts=1))
    async with Http(
        target.origin,
        api_key=key,
        options=options,
        dialect=probing_dialect(),
        transport=target.transport,
        clock=target.clock,
    ) as http:
        yield http


async def _require_branches(target: ProbeTarget, key: Secret) -> None:
    async with await connect(target.origin, key, transport=target.transport, clock=target.clock) as account:
        if account.generation is Generation.V2:
            return
    raise UsageError(
        "this account has the older versioning, about which the probe has no questions",
        hint="nothing was written; `agentops doctor` without --probe looks at it",
        code="probe-v1",
    )


async def _take_away(http: Http, scratch: Scratch) -> tuple[str, ...]:
    """Archives and deletes what was made, even while the probe is being interrupted. Returns what is still there."""

    async def work() -> tuple[str, ...]:
        archived = [await archive(http, agent_id) for agent_id in scratch.agent_ids]
        deleted = [await delete_tool(http, tool_id) for tool_id in scratch.tool_ids]
        left = [scratch.name for done in archived if not done]
        return (*left, *(scratch.tool["name"] for done in deleted if not done))

    cleaning = asyncio.ensure_future(asyncio.wait_for(work(), _CLEANING_S))
    try:
        return await asyncio.shield(cleaning)
    except asyncio.CancelledError:
        await asyncio.wait({cleaning})
        raise
    except TimeoutError:
        return (scratch.name, *(scratch.tool["name"] for _ in scratch.tool_ids))


async def _chat(target: ProbeTarget, key: Secret, scratch: Scratch) -> probe.ProbeAnswer:
    """Whether a text session with the scratch agent can be opened; it is closed at once."""
    if target.transport is not None:
        return probe.ProbeAnswer("chat_session", None, "there is no socket to dial")
    try:
        await try_session(Target(target.origin, scratch.agent_ids[0], key.reveal()), None)
    except NoConnection as failure:
        if failure.status is None:
            return probe.ProbeAnswer("chat_session", None, str(failure))
        return probe.ProbeAnswer("chat_session", f"refused with {failure.status}")
    except PlatformError as failure:
        return probe.ProbeAnswer("chat_session", None, failure.summary)
    return probe.ProbeAnswer("chat_session", "opened")


def _not_asked() -> tuple[probe.ProbeAnswer, ...]:
    return tuple(probe.ProbeAnswer(name, None, f"not asked: {why}") for name, why in probe.NOT_ASKED.items())


def read_report(path: Path) -> dict[str, str]:
    """The known answers in a probe's file: question -> answer. Raises UsageError."""
    hint = "`agentops doctor --probe` writes one"
    text = read_text(path, hint=hint, code="no-probe-file")
    try:
        data = read_json(text)
        return {str(name): str(found["answer"]) for name, found in data["answers"].items() if found["answer"]}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UsageError(f"{path} is not a file that a probe wrote", hint=hint, code="no-probe-file") from None


def known_answers(root: Path) -> dict[str, str]:
    """The answers in the probe's file beside agentops.yaml; none without the file, or if it is broken."""
    try:
        return read_report(root / REPORT_FILE) if (root / REPORT_FILE).is_file() else {}
    except UsageError:
        return {}


def with_read_names(plan: Plan, root: Path) -> Plan:
    """The plan, whose warnings about fields that can't be read back also say what a probe of the account found."""
    if not any(each.code == "unverifiable" for each in plan.diagnostics):
        return plan
    answers = known_answers(root)
    found = [f"{field} as {answers[name]}" for name, field in _READ_NAMES.items() if name in answers]
    if not found:
        return plan
    hint = f"the probe in {REPORT_FILE} saw it read back: {', '.join(found)}"
    notes = (replace(each, hint=hint) if each.code == "unverifiable" else each for each in plan.diagnostics)
    return replace(plan, diagnostics=tuple(notes))
