"""One agent as rules see it: its typed configuration, its texts by what they are for, where everything is written."""

from __future__ import annotations

import functools
import types
import typing
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import BaseModel

from agentops.diagnostics import Diagnostic, Severity, Where
from agentops.document import Path, Secret, path_text
from agentops.spec.files import ProjectFiles
from agentops.spec.model.agent import AgentSpec
from agentops.spec.model.base import ForModel, Known, Spoken
from agentops.spec.model.config import AgentConfig
from agentops.spec.model.tools import Tool
from agentops.spec.tree import Map, mark_of, value_place

Marker = Known | Spoken | ForModel | None


class Text(NamedTuple):
    """A text of the configuration: where it is, what it says (a secret by its reference), and what it is for."""

    path: Path
    text: str
    marker: Marker


@dataclass(slots=True)
class Subject:
    """`tree` is the rendered spec with its marks; `read` are the files it was made from."""

    key: str
    spec: AgentSpec
    tree: Map
    files: ProjectFiles
    read: tuple[str, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    has_extras: bool = True  # whether anything may be cleared or passed through
    _texts: tuple[Text, ...] | None = None

    @property
    def config(self) -> AgentConfig:
        return self.spec.config

    @property
    def tools(self) -> list[tuple[Path, Tool]]:
        """The tools that are switched on, with their paths."""
        single = self.config.singlePromptConfig
        listed = enumerate(single.tools or ()) if single is not None else ()
        base = ("config", "singlePromptConfig", "tools")
        return [((*base, index), tool) for index, tool in listed if tool.enabled is not False]

    @property
    def prompts(self) -> list[Text]:
        """The prompts: what the model is told about the whole conversation."""
        names = ("prompt", "globalPrompt", "conversationGuide")
        return [each for each in self.texts if isinstance(each.marker, ForModel) and each.path[-1] in names]

    @property
    def prompt(self) -> str:
        return "\n".join(each.text for each in self.prompts)

    @property
    def spoken(self) -> list[Text]:
        """What the caller hears word for word: marked texts, and handoffs that are said as written."""
        handoffs = [each for each in self.texts if each.path[-1] == "prompt" and self._is_static(each.path)]
        return [each for each in self.texts if isinstance(each.marker, Spoken)] + handoffs

    def _is_static(self, path: Path) -> bool:
        return bool(self.value((*path[:-1], "type")) == "static")

    def texts_to_check(self) -> list[Text]:
        """The texts with known values, with call-time variables, or with secrets."""
        found: list[Text] = []
        _collect_texts(self.config, ["config"], None, found, every=False)
        return found

    @property
    def texts(self) -> tuple[Text, ...]:
        """Every text of the configuration."""
        if self._texts is None:
            found: list[Text] = []
            _collect_texts(self.config, ["config"], None, found, every=True)
            self._texts = tuple(found)
        return self._texts

    def value(self, path: Path) -> Any:
        """The rendered value at `path` from the top of the spec; None when it is not there."""
        here: Any = self.tree
        for part in path:
            try:
                here = here[part]
            except (KeyError, IndexError, TypeError):
                return None
        return here

    def place(self, path: Path, needle: str | None = None) -> Where | None:
        """Where `path` is written; with `needle`, where in its text (or in a file the text was made from)."""
        mark = mark_of(self.tree, path)
        if mark is None:
            return None
        if needle:
            start = _offset(self.files.known_text(mark[3]), mark[4], mark[5])
            for file, begin in ((mark[3], start), *((file, 0) for file in self.read if file.endswith(".md"))):
                text = self.files.known_text(file)
                position = text.find(needle, begin)
                if position >= 0:
                    before = text[:position]
                    return Where(file, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
        return value_place(mark)

    def problem(self, code: str, severity: Severity, path: Path, summary: str, hint: str, **more: Any) -> Diagnostic:
        """A diagnostic about `path`. `needle` names the piece of the text it is about."""
        where = self.place(path, more.pop("needle", None))
        return Diagnostic(code, severity, summary, hint, where, agent=self.key, path=path_text(path), **more)


def _offset(text: str, line: int, column: int) -> int:
    position = 0
    for _ in range(line):
        position = text.find("\n", position) + 1
    return position + column


def _collect_texts(value: Any, path: list[str | int], marker: Marker, found: list[Text], *, every: bool) -> None:
    """Appends the texts below `value`; without `every` only those that validation looks at.

    One list of texts and one path are handed down, because generators and tuples at every level take twice as long.
    """
    kind = type(value)
    if kind is str:
        if every or type(marker) is Known or "{{" in value:
            found.append(Text(tuple(path), value, marker))
    elif kind is Secret:
        found.append(Text(tuple(path), value.reference, marker))
    elif kind is dict or kind is list:
        for key, each in value.items() if kind is dict else enumerate(value):
            path.append(key)
            _collect_texts(each, path, marker, found, every=every)
            path.pop()
    elif isinstance(value, BaseModel):
        markers = _markers(type(value))
        for name in value.model_fields_set:
            path.append(name)
            _collect_texts(getattr(value, name), path, markers[name], found, every=every)
            path.pop()


@functools.cache
def _markers(model: type[BaseModel]) -> dict[str, Marker]:
    """What the texts of each field are for."""
    found: dict[str, Marker] = {}
    for name, info in model.model_fields.items():
        direct = next((each for each in info.metadata if isinstance(each, Known | Spoken | ForModel)), None)
        found[name] = direct or _marker_in(info.annotation)
    return found


def _marker_in(annotation: Any) -> Marker:
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        marked = [each for each in annotation.__metadata__ if isinstance(each, Known | Spoken | ForModel)]
        return marked[0] if marked else _marker_in(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType, list):
        return next((found for each in typing.get_args(annotation) if (found := _marker_in(each))), None)
    return None
