"""The state of one emulated account: its documents with ids and times, keys, session tokens and calls.

The REST modules give the documents their meaning. The realtime side uses `take_token`, `accepts_key`, `add_call`,
`update_call`, `add_call_event` and `put_recording`, and `versions.live_config(store, agent_id)`.
"""

from __future__ import annotations

import json
import random
import re
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from agentops.emulator.options import EmulatorOptions
from agentops.emulator.store.database import Body, Database

MOST_WARNINGS = 200  # the oldest are forgotten
TOKEN_TTL_S = 30  # `POST /conversation/register-call` says expires_in 30
ORGANIZATION_ID = "65f0000000000000000000aa"
USER_ID = "65f0000000000000000000bb"
USER_NAME = "Local Developer"
ENDED = ("completed", "failed", "no_answer", "cancelled")  # statuses that no longer change


class Clock:
    """The emulator's time: the machine's, plus the time that it was advanced by; faster from its start on, if asked."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC), *, speed: float = 1.0) -> None:
        self._now, self._began = now, now()
        self.speed = speed
        self.offset = timedelta()

    def now(self) -> datetime:
        gone = self._now() - self._began
        return self._began + gone * self.speed + self.offset

    def advance(self, seconds: float) -> None:
        self.offset += timedelta(seconds=seconds)


def to_iso(moment: datetime) -> str:
    """`2026-10-01T10:00:00.000Z`, the form of all the platform's REST timestamps."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def from_iso(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


@dataclass(frozen=True, slots=True)
class Grant:
    """What a `wct_` token stands for: one session with one agent."""

    agent_id: str
    mode: str = "webcall"
    variables: dict[str, Any] = field(default_factory=dict)


class InboundCall(Protocol):
    """A call of somebody who phoned in, with times in milliseconds since it began (`behaviour.callers` makes them)."""

    lines: list[tuple[str, str, float]]
    turns: list[tuple[float, float]]
    ends_ms: float
    reason: str
    is_helped: bool


class Callers(Protocol):
    """The people who phone an agent of their own accord. `calls_per_hour` is 0 where nobody does."""

    @property
    def calls_per_hour(self) -> float: ...

    def call(self, revision_id: str, config: Mapping[str, Any], random: random.Random) -> InboundCall: ...


def answers_always(_agent: str, _number: str) -> list[Body]:
    """A person whom no behaviour file describes."""
    return [{"does": "answers", "lasts_s": 30.0, "says": [], "refuses_calls": False}]


@dataclass(frozen=True, slots=True)
class _Nobody:
    calls_per_hour: float = 0.0

    def call(self, revision_id: str, config: Mapping[str, Any], random: random.Random) -> InboundCall:
        raise LookupError("nobody phones in")


def no_callers(_agent: str) -> Callers:
    return _Nobody()


class Store:
    """One account. Every write is durable when the method returns, or when the surrounding `transaction` ends."""

    def __init__(self, options: EmulatorOptions, *, clock: Clock | None = None) -> None:
        self.options = options
        self.clock = clock or Clock(speed=options.clock_speed)
        self.database = Database(options.data)
        self.warnings: deque[str] = deque(maxlen=MOST_WARNINGS)
        self.on_warning: Callable[[str], None] = lambda text: None
        # Set by the application from the behaviour files, which the store doesn't know.
        self.callee: Callable[[str, str], list[Body]] = answers_always  # agent's name, number -> what each call does
        self.callers: Callable[[str], Callers] = no_callers  # agent's name -> who phones it
        self._random = random.Random(options.seed)
        self._listeners: list[Callable[[str, Body], None]] = []
        self._call_watchers: list[Callable[[str, Body], None]] = []

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self.database.transaction():
            yield

    def close(self) -> None:
        self.database.close()

    def warn(self, text: str) -> None:
        """Notes, once each, what the emulator accepted although it could not check it."""
        if text not in self.warnings:
            self.warnings.append(text)
            self.on_warning(text)

    # -- ids and times

    def now(self) -> str:
        return to_iso(self.clock.now())

    def stamps(self) -> Body:
        """The times of a new document. They are the same: one that was updated after it was made counts as edited."""
        now = self.now()
        return {"createdAt": now, "updatedAt": now}

    def new_id(self) -> str:
        """24 hex characters that begin with the time, as the platform's ObjectIds do."""
        return f"{int(self.clock.now().timestamp()):08x}{self._random.getrandbits(64):016x}"

    def new_uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def new_call_id(self) -> str:
        """`CALL-<13 digits of epoch milliseconds>-<6 hex>`."""
        return f"CALL-{int(self.clock.now().timestamp() * 1000):013d}-{self._random.getrandbits(24):06x}"

    # -- keys and session tokens

    def accepts_key(self, key: str) -> bool:
        """Any `sk_` key, unless the emulator was started with keys of its own."""
        return key in self.options.keys if self.options.keys else re.fullmatch(r"sk_\S+", key) is not None

    def add_token(self, grant: Grant) -> str:
        token = f"wct_{self.new_uuid()}"
        body = {
            "agent_id": grant.agent_id,
            "mode": grant.mode,
            "variables": grant.variables,
            # 30 seconds of the client's time, however fast the emulator's goes by.
            "expires": (self.clock.now() + timedelta(seconds=TOKEN_TTL_S * self.clock.speed)).timestamp(),
        }
        self.database.put("token", token, body)
        return token

    def take_token(self, token: str) -> Grant | None:
        """The token's grant; None when it is unknown, used or older than 30 seconds. It can't be taken again."""
        with self.transaction():
            body = self.database.get("token", token)
            self.database.drop("token", token)
        if body is None or body["expires"] < self.clock.now().timestamp():
            return None
        return Grant(body["agent_id"], body["mode"], body["variables"])

    # -- calls

    def add_call(self, record: Body) -> None:
        """Stores a new call. `record` is in the REST shape of `GET /conversation/{callId}`, with at least `callId`,
        `agentId`, `type`, `status`; missing ids and times are filled in."""
        self._notify("started", self.put_call(record))

    def put_call(self, record: Body) -> Body:
        """Stores a call without notifying anybody, since it is over already, and returns it filled in."""
        filled = {"_id": self.new_id(), **self.stamps(), "transcript": [], **record}
        with self.transaction():
            self.database.put("call", record["callId"], filled, owner=record["agentId"])
            if agent := self.database.get("agent", record["agentId"]):
                self.database.put("agent", agent["_id"], {**agent, "totalCalls": agent["totalCalls"] + 1})
        return filled

    def update_call(self, call_id: str, changes: Body) -> None:
        """Replaces the given top-level fields of a call. Raises LookupError when there is no such call."""
        with self.transaction():
            record = self.database.get("call", call_id)
            if record is None:
                raise LookupError(f"no call {call_id}")
            changed = {**record, **changes, "updatedAt": self.now()}
            self.database.put("call", call_id, changed)
        if changed["status"] in ENDED and record["status"] not in ENDED:
            self._notify("ended", changed)

    def watch_calls(self, watcher: Callable[[str, Body], None]) -> None:
        """Calls `watcher("started" | "ended", record)` for every call from now on, in the thread that writes it."""
        self._call_watchers.append(watcher)

    def _notify(self, stage: str, record: Body) -> None:
        for watcher in self._call_watchers:
            watcher(stage, record)

    def call(self, call_id: str) -> Body | None:
        return self.database.get("call", call_id)

    def add_call_event(self, call_id: str, event: Body) -> Body:
        """Stores an event of a call as `/events` sends it, notifies the listeners, and returns it filled in."""
        filled = {"event_id": self.new_uuid(), "timestamp": self.now(), "call_id": call_id, **event}
        self.database.put("event", filled["event_id"], filled, owner=call_id)
        for listener in list(self._listeners):  # a copy: a listener may leave when the call ends
            listener(call_id, filled)
        return filled

    def call_events(self, call_id: str) -> list[Body]:
        return [json.loads(text) for _, text in self.database.rows("event", owner=call_id)]

    def put_recording(self, call_id: str, wav: bytes) -> None:
        """Stores a call's stereo recording; the oldest ones are deleted where all together become too large."""
        with self.transaction():
            self.database.put_blob(call_id, wav)
            self.database.drop_oldest_blobs(self.options.recordings_bytes)

    def recording(self, call_id: str) -> bytes | None:
        return self.database.get_blob(call_id)

    def has_recording(self, call_id: str) -> bool:
        return self.database.has_blob(call_id)

    @contextmanager
    def listening(self, listener: Callable[[str, Body], None]) -> Iterator[None]:
        """While inside, `listener(call_id, event)` is called for each new event, in the thread that adds it."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)
