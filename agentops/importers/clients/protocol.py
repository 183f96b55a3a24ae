"""Addresses, events and audio of the WebSocket protocol, and what comes after a call."""

from __future__ import annotations

from agentops.importers.clients.fact import CHANGE, DELETE, NOTHING, REPLACE, SOCKET, TALKING, Fact, Within, fact, word

# A file has to do with an ElevenLabs agent if it has one of CONNECTS, or a package together with a word about
# conversations: the packages serve transcription as well, so their names alone prove nothing.
PACKAGES_OF_CLIENTS = r"@elevenlabs/(?:client|react|react-native)\b|@11labs/(?:client|react)\b"
CONNECTS = (
    r"/convai/|elevenlabs-convai|\bconvai-widget",
    r"@elevenlabs/convai-widget",
    r"elevenlabs\.conversational_ai|elevenlabs[\w.]*\s+import\s+[^\n]*\bConversation\b",
    r"\.conversational_?ai\b|\.conversationalAi\b",
    r"(?m:^[^\S\n]*import\s+ElevenLabs\w*[^\S\n]*$)|\bio\.elevenlabs\b|package:elevenlabs\w*/",
    r"\buser_audio_chunk\b|\bconversation_initiation_(?:client_data|metadata)\b|\baudio_base_64\b",
    r"\b(?:user_transcription|agent_response|agent_response_correction)_event\b|\bclient_tool_(?:call|result)\b",
    r"(?i:\belevenlabs-signature\b)",
)

_CONNECTING = (
    fact(
        r"wss?://[\w.-]*elevenlabs\.io/v1/convai/conversation",
        REPLACE,
        f"{SOCKET}?agent_id=...&mode=webcall&sample_rate=24000",
        js=f'new WebSocket("{SOCKET}?token=" + token) in a browser, with a wct_ token from your server; '
        "on a server add agent_id, mode and sample_rate, and the header Authorization: Bearer sk_...",
        py=f'websockets.connect("{SOCKET}?agent_id=...&mode=webcall&sample_rate=24000", '
        'additional_headers={"Authorization": f"Bearer {key}"})',
    ),
    fact(
        r"/?v1/convai/conversation/get[-_]signed[-_]url|conversationalAi\.conversations\.getSignedUrl|"
        r"conversational_ai\.(?:conversations\.)?get_signed_url|" + word("get_signed_url|getSignedUrl"),
        REPLACE,
        "a server route that made signed URLs makes tokens now: POST /atoms/v1/conversation/register-call {agent_id, "
        "mode, variables} with Authorization: Bearer sk_...; give its wct_ token (30 s, once) to the page, which "
        "connects with ?token=wct_...; the sk_ key must not reach the browser",
    ),
    fact(
        word("signed_url|signedUrl"),
        REPLACE,
        "the page gets a wct_ token instead of a URL, and connects to " + SOCKET + "?token=wct_...",
    ),
    fact(
        r"/?v1/convai/conversation/token|" + word("conversationToken"),
        REPLACE,
        "POST /atoms/v1/conversation/webcall (or /chat) answers with a LiveKit token, host and room name; made on a "
        "server, since it needs the sk_ key",
    ),
    fact(
        r"/?v1/convai/(?:twilio|sip-trunk)/outbound[-_]call|conversational_?[aA]i\.(?:twilio|sip_?[tT]runk)\.outbound_?[cC]all",
        REPLACE,
        "POST /atoms/v1/conversation/outbound {agentId, phoneNumber}",
    ),
    fact(r"/?v1/convai/batch[-_]calling[\w/-]*", REPLACE, "campaigns: POST /atoms/v1/campaign"),
    fact(
        r"/?v1/convai/agents/create|conversational_?[aA]i\.agents\.create",
        REPLACE,
        "write a spec and run `agentops apply`; by hand it is POST /atoms/v1/agent, then a draft, publish and live",
    ),
    fact(
        r"/?v1/convai/conversations/[^\s'\"`]*audio",
        REPLACE,
        "the recording's address is in the call record: GET /atoms/v1/conversation/{callId}",
    ),
    fact(
        r"/?v1/convai/conversations?(?![\w-])|conversational_?[aA]i\.conversations\.(?:get|list)",
        REPLACE,
        "GET /atoms/v1/conversation/{callId}; there the agent's role is `agent`",
    ),
    fact(
        r"/?v1/convai/agents(?![\w-])|conversational_?[aA]i\.agents\.\w+",
        REPLACE,
        "/atoms/v1/agent/{id}; better kept as a spec, read and written by agentops",
    ),
    fact(r"(?<=https://)api\.(?:\w+\.)*elevenlabs\.io", REPLACE, "api.smallest.ai"),
    fact(word("xi-api-key"), REPLACE, "Authorization: Bearer sk_...; never in a page that runs in a browser"),
    fact(
        r"(?:NEXT_PUBLIC_|VITE_|REACT_APP_|EXPO_PUBLIC_)(?:ELEVENLABS|ELEVEN|XI|EL)_API_KEY",
        DELETE,
        "a key in a name that build tools copy into the page: revoke it; keep SMALLEST_API_KEY on the server",
    ),
    fact(word("(?:ELEVENLABS|ELEVEN_LABS|ELEVEN|XI|EL)_API_KEY"), REPLACE, "SMALLEST_API_KEY, on a server only"),
)

_SENT = (
    fact(
        word("user_audio_chunk"),
        REPLACE,
        '{"type": "input_audio_buffer.append", "audio": base64 of PCM16 at the rate}',
    ),
    fact(
        word("conversation_initiation_client_data"),
        REPLACE,
        "variables=<JSON of scalars> in the address or in register-call; prompt, greeting, language and voice can't be "
        "replaced per call, so use {{placeholders}} with defaults",
    ),
    fact(
        word("conversation_config_override"),
        NOTHING,
        "nothing of an agent can be replaced per call; use {{placeholders}} in prompt and first message",
    ),
    fact(
        r"(?<![\w-])overrides(?=\s*[:=])",
        NOTHING,
        "nothing of an agent can be replaced per call; use {{placeholders}} in prompt and first message",
        within=Within.SESSION,
    ),
    fact(
        word("dynamic_variables|dynamicVariables"),
        REPLACE,
        "variables: scalars; the platform's own names are dropped",
    ),
    fact(
        word("contextual_update|sendContextualUpdate|send_contextual_update"),
        NOTHING,
        "give the context before the call, as variables",
    ),
    fact(word("user_message|sendUserMessage|send_user_message"), REPLACE, '{"type": "input_text.send", "text": ...}'),
    fact(
        word("multimodal_message|sendMultimodalMessage|send_multimodal_message"),
        NOTHING,
        "only text can be sent: input_text.send",
    ),
    fact(word("user_activity|sendUserActivity|register_user_activity|sendFeedback"), NOTHING, "leave it out"),
    fact(
        word("client_tool_result"),
        CHANGE,
        '{"type": "function_call.result", "call_id": ..., "output": ...}; over the agent WebSocket only',
    ),
    fact(word("mcp_tool_approval_result|sendMCPToolApprovalResult"), NOTHING, "there is no MCP client"),
    fact(word("pong"), DELETE, "there is no ping at this level; delete the handler"),
)

_RECEIVED = (
    fact(
        word("conversation_initiation_metadata(?:_event)?"),
        REPLACE,
        "session.created {session_id, call_id, sample_rate, channels}",
    ),
    fact(
        word("audio_base_64|audio_event"),
        REPLACE,
        f"output_audio.delta, field `audio`; it has no event id and no alignment. {TALKING}",
    ),
    fact(r"[\"']audio[\"'](?=\s*(?:[,):]|=>|$))", REPLACE, f"output_audio.delta {{audio}}. {TALKING}"),
    fact(word("user_transcription_event|user_transcript"), REPLACE, "transcript with role `user`"),
    fact(
        word("agent_response_correction(?:_event)?"),
        CHANGE,
        "no event of its own: the final transcript of an interrupted turn holds only what was heard",
    ),
    fact(
        word("agent_response(?:_event)?"),
        CHANGE,
        "transcript with role `assistant` (accept `agent`, too), after it was spoken; transcript.delta comes before",
    ),
    fact(
        word("tentative_user_transcript|agent_chat_response_part"),
        CHANGE,
        "transcript.delta {role, text}: text is cumulative for the turn, so replace what you show, do not append",
    ),
    fact(word("interruption_event"), CHANGE, "interruption has no id and no reason; flush what is still to be played"),
    fact(
        r"[\"'](?:interruption)[\"']",
        CHANGE,
        "interruption: the same name, without id and reason; flush what is to be played",
    ),
    fact(word("ping_event") + r"|(?<=[\"'])ping(?=[\"'])", DELETE, "never sent; delete the handler"),
    fact(
        word("client_tool_call"),
        CHANGE,
        "function_call {name, call_id, arguments}, after the tools were declared with session.update",
    ),
    fact(
        word("clientTools"),
        CHANGE,
        "declare them with session.update; they work over the agent WebSocket only, not on phone calls",
    ),
    fact(
        word("agent_tool_request|agent_tool_response|mcp_tool_call|mcp_connection_status"),
        NOTHING,
        "tool calls are not on the socket; they are in the call's event stream and record",
    ),
    fact(
        word("vad_score|context_usage|asr_initiation_metadata|guardrail_triggered|agent_typing|rich_content"),
        NOTHING,
        "leave it out",
    ),
    fact(
        r"(?<=[.\"'])alignment(?=[\"'.?\]])|" + word("char_durations_ms|char_start_times_ms"),
        NOTHING,
        "audio comes without timing of characters",
    ),
)

_AFTER = (
    fact(
        word("post_call_transcription"),
        REPLACE,
        "webhook events post-conversation and analytics-completed; another payload",
    ),
    fact(r"(?i)\belevenlabs-signature\b", REPLACE, "X-Signature: hex HMAC-SHA256 of the body, without a time"),
    fact(word("evaluation_criteria_results|data_collection_results"), REPLACE, "the call record's disposition metrics"),
    fact(word("pcm_16000"), CHANGE, "sample_rate=16000 in the address; a wct_ token fixes 24000"),
    fact(word("ulaw_8000"), CHANGE, "sample_rate=8000 with PCM16; there is no mu-law on the socket"),
)

PROTOCOL: tuple[Fact, ...] = (*_CONNECTING, *_SENT, *_RECEIVED, *_AFTER)
