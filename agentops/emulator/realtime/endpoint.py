"""`GET /atoms/v1/agent/connect`: the handshake, and the opening of a session."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket

from agentops import speech
from agentops.emulator.behaviour.behaviours import Behaviour, Behaviours, read_behaviours
from agentops.emulator.behaviour.dialogue import Dialogue, enabled_tools
from agentops.emulator.behaviour.playbooks import PlaybookRouter
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.realtime.call_record import Setup
from agentops.emulator.realtime.client_tools import ClientTools
from agentops.emulator.realtime.connection import Connection
from agentops.emulator.realtime.recognition import RecognizerPool
from agentops.emulator.realtime.session import Session
from agentops.emulator.realtime.tool_calls import read_variables, send_request
from agentops.emulator.rest.library.in_calls import with_library
from agentops.emulator.rest.schema import OBJECT_ID
from agentops.emulator.rest.versioning import versions
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import Grant, Store

PATH = "/atoms/v1/agent/connect"
MODES = ("webcall", "chat")
SAMPLE_RATES_HZ = (8000, 16000, 24000, 48000)
DEFAULT_SAMPLE_RATE_HZ = 24000
INVALID_AGENT_ID = "Invalid agent id"
FATAL_SETUP = 4000  # close code after an `error` that ends a session before it began
# Keys that the platform fills in itself; a caller's values for them are dropped.
RESERVED_VARIABLES = frozenset(
    {"call_id", "conversation_type", "agent_number", "user_number", "current_date", "current_time", "current_day"}
    | {"agent_gender", "default_language", "supported_languages", "timezone"}
)


def open_endpoint(store: Store) -> ConnectEndpoint:
    """The realtime side of this account. Raises EmulatorError when a behaviour file of the options can't be read."""
    return ConnectEndpoint(store, read_behaviours(store.options.behaviours))


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
class _Handshake:
    """What the caller asks for in an accepted handshake."""

    grant: Grant
    sample_rate_hz: int = DEFAULT_SAMPLE_RATE_HZ


@dataclass(slots=True)
class ConnectEndpoint:
    """Opens sessions. `is_draining` refuses new ones, as the platform does while it is being replaced."""

    store: Store
    behaviours: Behaviours
    recognizers: RecognizerPool = field(default_factory=RecognizerPool)
    is_draining: bool = False

    def routes(self) -> list[BaseRoute]:
        return [WebSocketRoute(PATH, self.connect)]

    def close(self) -> None:
        self.recognizers.close()

    async def connect(self, socket: WebSocket) -> None:
        try:
            handshake = self._authorize(socket)
        except _Rejected as rejected:
            answer: Response = JSONResponse({"status": False, "errors": [rejected.message]}, rejected.status)
            if rejected.message == INVALID_AGENT_ID:  # the platform sends this one as bare text
                answer = PlainTextResponse(rejected.message, rejected.status)
            await socket.send_denial_response(answer)
            return
        await socket.accept()
        try:
            session = await self._open(handshake)
        except _FatalSetup as fatal:
            # An `error` event and close code 4000, without `session.created` and `session.closed`.
            await socket.send_text(json.dumps({"type": "error", "code": fatal.code, "message": fatal.message}))
            await socket.close(FATAL_SETUP)
            return
        session.announces_holds = "x-emulator-holds" in socket.headers
        await Connection(self.store, self.recognizers, socket, session).run()

    # -- the handshake

    def _authorize(self, socket: WebSocket) -> _Handshake:
        if self.is_draining:
            raise _Rejected(503, "Service Unavailable")
        query = socket.query_params
        scheme, _, key = socket.headers.get("authorization", "").partition(" ")
        token = key.strip() if scheme.lower() == "bearer" and key else query.get("token", "")
        if token.startswith("wct_"):  # minted by `register-call`, with agent, mode and variables; good for one session
            grant = self.store.take_token(token)
            if grant is None:
                raise _Rejected(401, "Unauthorized")
            return _Handshake(grant)
        if not token or not self.store.accepts_key(token):
            raise _Rejected(401, "Unauthorized")
        return self._read_query(query)

    def _read_query(self, query: Mapping[str, str]) -> _Handshake:
        agent_id, mode, rate = query.get("agent_id", ""), query.get("mode", "webcall"), query.get("sample_rate", "")
        if not re.fullmatch(OBJECT_ID, agent_id):
            raise _Rejected(400, INVALID_AGENT_ID)
        if self.store.database.get("agent", agent_id) is None:
            raise _Rejected(401, "Unauthorized")  # as on the platform, which has no 404 here
        if mode not in MODES:
            raise _Rejected(400, f"mode: expected one of {', '.join(MODES)}")
        if rate and rate not in map(str, SAMPLE_RATES_HZ):
            raise _Rejected(400, f"sample_rate: expected one of {', '.join(map(str, SAMPLE_RATES_HZ))}")
        grant = Grant(agent_id, mode, _read_variables(query.get("variables", "")))
        # Only here the caller chooses the rate: sessions opened with a token have the default one.
        return _Handshake(grant, int(rate) if rate else DEFAULT_SAMPLE_RATE_HZ)

    # -- the session

    async def _open(self, handshake: _Handshake) -> Session:
        grant = handshake.grant
        agent = self.store.database.get("agent", grant.agent_id)
        config = versions.live_config(self.store, grant.agent_id)
        if agent is None:
            raise _FatalSetup("404", "Agent not found")  # it can be gone since the token was minted
        if config is None:
            raise _FatalSetup("400", "Agent is archived and cannot initiate calls")
        config = with_library(self.store, config)
        if grant.mode == "webcall":
            if not speech.is_available():
                raise _FatalSetup("internal_error", str(speech.SpeechUnavailableError()))
            self.recognizers.prepare()
        behaviour = self.behaviours.of(agent["name"])
        live = versions.live_revision(self.store, agent)
        call_id = self.store.new_call_id()
        reserved = _reserved_variables(self.store, call_id, grant.mode, config)
        given = {name: value for name, value in grant.variables.items() if name not in RESERVED_VARIABLES}
        # The later ones win: the agent's defaults, the caller's, the platform's own, and those of the pre-call API.
        variables = {**config.get("defaultVariables", {}), **given, **reserved}
        variables |= await self._pre_call(behaviour, config, variables)
        setup = Setup(
            agent_id=grant.agent_id,
            agent_name=agent["name"],
            call_id=call_id,
            session_id=self.store.new_uuid(),
            mode=grant.mode,
            sample_rate_hz=handshake.sample_rate_hz,
            config=config,
            variables=variables,
            opened_at=self.store.clock.now(),
            version_id=live["_id"] if live else None,
            version_number=live.get("revisionNumber", live.get("versionNumber")) if live else None,
        )
        dialogue = Dialogue(
            behaviour,
            config,
            variables,
            has_model=self.store.options.language_model is not None,
            playbooks=self._playbooks(agent, config),
        )
        return build_session(setup, dialogue, self.store.options)

    def _playbooks(self, agent: Body, config: Mapping[str, Any]) -> PlaybookRouter | None:
        """The playbooks of an agent that has published some, with the account's tools that they may refer to."""
        section = config.get("playbooks")
        if agent["workflowType"] != "multi_agents" or not section:
            return None
        registry: dict[str, Mapping[str, Any]] = {}
        for tool in self.store.database.all("tool"):
            registry |= dict.fromkeys((tool["toolId"], tool["definition"]["name"]), tool["definition"])
        for own in enabled_tools(config):  # the account's tools come first where both have a name
            registry.setdefault(str(own.get("name")), own)
        return PlaybookRouter(section, registry)

    async def _pre_call(
        self, behaviour: Behaviour, config: Mapping[str, Any], variables: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The variables that the pre-call API sets: from the behaviour's answer, or from a real request."""
        api = config.get("preCallAPI", {})
        if not api.get("isEnabled"):
            return {}
        answer = behaviour.pre_call
        if answer is None and self.store.options.allow_tool_calls:
            answer, _ = await send_request(api, variables, timeout_s=float(api.get("timeout", 5)))
        return read_variables(api.get("responseVariables", []), answer)


def build_session(setup: Setup, dialogue: Dialogue, options: EmulatorOptions) -> Session:
    """The session of a voice call or a chat."""
    tools = ClientTools(enabled_tools(setup.config)) if options.client_tools else None
    if setup.mode == "chat":
        return Session(setup, dialogue, client_tools=tools)
    # Only a voice call needs the speech extra, so a chat must not import what it brings.
    from agentops.emulator.realtime.denoising import Denoiser
    from agentops.emulator.realtime.detection import VoiceDetector
    from agentops.emulator.realtime.voice import voice_of

    has_denoising = bool(setup.config.get("denoisingConfig", {}).get("isEnabled"))
    detector = VoiceDetector(
        setup.config.get("voiceDetectionConfig", {}),
        setup.sample_rate_hz,
        Denoiser(setup.sample_rate_hz) if has_denoising else None,
    )
    voice = voice_of(setup.config)
    return Session(
        setup,
        dialogue,
        detector=detector,
        voice=voice,
        client_tools=tools,
        talking_events=options.choices.talking_events,
    )


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


def _reserved_variables(store: Store, call_id: str, mode: str, config: Mapping[str, Any]) -> dict[str, Any]:
    now = store.clock.now()
    language = config.get("language", {})
    return {
        "call_id": call_id,
        "conversation_type": mode,
        "agent_number": "",  # a call over the socket has no phone number on either side
        "user_number": "",
        "current_date": now.strftime("%Y-%m-%d"),
        "current_time": now.strftime("%H:%M"),
        "current_day": now.strftime("%A"),
        "agent_gender": config.get("synthesizer", {}).get("voiceConfig", {}).get("gender", ""),
        "default_language": language.get("default", ""),
        "supported_languages": ",".join(language.get("supported", [])),
        "timezone": config.get("timezone", {}).get("label", ""),
    }
