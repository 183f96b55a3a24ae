"""One row of the mapping table, and the words that rows are written with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agentops.importers.elevenlabs.paths import same
from agentops.importers.fidelity import Grade

EXACT, NEAR, ASK = Grade.EXACT, Grade.APPROXIMATED, Grade.CHOICE
LOST, SKIP = Grade.UNSUPPORTED, Grade.BOOKKEEPING

CONFIG = "conversation_config."
AGENT = f"{CONFIG}agent."
PROMPT = f"{AGENT}prompt."
TOOL = f"{PROMPT}tools.*."
SCHEMA = f"{TOOL}api_schema."
BUILT_IN = f"{PROMPT}built_in_tools."
SETTINGS = "platform_settings."
WIDGET = f"{SETTINGS}widget."
WORKFLOW = "workflow."

# The values that exports have for settings that nobody touched, whichever setting it is.
OFF: tuple[Any, ...] = (False, 0, -1, "off", "none", "auto", "default")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What can become of the values at and below some places of an ElevenLabs agent.

    at:         dotted places; `*` stands for any key or index. Of two rows the one with the deeper place wins.
    fate:       the best that can become of a value; SKIP: there is nothing to port
    code:       stable, one per kind of finding
    to:         where in the project it may go; a claim that names another place is an error of the importer
    why, todo:  for the report
    untouched:  values which mean that nobody set this
    is_private: a credential or personal data, which is never copied
    source:     where the facts are published: a type of ElevenLabs' API; a schema of the Atoms API
    example:    a value that has this fate; a test tries it at each of the places
    """

    at: tuple[str, ...]
    fate: Grade
    code: str
    source: str
    example: Any
    to: tuple[str, ...] = ()
    why: str = ""
    todo: str = ""
    untouched: tuple[Any, ...] = ()
    is_private: bool = False

    def is_untouched(self, value: Any) -> bool:
        return any(same(value, each) for each in self.untouched)


def under(parent: str, *names: str) -> tuple[str, ...]:
    """The places `names` below `parent`, which ends with a dot."""
    return tuple(parent + name for name in names)
