"""The switches: what each answers under every setting, and that they are data which pages and probes can read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any, get_args, get_type_hints

import pytest
from emulated import Account

from agentops.cli.app import run
from agentops.emulator.options import SWITCHES, Choices


async def draft(account: Account, agent: str, expect: int = 200, **config: Any) -> Any:
    branch = (await account.branch(agent))["branch"]["_id"]
    return await account.call("PUT", f"/agent/{agent}/branches/{branch}/draft", expect, json=config)


async def drafted(account: Account, *writes: dict[str, Any]) -> dict[str, Any]:
    """The resolved configuration of a new agent's draft after these writes."""
    agent = await account.agent()
    for write in writes:
        saved = await draft(account, agent, **write)
    read = await account.call("GET", f"/agent/{agent}", params={"draftId": saved["draftId"]})
    return dict(read["_resolvedConfig"])


def test_the_switches_are_the_fields_with_their_allowed_values() -> None:
    hints = get_type_hints(Choices)
    assert [switch.name for switch in SWITCHES] == [each.name for each in fields(Choices)]
    for switch in SWITCHES:
        assert get_args(hints[switch.name]) == switch.allowed, switch.name
        assert switch.question, switch.name
        assert switch.source, switch.name
        assert getattr(Choices(), switch.name) == switch.default


async def test_an_emulator_names_its_switches_and_their_settings(open_account: Callable[..., Account]) -> None:
    account = open_account(choices=Choices(fork_head="source"))
    state = (await account.client.get("/_emulator")).json()
    assert state["choices"] == asdict(Choices(fork_head="source"))
    assert {each["name"] for each in state["switches"]} == set(state["choices"])


def test_an_unknown_switch_is_refused_with_a_list_of_the_known_ones(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["emulator", "--switch", "nested_writes=merge"]) == 64
    assert "nested_write" in capfd.readouterr().err
    assert run(["emulator", "--switch", "nested_write=mix"]) == 64
    assert "'merge', 'replace'" in capfd.readouterr().err


@pytest.mark.parametrize(("setting", "kept"), [("merge", True), ("replace", False)])
async def test_a_prompt_alone_keeps_the_tools_or_takes_them_away(
    open_account: Callable[..., Account], setting: Any, kept: bool
) -> None:
    account = open_account(choices=Choices(single_prompt_write=setting))
    tools = {"tools": [{"type": "end_call", "name": "end_call", "description": "Ends."}]}
    config = await drafted(account, {"singlePromptConfig": tools}, {"singlePromptConfig": {"prompt": "Hi"}})
    assert (config["prompt"], bool(config["tools"])) == ("Hi", kept)


@pytest.mark.parametrize(("setting", "kept"), [("replace", False), ("merge", True)])
async def test_analytics_are_replaced_or_merged(open_account: Callable[..., Account], setting: Any, kept: bool) -> None:
    account = open_account(choices=Choices(analytics_write=setting))
    metric = {"identifier": "outcome", "dispositionMetricPrompt": "How?", "dispositionMetricType": "STRING"}
    first = {"postCallAnalyticsConfig": {"summaryPrompt": "Short."}}
    config = await drafted(account, first, {"postCallAnalyticsConfig": {"dispositionMetrics": [metric]}})
    assert (config["postCallAnalyticsConfig"]["summaryPrompt"] == "Short.") is kept


@pytest.mark.parametrize(("setting", "kept"), [("kept", True), ("dropped", False)])
async def test_a_key_that_nobody_knows_is_kept_or_dropped(
    open_account: Callable[..., Account], setting: Any, kept: bool
) -> None:
    account = open_account(choices=Choices(unknown_keys=setting))
    config = await drafted(account, {"firstMessage": "Hi", "ambience": {"level": 2}})
    assert (config.get("ambience") == {"level": 2}) is kept
    agent = await account.agent("Other")
    await draft(account, agent, 200 if kept else 400, ambience={"level": 3})
    await draft(account, agent, 400, voice={"voiceId": "nyah"}, workflow_prompt={})


@pytest.mark.parametrize(("setting", "status"), [("listed", 400), ("any", 200)])
async def test_a_transcriber_that_no_source_names(
    open_account: Callable[..., Account], setting: Any, status: int
) -> None:
    account = open_account(choices=Choices(transcriber_types=setting))
    agent = await account.agent()
    await draft(account, agent, transcriberType="pulse-legacy")
    await draft(account, agent, status, transcriberType="whisper")


@pytest.mark.parametrize(("setting", "revisions"), [("none", []), ("source", [1])])
async def test_what_a_fork_has_before_its_first_commit(
    open_account: Callable[..., Account], setting: Any, revisions: list[int]
) -> None:
    account = open_account(choices=Choices(fork_head=setting))
    agent = await account.agent()
    main = (await account.branch(agent))["branch"]["_id"]
    wish = {"sourceBranchId": main, "name": "side"}
    fork = (await account.call("POST", f"/agent/{agent}/branches", 201, json=wish))["_id"]
    path = f"/agent/{agent}/branches/{fork}"
    listed = (await account.call("GET", f"{path}/revisions"))["revisions"]
    assert [each["revisionNumber"] for each in listed] == revisions
    assert ((await account.call("GET", path))["branch"]["headRevisionId"] is None) is (setting == "none")
    await account.call("PUT", f"{path}/draft", json={"firstMessage": "Hello from the side"})
    await account.client.post(f"/atoms/v1{path}/draft/publish", json={})
    account.clock.advance(60)
    newest = (await account.call("GET", f"{path}/revisions"))["revisions"][0]
    assert newest["revisionNumber"] == len(revisions) + 1
    assert newest["sourceVersionId"] is not None


@pytest.mark.parametrize(("setting", "status"), [("shared", 201), ("refused", 400)])
async def test_a_second_tool_of_one_name(open_account: Callable[..., Account], setting: Any, status: int) -> None:
    account = open_account(choices=Choices(tool_name=setting))
    wish = {"definition": {"type": "client_tool", "name": "look_up", "description": "Looks up."}}
    made = await account.call("POST", "/tool", 201, json=wish)
    await account.call("POST", "/tool", status, json=wish)
    await account.call("PATCH", f"/tool/{made['toolId']}", json=wish)


@pytest.mark.parametrize(("setting", "expected"), [("given", [0, 1]), ("absent", [None, None])])
async def test_a_read_gives_the_draft_revision_that_a_write_may_expect(
    open_account: Callable[..., Account], setting: Any, expected: list[int | None]
) -> None:
    account = open_account(choices=Choices(config_revision=setting))
    agent = await account.agent()
    head = (await account.branch(agent))["branch"]["headRevisionId"]
    before = (await account.call("GET", f"/agent/{agent}", params={"versionId": head})).get("_configRevision")
    saved = await draft(account, agent, firstMessage="Hi", **({} if before is None else {"expectedRevision": before}))
    after = await account.call("GET", f"/agent/{agent}", params={"draftId": saved["draftId"]})
    assert [before, after.get("_configRevision")] == expected


@pytest.mark.parametrize(("strict", "voice", "status"), [
    *((False, "yuvika", 200), (False, "emily", 200), (False, "voice_aB3dE5fG7h", 200), (False, "never-heard-of", 200)),
    *((False, "two words", 400), (False, "", 400), (False, "x" * 65, 400)),
    *((True, "yuvika", 200), (True, "never-heard-of", 400), (True, "voice_aB3dE5fG7h", 400)),
])  # fmt: skip
async def test_which_voices_are_taken(
    open_account: Callable[..., Account], strict: bool, voice: str, status: int
) -> None:
    account = open_account(strict_voices=strict)
    agent = await account.agent()
    await draft(account, agent, status, synthesizer={"voiceConfig": {"voiceId": voice}})
    is_noted = any(voice in warning for warning in (await account.client.get("/_emulator")).json()["warnings"])
    assert is_noted is (status == 200 and voice in ("never-heard-of", "voice_aB3dE5fG7h"))


async def test_a_create_that_is_refused_leaves_no_agent(open_account: Callable[..., Account]) -> None:
    account = open_account(strict_voices=True)
    wish = {"name": "Desk", "synthesizer": {"voiceConfig": {"voiceId": "never-heard-of"}}}
    await account.call("POST", "/agent", 400, json=wish)
    assert (await account.call("GET", "/agent"))["agents"] == []
