"""What is known of the platform's fields, in one table: everything else about a field derives from its row.

A new field of the platform takes a row here and its type in `spec.model`; `agentops schema --output schemas` renews the
schemas. If the platform fills in a value where nobody sets one, that goes into `importers.atoms.defaults`. A field
without a row counts as part of the field that it stands in: a switch inside `smartTurnConfig` needs no row. The
emulator keeps a table of its own, so that a mistake here is not repeated there.

Sources: the platform's published schema and SDK. Where they leave something open, this table does too.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from agentops.document import Path


class Category(StrEnum):
    """What a change of a field is about, for people who review it."""

    PROMPT = "prompt"
    GREETING = "greeting"
    VOICE = "voice"
    MODEL = "model"
    LANGUAGE = "language"
    TOOLS = "tools"
    TELEPHONY = "telephony"
    ANALYTICS = "analytics"
    PRIVACY = "privacy"
    TIMING = "timing"
    COSMETIC = "cosmetic"
    OTHER = "other"


class Risk(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Reference(StrEnum):
    """Something of the account that a value names, so that it must exist there."""

    VOICE = "voice"
    KNOWLEDGE_BASE = "knowledge base"
    PHONE_NUMBER = "phone number"
    TOOL = "tool"


class Entries(StrEnum):
    """What a free map holds: an object whose names are the user's own. Every entry counts, empty ones too, the server
    adds none, and an entry that is left out is removed."""

    TEXTS = "texts"
    JSON = "json"


_UNKNOWN: Final = object()


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the platform.

    name:        where it is written, dotted; a field of a list's items follows the list: `singlePromptConfig.tools.url`
    category:    None: the category of the field it is part of
    section:     the section of a stored revision that holds it; None: none of its own, or not known
    read:        its names in a stored configuration where they differ from `name`, dotted where nested
    spec:        for unversioned fields: what authors write at the top of a spec
    empty:       the value that empties it, since the platform rejects nulls
    key:         for a list of objects: the field that tells its items apart, so that their order means nothing
    unordered:   for a list of plain values: their order means nothing
    entries:     for a free map: what it holds
    unverifiable: no source says under which name it is read back, so it may never be seen again
    server_owned: written by the platform: never configuration
    refers_to:   what of the account its value names
    is_sent:     it goes to a third party with a request, so it may hold credentials
    """

    name: str
    category: Category | None = None
    section: str | None = None
    read: tuple[str, ...] = ()
    spec: str | None = None
    empty: Any = _UNKNOWN
    key: str | None = None
    unordered: bool = False
    entries: Entries | None = None
    unverifiable: bool = False
    server_owned: bool = False
    refers_to: Reference | None = None
    is_sent: bool = False

    @property
    def path(self) -> Path:
        return tuple(self.name.split("."))


FIELDS: Final = (
    # unversioned: they take effect at once
    Field("name", Category.COSMETIC, spec="name"),
    Field("description", Category.COSMETIC, spec="description", empty=""),
    Field("allowInboundCall", Category.TELEPHONY, spec="inbound"),
    # Written as product ids; an agent is read back with telephone numbers, so the account's products are asked.
    Field(
        "telephonyProductId",
        Category.TELEPHONY,
        spec="phone_numbers",
        empty=[],
        unordered=True,
        refers_to=Reference.PHONE_NUMBER,
    ),
    Field("visibleToEveryone", Category.COSMETIC, spec="visible_to_everyone"),
    Field("avatarUrl", Category.COSMETIC, spec="avatar_url", empty=""),
    Field("workflowType", spec="workflow_type", server_owned=True),  # fixed when the agent is created
    # prompts and tools
    Field("singlePromptConfig", Category.OTHER),
    Field("singlePromptConfig.prompt", Category.PROMPT, "workflow_prompt", read=("prompt",)),
    Field("singlePromptConfig.tools", Category.TOOLS, "workflow_tools", read=("tools",), empty=[], key="name"),
    Field("singlePromptConfig.tools.transferNumber", Category.TELEPHONY),
    Field("singlePromptConfig.tools.transferOption", Category.TELEPHONY),
    Field("singlePromptConfig.tools.headers", entries=Entries.TEXTS, is_sent=True),
    Field("singlePromptConfig.tools.headersArray", key="key", is_sent=True),
    Field("singlePromptConfig.tools.queryParams", key="key", is_sent=True),
    Field("singlePromptConfig.tools.requestBody", is_sent=True),
    Field("singlePromptConfig.tools.llmParameters", key="name"),
    Field("singlePromptConfig.tools.parameters", key="name"),
    Field("singlePromptConfig.tools.responseVariables", key="variableName"),
    Field("singlePromptConfig.tools.variablesExtractionSchema", key="name"),
    Field("singlePromptConfig.tools.knowledgeBaseId", refers_to=Reference.KNOWLEDGE_BASE),
    Field(
        "singlePromptConfig.toolRefs",
        Category.TOOLS,
        "workflow_tools",
        read=("toolRefs",),
        empty=[],
        unverifiable=True,
        refers_to=Reference.TOOL,
    ),
    Field("globalPrompt", Category.PROMPT, "workflow_prompt", empty=""),
    Field("playbooks", Category.PROMPT, "playbooks"),
    Field("playbooks.playbooks", key="id"),
    Field("playbooks.playbooks.tools", key="name"),
    Field("playbooks.playbooks.toolRefs", refers_to=Reference.TOOL),
    Field("playbooks.playbooks.knowledgeBaseId", refers_to=Reference.KNOWLEDGE_BASE),
    Field("playbooks.globalToolRefs", refers_to=Reference.TOOL),
    Field("playbooks.auth.weakTools", key="name"),
    Field("playbooks.auth.strongTools", key="name"),
    Field("playbooks.verifications", key="id"),
    Field("playbooks.verifications.triggerToolRefs", refers_to=Reference.TOOL),
    Field("firstMessage", Category.GREETING, "call_handling"),
    Field("waitForUserToSpeakFirst", Category.GREETING, "call_handling"),
    Field("defaultVariables", Category.PROMPT, "call_handling", empty={}, entries=Entries.TEXTS),
    Field("preCallAPI", Category.TOOLS, "call_handling"),
    Field("preCallAPI.headers", entries=Entries.TEXTS, is_sent=True),
    Field("preCallAPI.body", entries=Entries.JSON, is_sent=True),
    Field("preCallAPI.queryParams", entries=Entries.TEXTS, is_sent=True),
    Field("preCallAPI.responseVariables", key="variableName"),
    # the model
    Field("slmModel", Category.MODEL, "llm", read=("modelName",)),
    Field("customLLMWebSocketUrl", Category.MODEL, "llm", empty="", unverifiable=True),
    Field("globalKnowledgeBaseId", Category.MODEL, unverifiable=True, refers_to=Reference.KNOWLEDGE_BASE),
    Field("enableStyleGuide", Category.MODEL, "call_handling"),
    # how it speaks; the model of a voice says which voices there are to choose from
    Field("synthesizer", Category.VOICE, "voice", read=("synthesizerArgs",)),
    Field(
        "synthesizer.voiceConfig.model",
        section="voice",
        read=("synthesizerArgs.model", "synthesizerType"),
        refers_to=Reference.VOICE,
    ),
    Field(
        "synthesizer.voiceConfig.voiceId",
        section="voice",
        read=("synthesizerArgs.voiceId",),
        refers_to=Reference.VOICE,
    ),
    Field("synthesizer.voiceConfig.modelId", section="voice", read=("synthesizerArgs.modelId",)),
    Field("synthesizer.voiceConfig.gender", section="voice", read=("synthesizerArgs.gender",)),
    Field("synthesizer.speed", section="voice", read=("synthesizerArgs.speed", "synthesizerSpeed")),
    Field("synthesizer.consistency", section="voice", read=("synthesizerArgs.consistency",)),
    Field("synthesizer.similarity", section="voice", read=("synthesizerArgs.similarity",)),
    Field("synthesizer.enhancement", section="voice", read=("synthesizerArgs.enhancement",)),
    Field("synthesizer.sampleRate", section="voice", read=("synthesizerArgs.sampleRate", "synthesizerSampleRate")),
    Field("backgroundSound", Category.VOICE, "audio", empty=""),
    Field("denoisingConfig", Category.VOICE, "audio"),
    Field("pronunciationDicts", Category.VOICE, "audio", empty=[], key="word"),
    Field("speechFormatting", Category.VOICE, "audio"),
    # languages
    Field("language", Category.LANGUAGE, "language"),
    Field("language.default", section="language", read=("defaultLanguage",)),
    Field("language.supported", section="language", read=("supportedLanguages",), unordered=True),
    Field("language.switching", section="language", read=("languageSwitching",)),
    Field("transcriberType", Category.LANGUAGE),
    # turns and times
    Field("waitForUserToSpeakTimeoutSecs", Category.TIMING, "call_handling"),
    Field("muteUserUntilFirstBotResponse", Category.TIMING, "call_handling"),
    Field("allowInterruptions", Category.TIMING, "call_handling"),
    Field("interruptionBackoffTimer", Category.TIMING, "call_handling"),
    Field("sttMissDetectorConfig", Category.TIMING, "call_handling"),
    Field("smartTurnConfig", Category.TIMING, "detection"),
    Field("voiceDetectionConfig", Category.TIMING, "detection"),
    Field("voiceMailDetectionConfig", Category.TELEPHONY, "detection"),
    Field("voiceMailDetectionConfig.endText", empty=""),
    Field("llmIdleTimeoutConfig", Category.TIMING, "timeouts"),
    Field("sessionTimeoutConfig", Category.TIMING, "timeouts"),
    Field("timezone", Category.OTHER, "call_handling"),
    # what remains of a call
    Field("callDispositionConfig", Category.ANALYTICS, "analytics", empty=""),
    Field("postCallAnalyticsConfig", Category.ANALYTICS, "analytics"),
    Field("postCallAnalyticsConfig.dispositionMetrics", empty=[], key="identifier"),
    Field("postCallAnalyticsConfig.successMetrics", empty=[], key="identifier"),
    Field("postCallAnalyticsConfig.summaryPrompt", empty=""),
    Field("redactionConfig", Category.PRIVACY, "privacy"),
    Field("widgetConfig", Category.COSMETIC, "widget"),
    # the platform's own
    Field("workflowGraph", section="workflow_graph", server_owned=True),
    Field("createdAt", server_owned=True),
    Field("updatedAt", server_owned=True),
    Field("_id", server_owned=True),
    Field("__v", server_owned=True),
)


# ---- what derives from the rows

BY_PATH: Final[Mapping[Path, Field]] = {field.path: field for field in FIELDS}

# Lists and free maps are known by their own name wherever it occurs: tools stand in playbooks and in libraries too.
NATURAL_KEYS: Final[Mapping[str, str]] = {str(f.path[-1]): f.key for f in FIELDS if f.key is not None}
KEY_NAMES: Final = tuple(dict.fromkeys(NATURAL_KEYS.values()))
FREE_MAPS: Final = frozenset(f.path[-1] for f in FIELDS if f.entries is not None)
UNORDERED: Final = frozenset(f.path[-1] for f in FIELDS if f.unordered)
# `auth` is part of tools in the account's library, whose shape is not published.
SENT: Final = frozenset({"auth", *(f.path[-1] for f in FIELDS if f.is_sent)})

# Where ids stand, by the field's own name, since tools and playbooks hold them too: name -> what the id is of.
IDS: Final[Mapping[str, Reference]] = {
    str(f.path[-1]): f.refers_to for f in FIELDS if f.refers_to in (Reference.TOOL, Reference.KNOWLEDGE_BASE)
}

SECTIONS: Final = frozenset(f.section for f in FIELDS if f.section is not None)
UNVERIFIABLE: Final = frozenset(f.name for f in FIELDS if f.unverifiable)
# Place in a stored configuration -> where that is written.
WRITTEN_AT: Final[Mapping[Path, Path]] = {tuple(name.split(".")): f.path for f in FIELDS for name in f.read}

# Names that a stored configuration has beside its fields; the database writes its own into nested objects too.
SERVER_OWNED: Final = frozenset(f.name for f in FIELDS if f.server_owned)
DATABASE_OWNED: Final = frozenset(name for name in SERVER_OWNED if name.startswith("_"))

# Write name -> the name at the top of a spec, of what is not versioned and can be changed.
METADATA: Final[Mapping[str, str]] = {f.name: f.spec for f in FIELDS if f.spec is not None and not f.server_owned}

_TEXT_MAPS = frozenset(f.path[-1] for f in FIELDS if f.entries is Entries.TEXTS)
_CATEGORIES: Mapping[Path, Category] = {f.path: f.category for f in FIELDS if f.category is not None}
_IN_ITEMS = [f for f in FIELDS if any(f.path[:n] in BY_PATH and BY_PATH[f.path[:n]].key for n in range(1, len(f.path)))]
_ITEM_CATEGORIES: Mapping[str | int, Category] = {f.path[-1]: f.category for f in _IN_ITEMS if f.category is not None}
_ITEM_REFERENCES: Mapping[str | int, Reference] = {f.path[-1]: f.refers_to for f in _IN_ITEMS if f.refers_to}

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


def category_of(path: Path) -> Category:
    """The category of the field at `path` or of the closest one around it; a transfer's target is telephony wherever
    its tool stands."""
    for part in path:
        if part in _ITEM_CATEGORIES:
            return _ITEM_CATEGORIES[part]
    for length in range(len(path), 0, -1):
        if (category := _CATEGORIES.get(path[:length])) is not None:
            return category
    return Category.OTHER


def risk_of(category: Category) -> Risk:
    return _RISKS[category]


def reference_of(path: Path) -> Reference | None:
    """What of the account the value at `path` names; an item of a list counts for the list."""
    names = tuple(part for part in path if isinstance(part, str))
    if (field := BY_PATH.get(names)) is not None:
        return field.refers_to
    if any(part in FREE_MAPS for part in names[:-1]):
        return None  # a name of the author's own, even where it reads like a field
    return _ITEM_REFERENCES.get(names[-1]) if names else None


def empty_value(path: Path) -> Any:
    """What means empty at `path`. Raises LookupError when nothing is known to."""
    field = BY_PATH.get(path)
    if field is not None and field.empty is not _UNKNOWN:
        return copy(field.empty)
    if len(path) > 1 and isinstance(path[-1], str) and path[-2] in _TEXT_MAPS:
        return ""
    raise LookupError("no value is known that empties this field on the platform")


def is_clearable(path: Path) -> bool:
    """Whether a value is known that empties the field at `path`."""
    try:
        empty_value(path)
    except LookupError:
        return False
    return True
