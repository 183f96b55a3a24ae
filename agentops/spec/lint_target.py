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
class LintTarget:
    """An agent that rules are checked on. `tree` is the rendered spec with its marks, `read` the files behind it."""

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
        prompts = [each for each in self.texts if each.path[-1] == "prompt"]
        handoffs = [each for each in prompts if self.value((*each.path[:-1], "type")) == "static"]
        return [each for each in self.texts if isinstance(each.marker, Spoken)] + handoffs

    def texts_to_check(self) -> list[Text]:
        """The texts with known values, with call-time variables, or with secrets."""
        found: list[Text] = []
        _collect_texts(self.config, ("config",), None, found, every=False)
        return found

    @property
    def texts(self) -> tuple[Text, ...]:
        """Every text of the configuration."""
        if self._texts is None:
            found: list[Text] = []
            _collect_texts(self.config, ("config",), None, found, every=True)
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


def _collect_texts(value: Any, path: Path, marker: Marker, found: list[Text], *, every: bool) -> None:
    """Appends the texts in a value, which `marker` is for; without `every` only those that validation looks at."""
    kind = type(value)
    if kind is str:
        if every or "{{" in value or type(marker) is Known:
            found.append(Text(path, value, marker))
    elif kind is list:
        for index, each in enumerate(value):
            _collect_texts(each, (*path, index), marker, found, every=every)
    elif kind is dict:
        for key, each in value.items():
            _collect_texts(each, (*path, key), marker, found, every=every)
    elif kind is Secret:
        found.append(Text(path, value.reference, marker))
    elif isinstance(value, BaseModel):
        values = value.__dict__
        for name, of_field in _text_fields(type(value)):
            each = values[name]  # None when it is not given; and of most texts not even the path need be made
            if each is not None and (every or type(each) is not str or "{{" in each or type(of_field) is Known):
                _collect_texts(each, (*path, name), of_field, found, every=every)


@functools.cache
def _text_fields(model: type[BaseModel]) -> tuple[tuple[str, Marker], ...]:
    """The fields that may be or hold text, and what their texts are for."""
    found: list[tuple[str, Marker]] = []
    for name, info in model.model_fields.items():
        direct = next((each for each in info.metadata if isinstance(each, Known | Spoken | ForModel)), None)
        marker = direct or _marker_in(info.annotation)
        if marker is not None or _may_hold_text(info.annotation):
            assert info.is_required() or info.default is None
            found.append((name, marker))
    return tuple(found)


def _may_hold_text(annotation: Any) -> bool:
    """Whether a value of this type can have text in it; the choices of a literal are no texts."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return any(_may_hold_text(each) for each in typing.get_args(annotation))
    if typing.get_origin(annotation) is typing.Annotated:
        return _may_hold_text(typing.get_args(annotation)[0])
    return annotation not in (bool, int, float, types.NoneType) and typing.get_origin(annotation) is not typing.Literal


def _marker_in(annotation: Any) -> Marker:
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        marked = [each for each in annotation.__metadata__ if isinstance(each, Known | Spoken | ForModel)]
        return marked[0] if marked else _marker_in(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType, list):
        return next((found for each in typing.get_args(annotation) if (found := _marker_in(each))), None)
    return None
