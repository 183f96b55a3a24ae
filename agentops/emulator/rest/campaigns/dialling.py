"""Campaigns that dial: scripted people who answer or don't, as the emulator's clock goes on.

When a campaign is started for the first time, all its calls are planned: on `AT_ONCE` lines, people in the order of the
audience, those who don't answer once more after the delay. Whoever reads later finds the calls that have ended by then.
How the platform spreads calls over time is not known.
"""

from __future__ import annotations

import heapq
from datetime import timedelta
from typing import Any

from agentops.emulator.rest.versioning import versions
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import Store, from_iso, to_iso

AT_ONCE = 10  # calls at the same time
RINGS_S = 20.0  # before somebody answers, or nobody does
STARTS_WITHIN_S = 2.0  # a campaign that was started is `processing` this long
_OUTCOMES: dict[str, Body] = {
    "answers": {"status": "completed", "disconnectionReason": "agent_hangup"},
    "hangs_up": {"status": "completed", "disconnectionReason": "user_hangup"},
    "busy": {"status": "failed", "callFailureReason": "busy"},
    "voicemail": {"status": "failed", "callFailureReason": "voicemail"},
    "no_answer": {"status": "no_answer"},
}
_TALKING = ("answers", "hangs_up", "voicemail")


def _plan_calls(store: Store, campaign: Body) -> None:
    """Stores the calls of a campaign that was never started before, in the order in which they end."""
    if store.database.get("dialling", campaign["_id"]) is not None:
        return
    agent = store.database.get("agent", campaign["agentId"]) or {}
    audience = store.database.get("audience", campaign["audienceId"]) or {}
    column = audience.get("phoneNumberColumnName", "")
    members = store.database.all("member", owner=campaign["audienceId"])
    numbers = [str(member["data"].get(column, "")) for member in members]
    calls = _calls([store.callee(agent.get("name", ""), each) for each in numbers], campaign)
    for call in calls:
        member = members[call["member"]]
        call |= {"to": numbers[call["member"]], "memberId": member["_id"]}
    store.database.put("dialling", campaign["_id"], {"calls": calls, "made": 0})


def _calls(people: list[list[Body]], campaign: Body) -> list[Body]:
    """All calls; `attempt` counts from 0, `begins_s` and `ends_s` from the start of the campaign."""
    # Both are heaps: who is to be called next, and when each line becomes free.
    due = [(0.0, index, 0) for index in range(len(people))]
    lines = [0.0] * AT_ONCE
    calls: list[Body] = []
    while due:
        ready_s, person, attempt = heapq.heappop(due)
        begins_s = max(ready_s, heapq.heappop(lines))
        behaviour = people[person][min(attempt, len(people[person]) - 1)]
        talks_s = float(behaviour["lasts_s"]) if behaviour["does"] in _TALKING else 0.0
        ends_s = begins_s + RINGS_S + talks_s
        heapq.heappush(lines, ends_s)
        calls.append(
            {
                "member": person, "attempt": attempt, "begins_s": begins_s, "ends_s": ends_s, "talks_s": talks_s,
                "does": behaviour["does"], "says": behaviour["says"], "refuses_calls": behaviour["refuses_calls"],
            }
        )  # fmt: skip
        is_reached = _OUTCOMES[behaviour["does"]]["status"] == "completed"
        if not is_reached and attempt < campaign["maxRetries"]:
            heapq.heappush(due, (ends_s + campaign["retryDelay"] * 60, person, attempt + 1))
    return sorted(calls, key=lambda call: (call["ends_s"], call["member"]))


def advance_all(store: Store) -> None:
    for campaign in store.database.all("campaign"):
        advance(store, campaign)


def advance(store: Store, campaign: Body) -> Body:
    """Brings the campaign to what it is by now and returns it: its status, and the records of calls that have ended."""
    now = store.clock.now()
    if campaign["status"] == "scheduled" and campaign["scheduledAt"] and from_iso(campaign["scheduledAt"]) <= now:
        campaign = move(store, campaign, "processing", "schedule")
    started = campaign["startedAt"]
    if campaign["status"] == "processing" and from_iso(started) + timedelta(seconds=STARTS_WITHIN_S) <= now:
        campaign = move(store, campaign, "running", "system")
    if campaign["status"] != "running":
        return campaign
    elapsed_s = elapsed(store, campaign)
    dialling = store.database.get("dialling", campaign["_id"]) or {"calls": [], "made": 0}
    calls, made = dialling["calls"], dialling["made"]
    while made < len(calls) and calls[made]["ends_s"] <= elapsed_s:
        _record(store, campaign, calls[made], elapsed_s)
        made += 1
    if made > dialling["made"]:
        store.database.put("dialling", campaign["_id"], {**dialling, "made": made})
    return move(store, campaign, "completed", "system") if made == len(calls) else campaign


def elapsed(store: Store, campaign: Body) -> float:
    """How long the campaign has been dialling, without its pauses, on its own fast clock, in seconds."""
    if campaign["status"] not in ("processing", "running"):
        return float(campaign["dialledS"])
    since = store.clock.now() - from_iso(campaign["startedAt"])
    return float(campaign["dialledS"]) + since.total_seconds() * store.options.campaign_speed


def move(store: Store, campaign: Body, status: str, source: str) -> Body:
    """Stores the campaign with another status, and the event. `source` is what caused it: user, schedule or system."""
    action = {"processing": "start", "running": "running", "paused": "pause", "completed": "complete"}[status]
    event = {"_id": store.new_id(), "triggerSource": source, "eventAction": action, "createdAt": store.now()}
    moved = {**campaign, "status": status, "updatedAt": store.now(), "dialledS": elapsed(store, campaign)}
    if status == "processing":
        _plan_calls(store, campaign)
    if status in ("processing", "running"):
        moved["startedAt"] = store.now()
    moved["events"] = [*campaign["events"], event]
    store.database.put("campaign", campaign["_id"], moved)
    return moved


def _record(store: Store, campaign: Body, call: Body, elapsed_s: float) -> None:
    """Writes down one call, and the number of a person who asked never to be called again."""
    agent = store.database.get("agent", campaign["agentId"])
    if agent is None:
        return
    revision = versions.live_revision(store, agent)  # what serves now: a campaign isn't bound to a version
    ago_s = (elapsed_s - call["begins_s"]) / store.options.campaign_speed
    call_id = store.new_call_id()
    product = store.database.all("product")
    said = [{"role": "user", "content": text, "timestamp": store.now()} for text in call["says"]]
    record: dict[str, Any] = {
        "callId": call_id,
        "agentId": agent["_id"],
        "campaignId": campaign["_id"],
        "type": "telephony_outbound",
        "status": "in_progress",
        "duration": call["talks_s"],
        "from": product[0]["attributes"]["phoneNumber"] if product else None,
        "to": call["to"],
        "isTest": False,
        "callCost": 0,
        "retryAttemptNumber": call["attempt"],
        "createdAt": to_iso(store.clock.now() - timedelta(seconds=ago_s)),
        "versionId": revision and revision["_id"],
        "versionNumber": revision and revision["versionNumber"],
        "transcript": said if call["talks_s"] else [],
    }
    store.add_call(record)
    store.update_call(call_id, _OUTCOMES[call["does"]])
    if call["refuses_calls"]:
        entry_id = store.new_id()
        entry = {
            "id": entry_id,
            "agentId": agent["_id"],
            "orgId": campaign["organization"],
            "phoneNumber": call["to"],
            "source": "call",
            "detectedInCallId": call_id,
            **store.stamps(),
        }
        store.database.put("dnc", entry_id, entry)


def outcomes(store: Store, campaign: Body) -> dict[str, Body]:
    """By member id, the last call of each who was called: `attempt`, `does`, `is_reached`."""
    dialling = store.database.get("dialling", campaign["_id"]) or {"calls": [], "made": 0}
    return {
        call["memberId"]: {**call, "is_reached": _OUTCOMES[call["does"]]["status"] == "completed"}
        for call in dialling["calls"][: dialling["made"]]
    }
