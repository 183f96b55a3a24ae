"""Facts about client code, and the short names with which they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """The language of the client, in which advice is given. PAGE is HTML, with scripts and markup in one file."""

    SCRIPT = "JavaScript"
    PAGE = "HTML"
    PYTHON = "Python"
    SWIFT = "Swift"
    KOTLIN = "Kotlin"
    DART = "Dart"
    OTHER = "other"


class Fate(StrEnum):
    """What becomes of a piece of client code."""

    REPLACE = "replace"
    CHANGE = "behaves differently"
    DELETE = "delete"
    NOTHING = "no counterpart"


class Within(StrEnum):
    """Where a word must be to have the meaning that the fact states."""

    FILE = "anywhere in a client"
    PACKAGE = "in a file that uses a client package"
    SESSION = "in the arguments of a session"


@dataclass(frozen=True, slots=True)
class Fact:
    """One piece of client code, and what becomes of it. advice: by language; `OTHER` is for those without their own."""

    pattern: re.Pattern[str]
    fate: Fate
    advice: Mapping[Language, str]
    languages: frozenset[Language] | None = None
    within: Within = Within.FILE

    def advice_for(self, language: Language) -> str:
        if language is Language.PAGE and Language.SCRIPT in self.advice:
            return self.advice[Language.SCRIPT]
        return self.advice.get(language, self.advice[Language.OTHER])


JS = frozenset({Language.SCRIPT, Language.PAGE})
PY = frozenset({Language.PYTHON})
NATIVE = frozenset({Language.SWIFT, Language.KOTLIN, Language.DART})
REPLACE, CHANGE, DELETE, NOTHING = Fate.REPLACE, Fate.CHANGE, Fate.DELETE, Fate.NOTHING
RECIPES = "docs/migrating-from-elevenlabs.md"
SOCKET = "wss://api.smallest.ai/atoms/v1/agent/connect"
TALKING = "`agent_start_talking` and `agent_stop_talking` say when the agent speaks"


def word(name: str) -> str:
    """A name on its own, in any quoting, also as an attribute."""
    return rf"(?<![A-Za-z0-9_-])(?:{name})(?![A-Za-z0-9_])"


def fact(
    pattern: str,
    fate: Fate,
    advice: str,
    *,
    js: str = "",
    py: str = "",
    languages: frozenset[Language] | None = None,
    within: Within = Within.FILE,
) -> Fact:
    given = {Language.OTHER: advice}
    if js:
        given[Language.SCRIPT] = js
    if py:
        given[Language.PYTHON] = py
    return Fact(re.compile(pattern), fate, given, languages, within)
