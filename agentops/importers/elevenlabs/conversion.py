"""One agent on its way from ElevenLabs to a spec: what its parts read from and write to. Pure.

The work is done in `brain`, `toolbox`, `built_in`, `speech`, `analysis`, `platform`, `widget` and `stages`;
`agent` runs them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agentops.credentials import secret_name
from agentops.document import Document
from agentops.importers.elevenlabs.account import Source
from agentops.importers.elevenlabs.leaves import Place
from agentops.importers.elevenlabs.placeholders import Placeholders
from agentops.importers.fidelity import Grade, OpenChoice
from agentops.importers.yaml_text import literal

CHOICES_FILE = "_choices.yaml"
AGENT: Place = ("conversation_config", "agent")
PROMPT: Place = (*AGENT, "prompt")


@dataclass(slots=True)
class Conversion:
    """One agent on its way: where it comes from, what was written so far, and who must still decide what.

    config, metadata: the spec's fields in the platform's write vocabulary; leaves may hold deploy-time expressions
    comments:         dotted path in the spec -> why the value is what it is
    sections:         text added below the prompt
    secrets:          names of the secrets that the spec refers to
    client_tools:     declarations for clients, which are no part of the agent
    """

    key: str
    source: Source
    words: Placeholders
    answers: Mapping[str, Any] = field(default_factory=dict)
    config: Document = field(default_factory=dict)
    metadata: Document = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    sections: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    client_tools: list[Document] = field(default_factory=list)
    choices: list[OpenChoice] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    def put(self, target: str, value: Any) -> None:
        """Writes `value` at the dotted path `target` of the config."""
        *parents, last = target.split(".")
        node = self.config
        for part in parents:
            node = node.setdefault(part, {})
        node[last] = value

    def carry(self, place: Place, target: str, value: Any, *, grade: Grade | None = None, why: str = "") -> None:
        """Writes `value` at `target` and settles the leaf it came from."""
        self.put(target, value)
        self.source.account.carry(place, f"config.{target}", value, grade=grade, why=why)

    def add(self, target: str, value: Any, why: str) -> None:
        """Writes a field that the source does not hold, because the platforms' defaults differ."""
        self.put(target, value)
        self.source.account.add(f"config.{target}", value, why)

    def choose(self, name: str, question: str, proposals: tuple[tuple[str, str], ...] = ()) -> str:
        """Asks for a decision and gives the expression that takes the answer from the choices file."""
        if name not in {choice.name for choice in self.choices}:
            self.choices.append(OpenChoice(self.key, name, question, proposals, self.answers.get(name)))
        return f"${{{{ yaml('{CHOICES_FILE}')['{self.key}'].{name} }}}}"

    def rewrite(self, text: str) -> str:
        """`text` with its placeholders in the platform's spelling, safe from being read as a deploy-time expression."""
        return literal(self.words.rewrite(text))

    def remark(self, grade: Grade, code: str, place: Place, why: str, todo: str = "") -> None:
        self.source.account.remark(grade, code, place, why, todo)

    @property
    def tools(self) -> list[Document]:
        found: list[Document] = self.config.setdefault("singlePromptConfig", {}).setdefault("tools", [])
        return found

    def secret(self, *words: str) -> str:
        """The name of a new secret made of `words`, and the expression for it."""
        name = secret_name(self.key, *words)
        if name not in self.secrets:
            self.secrets.append(name)
        return f"${{{{ secrets.{name} }}}}"


def slug(text: str, separator: str = "-", limit: int = 60) -> str:
    """Lower case letters, digits and `separator`, as keys, file names and identifiers need."""
    made = re.sub(r"[^a-z0-9]+", separator, text.lower()).strip(separator)
    return made[:limit].strip(separator)
