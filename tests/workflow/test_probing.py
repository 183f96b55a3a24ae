"""The probe finds what an account does: held against the emulator under every setting of every switch it asks about."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from patient_clock import PatientClock

from agentops.calls.session import NoConnection
from agentops.diagnostics import Diagnostic, Severity
from agentops.document import Environment, Generation, Secret, SecretRef
from agentops.emulator.app import create_app
from agentops.emulator.options import SWITCHES, Choices, EmulatorOptions
from agentops.emulator.server import start
from agentops.emulator.store.state import Clock as EmulatorClock
from agentops.errors import PlatformError, UsageError
from agentops.net import NetOptions
from agentops.plan.model import Plan
from agentops.remote import probe, scratch
from agentops.remote.connect import connect
from agentops.settings import Settings
from agentops.workflow import probing
from agentops.workflow.probing import (
    REPORT_FILE,
    ProbeTarget,
    clean_up,
    estimate,
    read_report,
    run_probe,
    with_read_names,
)

KEY = Secret((SecretRef("KEY", "sk_probe_me"),))
ENVIRONMENT = Environment(name="prod", project="acme", api_key=KEY, base_url="http://localhost:1")
ROOT = Path(__file__).parents[2]


DEFAULTS = Choices()
THEIRS = {"type": "client_tool", "name": "agentops_probed_by_hand", "description": "Nobody's scratch tool."}


@asynccontextmanager
async def account(choices: Choices = DEFAULTS, **options: Any) -> AsyncIterator[ProbeTarget]:
    """An emulated account that takes one key, with an agent and a knowledge base of somebody's."""
    clock = PatientClock()
    chosen = EmulatorOptions(choices=choices, keys=("sk_probe_me",), scan_delay_s=3.0, seed=1, **options)
    app = create_app(chosen, clock=EmulatorClock(clock.now))
    transport = httpx2.ASGITransport(app)
    try:
        async with await connect("http://localhost:1", KEY, options=UNPACED, transport=transport) as writer:
            await writer.create_agent("Acme Support")
            await writer.tools.create(THEIRS)
            await writer.http.request("POST", "/atoms/v1/knowledgebase", body={"name": "Returns", "description": ""})
        yield ProbeTarget(ENVIRONMENT, Settings({}), transport=transport, clock=clock, pace=None)
    finally:
        app.state.store.close()


UNPACED = NetOptions(requests_per_second=None)
ASKED = [switch for switch in SWITCHES if switch.name not in probe.NOT_ASKED]


def settings() -> list[Choices]:
    """As many accounts as it takes for every switch to have each of its values in one of them."""
    most = max(len(switch.allowed) for switch in ASKED)
    return [
        Choices().set(f"{switch.name}={switch.allowed[number % len(switch.allowed)]}" for switch in ASKED)
        for number in range(most)
    ]


def ignore(finding: probe.ProbeAnswer) -> None:
    """Nobody watches."""


@pytest.mark.parametrize("choices", [*settings(), *(Choices.shuffled(seed) for seed in (1, 2))])
async def test_every_setting_of_an_account_is_found(choices: Choices) -> None:
    async with account(choices) as target:
        found = {each.name: each for each in (await run_probe(target, ignore)).answers}
    wrong = {
        switch.name: (found[switch.name], getattr(choices, switch.name))
        for switch in ASKED
        if found[switch.name].answer != getattr(choices, switch.name)
    }
    assert wrong == {}


def test_every_question_has_its_row_and_every_switch_is_asked_or_says_why_not() -> None:
    page = (ROOT / "docs" / "platform-assumptions.md").read_text()
    names = {question.name for question in probe.QUESTIONS} | {"chat_session"} | set(probe.NOT_ASKED)
    assert {switch.name for switch in SWITCHES} <= names
    assert [name for name in names if f"`{name}`" not in page] == []


async def agents(target: ProbeTarget) -> list[str]:
    """Names of the account's agents; it has no tools but one of somebody's."""
    async with await connect(target.origin, KEY, options=UNPACED, transport=target.transport) as reader:
        assert [each.name for each in await reader.tools.list()] == [THEIRS["name"]]
        return [each.name for each in await reader.list_agents()]


class Counting(httpx2.AsyncBaseTransport):
    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self.inner, self.requests, self.publishes = inner, 0, 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self.inner.handle_async_request(request)
        self.requests += 1
        self.publishes += request.url.path.endswith("/publish") and answer.is_success
        return answer


async def test_what_is_said_before_asking_is_about_what_is_done() -> None:
    """A scan is asked about until it is done, so the number of requests varies a little."""
    async with account() as target:
        assert target.transport is not None
        counting = Counting(target.transport)
        await run_probe(replace(target, transport=counting), ignore)
    said = estimate()
    assert said.requests * 0.8 <= counting.requests <= said.requests * 1.3
    assert counting.publishes <= said.publishes


async def test_nothing_is_left_and_nobody_elses_agent_is_touched() -> None:
    async with account() as target:
        report = await run_probe(target, ignore)
        assert await agents(target) == ["Acme Support"]
    assert report.left == ()


class Refusing(httpx2.AsyncBaseTransport):
    """Answers what is deleted with a refusal, agents or tools."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, what: str, status: int) -> None:
        self.inner, self.what, self.status = inner, what, status

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "DELETE" and re.search(self.what, request.url.path):
            return httpx2.Response(self.status, json={"status": False, "errors": ["it is in use"]})
        return await self.inner.handle_async_request(request)


@pytest.mark.parametrize(
    ("what", "status", "left", "cleaned"),
    [
        (r"/archive$", 409, ["agent", "agent"], (0, 2)),
        (r"/tool/", 409, ["tool", "tool"], (0, 2)),
        (r"/archive$", 503, ["agent", "agent"], (0, 2)),
    ],
)
async def test_what_can_not_be_taken_away_is_named(
    what: str, status: int, left: list[str], cleaned: tuple[int, int]
) -> None:
    """Both agents have one name, and so have both tools; whoever cleans up meets them again."""
    async with account() as target:
        assert target.transport is not None
        refusing = replace(target, transport=Refusing(target.transport, what, status))
        report = await run_probe(refusing, ignore)
        kinds = {scratch.SCRATCH: "agent", scratch.SCRATCH_TOOL: "tool"}
        assert [kind for name in report.left for start, kind in kinds.items() if name.startswith(start)] == left
        assert await clean_up(refusing) == cleaned
        assert (await clean_up(target))[1] == 0
        assert await agents(target) == ["Acme Support"]


@pytest.mark.parametrize(
    ("failure", "answer", "reason"),
    [
        (NoConnection("no", status=403), "refused with 403", ""),
        (NoConnection("nobody answers"), None, "nobody answers"),
        (PlatformError("it broke"), None, "it broke"),
    ],
)
async def test_a_session_that_does_not_open_is_an_answer_or_says_why(
    failure: Exception, answer: str | None, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(probing, "try_session", fail)
    with start(EmulatorOptions(seed=1, scan_delay_s=0.0)) as emulator:
        target = ProbeTarget(
            replace(ENVIRONMENT, base_url=emulator.base_url), Settings({}), clock=PatientClock(), pace=None
        )
        found = {each.name: each for each in (await run_probe(target, ignore)).answers}
    assert (found["chat_session"].answer, found["chat_session"].reason) == (answer, reason)


def test_a_plan_is_as_it_was_where_the_probe_says_nothing_about_its_warnings(tmp_path: Path) -> None:
    """No warning that the probe could help with, or a probe that could not tell."""
    (tmp_path / REPORT_FILE).write_text(
        '{"answers": {"custom_llm_name": {"answer": null}, "mirrors": {"answer": "x"}}}'
    )
    warning = Diagnostic("unverifiable", Severity.WARNING, "written but never compared: customLLMWebSocketUrl")
    other = Diagnostic("large", Severity.WARNING, "a large change", hint="look twice")
    plan = Plan("acme", "prod", "host", Generation.V2, (), "0" * 16, diagnostics=(other, warning))
    assert with_read_names(plan, tmp_path) == plan
    (tmp_path / REPORT_FILE).write_text('{"answers": {"custom_llm_name": {"answer": "x"}}}')
    told = with_read_names(plan, tmp_path).diagnostics
    assert [each.hint for each in told][:1] == ["look twice"]
    assert str(told[1].hint).endswith("customLLMWebSocketUrl as x")


@pytest.mark.parametrize("after", [1, 5, 12, 31])
async def test_an_interrupted_probe_takes_away_what_it_made(after: int) -> None:
    """Ctrl-C cancels the task that asks, between two questions or within one."""
    async with account() as target:
        seen: list[probe.ProbeAnswer] = []

        def interrupt(finding: probe.ProbeAnswer) -> None:
            seen.append(finding)
            if len(seen) == after and (task := asyncio.current_task()):
                task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await asyncio.ensure_future(run_probe(target, interrupt))
        assert await agents(target) == ["Acme Support"]


async def test_what_a_killed_probe_leaves_is_found_by_its_name() -> None:
    async with account() as target:
        async with await connect(target.origin, KEY, options=UNPACED, transport=target.transport) as writer:
            await writer.create_agent(f"{scratch.SCRATCH} 2026-11-28 10:00:00")
            await writer.create_agent(f"{scratch.SCRATCH}d by hand")  # nobody's scratch agent
            await writer.tools.create({**THEIRS, "name": f"{scratch.SCRATCH_TOOL}20261128100000"})
        assert await clean_up(target) == (2, 0)
        assert sorted(await agents(target)) == ["Acme Support", f"{scratch.SCRATCH}d by hand"]


async def test_the_older_versioning_is_not_written_to() -> None:
    async with account(api="v1") as target:
        with pytest.raises(UsageError, match="older versioning"):
            await run_probe(target, ignore)
        assert await agents(target) == ["Acme Support"]


async def test_the_file_names_nobody_and_starts_an_emulator_like_it(tmp_path: Path) -> None:
    choices = Choices().set(["fork_head=source", "unknown_keys=dropped"])
    async with account(choices) as target:
        text = (await run_probe(target, ignore)).to_json()
    assert not re.search(r"sk_probe_me|localhost|Acme|Returns|[0-9a-f]{24}", text)
    file = tmp_path / "agentops-probe.json"
    file.write_text(text)
    assert Choices().like(read_report(file)) == choices
    assert json.loads(text)["generation"] == Generation.V2.value


@pytest.mark.parametrize("text", ["", "[]", '{"answers": 3}', '{"answers": {"fork_head": "none"}}'])
def test_another_file_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text(text)
    with pytest.raises(UsageError, match="not a file that a probe wrote"):
        read_report(file)


def test_a_plan_says_what_a_probe_found_about_fields_that_it_can_not_compare(tmp_path: Path) -> None:
    warning = Diagnostic("unverifiable", Severity.WARNING, "written but never compared: customLLMWebSocketUrl")
    plan = Plan("acme", "prod", "host", Generation.V2, (), "0" * 16, diagnostics=(warning,))
    assert with_read_names(plan, tmp_path) == plan
    file = tmp_path / REPORT_FILE
    file.write_text("[]")
    assert with_read_names(plan, tmp_path) == plan
    file.write_text('{"answers": {"custom_llm_name": {"answer": "llmWebSocketUrl", "reason": null}}}')
    assert "customLLMWebSocketUrl as llmWebSocketUrl" in str(with_read_names(plan, tmp_path).diagnostics[0].hint)


@pytest.mark.parametrize(
    ("status", "answer", "reason"),
    [
        (403, {"status": False, "errors": ["no more agents"]}, "403"),
        (201, {"status": True, "data": {"name": "Acme"}}, "without saying its id"),
    ],
)
async def test_an_account_that_takes_no_agent_ends_with_its_reason(
    status: int, answer: dict[str, Any], reason: str
) -> None:
    def refuse(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            return httpx2.Response(status, json=answer)
        missing = {"status": False, "errors": ["Agent not found"]}
        return httpx2.Response(404, json=missing) if "000000" in request.url.path else httpx2.Response(200, json={})

    target = ProbeTarget(
        ENVIRONMENT, Settings({}), transport=httpx2.MockTransport(refuse), clock=PatientClock(), pace=None
    )
    with pytest.raises(PlatformError, match=reason):
        await run_probe(target, ignore)
