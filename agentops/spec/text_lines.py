"""Where the lines of an agent's texts are written, for everybody who shows one: in which line of which file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agentops.diagnostics import Stretch
from agentops.document import Path
from agentops.spec.origins import Origin, stretches
from agentops.spec.tree import Map, Mark, Seq

_BLOCK = "|"  # the one style of YAML in which a line of the text is a line of the file
_WHOLE = (Origin(0, None, 0, is_verbatim=True),)


@dataclass(frozen=True, slots=True)
class _Written:
    """A text with its origins, and where its template is: in `file`, from line `first` (from 0) on."""

    text: str
    origins: tuple[Origin, ...]
    file: str
    first: int
    is_block: bool


class TextLines(Mapping[Path, tuple[Stretch, ...]]):
    """By the path of each text of several lines, where those are written. Found out when asked for: a project has many
    texts, and a plan is about few of them."""

    __slots__ = ("_texts",)

    def __init__(self, texts: Mapping[Path, _Written]) -> None:
        self._texts = texts

    def __getitem__(self, path: Path) -> tuple[Stretch, ...]:
        found = self._texts[path]
        return stretches(found.text, found.origins, found.file, found.first, is_block=found.is_block)

    def __iter__(self) -> Iterator[Path]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def text_lines(tree: Map, origins: Mapping[Mark, tuple[Origin, ...]], text_of: Callable[[str], str]) -> TextLines:
    """The lines of the texts in a tree. `origins` are those of texts that were rendered; `text_of` gives the text of a
    file that was read."""
    sources: dict[str, list[str]] = {}
    found: dict[Path, _Written] = {}
    for path, text, mark in _texts(tree, ()):
        file, line, column = mark[3:]
        is_file = (line, column) == (0, 0)  # in YAML a key stands there, never a value
        if not is_file and file not in sources:
            sources[file] = text_of(file).split("\n")
        written = "" if is_file or line >= len(sources[file]) else sources[file][line][column:]
        is_block = is_file or written.startswith(_BLOCK)
        first = line + (is_block and not is_file)
        found[path] = _Written(text, origins.get(mark, _WHOLE), file, first, is_block)
    return TextLines(found)


def _texts(node: Any, path: Path) -> Iterator[tuple[Path, str, Mark]]:
    """Every text of several lines in a tree, with its mark; what an expression made without one is passed over."""
    if isinstance(node, Map):
        items: Any = ((key, value, node.marks[key]) for key, value in node.items())
    elif isinstance(node, Seq):
        items = ((index, value, mark) for index, (value, mark) in enumerate(zip(node, node.marks, strict=True)))
    else:
        return
    for part, value, mark in items:
        if type(value) is str:
            if "\n" in value:
                yield (*path, part), value, mark
        elif isinstance(value, Map | Seq):
            yield from _texts(value, (*path, part))
