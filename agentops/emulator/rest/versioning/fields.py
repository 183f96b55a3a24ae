"""The configuration fields an agent version has: their shapes, their defaults, and the names they are stored under.

Facts only. Bounds and defaults are those of the platform's create and draft requests; where its typed v2 schema is
known to be wrong (timezone, pronunciationDicts, callDispositionConfig, speechFormatting) the shapes that live clients
send are used. Merging and comparing is done in `configuration`.
"""

from __future__ import annotations

import functools
from typing import Any

from agentops.emulator.options import Choices
from agentops.emulator.rest.schema import (
    FLAG,
    NUMBER,
    OBJECT,
    SCALAR,
    TEXT,
    Schema,
    array,
    mapping,
    number,
    obj,
    one_of,
    text,
)

GREETING = "Hello! How can I help you today?"
VOICEMAIL_TEXT = "Terminating call, you can call us back anytime. Thank you for calling."

LANGUAGES = ("en", "hi", "mr", "gu", "ta", "es", "north_indic", "bn", "or")
MODELS = (
    *("electron", "electron-kogta", "electron-kogta-v2", "gpt-4o", "gpt-4.1", "gpt-5.2"),
    *("gpt-realtime", "gpt-realtime-mini"),
)
TRANSCRIBERS = ("pulse", "pulse-legacy")  # where `transcriber_types` says that the list is complete
GATED_MODELS = ("gpt-5.2", "electron-kogta", "electron-kogta-v2")
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH")
URL: Schema = {"type": "string", "format": "uri"}
E164 = text(pattern=r"^\+[1-9]\d{6,14}$")

_PAIRS = array(obj({"key": TEXT, "value": TEXT}, required=("key", "value")))
_RESPONSE_VARIABLES = array(obj({"variableName": TEXT, "jsonPath": TEXT}, required=("variableName", "jsonPath")))
_PARAMETERS = array(
    obj(
        {
            "name": TEXT,
            "description": TEXT,
            "type": one_of("text", "number", "boolean", "enum"),
            "values": array(TEXT),
            "required": FLAG,
        },
        required=("name", "description", "type"),
    )
)
_HANDOFF = obj({"type": one_of("prompt", "static"), "prompt": TEXT})
_TOOL_BASE = {"name": text(least=1, pattern=r"^\S+$"), "description": TEXT, "enabled": FLAG}
_BASE_REQUIRED = ("type", "name", "description")

TOOL_TYPES: dict[str, Schema] = {
    "end_call": obj(_TOOL_BASE, required=_BASE_REQUIRED),
    "transfer_call": obj(
        {
            **_TOOL_BASE,
            "transferNumber": E164,
            "transferOption": obj(
                {
                    "type": one_of("cold_transfer", "warm_transfer"),
                    "privateHandoffOption": _HANDOFF,
                    "publicHandoffOption": _HANDOFF,
                },
                required=("type",),
            ),
            "onHoldMusic": one_of("ringtone", "relaxing_sound", "uplifting_beats", "none"),
            "transferOnlyIfHuman": FLAG,
            "detectionTimeout": number(5, 60),
        },
        required=(*_BASE_REQUIRED, "transferNumber", "transferOption"),
    ),
    "api_call": obj(
        {
            **_TOOL_BASE,
            "url": URL,
            "method": one_of(*METHODS),
            "timeout": number(1000, 30000),  # milliseconds
            "headers": OBJECT,
            "headersArray": _PAIRS,
            "queryParams": _PAIRS,
            "requestBody": TEXT,
            "llmParameters": _PARAMETERS,
            "responseVariables": _RESPONSE_VARIABLES,
        },
        required=(*_BASE_REQUIRED, "url", "method"),
    ),
    "extract_dynamic_variables": obj(
        {
            **_TOOL_BASE,
            "variablesExtractionSchema": array(
                obj(
                    {
                        "name": TEXT,
                        "description": TEXT,
                        "type": one_of("text", "number", "boolean", "enum"),
                        "values": array(TEXT),
                    },
                    required=("name", "description", "type"),
                ),
                least=1,
            ),
        },
        required=(*_BASE_REQUIRED, "variablesExtractionSchema"),
    ),
    "knowledge_base_search": obj(
        {**_TOOL_BASE, "knowledgeBaseId": TEXT, "fillerPhrases": array(TEXT)},
        required=(*_BASE_REQUIRED, "knowledgeBaseId"),
    ),
    # Not in the published list of types: it comes from the registry of tools.
    "client_tool": obj(
        {**_TOOL_BASE, "parameters": _PARAMETERS, "llmParameters": _PARAMETERS, "timeout": NUMBER},
        required=_BASE_REQUIRED,
    ),
}

# What the platform adds to a tool when it stores it.
TOOL_DEFAULTS: dict[str, dict[str, Any]] = {
    "end_call": {"enabled": True},
    "transfer_call": {
        "enabled": True,
        "onHoldMusic": "ringtone",
        "transferOnlyIfHuman": True,
        "detectionTimeout": 30,
    },
    "api_call": {"enabled": True, "timeout": 5000, "responseVariables": []},
    "extract_dynamic_variables": {"enabled": True},
    "knowledge_base_search": {"enabled": True, "fillerPhrases": []},
    "client_tool": {"enabled": True},
}

_SWITCHING = obj(
    {
        "isEnabled": FLAG,
        "minWordsForDetection": number(1, 10),
        "strongSignalThreshold": number(0.1, 0.9),
        "weakSignalThreshold": number(0.1, 0.9),
        "minConsecutiveForWeakThresholdSwitch": number(1, 5),
    }
)
_METRIC = obj(
    {
        "identifier": text(pattern="^[a-z0-9_]+$"),
        "dispositionMetricPrompt": TEXT,
        "dispositionMetricType": one_of("STRING", "BOOLEAN", "INTEGER", "ENUM", "DATETIME"),
        "choices": array(TEXT),
    },
    required=("identifier", "dispositionMetricPrompt", "dispositionMetricType"),
)

# write name -> shape
CONFIG: dict[str, Schema] = {
    # Tools are checked by type, each with its place in the error text: `configuration`.
    "singlePromptConfig": obj({"prompt": TEXT, "tools": array(OBJECT), "toolRefs": array(TEXT)}),
    "globalPrompt": text(most=4000),  # documented for workflows; clients use it as the prompt of single-prompt agents
    "firstMessage": text(most=500),
    "slmModel": one_of(*MODELS),
    "customLLMWebSocketUrl": TEXT,
    "transcriberType": TEXT,
    "language": obj(
        {"default": one_of(*LANGUAGES), "supported": array(one_of(*LANGUAGES), least=1), "switching": _SWITCHING}
    ),
    "synthesizer": obj(
        {
            "voiceConfig": obj({"model": TEXT, "voiceId": TEXT, "modelId": TEXT, "gender": one_of("male", "female")}),
            "speed": number(0, 2),
            "consistency": number(0, 1),
            "similarity": number(0, 1),
            "enhancement": one_of(0, 1, 2),
            "sampleRate": one_of(8000, 16000, 24000, 44100),
        }
    ),
    "backgroundSound": one_of("", "office", "cafe", "call_center", "static"),
    "speechFormatting": FLAG,
    "enableStyleGuide": FLAG,
    "defaultVariables": mapping(SCALAR),
    "preCallAPI": obj(
        {
            "isEnabled": FLAG,
            "url": URL,
            "method": one_of(*METHODS),
            "headers": OBJECT,
            "body": OBJECT,
            "timeout": number(1, 30),  # seconds here, milliseconds in tools
            "queryParams": OBJECT,
            "responseVariables": _RESPONSE_VARIABLES,
        },
        required=("url", "method"),
    ),
    "globalKnowledgeBaseId": text(pattern="^([a-f0-9]{24})?$"),  # empty takes it away: null is refused
    "muteUserUntilFirstBotResponse": FLAG,
    "allowInterruptions": FLAG,
    "waitForUserToSpeakFirst": FLAG,
    "waitForUserToSpeakTimeoutSecs": number(0),
    "interruptionBackoffTimer": number(0, 10),
    "smartTurnConfig": obj({"isEnabled": FLAG, "waitTimeInSecs": number(0, 10)}),
    "voiceDetectionConfig": obj(
        {
            "confidence": number(0, 1),
            "minVolume": number(0, 1),
            "triggerTimeInSecs": number(0, 10),
            "releaseTimeInSecs": number(0, 10),
        }
    ),
    # The only one that is spelled `enabled`: its siblings have `isEnabled`.
    "voiceMailDetectionConfig": obj({"enabled": FLAG, "endText": text(most=200)}),
    "denoisingConfig": obj({"isEnabled": FLAG}),
    "redactionConfig": obj({"isEnabled": FLAG}),
    "pronunciationDicts": array(obj({"word": TEXT, "pronunciation": TEXT}, required=("word", "pronunciation"))),
    "llmIdleTimeoutConfig": obj(
        {
            "chatTimeoutTimeInSecs": number(1, 300),
            "webcallTimeoutTimeInSecs": number(1, 300),
            "telephonyTimeoutTimeInSecs": number(1, 300),
            "maxRetries": number(0),
        }
    ),
    "sessionTimeoutConfig": obj({"timeoutTimeInSecs": number(1, 3600)}),
    "timezone": obj({"label": TEXT, "offset": NUMBER}),
    "callDispositionConfig": TEXT,  # a prompt
    "postCallAnalyticsConfig": obj(
        {
            "dispositionMetrics": array(_METRIC),
            "successMetrics": array(OBJECT),
            "summaryPrompt": TEXT,
            "useInternalAnalyticsModel": FLAG,
            "useReasoningModel": FLAG,
        }
    ),
    "widgetConfig": OBJECT,
    # From a changelog; the published schema doesn't have it.
    "sttMissDetectorConfig": obj({"isEnabled": FLAG, "repeatPromptMessages": array(TEXT)}),
    "playbooks": OBJECT,  # a draft takes any; `playbook_rules` hold for a publish
}

# Fields that `POST /agent` takes besides metadata; the others need a draft.
NOT_AT_CREATION = {
    *("singlePromptConfig", "postCallAnalyticsConfig", "transcriberType", "customLLMWebSocketUrl", "widgetConfig"),
    *("playbooks", "sttMissDetectorConfig", "waitForUserToSpeakTimeoutSecs"),
}

# What a new agent has; `redactionConfig` is on and `denoisingConfig` off by live observation.
DEFAULTS: dict[str, Any] = {
    "singlePromptConfig": {"prompt": "", "tools": []},
    "firstMessage": GREETING,
    "slmModel": "electron",
    "transcriberType": "pulse",
    "language": {
        "default": "en",
        "supported": ["en"],
        "switching": {
            "isEnabled": False,
            "minWordsForDetection": 2,
            "strongSignalThreshold": 0.7,
            "weakSignalThreshold": 0.3,
            "minConsecutiveForWeakThresholdSwitch": 2,
        },
    },
    "synthesizer": {
        "voiceConfig": {"model": "waves_lightning_v3_1", "voiceId": "nyah", "gender": "female"},
        "speed": 1.2,
        "consistency": 0.5,
        "similarity": 0,
        "enhancement": 1,
        "sampleRate": 16000,
    },
    "backgroundSound": "",
    "speechFormatting": True,
    "enableStyleGuide": True,
    "defaultVariables": {},
    "muteUserUntilFirstBotResponse": False,
    "allowInterruptions": True,
    "waitForUserToSpeakFirst": False,
    "interruptionBackoffTimer": 0,
    "smartTurnConfig": {"isEnabled": False, "waitTimeInSecs": 3},
    "voiceDetectionConfig": {
        "confidence": 0.7,
        "minVolume": 0.6,
        "triggerTimeInSecs": 0.2,
        "releaseTimeInSecs": 0.4,
    },
    "voiceMailDetectionConfig": {"enabled": False, "endText": VOICEMAIL_TEXT},
    "denoisingConfig": {"isEnabled": False},
    "redactionConfig": {"isEnabled": True},
    "pronunciationDicts": [],
    "llmIdleTimeoutConfig": {
        "chatTimeoutTimeInSecs": 60,
        "webcallTimeoutTimeInSecs": 20,
        "telephonyTimeoutTimeInSecs": 20,
        "maxRetries": 3,
    },
    "sessionTimeoutConfig": {"timeoutTimeInSecs": 1800},
    "timezone": {"label": "(GMT+0:00) UTC", "offset": 0},
    "callDispositionConfig": "",
    "postCallAnalyticsConfig": {
        "dispositionMetrics": [],
        "successMetrics": [],
        "summaryPrompt": "",
        "useInternalAnalyticsModel": True,
        "useReasoningModel": False,
    },
    "widgetConfig": {"position": "bottom-right", "size": "full", "mode": "chat", "theme": "light"},
    "sttMissDetectorConfig": {"isEnabled": True, "repeatPromptMessages": []},
}

# Filled in when one of these is written for the first time.
DEFAULTS_WHEN_SET: dict[str, dict[str, Any]] = {
    "preCallAPI": {
        "isEnabled": False,
        "headers": {},
        "body": {},
        "timeout": 5,
        "queryParams": {},
        "responseVariables": [],
    },
}

# Objects whose keys the author invents: a write replaces them, a merge could never take a key away.
FREE_FORM = {
    *("defaultVariables", "widgetConfig", "playbooks", "preCallAPI.headers", "preCallAPI.body"),
    "preCallAPI.queryParams",
}

# Names that can't become configuration in a newer platform either: metadata, controls of a write, and old names.
NO_CONFIG = {
    *("name", "description", "avatarUrl", "telephonyProductId", "allowInboundCall", "visibleToEveryone"),
    *("workflowType", "origin", "prompt", "voice", "expectedRevision", "label", "activate"),
}
UNKNOWN_SECTION = "call_handling"  # where keys that this module does not know are stored

SECTIONS = (
    *("workflow_prompt", "workflow_tools", "workflow_graph", "llm", "voice", "language", "call_handling", "detection"),
    *("analytics", "timeouts", "audio", "privacy", "widget"),
)

NO_CONFIG |= set(SECTIONS)  # a write by section is refused: sections are how a configuration is read

_CALL_HANDLING = (
    *("waitForUserToSpeakFirst", "waitForUserToSpeakTimeoutSecs", "muteUserUntilFirstBotResponse"),
    *("allowInterruptions", "interruptionBackoffTimer", "defaultVariables", "preCallAPI", "timezone"),
    *("enableStyleGuide", "sttMissDetectorConfig"),
)
_AUDIO = ("denoisingConfig", "backgroundSound", "pronunciationDicts", "speechFormatting")
_ARGS = {
    ("synthesizer", "voiceConfig", "voiceId"): "voiceId",
    ("synthesizer", "voiceConfig", "modelId"): "modelId",
    ("synthesizer", "voiceConfig", "gender"): "gender",
    ("synthesizer", "consistency"): "consistency",
    ("synthesizer", "similarity"): "similarity",
    ("synthesizer", "enhancement"): "enhancement",
}


@functools.cache
def stored_places(choices: Choices) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Write path -> (section, stored name, ...). The read names are the documented ones; `choices` fills the gaps."""
    places: dict[tuple[str, ...], tuple[str, ...]] = {
        ("singlePromptConfig", "prompt"): ("workflow_prompt", "prompt"),
        ("globalPrompt",): ("workflow_prompt", "globalPrompt"),
        ("singlePromptConfig", "tools"): ("workflow_tools", "tools"),
        ("singlePromptConfig", "toolRefs"): ("workflow_tools", choices.tool_refs_name),
        ("slmModel",): ("llm", "modelName"),
        ("customLLMWebSocketUrl",): ("llm", choices.custom_llm_name),
        ("globalKnowledgeBaseId",): (choices.knowledge_section, choices.knowledge_name),
        ("synthesizer", "voiceConfig", "model"): ("voice", "synthesizerType"),
        ("synthesizer", "speed"): ("voice", "synthesizerSpeed"),
        ("synthesizer", "sampleRate"): (choices.sample_rate_section, "synthesizerSampleRate"),
        ("language", "default"): ("language", "defaultLanguage"),
        ("language", "supported"): ("language", "supportedLanguages"),
        ("language", "switching"): ("language", "languageSwitching"),
        ("transcriberType",): (choices.transcriber_section, "transcriberType"),
        ("firstMessage",): (choices.first_message_section, "firstMessage"),
        ("redactionConfig",): ("privacy", "redactionConfig"),
        ("widgetConfig",): ("widget", "widgetConfig"),
        ("playbooks",): ("playbooks", "playbooks"),
    }
    places |= {path: ("voice", "synthesizerArgs", name) for path, name in _ARGS.items()}
    for section, names in (
        ("call_handling", _CALL_HANDLING),
        ("audio", _AUDIO),
        ("detection", ("smartTurnConfig", "voiceDetectionConfig", "voiceMailDetectionConfig")),
        ("timeouts", ("llmIdleTimeoutConfig", "sessionTimeoutConfig")),
        ("analytics", ("postCallAnalyticsConfig", "callDispositionConfig")),
    ):
        places |= {(name,): (section, name) for name in names}
    return places
