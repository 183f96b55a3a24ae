"""The values that the platform fills in by itself, where its documentation and live tests agree. Specs leave them out.

A field that is left out is unmanaged, so the plan stays empty. If sources disagree about a default, or the default is
surprising (redaction, speaking speed, session time), the field is always written.
"""

from __future__ import annotations

from typing import Any

from agentops.document import Document
from agentops.fields import FREE_MAPS

_FILLED_IN: Document = {
    "globalPrompt": "",
    "allowInterruptions": True,
    "waitForUserToSpeakFirst": False,
    "muteUserUntilFirstBotResponse": False,
    "interruptionBackoffTimer": 0,
    "enableStyleGuide": True,
    "backgroundSound": "",
    "callDispositionConfig": "",
    "customLLMWebSocketUrl": "",
    "denoisingConfig": {"isEnabled": False},
    "smartTurnConfig": {"isEnabled": False, "waitTimeInSecs": 3},
    "voiceDetectionConfig": {
        "confidence": 0.7,
        "minVolume": 0.6,
        "triggerTimeInSecs": 0.2,
        "releaseTimeInSecs": 0.4,
    },
    "voiceMailDetectionConfig": {
        "enabled": False,
        "endText": "Terminating call, you can call us back anytime. Thank you for calling.",
    },
    "language": {
        "switching": {
            "isEnabled": False,
            "minWordsForDetection": 2,
            "strongSignalThreshold": 0.7,
            "weakSignalThreshold": 0.3,
            "minConsecutiveForWeakThresholdSwitch": 2,
        }
    },
    "synthesizer": {"consistency": 0.5, "similarity": 0, "enhancement": 1, "sampleRate": 16000},
    "sttMissDetectorConfig": {"isEnabled": True},
    "widgetConfig": {"position": "bottom-right", "size": "full", "mode": "chat", "theme": "light"},
    "timezone": {"label": "(GMT+0:00) UTC", "offset": 0},
    "postCallAnalyticsConfig": {
        "summaryPrompt": "",
        "useInternalAnalyticsModel": True,
        "useReasoningModel": False,
    },
}
_FILLED_IN_TOOL: Document = {
    "enabled": True,
    "onHoldMusic": "ringtone",
    "transferOnlyIfHuman": True,
    "detectionTimeout": 30,
}


def without_defaults(config: Document) -> Document:
    """`config` without what the platform would fill in anyway, and without empty lists and objects."""
    kept = _without(config, _FILLED_IN)
    prompt = kept.get("singlePromptConfig")
    if isinstance(prompt, dict) and isinstance(prompt.get("tools"), list):
        prompt["tools"] = [without_tool_defaults(tool) for tool in prompt["tools"]]
    return kept


def without_tool_defaults(tool: Document) -> Document:
    """One tool without what the platform would fill in."""
    return _without(tool, _FILLED_IN_TOOL)


def _without(document: Document, defaults: Document) -> Document:
    kept = {}
    for name, value in document.items():
        default = defaults.get(name)
        if isinstance(value, dict) and name not in FREE_MAPS:
            value = _without(value, default if isinstance(default, dict) else {})
        if not _is_left_out(value, default):
            kept[name] = value
    return kept


def _is_left_out(value: Any, default: Any) -> bool:
    if value in ({}, [], None):
        return True
    same_kind = isinstance(value, bool) == isinstance(default, bool)
    return default is not None and same_kind and bool(value == default)
