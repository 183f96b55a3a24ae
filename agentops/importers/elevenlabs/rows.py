"""The rows of the mapping table as plain data: (places, grade, code, why, what to do[, defaults]).

Grades: `exact`, `near` (approximated), `ask` (a person must choose), `lost` (unsupported), `skip` (nothing to port);
`!` marks values that are never copied. `C`, `A`, `P`, `T`, `S` abbreviate the long prefixes.
"""

from __future__ import annotations

from typing import Any

_OFF: tuple[Any, ...] = (False, 0, -1, "off", "none", "auto", "default")

C = "conversation_config."
A = C + "agent."
P = A + "prompt."
T = P + "tools.*."
B = P + "built_in_tools.*."
S = "platform_settings."


_LOOKS = "colours the nearest part that the widget has"
_OWN_PAGE = "documented for the widget's own page, not for the agent's field"
_CHECK = "See after the first deploy whether it took effect."
_ONE_MODE = "a widget is for voice or for chat, not for both"


def _under(prefix: str, names: str) -> str:
    return " ".join(prefix + name for name in names.split())


_TOP: list[tuple[Any, ...]] = [
    ("name agent_name", "exact", "EL000", "", ""),
    (
        "agent_id version_id branch_id main_branch_id metadata default_hold_audio_url created_at_unix_secs",
        "skip",
        "EL000",
        "identity and bookkeeping of the source",
        "",
    ),
    ("access_info", "skip!", "EL000", "who owns the source; personal, so not copied", ""),
    ("tags", "near", "EL000", "Atoms agents carry no tags; kept as tags of the spec, for selecting agents", ""),
    (
        "phone_numbers",
        "ask",
        "EL012",
        "a number stays with its carrier and does not move with the agent",
        "Rent or import the number on Atoms, then list its product id under telephonyProductId.",
    ),
    ("whatsapp_accounts", "lost", "EL020", "an Atoms agent has no WhatsApp channel", "Keep that channel elsewhere."),
    (
        "procedures procedures_enabled procedure_versions procedure_settings",
        "ask",
        "EL014",
        "an export holds the names of procedures, not their text",
        "Copy each procedure's text into the prompt as a section of its own.",
        _OFF,
    ),
    (
        "coaching_settings guardrails_version tts_model_family languages analysis_schema _metadata trust_context",
        "skip",
        "EL000",
        "internal to the source",
        "",
    ),
    (
        "simulation_library",
        "ask",
        "EL000",
        "stored simulations have no counterpart on the platform",
        "Write them as call scripts under agents/calls/.",
    ),
]

_AGENT: list[tuple[Any, ...]] = [
    (A + "first_message", "exact", "EL004", "", ""),
    (A + "language", "near", "EL003", "", ""),
    (
        A + "hinglish_mode",
        "near",
        "EL003",
        "there is no such switch: Hindi and English are both listed, and the prompt asks for mixing them",
        "Choose a voice that speaks both.",
        (False,),
    ),
    (
        A + "dynamic_variables",
        "exact",
        "EL007",
        "a missing variable ends a call on ElevenLabs; here it falls back to the default",
        "",
    ),
    (
        A + "disable_first_message_interruptions",
        "near",
        "EL006",
        "here the caller is not heard at all until the first message has ended; there speech was kept",
        "",
        (False,),
    ),
    (
        A + "max_conversation_duration_message",
        "lost",
        "EL020",
        "the session limit ends a call without a sentence of its own",
        "Tell the prompt to wrap up in time.",
    ),
    (A + "text_behavior_overrides", "lost", "EL020", "there is no separate style for text chats", ""),
    (
        _under(A, "subagents max_duration responsiveness interruption_threshold"),
        "skip",
        "EL020",
        "not read by ElevenLabs either",
        "",
    ),
    (P + "prompt", "exact", "EL007", "", ""),
    (A + "prompt", "exact", "EL007", "", ""),
    (
        P + "llm " + C + "llm",
        "ask",
        "EL002",
        "the platforms offer different models",
        "Choose the model in the choices file, then listen to a few calls.",
    ),
    (
        _under(
            P,
            "temperature max_tokens reasoning_effort service_tier thinking_budget enable_reasoning_summary "
            "speech_engine opener bedrock_llm",
        ),
        "lost",
        "EL020",
        "sampling and reasoning cannot be set on an Atoms agent",
        "Ask for brevity or strictness in the prompt where it matters.",
        (0, 0.0, -1, None, "default", False),
    ),
    (
        P + "tool_ids",
        "ask",
        "EL008",
        "the tool's definition is not part of the input",
        "Import the folder that has tools.json and tool_configs/, or fetch the agent with a key.",
    ),
    (P + "tool_ids_strict", "skip", "EL000", "only meant for a single conversation", "", _OFF),
    (
        P + "enable_parallel_tool_calls",
        "lost",
        "EL020",
        "the platform decides itself whether tools run side by side",
        "",
        (False, True),
    ),
    (
        _under(P, "mcp_server_ids native_mcp_server_ids"),
        "lost",
        "EL020",
        "a single-prompt agent has no MCP client",
        "Offer what the agent needs from that server as HTTP endpoints.",
    ),
    (
        P + "knowledge_base",
        "ask",
        "EL013",
        "an export names the documents but does not hold them",
        "Create a knowledge base on Atoms, load the documents (PDF or web pages), and put its id in the choices file.",
    ),
    (
        P + "rag",
        "lost",
        "EL013",
        "retrieval cannot be tuned",
        "",
        (False, True, "e5_mistral_7b_instruct", 0.6, 50000, 20, None, 20.0, "auto"),
    ),
    (
        P + "custom_llm",
        "ask!",
        "EL002",
        "ElevenLabs calls a chat-completions endpoint; Atoms connects to a WebSocket",
        "Put your model behind customLLMWebSocketUrl, or choose one of the platform's models.",
        _OFF,
    ),
    (
        P + "ignore_default_personality",
        "skip",
        "EL006",
        "each platform adds style lines of its own; enableStyleGuide switches those of Atoms",
        "",
        (False,),
    ),
    (
        P + "timezone",
        "near",
        "EL006",
        "sources disagree about the unit of the offset; hours are written, and daylight saving is not followed",
        "Compare {{current_time}} on a test call.",
    ),
    (
        _under(P, "backup_llm_config cascade_timeout_seconds"),
        "lost",
        "EL002",
        "there is no second model to fall back to",
        "",
        ("default", 8, 8.0),
    ),
    (P + "dataset_references", "skip", "EL020", "not read by ElevenLabs either", ""),
]

_TOOLS: list[tuple[Any, ...]] = [
    (
        T[:-1]
        + " "
        + T
        + "value "
        + T
        + "api_integration_id "
        + T
        + "api_integration_connection_id "
        + T
        + "api_schema_overrides "
        + T
        + "tool_version "
        + T
        + "approval_policy",
        "lost",
        "EL010",
        "this kind of tool has no counterpart",
        "Rebuild it as an api_call tool against the service's own HTTP API.",
        _OFF,
    ),
    (T + "type", "exact", "EL010", "", ""),
    (T + "name", "exact", "EL010", "", ""),
    (T + "description", "exact", "EL010", "", ""),
    (
        T + "response_timeout_secs",
        "near",
        "EL005",
        "Atoms allows 1 to 30 seconds",
        "Make the service answer in time.",
        (20,),
    ),
    (T + "api_schema.url", "exact", "EL010", "", ""),
    (T + "api_schema.method", "exact", "EL010", "", "", ("GET",)),
    (T + "api_schema.path_params_schema", "exact", "EL010", "", ""),
    (T + "api_schema.query_params_schema", "exact", "EL010", "", ""),
    (
        T + "api_schema.request_body_schema",
        "near",
        "EL010",
        "the body is a text template: numbers and booleans arrive in quotes",
        "Check that the service converts them.",
        ("object", "", "llm_prompt"),
    ),
    (
        T + "api_schema.request_headers",
        "ask!",
        "EL009",
        "a stored secret never leaves ElevenLabs",
        "Set the secret named in the spec in each environment.",
    ),
    (
        _under(T, "api_schema.auth_connection api_schema.auth_resolved_params"),
        "ask!",
        "EL009",
        "a workspace's authentication does not move with the tool",
        "Send a static header from a secret, or put a small proxy in front of the service.",
    ),
    (
        T + "api_schema.content_type",
        "lost",
        "EL010",
        "form encoding is not documented for api_call",
        "Let the service take JSON.",
        ("application/json",),
    ),
    (
        _under(T, "api_schema.response_body_schema api_schema.response_filter response_filter response_filter_mode"),
        "lost",
        "EL010",
        "the model sees the whole response; there is no filter",
        "Return only what the model may know, above all where the filter kept data from it.",
        (*_OFF, "all", "allow"),
    ),
    (
        _under(T, "follow_redirects follow_redirects_allowed_domains"),
        "lost",
        "EL010",
        "redirects cannot be configured",
        "Name the final address.",
        _OFF,
    ),
    (
        T + "assignments",
        "exact",
        "EL010",
        "",
        "",
        ("response", False),
    ),
    (
        _under(T, "assignments.*.sanitize assignments.*.preserve_native_type"),
        "lost",
        "EL010",
        "values are taken over as they are",
        "",
        _OFF,
    ),
    (T + "dynamic_variables", "exact", "EL007", "", ""),
    (
        _under(
            T,
            "disable_interruptions interruption_mode tool_call_sound tool_call_sound_behavior "
            "tool_error_handling_mode execution_mode expects_response",
        ),
        "lost",
        "EL010",
        "tools have no turn-taking, sound or error settings of their own",
        "",
        (*_OFF, "immediate", "allow"),
    ),
    (
        _under(T, "force_pre_tool_speech pre_tool_speech"),
        "near",
        "EL010",
        "asked for in the tool's description, so the model may forget it",
        "",
        _OFF,
    ),
    (
        T + "parameters",
        "near",
        "EL010",
        "a client tool is not part of an Atoms agent: it is declared by each client, and only over the WebSocket",
        "Declare it in your client with session.update; see the side file.",
        ("object", "", "llm_prompt", False),
    ),
    (T + "params", "skip", "EL011", "settings of a built-in tool", "", _OFF),
    (
        _under(T, "webhook_url request_method timeout"),
        "near",
        "EL021",
        "not the documented name of this field",
        "",
    ),
    (
        T + "api_schema",
        "lost",
        "EL010",
        "not a setting that an api_call has",
        "",
        (*_OFF, "webhook", "immediate"),
    ),
]

_BUILT_IN: list[tuple[Any, ...]] = [
    (
        B[:-1],
        "lost",
        "EL011",
        "no such built-in tool on Atoms",
        "Describe the wanted behaviour in the prompt, or leave it out.",
        (*_OFF, True, "system", 20, 20.0, "allow", "immediate"),
    ),
    (_under(B, "name type description params.system_tool_type"), "exact", "EL011", "", "", ("system",)),
    (P + "built_in_tools.end_call", "exact", "EL011", "", "", (*_OFF, "system", 20, "allow", "immediate", True)),
    (
        P + "built_in_tools.language_detection",
        "near",
        "EL003",
        "there the model calls a tool; here the platform switches when it hears another language",
        "Tune language.switching by ear.",
        (*_OFF, "system", 20, "allow", "immediate", True),
    ),
    (
        P + "built_in_tools.language_detection.params.only_at_conversation_start",
        "lost",
        "EL003",
        "switching cannot be limited to the start of a call",
        "",
        _OFF,
    ),
    (
        P + "built_in_tools.skip_turn",
        "near",
        "EL011",
        "no such tool; the prompt asks the agent to wait when asked to",
        "",
        (*_OFF, "system", 20, "allow", "immediate", True),
    ),
    (
        P + "built_in_tools.voicemail_detection",
        "near",
        "EL011",
        "a setting of the agent, not a tool",
        "",
        (*_OFF, "system", 20, "allow", "immediate", True),
    ),
    (
        P + "built_in_tools.transfer_to_number",
        "near",
        "EL012",
        "one transfer_call tool per destination",
        "",
        (*_OFF, "system", 20, "allow", "immediate", True),
    ),
    (
        _under(P + "built_in_tools.transfer_to_number.params.transfers.*.", "condition phone_number"),
        "exact",
        "EL012",
        "",
        "",
    ),
    (
        P + "built_in_tools.transfer_to_number.params.transfers.*.transfer_destination",
        "ask",
        "EL012",
        "only a plain telephone number can be a destination",
        "Give the number in the choices file.",
        ("phone",),
    ),
    (
        _under(
            P + "built_in_tools.transfer_to_number.params.transfers.*.",
            "custom_sip_headers uui post_dial_digits sip_refer_play_dialtone",
        ),
        "lost",
        "EL012",
        "SIP headers and digits after dialling cannot be sent",
        "",
        _OFF,
    ),
    (
        P + "built_in_tools.transfer_to_agent",
        "ask",
        "EL011",
        "a single-prompt agent cannot hand over to another agent",
        "Merge the prompts, or transfer to the other agent's phone number.",
        (*_OFF, "system", 20, "allow", "immediate", True),
    ),
    (
        P + "built_in_tools.play_keypad_touch_tone",
        "lost",
        "EL011",
        "a single-prompt agent cannot send keypad tones",
        "",
        (*_OFF, "system", 20, "allow", "immediate", True),
    ),
]

_HEARING: list[tuple[Any, ...]] = [
    (C + "asr", "skip", "EL020", "internal to the source's recogniser", "", ()),
    (C + "asr.quality", "skip", "EL000", "has only one value", "", ("high",)),
    (
        C + "asr.provider",
        "skip",
        "EL006",
        "the platform's own recogniser is used",
        "",
        ("elevenlabs", "scribe_realtime"),
    ),
    (
        C + "asr.user_input_audio_format",
        "skip",
        "EL000",
        "chosen by the client for each session, as sample_rate",
        "",
        ("pcm_16000",),
    ),
    (
        C + "asr.keywords",
        "lost",
        "EL020",
        "an agent's recogniser takes no list of keywords",
        "Spell names in the prompt, and confirm them with the caller.",
    ),
    (
        C + "turn.turn_timeout",
        "near",
        "EL005",
        "the delay before the agent speaks up again; the call ends after llmIdleTimeoutConfig.maxRetries of them",
        "",
        (7,),
    ),
    (
        C + "turn.silence_end_call_timeout",
        "near",
        "EL005",
        "counted in reminders of turn_timeout seconds, ten at most: a silent call always ends at last",
        "",
        (-1,),
    ),
    (
        C + "turn.initial_wait_time",
        "lost",
        "EL004",
        "how long to wait for the caller's first words is not documented on Atoms",
        "",
        (-1,),
    ),
    (
        C + "turn.turn_eagerness",
        "near",
        "EL006",
        "a starting point for tuning by ear, not the same behaviour",
        "Listen for interruptions and long gaps.",
        ("normal", "auto"),
    ),
    (C + "turn.mode", "lost", "EL020", "the agent always waits for the caller's turn to end", "", ("turn",)),
    (
        _under(
            C + "turn.",
            "interruption_ignore_terms interruption_ignore_term_languages merge_with_default_ignore_terms "
            "transcribe_on_disabled_interruptions spelling_patience speculative_turn retranscribe_on_turn_timeout "
            "turn_model",
        ),
        "lost",
        "EL020",
        "turn taking is not tuned this finely",
        "",
        (*_OFF, "turn_v2", "turn_v3", True),
    ),
    (
        C + "turn.soft_timeout_config",
        "lost",
        "EL020",
        "nothing is said while the model thinks",
        "A knowledge_base_search tool can have filler phrases.",
        (*_OFF, "Hhmmmm...yeah.", "Hhmmmm...yeah give me a second..."),
    ),
    (
        _under(C, "turn.noisy_environment_detection turn.noisy_environment_message vad") + " vad",
        "lost",
        "EL020",
        "a noisy line is not detected; denoisingConfig removes noise instead",
        "Try denoisingConfig: {isEnabled: true} if callers are in noisy places.",
        _OFF,
    ),
    (C + "turn", "skip", "EL020", "internal to the source's turn taking", ""),
]

_SPEAKING: list[tuple[Any, ...]] = [
    (
        C + "tts.voice_id",
        "ask",
        "EL001",
        "voices do not move between the platforms",
        "Choose a voice in the choices file and listen to it.",
    ),
    (C + "tts.model_id", "near", "EL001", "Atoms speaks with its own model", ""),
    (C + "tts.speed", "exact", "EL006", "", ""),
    (
        _under(C + "tts.", "stability similarity_boost clone_strength style use_speaker_boost voice_settings"),
        "skip",
        "EL001",
        "tuned for the old voice",
        "Tune the new voice by ear.",
        (0.5, 0.8, 0, 0.0, False, None),
    ),
    (
        C + "tts.agent_output_audio_format",
        "near",
        "EL006",
        "the sample rate is kept, the codec is not configurable; a phone call has 8 kHz in any case",
        "",
    ),
    (
        C + "tts.text_normalisation_type",
        "near",
        "EL006",
        "pages of the platform describe speechFormatting in two ways",
        "Listen to how numbers and dates are read.",
        ("system_prompt",),
    ),
    (
        C + "tts.pronunciation_dictionary_locators",
        "ask",
        "EL013",
        "an export holds ids of dictionaries, not their words",
        "Download the dictionary and list its aliases under pronunciationDicts.",
    ),
    (
        _under(
            C + "tts.",
            "supported_voices expressive_mode suggested_audio_tags enable_phoneme_tags audio_effects audio_filter",
        ),
        "lost",
        "EL001",
        "one voice per agent, without audio tags or effects",
        "Choose a voice that speaks every language of the agent.",
        (*_OFF, True),
    ),
    (
        _under(C + "tts.", "optimize_streaming_latency audio_format language_presets"),
        "skip",
        "EL000",
        "has no effect any more",
        "",
    ),
    (C + "tts", "skip", "EL020", "internal to the source's speech", ""),
]

_CONVERSATION: list[tuple[Any, ...]] = [
    (C + "conversation.max_duration_seconds", "exact", "EL005", "", "", (600,)),
    (
        C + "conversation.text_only",
        "near",
        "EL020",
        "voice or chat is chosen for each session, with mode=chat, and once for the widget",
        "Connect with mode=chat.",
        (False,),
    ),
    (
        C + "conversation.background_sound",
        "near",
        "EL006",
        "the platform has four sounds of its own",
        "",
        ("none", ""),
    ),
    (
        _under(C + "conversation.background_sound.", "volume crossfade_loop"),
        "lost",
        "EL020",
        "the volume of a background sound is fixed",
        "",
        (*_OFF, True, 1, 1.0, 0.5),
    ),
    (
        C + "conversation.client_events",
        "near",
        "EL020",
        "the client gets a fixed set of events; only `interruption` in this list changes the agent",
        "See `agentops scan-client` for the client's side.",
        (
            *("audio", "interruption", "agent_response", "user_transcript", "agent_response_correction"),
            *("agent_tool_response", "ping", "conversation_initiation_metadata", "client_tool_call"),
        ),
    ),
    (
        _under(C + "conversation.", "monitoring_enabled monitoring_events"),
        "skip",
        "EL000",
        "a call can always be followed through its event stream",
        "",
    ),
    (
        _under(C + "conversation.", "file_input dtmf_input_settings source_attribution"),
        "lost",
        "EL020",
        "files, keypad input and source links are not part of a call",
        "",
        (*_OFF, 10),
    ),
    (C + "conversation", "skip", "EL020", "internal to the source", ""),
    (C + "webhooks", "ask!", "EL016", "not a documented place for webhooks", "Register the webhook on Atoms."),
    (
        C + "tools",
        "near",
        "EL021",
        "not a documented place for tools",
        "",
    ),
    (
        C + "language_presets",
        "lost",
        "EL003",
        "one greeting, voice and prompt per agent, whatever the language",
        "Let the prompt greet in the caller's language.",
        (*_OFF, True),
    ),
    (C + "language_presets.*.overrides.agent.language", "skip", "EL003", "says the preset's own name again", ""),
    (
        C + "language_presets.*.first_message_translation.source_hash",
        "skip",
        "EL000",
        "bookkeeping of the translation",
        "",
    ),
]

_ANALYSIS: list[tuple[Any, ...]] = [
    (
        _under(S + "evaluation.criteria.*.", "id name"),
        "near",
        "EL015",
        "metrics are named in lower case with underscores",
        "Point dashboards and webhooks at the new name.",
    ),
    (_under(S + "evaluation.criteria.*.", "conversation_goal_prompt description"), "exact", "EL015", "", ""),
    (
        _under(S + "evaluation.criteria.*.", "scoring_mode max_score score_instructions"),
        "near",
        "EL015",
        "a verdict becomes a value to extract; the platform adds no share of successes",
        "",
        ("binary",),
    ),
    (S + "evaluation.criteria.*.type", "skip", "EL000", "has only one value that matters", "", ("prompt",)),
    (
        S + "evaluation",
        "lost",
        "EL015",
        "metrics are judged by the platform's own model, on the transcript alone",
        "",
        (*_OFF, "conversation", "agent"),
    ),
    (_under(S + "data_collection.*.", "description enum"), "exact", "EL015", "", ""),
    (
        S + "data_collection.*.type",
        "near",
        "EL015",
        "there is no type for fractions",
        "",
    ),
    (S + "data_collection.*.name", "near", "EL015", "", ""),
    (
        S + "data_collection",
        "lost",
        "EL015",
        "only values that the model extracts can be metrics",
        "",
        (*_OFF, "llm_prompt"),
    ),
    (
        S + "data_collection_scopes",
        "lost",
        "EL015",
        "metrics have no scope",
        "",
        (*_OFF, "conversation", "agent"),
    ),
    (
        S + "analysis_items",
        "ask",
        "EL015",
        "names items that are stored elsewhere",
        "Check that evaluation and data collection below are complete.",
    ),
    (
        _under(
            S,
            "analysis_llm analysis_bedrock_llm analysis_llm_billed summary_language "
            "auto_translate_transcript_to_app_language",
        ),
        "lost",
        "EL015",
        "the model behind the metrics is the platform's",
        "",
        (*_OFF, "gemini-2.5-flash", "gemini-2.5-flash-lite"),
    ),
    (
        _under(S, "topic_discovery sentiment_analysis"),
        "near",
        "EL015",
        "no analysis of its own; a metric can ask the same question",
        "Add a metric if you use the result.",
        (*_OFF, True),
    ),
]

_HOOKS: list[tuple[Any, ...]] = [
    (
        _under(
            S,
            "overrides.enable_conversation_initiation_client_data_from_webhook "
            "workspace_overrides.conversation_initiation_client_data_webhook",
        )
        + " conversation_initiation_client_data_webhook",
        "near",
        "EL016",
        "becomes preCallAPI: it may fill variables, but no longer the prompt, first message, language or voice",
        "Check the request that the service gets; its body is ours.",
        (False,),
    ),
    (
        S + "workspace_overrides.conversation_initiation_client_data_webhook.request_headers",
        "ask!",
        "EL009",
        "a stored secret never leaves ElevenLabs",
        "Set the secret named in the spec in each environment.",
    ),
    (
        S + "overrides",
        "lost",
        "EL016",
        "a session takes variables only, never another prompt, greeting, language or voice",
        "Put {{placeholders}} with defaults where a call must differ.",
        _OFF,
    ),
    (
        S + "workspace_overrides.webhooks.post_call_webhook_id",
        "ask",
        "EL016",
        "an id does not tell the address",
        "Register the webhook on Atoms and subscribe the agent; payload and signature differ.",
    ),
    (
        S + "workspace_overrides.webhooks.events",
        "near",
        "EL016",
        "transcript answers to post-conversation and analytics-completed; the others have no event",
        "Subscribe the agent to those events.",
        ("transcript",),
    ),
    (
        S + "workspace_overrides",
        "lost",
        "EL016",
        "the payload of a webhook cannot be shaped",
        "",
        (*_OFF, "json"),
    ),
    (
        S + "testing",
        "ask",
        "EL000",
        "tests are not stored on the platform",
        "Import the folder that has tests.json and test_configs/; they become call scripts.",
        _OFF,
    ),
    (S + "simulation_library", "skip", "EL000", "stored simulations of the source", ""),
]

_SAFETY: list[tuple[Any, ...]] = [
    (
        S + "guardrails",
        "lost",
        "EL017",
        "no independent check of what the agent says; the platform scans the prompt when it is published",
        "Say the rule in the prompt, and test it with a call.",
        (*_OFF, "1", "medium", "low", "high", "end_call", "streaming", "blocking", 0.3, 0.5, "exit"),
    ),
    (
        S + "guardrails.custom.config.configs",
        "near",
        "EL017",
        "becomes a line of the prompt: an instruction, not a check",
        "Test it with a call.",
        (*_OFF, "gemini-2.5-flash-lite", "gemini-2.0-flash", "streaming", "blocking", "end_call"),
    ),
    (S + "auth.enable_auth", "skip", "EL000", "Atoms always asks for a key or a token", ""),
    (
        S + "auth.allowlist",
        "near",
        "EL020",
        "the list limits who may embed the widget, and nobody else",
        "Keep the key on your server; a page gets tokens from there.",
    ),
    (S + "auth", "lost!", "EL009", "a credential of the source", "", _OFF),
    (
        S + "call_limits",
        "lost",
        "EL020",
        "an agent has no limits of its own; an account can reserve lines",
        "",
        (*_OFF, 100000, True),
    ),
    (S + "queueing_config", "lost", "EL020", "waiting callers are not queued per agent", "", (*_OFF, True, 60)),
    (
        S + "privacy.conversation_history_redaction.enabled",
        "near",
        "EL018",
        "with redaction on, the model itself sees placeholders instead of what the caller said",
        "Leave it off where the agent must write down numbers or addresses.",
        (False,),
    ),
    (
        S + "privacy",
        "lost",
        "EL018",
        "recording and retention cannot be set per agent: a matter of compliance",
        "Settle it with the platform before taking calls.",
        (-1, False, "false", None),
    ),
    (
        S + "privacy.record_voice",
        "lost",
        "EL018",
        "recording cannot be switched off per agent",
        "Settle it with the platform before taking calls.",
        (True,),
    ),
    (
        _under(S, "archived trust_context safety ban smb_metadata overview_dashboard_template_id"),
        "skip",
        "EL000",
        "internal to the source",
        "",
    ),
    (S + "alerting", "lost", "EL020", "alerts are not part of an agent", "", _OFF),
]

_WIDGET: list[tuple[Any, ...]] = [
    (
        S + "widget",
        "lost",
        "EL020",
        "the widget here has no such setting",
        "See what its dashboard page offers.",
        (*_OFF, True, "never", "during", "end", "start", "allow", "static", "dynamic", "#000000", "#ffffff", "#e1e1e1"),
    ),
    (S + "widget.variant", "near", "EL020", "an expandable widget becomes a compact one", "", ("full",)),
    (
        S + "widget.placement",
        "near",
        "EL020",
        "the page that shows the widget today honours bottom-right only",
        "",
        ("bottom-right",),
    ),
    (S + "widget.{bg_color,btn_text_color}", "near", "EL020", _LOOKS, "", ("#ffffff",)),
    (S + "widget.{btn_color,text_color}", "near", "EL020", _LOOKS, "", ("#000000",)),
    (S + "widget.border_radius", "near", "EL020", f"from 0 to 50; {_OWN_PAGE}", _CHECK),
    (
        S + "widget.avatar",
        "ask",
        "EL020",
        "the widget shows an image of the platform's own store, and no orb",
        "Upload an image on the widget's dashboard page.",
        ("orb", "#2792dc", "#9ce6e6"),
    ),
    (
        S + "widget.custom_avatar_path",
        "ask",
        "EL020",
        "the widget shows an image of the platform's own store",
        "Upload it on the widget's dashboard page.",
    ),
    (
        _under(S + "widget.", "start_call_text end_call_text action_text")
        + " "
        + S
        + "widget.text_contents.{start_call,end_call,main_label,input_placeholder}",
        "near",
        "EL020",
        "stands at the nearest place that the widget has",
        "",
    ),
    (S + "widget.transcript_enabled", "near", "EL020", _OWN_PAGE, _CHECK, (False,)),
    (
        _under(S + "widget.", "terms_text terms_html"),
        "near",
        "EL020",
        "the widget asks for consent with this text",
        "Have the text checked before it goes live.",
    ),
    (S + "widget.terms_key", "near", "EL020", _OWN_PAGE, _CHECK),
    (S + "widget.{supports_text_only,text_input_enabled}", "near", "EL020", _ONE_MODE, "", (True,)),
    (S + "widget.conversation_mode_toggle_enabled", "near", "EL020", _ONE_MODE, "", (False,)),
]

_WORKFLOW: list[tuple[Any, ...]] = [
    ("workflow", "lost", "EL014", "a node's own settings cannot be kept in one prompt", "", (*_OFF, True)),
    (
        "workflow.nodes.*.type workflow.nodes.*.label workflow.nodes.*.additional_prompt workflow.nodes.*.message "
        "workflow.nodes.*.entry_behavior workflow.nodes.*.auto_advance_after_first_response workflow.nodes.*.tools "
        "workflow.nodes.*.outcome workflow.edges.*.source workflow.edges.*.target workflow.edges.*.destination "
        "workflow.edges.*.forward_condition workflow.edges.*.backward_condition workflow.prevent_subagent_loops",
        "near",
        "EL014",
        "the graph is written into the prompt as stages: the model follows them by instruction, nothing enforces them",
        "Read the stages in the prompt, and test each path with a call.",
        (*_OFF, True),
    ),
    (
        "workflow.nodes.*.additional_tool_ids",
        "near",
        "EL014",
        "the tool is offered in every stage",
        "",
    ),
    (
        "workflow.nodes.*.additional_knowledge_base",
        "ask",
        "EL013",
        "an export names the documents but does not hold them",
        "Load them into the agent's knowledge base.",
    ),
    (
        "workflow.nodes.*.{transfer_destination,transfer_type}",
        "near",
        "EL012",
        "becomes a transfer_call tool",
        "",
    ),
    (
        "workflow.nodes.*.{agent_id,branch_id,node_id,delay_ms,transfer_message,preserve_voice_settings} "
        "workflow.nodes.*.{enable_transferred_agent_first_message,preserve_client_tts_overrides}",
        "ask",
        "EL011",
        "a single-prompt agent cannot hand over to another agent",
        "Merge the prompts, or transfer to the other agent's phone number.",
        _OFF,
    ),
    (
        "workflow.nodes.*.{position,edge_order} workflow.edges.*.reroutes workflow.enabled",
        "skip",
        "EL000",
        "layout",
        "",
    ),
    (
        "workflow.edges.*.{forward_condition,backward_condition}.expression",
        "lost",
        "EL014",
        "a computed branch cannot be kept in a prompt",
        "Say in the prompt when to take it.",
    ),
]

_PRESENTATION: list[tuple[Any, ...]] = [
    ("_imported_tests", "near", "EL000", "becomes a call script under agents/calls/", "Read it before relying on it."),
]

ROWS: list[tuple[Any, ...]] = [
    *_TOP,
    *_AGENT,
    *_TOOLS,
    *_BUILT_IN,
    *_HEARING,
    *_SPEAKING,
    *_CONVERSATION,
    *_ANALYSIS,
    *_HOOKS,
    *_SAFETY,
    *_WIDGET,
    *_WORKFLOW,
    *_PRESENTATION,
]
