"""Finds in client code what belongs to ElevenLabs' protocol, and says per line what answers to it on Atoms.

This is reading, not code conversion: each pattern is a fact about one of the two protocols, as published by both sides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from agentops.errors import UsageError

MAX_BYTES = 2_000_000
_WEB = frozenset({".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".vue", ".svelte", ".html", ".php"})
CODE_ENDINGS = _WEB | {".py", ".go", ".rb", ".java", ".kt", ".swift", ".cs", ".rs", ".dart", ".sh"}
_SKIPPED = frozenset({"node_modules", ".git", "dist", "build", ".venv", "venv", "__pycache__"})


class Fate(StrEnum):
    """What becomes of a piece of client code."""

    REPLACE = "replace"
    CHANGE = "behaves differently"
    DELETE = "delete"
    NOTHING = "no counterpart"


@dataclass(frozen=True, slots=True)
class Finding:
    """One match: where, what was found, what becomes of it, and what to write instead or to know."""

    file: str
    line: int
    found: str
    fate: Fate
    advice: str


@dataclass(frozen=True, slots=True)
class Scan:
    """All findings, in the order of the files, and the files that were read."""

    files: tuple[str, ...]
    findings: tuple[Finding, ...]
    unread: tuple[str, ...] = ()


def scan_files(paths: list[Path]) -> Scan:
    """Scans files, and source files below folders. Raises UsageError for a path that does not exist."""
    files, findings, unread = [], [], []
    for path in [each for given in paths for each in _sources(given)]:
        try:
            if path.stat().st_size > MAX_BYTES:
                raise OSError
            text = path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError):
            unread.append(path.as_posix())
            continue
        files.append(path.as_posix())
        findings += scan_text(text, path.as_posix())
    return Scan(tuple(files), tuple(findings), tuple(unread))


def scan_text(text: str, file: str) -> list[Finding]:
    """The findings in one source text. A longer match hides the shorter ones inside it."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        taken: list[range] = []
        for pattern, fate, advice in _PATTERNS:
            for match in pattern.finditer(line):
                if not any(match.start() in span for span in taken):
                    taken.append(range(match.start(), match.end()))
                    found.append((number, match.start(), Finding(file, number, match[0].strip(), fate, advice)))
    return [finding for _, _, finding in sorted(found, key=lambda each: each[:2])]


def _sources(path: Path) -> list[Path]:
    if path.is_dir():
        inside = (each for each in sorted(path.rglob("*")) if each.is_file() and each.suffix in CODE_ENDINGS)
        return [each for each in inside if not _SKIPPED & set(each.relative_to(path).parts[:-1])]
    if not path.exists():
        raise UsageError(f"{path} does not exist", hint="give files of client code, or folders", code="no-source")
    return [path]


def _event(name: str) -> str:
    """An event's or field's name on its own, in any quoting, also as an attribute."""
    return rf"(?<![A-Za-z0-9_]){name}(?![A-Za-z0-9_])"


_R, _C, _D, _N = Fate.REPLACE, Fate.CHANGE, Fate.DELETE, Fate.NOTHING
_TABLE: tuple[tuple[str, Fate, str], ...] = (
    # connecting
    (
        r"wss://[\w.-]*elevenlabs\.io/v1/convai/conversation",
        _R,
        "wss://api.smallest.ai/atoms/v1/agent/connect?agent_id=...&mode=webcall&sample_rate=24000",
    ),
    (
        r"/?v1/convai/conversation/get[-_]signed[-_]url|"
        + _event("(?:get_signed_url|getSignedUrl|signed_url|signedUrl)"),
        _R,
        "on a server, connect with `Authorization: Bearer sk_...`; for a browser, get a token from POST "
        "/atoms/v1/conversation/register-call {agent_id, mode, variables} and connect with ?token=wct_... (30 s, once)",
    ),
    (
        r"/?v1/convai/conversation/token|" + _event("conversationToken"),
        _R,
        "POST /atoms/v1/conversation/webcall (or /chat) answers with a LiveKit token, host and room name",
    ),
    (
        r"/?v1/convai/(?:twilio|sip-trunk)/outbound[-_]call",
        _R,
        "POST /atoms/v1/conversation/outbound {agentId, phoneNumber}",
    ),
    (r"/?v1/convai/batch[-_]calling\S*", _R, "campaigns: POST /atoms/v1/campaign"),
    (
        r"/?v1/convai/agents/create",
        _R,
        "write a spec and run `agentops apply`; by hand it is POST /atoms/v1/agent, then a draft, publish and live",
    ),
    (
        r"/?v1/convai/conversations/[^\s'\"`]*audio",
        _R,
        "the recording's address is in the call record: GET /atoms/v1/conversation/{callId}",
    ),
    (
        r"/?v1/convai/conversations?(?![\w-])",
        _R,
        "GET /atoms/v1/conversation/{callId}; there the agent's role is `agent`",
    ),
    (r"/?v1/convai/agents(?![\w-])", _R, "/atoms/v1/agent/{id}; better kept as a spec"),
    (r"api\.elevenlabs\.io", _R, "api.smallest.ai"),
    (_event("xi-api-key"), _R, "Authorization: Bearer sk_...; never in a page that runs in a browser"),
    (_event("(?:ELEVENLABS|ELEVEN|XI|EL)_API_KEY"), _R, "SMALLEST_API_KEY"),
    # the packages
    (
        r"@elevenlabs/(?:client|react|elevenlabs-js)|@11labs/(?:client|react)",
        _R,
        "@smallest-ai/agent-sdk: new AtomsAgent({...}), await agent.connect()",
    ),
    (r"(?:from|import)\s+elevenlabs[\w.]*", _R, "a WebSocket client of your own, or the smallestai package"),
    (
        r"Conversation\.startSession|\buseConversation\b|\bConversation\(",
        _R,
        "new AtomsAgent({...}) and await agent.connect(), or a raw WebSocket",
    ),
    (_event("endSession"), _R, "close the socket, or send session.close and wait for session.closed"),
    # client to server
    (_event("user_audio_chunk"), _R, '{"type": "input_audio_buffer.append", "audio": base64 of PCM16 at sample_rate}'),
    (
        _event("conversation_initiation_client_data"),
        _R,
        "variables=<JSON of scalars> in the address or in register-call; prompt, greeting, language and voice can't be "
        "replaced per call, so use {{placeholders}} with defaults",
    ),
    (
        _event("conversation_config_override"),
        _N,
        "nothing of an agent can be replaced per call; use {{placeholders}} in prompt and first message",
    ),
    (
        _event("(?:dynamic_variables|dynamicVariables)"),
        _R,
        "variables: scalars only; the platform's own names are dropped",
    ),
    (_event("(?:contextual_update|sendContextualUpdate)"), _N, "give the context before the call, as variables"),
    (_event("(?:user_message|sendUserMessage)"), _R, '{"type": "input_text.send", "text": ...}'),
    (_event("(?:multimodal_message)"), _N, "only text can be sent: input_text.send"),
    (_event("(?:user_activity|sendUserActivity|sendFeedback)"), _N, "leave it out"),
    (
        _event("(?:client_tool_result)"),
        _C,
        '{"type": "function_call.result", "call_id": ..., "output": ...}; over the agent WebSocket only',
    ),
    (_event("mcp_tool_approval_result"), _N, "there is no MCP client"),
    (_event("pong"), _D, "there is no ping at this level; delete the handler"),
    # server to client
    (
        _event("conversation_initiation_metadata(?:_event)?"),
        _R,
        "session.created {session_id, call_id, sample_rate, channels}",
    ),
    (
        _event("(?:audio_base_64|audio_event)"),
        _R,
        "output_audio.delta, field `audio`; it has no event id and no alignment",
    ),
    (r"[\"']audio[\"'](?=\s*(?:[,):]|=>|$))", _R, "output_audio.delta {audio}"),
    (_event("(?:user_transcription_event|user_transcript)"), _R, "transcript with role `user`"),
    (
        _event("agent_response_correction(?:_event)?"),
        _C,
        "no event of its own: the final transcript of an interrupted turn holds only what was heard",
    ),
    (
        _event("agent_response(?:_event)?"),
        _C,
        "transcript with role `assistant` (accept `agent`, too), after it was spoken; transcript.delta comes before",
    ),
    (
        _event("(?:tentative_user_transcript|agent_chat_response_part)"),
        _C,
        "transcript.delta {role, text}: text is cumulative for the turn, so replace what you show, do not append",
    ),
    (
        _event("interruption_event"),
        _C,
        "interruption has no id and no reason; flush what is still to be played",
    ),
    (
        r"[\"'](?:interruption)[\"']",
        _C,
        "interruption: the same name, without id and reason; flush what is to be played",
    ),
    (_event("ping(?:_event)?"), _D, "never sent; delete the handler"),
    (
        _event("client_tool_call"),
        _C,
        "function_call {name, call_id, arguments}, after the tools were declared with session.update",
    ),
    (
        _event("clientTools"),
        _C,
        "declare them with session.update; they work over the agent WebSocket only, not on phone calls",
    ),
    (
        _event("(?:agent_tool_request|agent_tool_response|mcp_tool_call|mcp_connection_status)"),
        _N,
        "tool calls are not on the socket; they are in the call's event stream and record",
    ),
    (
        _event("(?:vad_score|context_usage|asr_initiation_metadata|guardrail_triggered|agent_typing|rich_content)"),
        _N,
        "leave it out",
    ),
    (_event("(?:alignment|char_durations_ms|char_start_times_ms)"), _N, "audio comes without timing of characters"),
    # after the call
    (
        _event("post_call_transcription"),
        _R,
        "webhook events post-conversation and analytics-completed; another payload",
    ),
    (r"(?i)elevenlabs-signature", _R, "X-Signature: hex HMAC-SHA256 of the body, without a time"),
    (_event("(?:evaluation_criteria_results|data_collection_results)"), _R, "the call record's disposition metrics"),
    # audio
    (_event("pcm_16000"), _C, "sample_rate=16000 in the address; a wct_ token fixes 24000"),
    (_event("ulaw_8000"), _C, "sample_rate=8000 with PCM16; there is no mu-law on the socket"),
)
_PATTERNS = tuple((re.compile(pattern), fate, advice) for pattern, fate, advice in _TABLE)
