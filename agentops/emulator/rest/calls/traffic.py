"""People who phone in of their own accord: the calls of the time that went by are made when somebody next looks.

Who calls and how a call goes is decided by the behaviour file; here each call gets its time, its revision and its
record. Calls come at random, but they are the same for the same agent, whoever looks and however often.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

from agentops.emulator.rest.calls.call_figures import turn_latencies
from agentops.emulator.rest.library.in_calls import with_library
from agentops.emulator.rest.versioning import versions
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import Callers, InboundCall, Store, from_iso, to_iso

MOST = 20_000  # calls of one agent made at once, so that a clock advanced by years can't hang a request
_COST_PER_MINUTE = 0.08  # of the emulator's own choice


def catch_up(store: Store) -> None:
    """Makes the calls of all agents that have ended by now."""
    for agent in store.database.all("agent"):
        catch_up_agent(store, agent)


def catch_up_agent(store: Store, agent: Body) -> None:
    """Makes the calls of one agent that have ended by now; to be called before another revision of it goes live."""
    callers = store.callers(agent["name"])
    if callers.calls_per_hour == 0 or agent["archived"]:
        return
    with store.transaction():
        versions.finish_scans(store, agent["_id"])
        if not agent["allowInboundCall"]:  # the time without calls is not made up for afterwards
            known = store.database.get("traffic", agent["_id"]) or {"made": 0}
            store.database.put("traffic", agent["_id"], {**known, "at": store.now()})
        elif timeline := _timeline(store, agent):
            _make_calls(store, agent, callers, timeline)


def _timeline(store: Store, agent: Body) -> list[tuple[datetime, Body]]:
    """When each revision began to serve, oldest first, as far as that is known."""
    if store.options.api == "v1":
        live = versions.live_revision(store, agent)
        served = [each for each in versions.revisions_of(store, agent["_id"]) if each["activatedAt"]]
        if live is not None and not live["activatedAt"]:  # what serves an agent from its creation was never activated
            served.append(live)
        return sorted(((from_iso(each["activatedAt"] or each["publishedAt"]), each) for each in served), key=_by_time)
    served = [each for each in versions.revisions_of(store, agent["_id"]) if each["branch"] == agent["liveBranchId"]]
    return sorted(((from_iso(each["publishedAt"]), each) for each in served), key=_by_time)


def _by_time(entry: tuple[datetime, Body]) -> datetime:
    return entry[0]


def _make_calls(store: Store, agent: Body, callers: Callers, timeline: list[tuple[datetime, Body]]) -> None:
    now, key = store.clock.now(), agent["_id"]
    known = store.database.get("traffic", key) or {"made": 0, "at": to_iso(timeline[0][0])}
    made, at = int(known["made"]), from_iso(known["at"])
    for _ in range(MOST):
        # A generator for each call, by its number: the same calls come however often somebody looks in between.
        random = Random(f"{key} {made}")
        begins = at + timedelta(hours=random.expovariate(callers.calls_per_hour))
        revision = next((each for since, each in reversed(timeline) if since <= begins), timeline[0][1])
        call = callers.call(revision["_id"], with_library(store, revision["config"]), random)
        if begins + timedelta(milliseconds=call.ends_ms) > now:
            break  # not over yet: made anew, and the same, at the next look
        _record(store, agent, revision, call, begins, random)
        made, at = made + 1, begins
    store.database.put("traffic", key, {"made": made, "at": to_iso(at)})


def _record(store: Store, agent: Body, revision: Body, call: InboundCall, begins: datetime, random: Random) -> None:
    product = store.database.all("product", owner=agent["_id"])

    def at(ms: float) -> str:
        return to_iso(begins + timedelta(milliseconds=ms))

    transitions = [
        {"turn": number, "user_end": at(ends), "bot_start": at(begins), "latency": round(begins - ends, 1)}
        for number, (ends, begins) in enumerate(call.turns, 1)
    ]
    record: dict[str, Any] = {
        "callId": f"CALL-{int(begins.timestamp() * 1000):013d}-{random.getrandbits(24):06x}",
        "agentId": agent["_id"],
        "type": "telephony_inbound",
        "status": "failed" if call.reason == "system_error" else "completed",
        "duration": round(call.ends_ms / 1000, 1),
        "disconnectionReason": call.reason,
        "from": f"+1415{random.randrange(10**7):07d}",
        "to": product[0]["attributes"]["phoneNumber"] if product else None,
        "isTest": False,
        "callCost": round(call.ends_ms / 60_000 * _COST_PER_MINUTE, 4),
        "createdAt": at(0),
        "updatedAt": at(call.ends_ms),
        "versionId": revision["_id"],
        "versionNumber": revision["versionNumber"],
        "transcript": [{"role": role, "content": text, "timestamp": at(ms)} for role, text, ms in call.lines],
        "turnLatencyMetrics": turn_latencies(transitions, at(call.ends_ms)),
        "isHelped": call.is_helped,
    }
    store.put_call(record)
