"""Rewrites `{{placeholders}}`: system variables of ElevenLabs become those of Atoms, and variables that have a reserved
name get another one.

Text that only looks similar is left alone. A placeholder without a counterpart stays visible, and is reported. Pure.
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


@dataclass(frozen=True, slots=True)
class Change:
    """What a system variable becomes. `differs` is empty where the new text says the same."""

    text: str
    differs: str = ""
    todo: str = ""


_SYSTEM: Mapping[str, Change] = {
    "system__caller_id": Change("{{user_number}}", "always the human's number, in outbound calls too"),
    "system__called_number": Change(
        "{{agent_number}}", "the agent's own number", "In prompts for outbound calls write {{user_number}}."
    ),
    "system__conversation_id": Change("{{call_id}}", "ids have another form"),
    "system__call_sid": Change(
        "{{call_id}}", "not a Twilio id", "Services that look the call up at Twilio need another way to find it."
    ),
    "system__time": Change("{{current_date}} {{current_time}}", "fixed when the call starts"),
    "system__timezone": Change("{{timezone}}"),
}
_UTC = "system__time_utc"
_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.]*)\s*\}\}")
_AUDIO_TAG = re.compile(
    r"\[(?:laughs?|laughing|chuckles?|sighs?|whispers?|whispering|warmly|excited(?:ly)?|pauses?|giggles?|sings?|softly|"
    r"sarcastic(?:ally)?|curious(?:ly)?|crying|happy|sad|angry|cheerful(?:ly)?|calm(?:ly)?|gasps?)\]",
    re.IGNORECASE,
)
_SSML = re.compile(r"<(?:break|phoneme|speak|prosody|emphasis)\b[^>]*>", re.IGNORECASE)


@dataclass(slots=True)
class Placeholders:
    """Rewrites the texts of one agent, and remembers what was in them.

    defined:   the variables that the author defined
    renamed:   reserved name -> its new name, for variables that the author had defined under it
    replaced:  system variable -> what it became
    unknown:   system variables and secrets without a counterpart
    used:      the author's variables that a text mentions
    offset:    the agent's local time minus UTC, as `+05:30`; empty if its clock is UTC
    secrets:   secret variable -> the stand-in that takes its place
    """

    defined: frozenset[str] = frozenset()
    renamed: dict[str, str] = field(default_factory=dict)
    replaced: dict[str, Change] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    offset: str = ""
    secrets: dict[str, str] = field(default_factory=dict)

    def rewrite(self, text: str) -> str:
        """`text` with every placeholder in the platform's spelling."""
        return _PLACEHOLDER.sub(self._one, text)

    def variable(self, name: str) -> str:
        """The placeholder for the variable `name` in a tool's schema. No model reads it there: it may be secret."""
        return self.secrets.get(name) or self.rewrite("{{" + name + "}}")

    def outside_the_model(self, text: str) -> str:
        """`text` for an address or a header, where secret variables may be used."""
        return self.rewrite(_PLACEHOLDER.sub(lambda match: self.secrets.get(match[1], match[0]), text))

    def name_of(self, name: str) -> str:
        """The name of an author's own variable in the spec."""
        if name not in RESERVED:
            return name
        new = f"{name}_custom"
        while new in self.defined:
            new += "_"
        self.renamed[name] = new
        return new

    def _one(self, match: re.Match[str]) -> str:
        name = match[1]
        change = self._utc() if name == _UTC else _SYSTEM.get(name)
        if change is not None:
            self.replaced[name] = change
            return change.text
        if name.startswith(("system__", "secret__", "env__")):
            self.unknown.add(name)
            return "{{" + name + "}}"
        if name in RESERVED and name not in self.defined:
            return "{{" + name + "}}"
        self.used.add(self.name_of(name))
        return "{{" + self.name_of(name) + "}}"

    def _utc(self) -> Change:
        clock = "{{current_date}} {{current_time}}"
        if not self.offset:
            return Change(f"{clock} UTC", "fixed when the call starts")
        differs = f"the platform's clock is local, {self.offset} from UTC, and fixed when the call starts"
        todo = "Let a variable of your own carry UTC where a service compares times, or move the agent to UTC."
        return Change(f"{clock} (UTC{self.offset})", differs, todo)


def spoken_markup(text: str) -> list[str]:
    """Audio tags and SSML in `text`: ElevenLabs acts on them, Atoms would read them aloud."""
    found: Iterable[str] = (match[0] for pattern in (_AUDIO_TAG, _SSML) for match in pattern.finditer(text))
    return list(dict.fromkeys(found))
