"""Faults on request, the controls, snapshots and the seed file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
import websockets
from conformance import Conformance
from emulated import Account

from agentops.emulator.faults import Fault, parse_fault, read_faults
from agentops.emulator.observation import Exchange
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.ratelimit import TokenBucket
from agentops.emulator.seeding import read_fault_file
from agentops.emulator.server import start
from agentops.emulator.store.database import EmulatorError

HEADERS = {"Authorization": "Bearer sk_test"}


async def arm(account: Account, **fault: Any) -> None:
    await account.call("POST", "/_emulator/faults", 201, json=fault)


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        ({"kind": "status", "status": 503}, 503, "Emulated 503"),
        ({"kind": "status"}, 500, "Internal server error"),
        ({"kind": "plan_limit"}, 400, "please upgrade"),
        ({"kind": "gated_model"}, 403, "not available for your organization"),
        ({"kind": "html", "status": 504}, 504, "<h1>Bad Gateway</h1>"),
        ({"kind": "rate_limit", "retry_after_s": 2}, 429, "RATE_LIMIT_EXCEEDED"),
    ],
)
async def test_an_armed_fault_answers_instead(account: Account, fault: dict[str, Any], status: int, text: str) -> None:
    await arm(account, method="POST", path="*/agent", **fault)
    response = await account.client.post("/atoms/v1/agent", json={"name": "A"})
    assert (response.status_code, text in response.text) == (status, True)
    if status == 429:
        assert response.headers["retry-after"] == "2"
    assert (await account.call("GET", "/agent"))["totalCount"] == 0
    await account.call("DELETE", "/_emulator/faults")
    await account.agent()


@pytest.mark.parametrize("kind", ["plan_limit", "gated_model", "rate_limit", "freeze"])
async def test_a_refusal_that_the_platform_knows_keeps_to_the_document(account: Account, kind: str) -> None:
    branch = f"/agent/{'a' * 24}/branches/{'b' * 24}/draft"
    method, path = ("PUT", f"/atoms/v1{branch}") if kind == "freeze" else ("POST", "/atoms/v1/agent")
    await arm(account, kind=kind)
    refused = await account.client.request(method, path, json={"name": "A"})
    exchange = Exchange(method, path, refused.status_code, refused.headers["content-type"], refused.content)
    assert refused.status_code >= 400
    assert Conformance((await account.client.get("/openapi.json")).json()).problem(exchange) is None


async def test_only_the_nth_request_of_one_agent_is_hit(account: Account) -> None:
    one, two = await account.agent("One"), await account.agent("Two")
    await arm(account, kind="status", status=503, method="GET", path="/atoms/v1/agent/*", agent=one, nth=2)
    statuses = [
        (await account.client.get(f"/atoms/v1/agent/{agent_id}")).status_code for agent_id in (one, two, two, one, one)
    ]
    assert statuses == [200, 200, 200, 503, 200]
    listed = (await account.call("GET", "/_emulator/faults"))["faults"][0]
    assert (listed["seen"], listed["fired"]) == (3, 1)


async def test_a_freeze_stops_versioning_writes_only(account: Account) -> None:
    agent_id = await account.agent()
    branch = (await account.branch(agent_id))["branch"]["_id"]
    await arm(account, kind="freeze")
    frozen = await account.call("PUT", f"/agent/{agent_id}/branches/{branch}/draft", 423, json={"firstMessage": "x"})
    assert frozen["error_type"] == "config_freeze_active"
    await account.call("GET", f"/agent/{agent_id}")
    await account.call("POST", f"/agent/{agent_id}/branches/{branch}/test-call", json={"mode": "chat"})
    await account.agent("Another")


def test_a_lost_response_took_effect_and_a_lost_request_did_not() -> None:
    faults = (
        Fault("lost_response", method="POST", path="*/agent", nth=1),
        Fault("lost_request", method="POST", path="*/agent", nth=2),
        Fault("truncated", method="GET", path="*/user"),
    )
    with (
        start(EmulatorOptions(faults=faults)) as emulator,
        httpx2.Client(base_url=f"{emulator.base_url}/atoms/v1", headers=HEADERS) as client,
    ):
        with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
            client.post("/agent", json={"name": "Kept"})
        with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
            client.post("/agent", json={"name": "Never"})
        with pytest.raises(httpx2.RemoteProtocolError):
            client.get("/user")
        names = [agent["name"] for agent in client.get("/agent").json()["data"]["agents"]]
    assert names == ["Kept"]


def test_faults_are_read_from_lines_and_files(tmp_path: Path) -> None:
    fault = parse_fault("status PUT */draft status=503 nth=2")
    assert fault == Fault("status", "PUT", "*/draft", status=503, nth=2)
    path = tmp_path / "faults.yaml"
    path.write_text("- rate_limit * */agent times=3\n- {kind: latency, latency_s: 0.5}\n")
    listed = read_fault_file(path)
    assert listed == (Fault("rate_limit", "*", "*/agent", times=3), Fault("latency", latency_s=0.5))


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        (["explode"], "'explode' is not a kind of fault"),
        (["status PUT 'x"], "No closing quotation; close the quote"),
        ([{"kind": ["status"]}], r"\['status'\] is not a kind of fault"),
        ([{"kind": "status", "path": ["x"]}], "a fault's path is text"),
        ([{"kind": "status", "nth": float("inf")}], "a fault's nth is a number"),
        ([{"kind": "status", 1: 2, "x": 3}], "a fault has no 1, x"),
        ([{"kind": "status", "sttus": 1}], "a fault has no sttus"),
        ([{"kind": "status", "status": "many"}], "a fault's status is a number"),
        ({"kind": "status"}, "holds a list"),
        ([3], "a fault is a mapping"),
    ],
)
def test_a_wrong_fault_is_explained(entry: Any, error: str) -> None:
    with pytest.raises(EmulatorError, match=error):
        read_faults(entry)


async def test_the_controls_refuse_what_they_do_not_know(account: Account) -> None:
    assert "not a kind" in (await account.call("POST", "/_emulator/faults", 400, json={"kind": "x"}))["error"]
    as_form = {"content": b'{"advance_s": 5}', "headers": {"content-type": "text/plain"}}
    await account.call("POST", "/_emulator/clock", 400, **as_form)
    await account.call("POST", "/_emulator/clock", 400, json={"advance_s": -1})
    await account.call("POST", "/_emulator/scans", 400, json={"delay": 1})
    await account.call("POST", "/_emulator/snapshot", 400, content=b"", headers={"content-type": "text/plain"})
    not_ours = {"content": b"no database", "headers": {"content-type": "application/vnd.sqlite3"}}
    assert "not a snapshot" in (await account.call("POST", "/_emulator/snapshot", 400, **not_ours))["error"]


async def test_scans_and_the_clock_are_controlled_from_outside(account: Account) -> None:
    agent_id = await account.agent()
    path = f"/agent/{agent_id}/branches/{(await account.branch(agent_id))['branch']['_id']}"
    scans = {"delay_s": 100, "fails_on": ["forbidden"], "late_listing_s": 5}
    changed = (await account.call("POST", "/_emulator/scans", json=scans))["scan"]
    assert (changed["delay_s"], changed["fails_on"]) == (100, ["forbidden"])
    await account.call("PUT", f"{path}/draft", json={"singlePromptConfig": {"prompt": "A Forbidden word"}})
    await account.call("POST", f"{path}/draft/publish", 202)
    await account.call("POST", "/_emulator/clock", json={"advance_s": 99})
    assert (await account.call("GET", f"{path}/draft"))["latest"]["securityCheck"]["status"] == "queued"
    await account.call("POST", "/_emulator/clock", json={"advance_s": 2})
    check = (await account.call("GET", f"{path}/draft"))["latest"]["securityCheck"]
    assert (check["status"], "forbidden" in check["reason"]) == ("failed", True)


async def test_the_request_log_names_faults_and_leaves_out_the_controls(account: Account) -> None:
    await account.agent()
    await arm(account, kind="status", status=503, path="*/user")
    await account.client.get("/atoms/v1/user")
    rows = (await account.call("GET", "/_emulator/requests"))["requests"]
    assert [(row["method"], row["path"], row["status"], row["fault"]) for row in rows] == [
        ("POST", "/atoms/v1/agent", 201, None),
        ("GET", "/atoms/v1/user", 503, "status"),
    ]


async def test_a_snapshot_brings_everything_back(account: Account) -> None:
    agent_id = await account.agent("Before")
    await account.publish(agent_id, "kept", firstMessage="Hello")
    snapshot = (await account.client.get("/_emulator/snapshot")).content
    await account.call("PATCH", f"/agent/{agent_id}", json={"name": "After"})
    await account.agent("Extra")
    headers = {"content-type": "application/vnd.sqlite3"}
    await account.call("POST", "/_emulator/snapshot", content=snapshot, headers=headers)
    listed = (await account.call("GET", "/agent"))["agents"]
    assert [agent["name"] for agent in listed] == ["Before"]
    assert (await account.publish(agent_id, firstMessage="Later"))["revisionNumber"] == 3


async def test_a_seed_fills_a_new_account_once(open_account: Callable[..., Account], tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text(
        json.dumps(
            {
                "agents": [
                    {"name": "Bare"},
                    {
                        "name": "Desk",
                        "config": {"firstMessage": "Desk here"},
                        "revisions": [{"label": "second", "config": {"slmModel": "gpt-4o"}}],
                    },
                ],
                "phone_numbers": ["+14155550123"],
                "knowledge_bases": [{"name": "Prices"}],
                "agent_limit": 2,
            }
        )
    )
    data = tmp_path / "emulator.db"
    account = open_account(seed_file=seed, data=data)
    account.store.close()
    account = open_account(seed_file=seed, data=data)
    agents = (await account.call("GET", "/agent?sortField=name&sortOrder=asc"))["agents"]
    assert [agent["name"] for agent in agents] == ["Bare", "Desk"]
    resolved = (await account.call("GET", f"/agent/{agents[1]['_id']}"))["_resolvedConfig"]
    assert (resolved["firstMessage"], resolved["modelName"]) == ("Desk here", "gpt-4o")
    head = (await account.branch(agents[1]["_id"]))["headRevisionNumber"]
    assert head == 2
    assert len(await account.call("GET", "/product/phone-numbers")) == 2
    assert len(await account.call("GET", "/knowledgebase")) == 1
    refused = await account.call("POST", "/agent", 400, json={"name": "Third"})
    assert "upgrade" in refused["errors"][0]


async def test_a_date_in_a_seed_is_text(open_account: Callable[..., Account], tmp_path: Path) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text("agents: [{name: X, config: {firstMessage: 2026-01-01}}]")
    account = open_account(seed_file=seed)
    [agent] = (await account.call("GET", "/agent"))["agents"]
    resolved = (await account.call("GET", f"/agent/{agent['_id']}"))["_resolvedConfig"]
    assert resolved["firstMessage"] == "2026-01-01"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("agents: [{name: X, config: {firstMessage: 3}}]", "firstMessage: Expected string, received number"),
        ("agents: [{nme: X}]", "agents.0.name: Required"),
        ("agnts: []", "agnts: Unrecognized key"),
        ("a: [", "it is not YAML"),
        ("agents: [{name: X, config: {1: Hello}}]", r"the key 1 in agents\[0\].config is not text; write it in quotes"),
        ("agents: !!set {X}", "agents is neither text, a number"),
        ("agents: &all [*all]", r"agents\[0\] contains itself"),
    ],
)
async def test_a_wrong_seed_is_refused(
    open_account: Callable[..., Account], tmp_path: Path, text: str, error: str
) -> None:
    seed = tmp_path / "seed.yaml"
    seed.write_text(text)
    with pytest.raises(EmulatorError, match=error):
        open_account(seed_file=seed)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault("drop_socket", path="*/agent/connect", after=1), "dropped"),
        (Fault("stall_socket", path="*/agent/connect", after=1), "silent"),
        (Fault("status", path="*/agent/connect", status=503), "refused 503"),
    ],
)
async def test_a_websocket_is_dropped_stalled_or_refused(fault: Fault, outcome: str) -> None:
    with start(EmulatorOptions(faults=(fault,))) as emulator:
        async with httpx2.AsyncClient(base_url=f"{emulator.base_url}/atoms/v1", headers=HEADERS) as client:
            agent = (await client.post("/agent", json={"name": "A"})).json()["data"]
        url = emulator.base_url.replace("http", "ws") + f"/atoms/v1/agent/connect?agent_id={agent}&mode=chat"
        assert await _outcome_of(f"{url}&token=sk_test") == outcome


async def _outcome_of(url: str) -> str:
    """What happens to a caller who says something once the session is created."""
    try:
        async with websockets.connect(url) as socket:
            assert json.loads(await socket.recv())["type"] == "session.created"
            await socket.send(json.dumps({"type": "input_text.send", "text": "Hello"}))
            async with asyncio.timeout(0.5):
                await socket.recv()
            return "answered"
    except websockets.ConnectionClosedError:
        return "dropped"
    except TimeoutError:
        return "silent"
    except websockets.InvalidStatus as refusal:
        return f"refused {refusal.response.status_code}"


async def test_a_standing_rate_limit_refuses_what_comes_too_fast() -> None:
    """A token bucket of one second's worth: a burst of that size passes, and later only what has been refilled."""
    now = 100.0
    limit = TokenBucket(10, clock=lambda: now)
    assert [limit.lets_through() for _ in range(11)] == [True] * 10 + [False]
    now += 0.25
    assert [limit.lets_through() for _ in range(3)] == [True, True, False]
    now += 60
    assert sum(limit.lets_through() for _ in range(50)) == 10
    assert all(TokenBucket(None).lets_through() for _ in range(1000))


async def test_a_refusal_has_the_documented_shape_and_the_controls_have_no_limit() -> None:
    with start(EmulatorOptions(rate_limit=2)) as running:
        async with httpx2.AsyncClient(base_url=running.base_url, headers=HEADERS) as client:
            answers = [await client.get("/atoms/v1/agent") for _ in range(4)]
            controls = [await client.get("/_emulator/faults") for _ in range(4)]
    assert [each.status_code for each in answers[:2]] == [200, 200]
    refused = answers[3]
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    body = refused.json()
    assert (body["status"], body["code"], body["retry_after"]) == (False, "RATE_LIMIT_EXCEEDED", 60)
    assert {each.status_code for each in controls} == {200}
