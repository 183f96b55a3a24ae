"""One agent on its way from ElevenLabs to a spec: what the steps of the conversion read from and write to. Pure.

The steps are in `brain`, `toolbox`, `built_in`, `speech`, `analysis`, `platform`, `widget` and `workflow_graph`;
`agent` runs them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agentops.credentials import secret_name
from agentops.document import Document
from agentops.importers.elevenlabs.leaf_ledger import PROMPT_TARGET, Target
from agentops.importers.elevenlabs.paths import Place
from agentops.importers.elevenlabs.placeholders import Placeholders
from agentops.importers.elevenlabs.secret_stand_ins import (
    ExposedSecret,
    has_stand_in,
    secret_names_in,
    stand_in_for,
    with_references,
    with_variables,
    without_stand_ins,
)
from agentops.importers.elevenlabs.source import Source
from agentops.importers.fidelity import Grade, OpenChoice
from agentops.importers.yaml_text import literal

CHOICES_FILE = "_choices.yaml"
AGENT: Place = ("conversation_config", "agent")
PROMPT: Place = (*AGENT, "prompt")


@dataclass(slots=True)
class Conversion:
    """One agent being converted: its source, what was written so far, and what people must still decide.

    config, metadata: the spec's fields in the platform's write vocabulary; leaves may hold deploy-time expressions
    comments:         dotted path in the spec -> why the value is what it is
    sections:         text added below the prompt
    exposed:          the secrets that were in the clear in the source
    client_tools:     declarations for clients, which are not part of the agent
    workflow_nodes:   the nodes of a workflow that become playbooks
    scripts:          call scripts by the stem of their file
    default_waits:    the tools that have ElevenLabs' default timeout
    shares:           whether shared tools and knowledge become files of their own
    shared_ids:       names of tools that the workspace shares -> their ids there
    shared:           the documents of shared tools and of knowledge by project path
    secret_names:     secrets of shared tools -> the names that an earlier agent gave them
    files:            the texts of knowledge files, by project path
    tool_names:       the old name of a tool -> the names of the tools that take its place, if any
    """

    key: str
    source: Source
    placeholders: Placeholders
    answers: Mapping[str, Any] = field(default_factory=dict)
    config: Document = field(default_factory=dict)
    metadata: Document = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    sections: list[str] = field(default_factory=list)
    client_tools: list[Document] = field(default_factory=list)
    workflow_nodes: list[Any] = field(default_factory=list)
    scripts: dict[str, Document] = field(default_factory=dict)
    default_waits: list[str] = field(default_factory=list)
    tool_names: dict[str, list[str]] = field(default_factory=dict)
    choices: list[OpenChoice] = field(default_factory=list)
    exposed: tuple[ExposedSecret, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    shares: bool = True
    shared_ids: dict[str, str] = field(default_factory=dict)
    secret_names: Mapping[str, str] = field(default_factory=dict)
    shared: dict[str, Document] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def put(self, target: Target, value: Any) -> None:
        """Writes `value` at `target` of the config."""
        *parents, last = target.split(".") if isinstance(target, str) else target
        node = self.config
        for part in parents:
            node = node.setdefault(str(part), {})
        node[str(last)] = value

    def carry(self, place: Place, target: str, value: Any, *, grade: Grade | None = None, why: str = "") -> None:
        """Writes `value` at `target` and settles the leaf it came from."""
        self.put(target, value)
        self.source.ledger.carry(place, f"config.{target}", value, grade=grade, why=why)

    def carry_to_prompt(self, place: Place, text: str, *, grade: Grade | None = None, why: str = "") -> None:
        """Settles a leaf that became `text` in the prompt."""
        self.source.ledger.carry(place, PROMPT_TARGET, text, grade=grade, why=why)

    def add(self, target: str, value: Any, why: str) -> None:
        """Writes a field that the source doesn't have, because the platforms' defaults differ."""
        self.put(target, value)
        self.source.ledger.add(f"config.{target}", value, why)

    def choose(self, name: str, question: str, proposals: tuple[tuple[str, str], ...] = ()) -> str:
        """Asks for a decision, and returns the expression that takes the answer from the choices file."""
        if name not in {choice.name for choice in self.choices}:
            shown = tuple((str(with_variables(value)), reason) for value, reason in proposals)
            choice = OpenChoice(self.key, name, without_stand_ins(question), shown, self.answers.get(name))
            self.choices.append(choice)
        return f"${{{{ yaml('{CHOICES_FILE}')['{self.key}'].{name} }}}}"

    def rewrite(self, text: str) -> str:
        """`text` in the platform's spelling of placeholders, with nothing in it that a spec reads as an expression."""
        return literal(self.placeholders.rewrite(text))

    def for_prompt(self, text: str) -> str:
        """`text` for the model, with the new names of renamed tools. Each change is reported."""
        text = self.rewrite(text)
        kept = {tool["name"] for tool in self.tools}
        for old, new in self.tool_names.items():
            pattern = re.compile(rf"(?<![\w-]){re.escape(old)}(?![\w-])")
            if old in kept or not pattern.search(text):
                continue
            if not new:
                why = f"the prompt mentions {old}, which is not a tool of this agent"
                self.remark(Grade.UNSUPPORTED, "EL023", (*PROMPT, "prompt"), why, "Reword the sentence that uses it.")
                continue
            named = " or ".join(new) if len(new) < 3 else f"{', '.join(new[:-1])} or {new[-1]}"
            text = pattern.sub(named, text)
            why = f"{old} became {named} wherever the prompt mentions it"
            self.remark(Grade.APPROXIMATED, "EL023", (*PROMPT, "prompt"), why, "Read the sentences that mention it.")
        return text

    def remark(self, grade: Grade, code: str, place: Place, why: str, todo: str = "") -> None:
        self.source.ledger.remark(grade, code, place, why, todo)

    @property
    def tools(self) -> list[Document]:
        found: list[Document] = self.config.setdefault("singlePromptConfig", {}).setdefault("tools", [])
        return found

    def secret(self, *words: str) -> str:
        """The stand-in for the secret that is named after `words`."""
        return stand_in_for(secret_name(self.key, *words))

    def settle_stand_ins(self) -> None:
        """Puts references in place of stand-ins. Texts that can hold no secret get a variable, which is empty unless a
        call sends it."""
        names: list[str] = []
        defaults = self.config.get("defaultVariables", {})
        self.config = with_references(_with_variables(self.config, (), names))
        filled = {name: "" if has_stand_in(value) else value for name, value in defaults.items()}
        if filled or names:
            self.config["defaultVariables"] = {**filled, **{name.lower(): "" for name in names}}
        self.metadata = without_stand_ins(self.metadata)
        for name in dict.fromkeys(names):
            why = f"{{{{{name.lower()}}}}} stands for a secret that was in a text: no prompt or message can hold one"
            todo = f"Take it out of the text, or send {name.lower()} with each call."
            self.remark(Grade.CHOICE, "EL009", (*PROMPT, "prompt"), why, todo)

    def written(self) -> dict[str, Any]:
        """Every document of the agent as files will hold it, by the first part of the targets that name it."""
        return {
            "config": self.config,
            **self.metadata,
            "tags": self.tags,
            **self.shared,
            **{f"agents/calls/{stem}.yaml": without_stand_ins(script) for stem, script in self.scripts.items()},
            **({self.client_tools_file: {"tools": without_stand_ins(self.client_tools)}} if self.client_tools else {}),
        }

    @property
    def client_tools_file(self) -> str:
        return f"client-tools/{self.key}.json"


_TAKES_SECRETS = frozenset({"url", "headers", "queryParams", "requestBody", "body"})


def _with_variables(node: Any, place: Place, names: list[str]) -> Any:
    if isinstance(node, dict):
        return {key: _with_variables(value, (*place, key), names) for key, value in node.items()}
    if isinstance(node, list):
        return [_with_variables(value, (*place, index), names) for index, value in enumerate(node)]
    if not has_stand_in(node) or _TAKES_SECRETS & set(place):
        return node
    if place[0] != "defaultVariables":
        names += secret_names_in(node)
    return with_variables(node)
