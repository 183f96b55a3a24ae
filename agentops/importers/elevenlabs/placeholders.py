"""Rewrites `{{placeholders}}`: system variables of ElevenLabs become those of Atoms, reserved names get out of the way.

Text that merely looks similar is left alone; whatever has no counterpart stays visible and is reported. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# Filled by the platform; values supplied under these names are dropped by its server.
RESERVED = frozenset(
    {
        *("call_id", "conversation_type", "agent_number", "user_number", "current_date", "current_time", "current_day"),
        *("agent_gender", "default_language", "supported_languages", "timezone"),
    }
)
# name there -> (text here, what differs); an empty remark means the same thing.
_SYSTEM: Mapping[str, tuple[str, str]] = {
    "system__caller_id": ("{{user_number}}", "always the human's number, in outbound calls too"),
    "system__called_number": ("{{agent_number}}", "the agent's own number; in outbound calls use {{user_number}}"),
    "system__conversation_id": ("{{call_id}}", "ids have another form"),
    "system__call_sid": ("{{call_id}}", "not a Twilio id: services that look it up there will not find it"),
    "system__time": ("{{current_date}} {{current_time}}", "fixed when the call starts"),
    "system__time_utc": (
        "{{current_date}} {{current_time}}",
        "in the agent's own timezone, fixed when the call starts",
    ),
    "system__timezone": ("{{timezone}}", ""),
}
_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.]*)\s*\}\}")
_AUDIO_TAG = re.compile(
    r"\[(?:laughs?|laughing|chuckles?|sighs?|whispers?|whispering|warmly|excited(?:ly)?|pauses?|giggles?|sings?|softly|"
    r"sarcastic(?:ally)?|curious(?:ly)?|crying|happy|sad|angry|cheerful(?:ly)?|calm(?:ly)?|gasps?)\]",
    re.IGNORECASE,
)
_SSML = re.compile(r"<(?:break|phoneme|speak|prosody|emphasis)\b[^>]*>", re.IGNORECASE)


@dataclass(slots=True)
class Placeholders:
    """Rewrites the texts of one agent and remembers what it met.

    renamed:   reserved name -> its new name, for variables that the author had defined under it
    replaced:  system variable -> (its replacement, what differs)
    unknown:   system variables and secrets without a counterpart
    used:      every author's variable that a text mentions
    """

    defined: frozenset[str] = frozenset()
    renamed: dict[str, str] = field(default_factory=dict)
    replaced: dict[str, tuple[str, str]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)

    def rewrite(self, text: str) -> str:
        """`text` with every placeholder in the platform's spelling."""
        return _PLACEHOLDER.sub(self._one, text)

    def variable(self, name: str) -> str:
        """The placeholder for the variable `name`, as it stands alone in a tool's schema."""
        return self.rewrite("{{" + name + "}}")

    def name_of(self, name: str) -> str:
        """The name that an author's own variable has here."""
        if name not in RESERVED:
            return name
        new = f"{name}_custom"
        while new in self.defined:
            new += "_"
        self.renamed[name] = new
        return new

    def _one(self, match: re.Match[str]) -> str:
        name = match[1]
        if name in _SYSTEM:
            self.replaced[name] = _SYSTEM[name]
            return _SYSTEM[name][0]
        if name.startswith(("system__", "secret__", "env__")):
            self.unknown.add(name)
            return "{{" + name + "}}"
        if name in RESERVED and name not in self.defined:
            return "{{" + name + "}}"
        self.used.add(self.name_of(name))
        return "{{" + self.name_of(name) + "}}"


def spoken_marks(text: str) -> list[str]:
    """Audio tags and SSML in `text`: ElevenLabs acts on them, Atoms would read them aloud."""
    found: Iterable[str] = (match[0] for pattern in (_AUDIO_TAG, _SSML) for match in pattern.finditer(text))
    return list(dict.fromkeys(found))
