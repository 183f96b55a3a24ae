"""What is known of the platform's configuration fields: keys of lists, free maps, empty values, category and risk.

Tables only, in write names; the facts are the platform's published schema. How they are used is decided elsewhere:
`canonical` compares by them, `merge` writes by them, `changes` describes by them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from agentops.document import Path
from agentops.plan.model import Category, Risk

# A list whose items are objects told apart by one of their fields, by the list's own name wherever it occurs.
NATURAL_KEYS: Mapping[str, str] = {
    "tools": "name",
    "headersArray": "key",
    "queryParams": "key",
    "llmParameters": "name",
    "responseVariables": "variableName",
    "variablesExtractionSchema": "name",
    "dispositionMetrics": "identifier",
    "successMetrics": "identifier",
    "pronunciationDicts": "word",
    "playbooks": "id",
    "verifications": "id",
}

# An object whose names are the user's own: every entry counts, the server adds none, an entry left out is removed.
FREE_MAPS = frozenset({"defaultVariables", "headers", "queryParams", "body"})

# Written into nested objects by the platform's database; never configuration.
SERVER_OWNED = frozenset({"_id", "__v"})

_CATEGORIES: Mapping[Path, Category] = {
    ("singlePromptConfig", "prompt"): Category.PROMPT,
    ("globalPrompt",): Category.PROMPT,
    ("playbooks",): Category.PROMPT,
    ("defaultVariables",): Category.PROMPT,
    ("firstMessage",): Category.GREETING,
    ("waitForUserToSpeakFirst",): Category.GREETING,
    ("synthesizer",): Category.VOICE,
    ("pronunciationDicts",): Category.VOICE,
    ("speechFormatting",): Category.VOICE,
    ("backgroundSound",): Category.VOICE,
    ("denoisingConfig",): Category.VOICE,
    ("slmModel",): Category.MODEL,
    ("customLLMWebSocketUrl",): Category.MODEL,
    ("enableStyleGuide",): Category.MODEL,
    ("globalKnowledgeBaseId",): Category.MODEL,
    ("language",): Category.LANGUAGE,
    ("transcriberType",): Category.LANGUAGE,
    ("singlePromptConfig", "tools"): Category.TOOLS,
    ("singlePromptConfig", "toolRefs"): Category.TOOLS,
    ("preCallAPI",): Category.TOOLS,
    ("telephonyProductId",): Category.TELEPHONY,
    ("allowInboundCall",): Category.TELEPHONY,
    ("voiceMailDetectionConfig",): Category.TELEPHONY,
    ("postCallAnalyticsConfig",): Category.ANALYTICS,
    ("callDispositionConfig",): Category.ANALYTICS,
    ("redactionConfig",): Category.PRIVACY,
    ("smartTurnConfig",): Category.TIMING,
    ("voiceDetectionConfig",): Category.TIMING,
    ("interruptionBackoffTimer",): Category.TIMING,
    ("allowInterruptions",): Category.TIMING,
    ("muteUserUntilFirstBotResponse",): Category.TIMING,
    ("waitForUserToSpeakTimeoutSecs",): Category.TIMING,
    ("llmIdleTimeoutConfig",): Category.TIMING,
    ("sttMissDetectorConfig",): Category.TIMING,
    ("sessionTimeoutConfig",): Category.TIMING,
    ("name",): Category.COSMETIC,
    ("description",): Category.COSMETIC,
    ("avatarUrl",): Category.COSMETIC,
    ("widgetConfig",): Category.COSMETIC,
    ("visibleToEveryone",): Category.COSMETIC,
}

_RISKS: Mapping[Category, Risk] = {
    Category.PROMPT: Risk.MEDIUM,
    Category.GREETING: Risk.MEDIUM,
    Category.VOICE: Risk.MEDIUM,
    Category.MODEL: Risk.HIGH,
    Category.LANGUAGE: Risk.HIGH,
    Category.TOOLS: Risk.MEDIUM,
    Category.TELEPHONY: Risk.HIGH,
    Category.ANALYTICS: Risk.LOW,
    Category.PRIVACY: Risk.HIGH,
    Category.TIMING: Risk.MEDIUM,
    Category.COSMETIC: Risk.LOW,
    Category.OTHER: Risk.MEDIUM,
}

# Names of leaves that hold credentials whoever wrote them: never shown, not even from the platform's side.
_SENSITIVE = re.compile(
    r"authori[sz]ation|api[-_]?key|access[-_]?key|secret|token|passw|cookie|credential|signature|bearer|^auth$",
    re.IGNORECASE,
)


def category_of(path: Path) -> Category:
    """The category of the longest known prefix of `path`; a transfer's target is telephony wherever it stands."""
    if any(part in ("transferNumber", "transferOption") for part in path):
        return Category.TELEPHONY
    for length in range(len(path), 0, -1):
        if (category := _CATEGORIES.get(path[:length])) is not None:
            return category
    return Category.OTHER


def risk_of(category: Category) -> Risk:
    return _RISKS[category]


def is_sensitive(path: Path) -> bool:
    """Whether the leaf at `path` is a credential by its name, inside something that is sent to a third party."""
    sent = {"headers", "headersArray", "queryParams", "body", "requestBody", "auth"}
    for position, part in enumerate(path):
        if part in sent:
            return any(isinstance(name, str) and _SENSITIVE.search(name) for name in path[position + 1 :])
    return False
