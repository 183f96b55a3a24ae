"""Asks a real account what no documentation settles, with scratch agents and tools of its own and nothing else.

Each question has the name that docs/platform-assumptions.md and the emulator's switches give it. Its answer is one of
that switch's values or, where there is no switch, a few words. An answer is never guessed: one that isn't known is
None, with the reason. The questions are about the branch model (v2) only.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agentops.errors import PlatformError
from agentops.net import Answer
from agentops.remote.requests import API
from agentops.remote.rows import rows_of
from agentops.remote.scratch import END_CALL, GREETING, LABEL, PROMPT, AnsweredError, Scratch, id_of

EXPECTED_REQUESTS = 150
EXPECTED_PUBLISHES = 12
_NO_AGENT = "0" * 24
_METRIC = {
    "identifier": "probe",
    "dispositionMetricPrompt": "Was this a probe?",
    "dispositionMetricType": "BOOLEAN",
}
_SOCKET_URL = "wss://probe.example.com/agentops"
_LABEL_DOUBTFUL = "+/#@&'\"!?;[]=é"
_LABEL_LIMIT = 200


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """One question's answer. `answer` is None where it isn't known, and `reason` then says why."""

    name: str
    answer: str | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ProbeQuestion:
    """One question: its name in the documentation, and the function that finds its answer."""

    name: str
    ask: Callable[[Scratch], Awaitable[ProbeAnswer | str | None]]


async def ask_all(scratch: Scratch) -> AsyncIterator[ProbeAnswer]:
    """Every question's answer, in their order; a question that fails is answered with None and why."""
    for question in QUESTIONS:
        try:
            found = await question.ask(scratch)
        except PlatformError as failure:
            found = ProbeAnswer(question.name, None, failure.summary)
        except (KeyError, TypeError, AttributeError, StopIteration):
            found = ProbeAnswer(question.name, None, "the answer had none of the documented shapes")
        yield (
            found
            if isinstance(found, ProbeAnswer)
            else ProbeAnswer(question.name, found, "" if found else "it can't be told")
        )
        await scratch.discard()


# ---- the questions, each on a branch without a draft


async def _single_prompt_write(s: Scratch) -> str:
    await s.written(singlePromptConfig={"prompt": PROMPT, "tools": [END_CALL]})
    await s.written(singlePromptConfig={"prompt": f"{PROMPT} Be brief."})
    return "merge" if (await s.document())["singlePromptConfig"].get("tools") else "replace"


async def _analytics_write(s: Scratch) -> str:
    await s.written(postCallAnalyticsConfig={"summaryPrompt": "Sum up.", "dispositionMetrics": [_METRIC]})
    await s.written(postCallAnalyticsConfig={"summaryPrompt": "Sum it up."})
    analytics = (await s.document()).get("postCallAnalyticsConfig") or {}
    return "merge" if analytics.get("dispositionMetrics") else "replace"


async def _nested_write(s: Scratch) -> str | ProbeAnswer:
    await s.written(smartTurnConfig={"isEnabled": True, "waitTimeInSecs": 4})
    await s.written(smartTurnConfig={"isEnabled": True})
    found = (await s.document()).get("smartTurnConfig") or {}
    return "merge" if found.get("waitTimeInSecs") == 4 else "replace"


async def _unknown_keys(s: Scratch) -> str | ProbeAnswer:
    answer = await s.write(agentopsProbe="kept", firstMessage="Hello.")
    if not answer.is_success:
        return ProbeAnswer("unknown_keys", None, f"a key that the schema doesn't name is refused ({answer.status})")
    return "kept" if _name_of((await s.draft())["_resolvedConfig"], "kept") else "dropped"


async def _transcriber_types(s: Scratch) -> str:
    answer = await s.write(transcriberType="agentops-probe")
    return "any" if answer.is_success else "listed"


async def _fork_head(s: Scratch) -> str:
    body = {"sourceBranchId": s.branch_id, "name": "probe"}
    created = await s.data("POST", f"{s.agent}/branches", body)
    fork = created.get("branch", created)
    await s.ask("POST", f"{s.agent}/branches/{fork.get('_id') or fork.get('branchId')}/archive")
    return "source" if fork.get("headRevisionId") else "none"


async def _config_revision(s: Scratch) -> str:
    await s.written(firstMessage="Hello.")
    return "given" if "_configRevision" in await s.draft() else "absent"


async def _scanning_row(s: Scratch) -> str | ProbeAnswer:
    if s.was_scanning_listed is None:
        return ProbeAnswer("scanning_row", None, "no scan took long enough to look at its row")
    return "listed" if s.was_scanning_listed else "absent"


async def _draft_counter(s: Scratch) -> str | None:
    """Whether the draft's counter goes on after a publish. That of `make_scratch` followed two writes."""
    now, before = (await s.written(firstMessage="Hello.")).get("draftRevision"), s.counter_before
    if not isinstance(now, int) or not isinstance(before, int):
        return None
    return "continues" if now > before else "restarts"


async def _active_version_id(s: Scratch) -> str | ProbeAnswer:
    found = (await s.agent_at()).get("activeVersionId")
    if found not in (None, await _head(s)):
        return ProbeAnswer("active_version_id", None, "it names a revision that doesn't serve")
    return "live" if found else "null"


async def _mirrors(s: Scratch) -> str | ProbeAnswer:
    shown = await s.agent_at()
    if "firstMessage" not in shown:
        return ProbeAnswer("mirrors", None, "an agent is shown without its first message beside _resolvedConfig")
    return "live" if shown["firstMessage"] == GREETING else "creation"


async def _head(s: Scratch) -> str:
    data = await s.data("GET", s.branch)
    return str((data.get("branch") or data).get("headRevisionId"))


async def _first_message_section(s: Scratch) -> str | None:
    return _section_of(s.sections, GREETING)


async def _transcriber_section(s: Scratch) -> str | None:
    return _section_of(s.sections, "pulse")


async def _sample_rate_section(s: Scratch) -> str | None:
    return _section_of(s.sections, 16000)


async def _custom_llm_name(s: Scratch) -> str | ProbeAnswer | None:
    answer = await s.write(customLLMWebSocketUrl=_SOCKET_URL)
    if not answer.is_success:
        return ProbeAnswer("custom_llm_name", None, f"the account may not write it ({answer.status})")
    return _name_of((await s.draft())["_resolvedConfig"], _SOCKET_URL)


async def _knowledge_name(s: Scratch) -> str | ProbeAnswer | None:
    bases = rows_of(await s.data("GET", "/knowledgebase"))
    if not bases:
        return ProbeAnswer("knowledge_name", None, "the account has no knowledge base to refer to")
    await s.written(globalKnowledgeBaseId=bases[0]["_id"])
    return _name_of((await s.draft())["_resolvedConfig"], bases[0]["_id"])


async def _conflict_body(s: Scratch) -> str | ProbeAnswer:
    expected = (await s.written(firstMessage="One.")).get("draftRevision")
    await s.written(firstMessage="Two.")
    answer = await s.write(firstMessage="Three.", expectedRevision=expected)
    if answer.status != 409:
        return ProbeAnswer("conflict_body", None, f"a write over somebody else's was answered with {answer.status}")
    data = answer.body.get("data") if isinstance(answer.body, dict) else None
    return "rich" if isinstance(data, dict) and "conflict" in data else "lean"


async def _expected_before_first_write(s: Scratch) -> str:
    answer = await s.write(firstMessage="Hello.", expectedRevision=0)
    return "0 is taken" if answer.is_success else f"0 is refused with {answer.status}"


async def _scan_scope(s: Scratch) -> str | None:
    await s.written(smartTurnConfig={"isEnabled": True, "waitTimeInSecs": 2})
    answer = await s.publish(LABEL)
    state = (answer.body.get("data") or {}).get("state") if isinstance(answer.body, dict) else None
    return {"committed": "prompts", "scanning": "everything"}.get(str(state))


async def _identical_publish(s: Scratch) -> str:
    live = await s.agent_at()
    await s.written(firstMessage=(live.get("_resolvedConfig") or {}).get("firstMessage") or GREETING)
    answer = await s.publish(LABEL)
    return "published as a new revision" if answer.is_success else f"refused with {answer.status}"


async def _restored_label(s: Scratch) -> str:
    before = {row.get("_id") for row in await s.revisions()}
    await s.data("POST", f"{s.branch}/revisions/{s.published_id}/restore")
    restored = await s.wait(before)
    label = restored.get("label")
    return "none" if not label else "its source's" if label == LABEL else "one of its own"


async def _label_characters(s: Scratch) -> str:
    """Tries all at once first, and one by one only where that is refused, to save publishes."""
    if await _takes_label(s, f"probe {_LABEL_DOUBTFUL}"):
        return "refused: none of those tried"
    refused = [character for character in _LABEL_DOUBTFUL if not await _takes_label(s, f"probe {character}")]
    return f"refused: {' '.join(refused)}"


async def _takes_label(s: Scratch, label: str) -> bool:
    """Whether a publish with this label is accepted. The publish is then cancelled, unless it is done already."""
    await s.written(firstMessage=f"Hello, this is {s.clock.monotonic()}.")
    answer = await s.ask("POST", f"{s.branch}/draft/publish", {"label": label})
    if answer.is_success:
        await s.ask("POST", f"{s.branch}/draft/publish/cancel")
        await s.discard()
    return answer.is_success


async def _label_length(s: Scratch) -> str:
    limit = _LABEL_LIMIT + 1
    return f"{limit} characters are {'taken' if await _takes_label(s, 'a' * limit) else 'refused'}"


async def _clearing(s: Scratch) -> str:
    empty = {
        "firstMessage": "",
        "defaultVariables": {},
        "globalKnowledgeBaseId": "",
        "postCallAnalyticsConfig": {"dispositionMetrics": []},
        "singlePromptConfig": {"prompt": PROMPT, "tools": []},
    }
    taken = [name for name, value in empty.items() if (await s.write(**{name: value})).is_success]
    return f"taken empty: {', '.join(taken) or 'none'}"


async def _draft_id_form(s: Scratch) -> str | None:
    draft = str((await s.written(firstMessage="Hello.")).get("draftId") or "")
    if re.fullmatch(r"[0-9a-f]{24}", draft):
        return "24 hexadecimal digits"
    return re.sub(r"[0-9a-f]+", "x", draft) or None


async def _unknown_voice(s: Scratch) -> str:
    voice = {"model": "waves_lightning_v3_1", "voiceId": "agentops-no-such-voice"}
    return _verdict(await s.write(synthesizer={"voiceConfig": voice}))


async def _unknown_number(s: Scratch) -> str:
    return _verdict(await s.ask("PATCH", s.agent, {"telephonyProductId": [_NO_AGENT]}))


async def _missing_agent(s: Scratch) -> str:
    return f"{(await s.ask('GET', f'/agent/{_NO_AGENT}')).status}"


async def _created_data(s: Scratch) -> str:
    return "object" if isinstance(s.created, dict) else "string"


async def _duplicate_name(s: Scratch) -> str | ProbeAnswer:
    """Creates a second agent of the same name, with configuration, for `_create_config` to look at as well."""
    answer = await s.ask("POST", "/agent", {"name": s.name, "workflowType": "single_prompt", "firstMessage": GREETING})
    if not answer.is_success:
        return ProbeAnswer("duplicate_name", None, f"a second agent of the name was refused ({answer.status})")
    s.agent_ids.append(id_of(answer.body.get("data") if isinstance(answer.body, dict) else answer.body))
    data = await s.data("GET", f"/agent/{s.agent_ids[1]}")
    return "kept" if data.get("name") == s.name else "renamed"


async def _tool_name(s: Scratch) -> str | ProbeAnswer:
    """Makes two scratch tools of one name; `_tool_refs_name` uses the first as well."""
    await _make_tool(s)
    if not s.tool_ids:
        return ProbeAnswer("tool_name", None, "the account takes no tool")
    await _make_tool(s)
    return "shared" if len(s.tool_ids) == 2 else "refused"


async def _make_tool(s: Scratch) -> None:
    answer = await s.ask("POST", "/tool", {"definition": s.tool})
    if answer.is_success:
        s.tool_ids.append(str(answer.body["data"]["toolId"]))


async def _tool_refs_name(s: Scratch) -> str | ProbeAnswer | None:
    if not s.tool_ids:
        return ProbeAnswer("tool_refs_name", None, "the account takes no tool")
    await s.written(singlePromptConfig={"prompt": PROMPT, "toolRefs": s.tool_ids[:1]})
    return _name_of((await s.draft())["_resolvedConfig"], s.tool_ids[:1])


async def _create_config(s: Scratch) -> str | ProbeAnswer:
    if len(s.agent_ids) < 2:
        return ProbeAnswer("create_config", None, "there is no second agent to look at")
    data = await s.data("GET", f"/agent/{s.agent_ids[1]}")
    resolved = data.get("_resolvedConfig") or data
    return "kept" if resolved.get("firstMessage") == GREETING else "ignored"


async def _retired_status(s: Scratch) -> str | ProbeAnswer:
    answer = await s.ask("GET", f"{s.agent}/drafts")
    if answer.status not in (404, 409):
        return ProbeAnswer("retired_status", None, f"the older versioning's drafts are answered with {answer.status}")
    return str(answer.status)


async def _wrong_key_status(s: Scratch) -> str | ProbeAnswer:
    try:
        await s.stranger.request("GET", f"{API}/agent", query={"page": 1, "offset": 1})
    except AnsweredError as refused:
        status = refused.answer.status
        return str(status) if status in (401, 500) else ProbeAnswer("wrong_key_status", None, f"it is {status}")
    return ProbeAnswer("wrong_key_status", None, "a key that is nobody's was taken")


def _verdict(answer: Answer) -> str:
    return "taken" if answer.is_success else f"refused with {answer.status}"


def _section_of(sections: Mapping[str, Any], value: Any) -> str | None:
    return next((name for name, section in sections.items() if _name_of(section, value)), None)


def _name_of(stored: Any, value: Any) -> str | None:
    """The name under which `value` is stored, at any depth."""
    if not isinstance(stored, Mapping):
        return None
    for name, found in stored.items():
        if found == value and type(found) is type(value):
            return str(name)
        if inner := _name_of(found, value):
            return inner
    return None


# The order matters around publishes: questions about the first revision come before the next one is made.
QUESTIONS = (
    ProbeQuestion("created_data", _created_data),
    ProbeQuestion("active_version_id", _active_version_id),
    ProbeQuestion("mirrors", _mirrors),
    ProbeQuestion("draft_counter", _draft_counter),
    ProbeQuestion("first_message_section", _first_message_section),
    ProbeQuestion("transcriber_section", _transcriber_section),
    ProbeQuestion("sample_rate_section", _sample_rate_section),
    ProbeQuestion("single_prompt_write", _single_prompt_write),
    ProbeQuestion("analytics_write", _analytics_write),
    ProbeQuestion("nested_write", _nested_write),
    ProbeQuestion("unknown_keys", _unknown_keys),
    ProbeQuestion("transcriber_types", _transcriber_types),
    ProbeQuestion("config_revision", _config_revision),
    ProbeQuestion("conflict_body", _conflict_body),
    ProbeQuestion("expected_before_first_write", _expected_before_first_write),
    ProbeQuestion("custom_llm_name", _custom_llm_name),
    ProbeQuestion("knowledge_name", _knowledge_name),
    ProbeQuestion("clearing", _clearing),
    ProbeQuestion("draft_id_form", _draft_id_form),
    ProbeQuestion("unknown_voice", _unknown_voice),
    ProbeQuestion("unknown_number", _unknown_number),
    ProbeQuestion("missing_agent", _missing_agent),
    ProbeQuestion("label_characters", _label_characters),
    ProbeQuestion("label_length", _label_length),
    ProbeQuestion("fork_head", _fork_head),
    ProbeQuestion("scan_scope", _scan_scope),
    ProbeQuestion("identical_publish", _identical_publish),
    ProbeQuestion("restored_label", _restored_label),
    ProbeQuestion("scanning_row", _scanning_row),
    ProbeQuestion("duplicate_name", _duplicate_name),
    ProbeQuestion("create_config", _create_config),
    ProbeQuestion("tool_name", _tool_name),
    ProbeQuestion("tool_refs_name", _tool_refs_name),
    ProbeQuestion("retired_status", _retired_status),
    ProbeQuestion("wrong_key_status", _wrong_key_status),
)
# What a scratch agent alone can't show, and why.
NOT_ASKED = {
    "number_move": "it would take a number away from another agent",
    "failed_publish_error": "it takes a text that the security check refuses",
    "talking_events": "only a spoken call has them",
    "control_characters": "the client reads both spellings alike",
    "knowledge_section": "it takes a published revision with somebody's knowledge base",
    "version_filter": "it takes calls under two revisions",
}
