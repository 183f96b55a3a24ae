"""`GET /atoms/v1/agent/connect`: the handshake of a realtime session, and the session's life on its socket."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from agentops import speech
from agentops.emulator.behaviour.dialogue import Dialogue, enabled_tools
from agentops.emulator.behaviour.files import Behaviour, Behaviours, read_behaviours
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.realtime.call_record import Setup
from agentops.emulator.realtime.client_tools import ClientTools
from agentops.emulator.realtime.ears import Ears
from agentops.emulator.realtime.session import Session
from agentops.emulator.realtime.tool_calls import call_tool, read_variables, send_request
from agentops.emulator.realtime.work import CallTool, Compose, Hear, Work
from agentops.emulator.rest.schema import OBJECT_ID
from agentops.emulator.rest.versioning import versions
from agentops.emulator.store.state import Grant, Store

PATH = "/atoms/v1/agent/connect"
MODES = ("webcall", "chat")
SAMPLE_RATES_HZ = (8000, 16000, 24000, 48000)
DEFAULT_SAMPLE_RATE_HZ = 24000
FATAL_SETUP = 4000  # close code after an `error` that ends a session before it began
_SHORTEST_WAIT_S = 0.001  # between two alarms of one session
# Keys that the platform fills in itself; a caller's values for them are dropped.
RESERVED_VARIABLES = frozenset(
    {"call_id", "conversation_type", "agent_number", "user_number", "current_date", "current_time", "current_day"}
    | {"agent_gender", "default_language", "supported_languages", "timezone"}
)


def open_endpoint(store: Store) -> Endpoint:
    """The realtime side of this account. Raises EmulatorError when a behaviour file of the options can't be read."""
    return Endpoint(store, read_behaviours(store.options.behaviours))


class _Rejected(Exception):
    """The handshake is refused with an HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class _FatalSetup(Exception):
    """The session can't begin: an `error` message and close code 4000."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the caller asks for in the handshake."""

    grant: Grant
    sample_rate_hz: int = DEFAULT_SAMPLE_RATE_HZ


@dataclass(slots=True)
class Endpoint:
    """Opens sessions. `is_draining` refuses new ones, as the platform does while it is being replaced."""

    store: Store
    behaviours: Behaviours
    ears: Ears = field(default_factory=Ears)
    is_draining: bool = False

    def routes(self) -> list[BaseRoute]:
        return [WebSocketRoute(PATH, self.connect)]

    def close(self) -> None:
        self.ears.close()

    async def connect(self, socket: WebSocket) -> None:
        try:
            wish = self._authorize(socket)
        except _Rejected as no:
            await _reject(socket, no)
            return
        await socket.accept()
        try:
            session = await self._open(wish)
        except _FatalSetup as no:
            await socket.send_text(json.dumps({"type": "error", "code": no.code, "message": no.message}))
            await socket.close(FATAL_SETUP)
            return
        await _Line(self.store, self.ears, socket, session).run()

    # -- the handshake

    def _authorize(self, socket: WebSocket) -> _Wish:
        if self.is_draining:
            raise _Rejected(503, "Service Unavailable")
        query = socket.query_params
        scheme, _, key = socket.headers.get("authorization", "").partition(" ")
        token = key.strip() if scheme.lower() == "bearer" and key else query.get("token", "")
        if token.startswith("wct_"):
            grant = self.store.take_token(token)
            if grant is None:
                raise _Rejected(401, "Unauthorized")
            return _Wish(grant)
        if not token or not self.store.accepts_key(token):
            raise _Rejected(401, "Unauthorized")
        return self._read_query(query)

    def _read_query(self, query: Mapping[str, str]) -> _Wish:
        agent_id, mode, rate = query.get("agent_id", ""), query.get("mode", "webcall"), query.get("sample_rate", "")
        if not re.fullmatch(OBJECT_ID, agent_id):
            raise _Rejected(400, "Invalid agent id")
        if self.store.database.get("agent", agent_id) is None:
            raise _Rejected(401, "Unauthorized")
        if mode not in MODES:
            raise _Rejected(400, f"mode: expected one of {', '.join(MODES)}")
        if rate and rate not in map(str, SAMPLE_RATES_HZ):
            raise _Rejected(400, f"sample_rate: expected one of {', '.join(map(str, SAMPLE_RATES_HZ))}")
        grant = Grant(agent_id, mode, _read_variables(query.get("variables", "")))
        return _Wish(grant, int(rate) if rate else DEFAULT_SAMPLE_RATE_HZ)

    # -- the session

    async def _open(self, wish: _Wish) -> Session:
        grant = wish.grant
        agent = self.store.database.get("agent", grant.agent_id)
        config = versions.live_config(self.store, grant.agent_id)
        if agent is None:
            raise _FatalSetup("404", "Agent not found")
        if config is None:
            raise _FatalSetup("400", "Agent is archived and cannot initiate calls")
        if grant.mode == "webcall" and not speech.is_available():
            raise _FatalSetup("internal_error", str(speech.SpeechUnavailableError()))
        if grant.mode == "webcall":
            self.ears.prepare()
        behaviour = self.behaviours.of(agent["name"])
        live = versions.live_revision(self.store, agent)
        call_id = self.store.new_call_id()
        known = _server_variables(self.store, call_id, grant.mode, config)
        given = {name: value for name, value in grant.variables.items() if name not in RESERVED_VARIABLES}
        variables = {**config.get("defaultVariables", {}), **given, **known}
        variables |= await self._pre_call(behaviour, config, variables)
        setup = Setup(
            agent_id=grant.agent_id,
            agent_name=agent["name"],
            call_id=call_id,
            session_id=self.store.new_uuid(),
            mode=grant.mode,
            sample_rate_hz=wish.sample_rate_hz,
            config=config,
            variables=variables,
            opened_at=self.store.clock.now(),
            version_id=live["_id"] if live else None,
            version_number=live.get("revisionNumber", live.get("versionNumber")) if live else None,
        )
        has_model = self.store.options.language_model is not None
        return build_session(setup, Dialogue(behaviour, config, variables, has_model=has_model), self.store.options)

    async def _pre_call(
        self, behaviour: Behaviour, config: Mapping[str, Any], variables: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The variables that the agent's pre-call API tells: the behaviour's answer, or a real request."""
        api = config.get("preCallAPI", {})
        if not api.get("isEnabled"):
            return {}
        answer = behaviour.pre_call
        if answer is None and self.store.options.allow_tool_calls:
            answer, _ = await send_request(api, variables, timeout_s=float(api.get("timeout", 5)))
        return read_variables(api.get("responseVariables", []), answer)


def build_session(setup: Setup, dialogue: Dialogue, options: EmulatorOptions) -> Session:
    """The session of a voice call or a chat; only a voice call needs the speech extra."""
    tools = ClientTools(enabled_tools(setup.config)) if options.client_tools else None
    if setup.mode == "chat":
        return Session(setup, dialogue, client_tools=tools)
    from agentops.emulator.realtime.detection import VoiceDetector
    from agentops.emulator.realtime.voice import voice_of

    detector = VoiceDetector(setup.config.get("voiceDetectionConfig", {}), setup.sample_rate_hz)
    voice = voice_of(setup.config)
    return Session(
        setup,
        dialogue,
        detector=detector,
        voice=voice,
        client_tools=tools,
        talking_events=options.choices.talking_events,
    )


async def _reject(socket: WebSocket, no: _Rejected) -> None:
    if no.message == "Invalid agent id":
        await socket.send_denial_response(PlainTextResponse(no.message, no.status))
        return
    await socket.send_denial_response(JSONResponse({"status": False, "errors": [no.message]}, no.status))


def _read_variables(text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        variables = json.loads(text)
    except ValueError:
        raise _Rejected(400, "variables: expected a JSON object") from None
    if not isinstance(variables, dict) or not all(isinstance(v, (str, int, float, bool)) for v in variables.values()):
        raise _Rejected(400, "variables: expected a JSON object of strings, numbers and booleans")
    return variables


def _server_variables(store: Store, call_id: str, mode: str, config: Mapping[str, Any]) -> dict[str, Any]:
    now = store.clock.now()
    language = config.get("language", {})
    return {
        "call_id": call_id,
        "conversation_type": mode,
        "agent_number": "",
        "user_number": "",
        "current_date": now.strftime("%Y-%m-%d"),
        "current_time": now.strftime("%H:%M"),
        "current_day": now.strftime("%A"),
        "agent_gender": config.get("synthesizer", {}).get("voiceConfig", {}).get("gender", ""),
        "default_language": language.get("default", ""),
        "supported_languages": ",".join(language.get("supported", [])),
        "timezone": config.get("timezone", {}).get("label", ""),
    }


class _Line:
    """Drives one session: its socket, its clock and its work. All of it runs in one event loop."""

    def __init__(self, store: Store, ears: Ears, socket: WebSocket, session: Session) -> None:
        self._store = store
        self._ears = ears
        self._socket = socket
        self._session = session
        self._loop = asyncio.get_running_loop()
        self._opened = self._loop.time()
        self._awake = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._workers: set[asyncio.Task[None]] = set()
        self._is_recorded = False

    async def run(self) -> None:
        session, store = self._session, self._store
        store.add_call(session.record.to_document(status="active"))
        receiver = asyncio.create_task(self._receive())
        try:
            session.start(self._now())
            self._settle()
            await self._send_until_ended()
        finally:
            for task in (receiver, *self._workers):
                task.cancel()
            if self._timer is not None:
                self._timer.cancel()
            await asyncio.gather(receiver, *self._workers, return_exceptions=True)
            await self._keep()

    def _now(self) -> float:
        return (self._loop.time() - self._opened) * 1000.0

    async def _receive(self) -> None:
        try:
            while True:
                self._session.receive(await self._socket.receive_text(), self._now())
                self._settle()
        except (WebSocketDisconnect, RuntimeError, KeyError):
            self._session.hang_up(self._now())
            self._settle()

    def _settle(self) -> None:
        """After each step of the session: start its work, set its alarm, wake the sender."""
        session = self._session
        for work in session.work:
            task = self._loop.create_task(self._perform(work))
            self._workers.add(task)
            task.add_done_callback(self._worked)
        session.work.clear()
        if session.ending is not None and not self._is_recorded:
            self._record()
        self._tell()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if session.ending is None:
            due = max(self._opened + session.next_ms() / 1000.0, self._loop.time() + _SHORTEST_WAIT_S)
            self._timer = self._loop.call_at(due, self._tick)
        if session.frames or session.ending is not None:
            self._awake.set()

    def _tick(self) -> None:
        self._session.advance(self._now())
        self._settle()

    async def _perform(self, work: Work) -> None:
        self._session.finish(work, await self._result(work), self._now())
        self._settle()

    async def _result(self, work: Work) -> Any:
        if isinstance(work, Hear):
            return await self._ears.hear(work.pcm, sample_rate_hz=work.sample_rate_hz, phrases=work.phrases)
        if isinstance(work, CallTool):
            return await call_tool(work, may_send=self._store.options.allow_tool_calls)
        if isinstance(work, Compose):
            model = self._store.options.language_model
            assert model is not None  # a dialogue asks for one only when there is one
            return await model.compose(work.messages)
        from agentops.emulator.realtime.voice import render

        return await asyncio.to_thread(render, work.line)

    def _worked(self, task: asyncio.Task[None]) -> None:
        self._workers.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._session.fail(f"{type(failure).__name__}: {failure}", self._now())
            self._settle()

    async def _send_until_ended(self) -> None:
        session = self._session
        try:
            while True:
                while session.frames:
                    await self._socket.send_text(session.frames.popleft())
                if session.ending is not None:
                    break
                self._awake.clear()
                await self._awake.wait()
            if session.ending.close_code is not None:
                await self._socket.close(session.ending.close_code)
        except (WebSocketDisconnect, RuntimeError):
            session.hang_up(self._now())

    def _tell(self) -> None:
        for event in self._session.record.take_events():
            self._store.add_call_event(self._session.setup.call_id, event)

    def _record(self) -> None:
        """The finished call, kept before its caller learns that it is over."""
        session = self._session
        assert session.ending is not None
        self._is_recorded = True
        document = session.record.to_document(
            status="completed", ended_ms=session.ended_ms, disconnection=session.ending.disconnection
        )
        self._store.update_call(session.setup.call_id, document)

    async def _keep(self) -> None:
        """What remains to be kept once the socket is done with: the recording."""
        session = self._session
        if session.ending is None:
            session.hang_up(self._now())
        if not self._is_recorded:
            self._record()
        self._tell()
        if session.setup.mode == "webcall":
            stereo, mono = await asyncio.to_thread(session.record.to_wav)
            self._store.put_recording(session.setup.call_id, stereo)
            self._store.put_recording(session.setup.call_id, mono, stereo=False)
