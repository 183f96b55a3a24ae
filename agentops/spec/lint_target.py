"""A file as rules see it: what it describes with its types, its texts by what they are for, where all is written."""

from __future__ import annotations

import functools
import types
import typing
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import BaseModel

from agentops.diagnostics import Diagnostic, Severity, Where
from agentops.document import Path, Secret, path_text
from agentops.resources import Kind, SourceFile
from agentops.spec.files import ProjectFiles
from agentops.spec.knowledge import markdown_of
from agentops.spec.model.agent import AgentSpec
from agentops.spec.model.base import ForModel, Known, Spoken
from agentops.spec.model.config import AgentConfig
from agentops.spec.model.resources import KnowledgeSpec, ToolSpec, WebhookSpec
from agentops.spec.model.tools import Tool
from agentops.spec.source_text import place_at
from agentops.spec.tree import Map, mark_of, value_place

Marker = Known | Spoken | ForModel | None
ResourceSpec = ToolSpec | KnowledgeSpec | WebhookSpec


class Text(NamedTuple):
    """A text of the configuration: where it is, its text (a secret by its reference), and what it is for."""

    path: Path
    text: str
    marker: Marker


@dataclass(slots=True)
class FileTarget:
    """What rules are checked on: a rendered file (`tree` with its marks, `spec` with its types), and the files behind
    it. `key` is how findings call it."""

    key: str
    spec: AgentSpec | ResourceSpec
    tree: Map
    files: ProjectFiles
    read: tuple[str, ...]
    settings: dict[str, Any] = field(default_factory=dict)
    _texts: tuple[Text, ...] | None = None

    @property
    def tools(self) -> list[tuple[Path, Tool]]:
        """The tools that are described here and switched on, with their paths."""
        raise NotImplementedError

    @property
    def texts(self) -> tuple[Text, ...]:
        """Every text that reaches the platform from here."""
        if self._texts is None:
            self._texts = tuple(self._all_texts())
        return self._texts

    def _all_texts(self) -> list[Text]:
        raise NotImplementedError

    def value(self, path: Path) -> Any:
        """The rendered value at `path` from the top of the file; None when it is not there."""
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
                if (found := _found_in(self.files.known_text(file), needle, file, begin)) is not None:
                    return found
        return value_place(mark)

    def problem(self, code: str, severity: Severity, path: Path, summary: str, hint: str, **more: Any) -> Diagnostic:
        """A diagnostic about `path`. `needle` names the piece of the text it is about."""
        where = self.place(path, more.pop("needle", None))
        return Diagnostic(code, severity, summary, hint, where, agent=self.key, path=path_text(path), **more)


@dataclass(slots=True)
class LintTarget(FileTarget):
    """An agent.

    shared_tools:    what it refers to in `tools/`, each with the path of the reference
    has_other_tools: whether it refers to tools that are not described here
    has_extras:      whether anything may be cleared or passed through
    """

    spec: AgentSpec
    has_extras: bool = True
    shared_tools: tuple[tuple[Path, Tool], ...] = ()
    has_other_tools: bool = False

    @property
    def config(self) -> AgentConfig:
        return self.spec.config

    @property
    def tools(self) -> list[tuple[Path, Tool]]:
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
        return texts_of(self.config, ("config",), every=False)

    def _all_texts(self) -> list[Text]:
        return texts_of(self.config, ("config",))


@dataclass(slots=True)
class ResourceTarget(FileTarget):
    """A tool, a knowledge base or a webhook. `is_used`: whether an agent of this environment refers to it; None where
    that is not known."""

    spec: ResourceSpec
    kind: Kind = Kind.TOOL
    sources: tuple[SourceFile, ...] = ()
    is_used: bool | None = None

    @property
    def tools(self) -> list[tuple[Path, Tool]]:
        return [(("definition",), self.spec.definition)] if isinstance(self.spec, ToolSpec) else []

    @property
    def markdown(self) -> list[tuple[Path, str]]:
        """The Markdown files of a knowledge base, with their paths in its file."""
        texts = ((("files", index), markdown_of(self.files, each)) for index, each in enumerate(self.sources))
        return [(path, text) for path, text in texts if text is not None]

    def _all_texts(self) -> list[Text]:
        return [*texts_of(self.spec, ()), *(Text(path, text, None) for path, text in self.markdown)]

    def place(self, path: Path, needle: str | None = None) -> Where | None:
        if needle and len(path) == 2 and path[0] == "files":
            source = self.sources[int(path[1])]
            if (found := _found_in(markdown_of(self.files, source) or "", needle, source.path, 0)) is not None:
                return found
        return FileTarget.place(self, path, needle)


@dataclass(frozen=True, slots=True)
class FolderTarget:
    """A folder of resources. `unread`: project paths of the files in it that nothing reads."""

    kind: Kind
    unread: tuple[str, ...]

    def problem(self, code: str, severity: Severity, path: Path, summary: str, hint: str, **_: Any) -> Diagnostic:
        """A diagnostic about the file that `path` names."""
        return Diagnostic(code, severity, summary, hint, Where(str(path[0])))


def _found_in(text: str, needle: str, file: str, begin: int) -> Where | None:
    position = text.find(needle, begin)
    return place_at(text, position, file) if position >= 0 else None


def _offset(text: str, line: int, column: int) -> int:
    position = 0
    for _ in range(line):
        position = text.find("\n", position) + 1
    return position + column


def texts_of(model: BaseModel, path: Path, *, every: bool = True) -> list[Text]:
    """The texts in a model that stands at `path`."""
    found: list[Text] = []
    _collect_texts(model, path, None, found, every=every)
    return found


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
