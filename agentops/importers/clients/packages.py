"""The website widget and the client packages: React hooks, the conversation class of Python, and other languages."""

from __future__ import annotations

from agentops.importers.clients.fact import (
    CHANGE,
    DELETE,
    JS,
    NATIVE,
    NOTHING,
    PY,
    RECIPES,
    REPLACE,
    SOCKET,
    TALKING,
    Fact,
    Within,
    fact,
    word,
)

_WIDGET = (
    fact(
        r"<elevenlabs-convai\b[^>]*>(?:\s*</elevenlabs-convai>)?|createElement\(\s*[\"']elevenlabs-convai[\"']\s*\)|"
        + word("elevenlabs-convai"),
        REPLACE,
        "put the platform's own widget there: set it up on the agent's Widget page of the dashboard and paste the tag "
        "it gives; texts and colours come with `agentops import elevenlabs --widget SOURCE`. A page of your own: a "
        "token from your server (register-call) and a raw WebSocket",
    ),
    fact(
        r"[\"'`]?https?://[\w./@-]*(?:@elevenlabs/convai-widget|elevenlabs\.io/convai-widget)[\w./@-]*[\"'`]?"
        r"|@elevenlabs/convai-widget(?:-\w+)*",
        REPLACE,
        "remove it together with the tag; the platform's widget brings its own script",
    ),
    fact(
        r"(?<![\w-])(?:action-text|start-call-text|end-call-text|expand-text|listening-text|speaking-text|"
        r"avatar-orb-color-[12]|override-(?:prompt|language|first-message|voice-id))(?==[\"'{])",
        REPLACE,
        "an attribute of the old widget: the new one is configured on the dashboard, or by `widgetConfig` in the spec",
        languages=JS,
    ),
)

_PACKAGES = (
    fact(
        r"@elevenlabs/react-native",
        REPLACE,
        f"there is no package for React Native: use the raw WebSocket recipe in {RECIPES}, with a token from your "
        "server",
    ),
    fact(
        r"@elevenlabs/react(?![\w-])|@11labs/react",
        REPLACE,
        "@smallest-ai/agent-sdk has no hooks: make one AtomsAgent in an effect, keep it in a ref, and set state from "
        "its events; or the raw WebSocket",
    ),
    fact(
        r"@elevenlabs/client|@11labs/client",
        REPLACE,
        "@smallest-ai/agent-sdk: new AtomsAgent({...}), await agent.connect(); or the raw WebSocket",
    ),
    fact(
        r"from\s+elevenlabs[\w.]*\s+import\s+[^\n]*|import\s+elevenlabs[\w.]*",
        REPLACE,
        f"there is no conversation class for Python: use `websockets` as in the Python recipe of {RECIPES}",
        languages=PY,
    ),
    fact(
        r"(?m)^[^\S\n]*import\s+ElevenLabs\w*[^\S\n]*$|import\s+io\.elevenlabs[\w.]*|io\.elevenlabs:[\w:.-]+|"
        r"import\s+[\"']package:elevenlabs\w*/[\w./]+[\"']",
        REPLACE,
        f"there is no package for this platform: open the raw WebSocket ({SOCKET}) with a token from your server, as "
        f"in the recipes of {RECIPES}",
        languages=NATIVE,
    ),
)

_SESSIONS = (
    fact(
        r"\bConversation\.startSession\s*\(|\bElevenLabs\.startConversation\s*\(|\bConversationClient\.startSession\s*\(",
        REPLACE,
        "open the WebSocket and wait for session.created",
        js="new AtomsAgent({...}) and await agent.connect(), or a raw WebSocket; wait for session.created",
    ),
    fact(
        r"\buseConversation\s*\(",
        REPLACE,
        "one AtomsAgent or WebSocket in an effect, closed when the component goes; there is no hook",
        languages=JS,
    ),
    fact(
        r"\buseConversation(?:Controls|Status|Mode|Input|Feedback|ClientTool)\s*\(|\buseRawConversation\w*\s*\(",
        REPLACE,
        "state of your own, set from the events session.created, agent_start_talking, agent_stop_talking and "
        "session.closed",
        languages=JS,
    ),
    fact(
        r"</?Conversation(?:Controls|Status|Mode|Input|Feedback|ClientTools)?Provider\b",
        REPLACE,
        "there is no provider: hold the AtomsAgent or WebSocket in a context of your own",
        languages=JS,
    ),
    fact(
        r"\b(?:Async)?Conversation\s*\((?!\s*\))",
        REPLACE,
        "connect with `websockets` and handle events in a loop",
        languages=PY,
    ),
    fact(
        r"(?<=\.)startSession\s*\(|(?<=\.)start_session\s*\(|(?<![.\w])startSession\s*\(",
        REPLACE,
        "connect, and wait for session.created",
        js="await agent.connect(), or open the WebSocket and wait for session.created",
        py="`async with websockets.connect(...)`, then read session.created first",
        within=Within.PACKAGE,
    ),
    fact(
        r"(?<![\w])(?:endSession|end_session|endConversation)\s*\(",
        REPLACE,
        'send {"type": "session.close"} and wait for session.closed, or close the socket',
        within=Within.PACKAGE,
    ),
    fact(
        r"\bwait_for_session_end\s*\(",
        REPLACE,
        "the loop ends at session.closed; the call's id is in session.created",
        languages=PY,
    ),
    fact(
        r"\bDefaultAudioInterface\b|\bAsyncAudioInterface\b|\bAudioInterface\b",
        REPLACE,
        "record and play PCM16 yourself (e.g. with sounddevice): 24000 Hz mono, about 40 ms a chunk",
        languages=PY,
    ),
    fact(
        r"\bConversationInitiationData\b",
        REPLACE,
        "variables=<JSON of scalars> in the address; prompt, greeting, language and voice can't be replaced per call",
        languages=PY,
    ),
    fact(
        r"\bClientTools\b|\bclient_tools\b",
        CHANGE,
        "declare them with session.update after session.created; answer function_call with function_call.result",
        languages=PY,
    ),
    fact(
        r"\bcallback_agent_response_correction\b",
        CHANGE,
        "no event of its own: the final transcript of an interrupted turn holds only what was heard",
    ),
    fact(
        r"\bcallback_agent_response\b",
        CHANGE,
        "transcript with role `assistant` (accept `agent`, too), after it was spoken",
    ),
    fact(r"\bcallback_user_transcript\b", REPLACE, "transcript with role `user`"),
    fact(
        r"\bcallback_agent_chat_response_part\b",
        CHANGE,
        "transcript.delta: its text is cumulative, so replace what is shown",
    ),
    fact(
        r"\bcallback_latency_measurement\b",
        NOTHING,
        "measure it: from your last speech to agent_start_talking",
    ),
    fact(r"\bcallback_audio_alignment\b", NOTHING, "audio comes without timing of characters"),
    fact(r"\bcallback_(?:end_session|disconnect)\b", REPLACE, "session.closed {reason}, and the socket's own closing"),
    fact(
        r"(?<![\w])isSpeaking(?![\w])",
        REPLACE,
        f"keep it yourself: {TALKING}",
        within=Within.PACKAGE,
    ),
    fact(r"\bonModeChange\b", REPLACE, f"{TALKING}; else it listens", within=Within.SESSION),
    fact(
        r"\bonConnect\b(?=\s*[:(=])",
        REPLACE,
        "session.created {session_id, call_id, sample_rate}",
        within=Within.SESSION,
    ),
    fact(
        r"\bonDisconnect\b(?=\s*[:(=])",
        REPLACE,
        "session.closed {reason}, and the socket's close",
        within=Within.SESSION,
    ),
    fact(
        r"\bonMessage\b(?=\s*[:(=])",
        CHANGE,
        "transcript {role, text}: role `user` or `assistant`; the agent's comes after it was spoken, transcript.delta "
        "before",
        within=Within.SESSION,
    ),
    fact(r"\bonError\b(?=\s*[:(=])", REPLACE, "error {code, message}, and the socket's `error`", within=Within.SESSION),
    fact(
        r"\bonStatusChange\b(?=\s*[:(=])",
        REPLACE,
        "the socket's own state, and session.created and session.closed",
        within=Within.SESSION,
    ),
    fact(
        r"\bonInterruption\b",
        CHANGE,
        "interruption, without id and reason; flush what is to be played",
        within=Within.SESSION,
    ),
    fact(r"\bonAudio\b(?=\s*[:(=])", REPLACE, "output_audio.delta {audio}", within=Within.SESSION),
    fact(r"\bonAudioAlignment\b", NOTHING, "audio comes without timing of characters", within=Within.SESSION),
    fact(
        r"\bonAgentResponseCorrection\b",
        CHANGE,
        "none needed: the final transcript of an interrupted turn holds only what was heard",
        within=Within.SESSION,
    ),
    fact(
        r"\bonAgentChatResponsePart\b",
        CHANGE,
        "transcript.delta: its text is cumulative, so replace what is shown",
        within=Within.SESSION,
    ),
    fact(
        r"\bonUnhandledClientToolCall\b|\bonAgentToolRe(?:quest|sponse)\b|\bonMCP\w+\b",
        NOTHING,
        "function_call is the only tool event, and only for tools that this client declared",
        within=Within.SESSION,
    ),
    fact(
        r"\bon(?:VadScore|Debug|CanSendFeedbackChange|ConversationMetadata|ConversationCreated|AsrInitiationMetadata|"
        r"ContextUsage|GuardrailTriggered|AgentTyping|RichContent|Ping)\b",
        NOTHING,
        "leave it out",
        within=Within.SESSION,
    ),
    fact(
        r"(?<=\.)(?:setVolume|setMicMuted|getInputVolume|getOutputVolume|getInputByteFrequencyData|"
        r"getOutputByteFrequencyData|changeInputDevice|changeOutputDevice)\s*\(|\bmicMuted\b",
        REPLACE,
        "yours to do, with Web Audio: a gain node for the volume, and send silence while muted",
        languages=JS,
        within=Within.PACKAGE,
    ),
    fact(
        r"\bconnectionType\b\s*:\s*[\"']\w+[\"']",
        DELETE,
        "the raw socket is one transport; WebRTC goes through LiveKit with the room of /atoms/v1/conversation/webcall",
        within=Within.SESSION,
    ),
)

PACKAGES: tuple[Fact, ...] = (*_WIDGET, *_PACKAGES, *_SESSIONS)
