"""YAML text into marked data through libyaml's events, with a constructor of our own that keeps every position.

The language is the JSON-like part of YAML 1.2: text keys, no tags, no merge keys, one document. Everything that can be
wrong with a text is found and explained here, and hostile text ends in a diagnostic in bounded time and memory. Files
that are written back go through `source_edit`, not through here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from _ruamel_yaml import CParser  # type: ignore[import-not-found]  # a C module without stubs
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from agentops.diagnostics import Diagnostic, Severity, Where
from agentops.spec.scalars import (
    MAY_BE_MORE,
    OLD_BOOLEANS,
    is_finite,
    looks_like_number,
    number_of,
    scalar,
    spelling,
)
from agentops.spec.source_text import SourceError, place_at
from agentops.spec.tree import Map, Seq, key_place

# A # that is followed at once by text, as in `we are #1`; authors write comments with a blank behind the sign.
_CUTTING = re.compile(r"[ \t]{1,8}#[^\s#!]")
MAX_DEPTH = 64
MAX_NODES = 100_000  # with aliases written out, so that an alias bomb is a message and not a dead machine


def read_yaml(text: str, file: str) -> tuple[Any, list[Diagnostic]]:
    """The one document in `text` with its marks, and warnings. Raises `SourceError` when there is no usable document.

    An empty document is None. `file` is only used for marks.
    """
    builder = _Builder(file, text)
    try:
        # Lone surrogates pass here: libyaml then refuses them, and `_reader_error` finds the place.
        return builder.build(CParser(text.encode("utf-8", "surrogatepass")).get_event), builder.warnings
    except MarkedYAMLError as error:
        if _OF_YAML_1_1.search(str(error.problem)) and (again := _read_slowly(text, file)) is not None:
            return again
        raise _syntax_error(error, text, file) from None
    except (YAMLError, ValueError, UnicodeError) as error:
        raise _reader_error(error, text, file) from None


_OF_YAML_1_1 = re.compile(r"expected ',' or|unexpected ':'")
_MAX_SLOW = 200_000  # characters; the parser in Python takes some seconds for them


def _read_slowly(text: str, file: str) -> tuple[Any, list[Diagnostic]] | None:
    """What the parser in Python makes of a text that libyaml gave up on; None when that gives up as well.

    libyaml as it is bundled knows YAML 1.1, where `{ask: Really?, wait: 2}` and `{url: http://a.example}` are no YAML.
    """
    if len(text) > _MAX_SLOW:
        return None
    builder = _Builder(file, text)
    try:
        return builder.build(iter(YAML(typ="safe", pure=True).parse(text)).__next__), builder.warnings
    except (YAMLError, ValueError, UnicodeError, RecursionError, StopIteration):
        return None


class _Outer(NamedTuple):
    """A container that waits while one inside of it is read: with the key it waits for, and what is known of it."""

    node: Map | Seq | None
    key: str | None
    key_line: int
    key_column: int
    is_constant: bool
    anchor: str | None
    nodes_before: int


class _Builder:
    """Builds the document from events with an explicit stack: depth costs memory on no call stack.

    A project has a hundred thousand scalars, so the loop over them calls nothing that is not needed.
    """

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.lines: list[str] | None = None
        self.has_comments = _CUTTING.search(text) is not None
        self.warnings: list[Diagnostic] = []
        self.stack: list[_Outer] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.nodes = 0
        self.documents = 0

    def build(self, get_event: Callable[[], Any]) -> Any:
        stack, file = self.stack, self.file
        node: Any = None  # the container that is being read, and the key that waits for its value
        key: str | None = None
        is_map, is_constant = False, True
        key_line = key_column = 0
        value: Any = None
        while True:
            event = get_event()
            kind = type(event)
            if kind is ScalarEvent:
                mark = event.start_mark
                line, column, value = mark.line, mark.column, event.value
                if is_map and key is None:
                    if value in node or value == "<<" or event.ctag is not None or event.anchor is not None:
                        self._check_key(node, event)
                    key, key_line, key_column = value, line, column
                    is_constant = is_constant and value[:1] != "$"  # a directive such as $merge or $clear
                    continue
                if event.ctag is not None:
                    self._refuse_tag(event)
                if event.implicit[0] and self.has_comments:
                    self._check_comment(value, event)
                # implicit[0]: written plain, without quotes. Only such a scalar can be a number, a boolean or null.
                if event.implicit[0] and value[:1] in MAY_BE_MORE:
                    value = self._resolve(value, line, column)
                if value is None or (type(value) is str and "${" in value):
                    is_constant = False
                if event.anchor is not None:
                    self.anchors[event.anchor] = (value, 1)
                self.nodes += 1
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                self._check_start(event, can_be_here=not is_map or key is not None)
                stack.append(_Outer(node, key, key_line, key_column, is_constant, event.anchor, self.nodes))
                is_map, is_constant, key = kind is MappingStartEvent, True, None
                line, column = event.start_mark.line, event.start_mark.column
                node = (Map if is_map else Seq)((file, line, column, file, line, column))
                self.nodes += 1
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                value = node
                value.is_constant = is_constant
                line, column = value.mark[4], value.mark[5]
                node, key, key_line, key_column, was_constant, anchor, before = stack.pop()
                is_constant, is_map = is_constant and was_constant, type(node) is Map
                if anchor is not None:
                    self.anchors[anchor] = (value, self.nodes - before)
                self._check_size(line, column)
            elif kind is AliasEvent:
                value, line, column = self._alias(event, can_be_here=not is_map or key is not None)
                is_constant = False  # not worth finding out
            elif kind is StreamEndEvent:
                return value
            else:
                if kind is DocumentStartEvent:
                    self._document(event)
                continue
            if key is not None:
                node[key] = value
                node.marks[key] = (file, key_line, key_column, file, line, column)
                key = None
            elif node is not None:
                node.append(value)
                node.marks.append((file, line, column, file, line, column))

    def _where(self, event: Any) -> Where:
        mark = event.start_mark
        return Where(self.file, mark.line + 1, mark.column + 1)

    def _check_key(self, node: Map, event: Any) -> None:
        key, where = event.value, self._where(event)
        if key in node:
            summary = f"the key {key!r} is written twice; first in line {key_place(node.marks[key]).line}"
            raise SourceError("duplicate-key", summary, where, hint="keep one of the two")
        if key == "<<" and event.implicit[0]:
            hint = "share a fragment with `extends: _base/fragment.yaml` or `${{ yaml('_base/fragment.yaml') }}`"
            raise SourceError("yaml-merge-key", "merge keys (`<<`) are not part of YAML 1.2", where, hint=hint)
        if event.tag is not None or event.anchor is not None:
            self._refuse_tag(event)

    def _resolve(self, text: str, line: int, column: int) -> Any:
        """The value of a plain scalar; what only YAML 1.1 reads as a boolean is text, with a warning."""
        value = scalar(text)
        where = Where(self.file, line + 1, column + 1)
        if not is_finite(value):
            summary = f"{text[:40]} is not a number in JSON"
            raise SourceError("yaml-number", summary, where, hint="write a finite number")
        if value is text and looks_like_number(text):
            hint = f'quote it: "{text}"; as a number it is written {spelling(number_of(text))}'
            summary = f"{text[:40]} is text here, as it is written, although other YAML tools read it as a number"
            self.warnings.append(Diagnostic("yaml-number-text", Severity.WARNING, summary, hint=hint, where=where))
        if value is text and text in OLD_BOOLEANS:
            hint = f'write true or false, or quote it: "{text}"'
            summary = f"{text!r} is text here, although older YAML tools read it as a boolean"
            self.warnings.append(Diagnostic("yaml-boolean", Severity.WARNING, summary, hint=hint, where=where))
        return value

    def _check_comment(self, value: str, event: Any) -> None:
        """Warns of a plain text of several words that a comment right behind it may have cut: `Call #1 in town`."""
        self.lines = self.lines if self.lines is not None else self.text.split("\n")
        mark = event.end_mark
        rest = self.lines[mark.line][mark.column :] if mark.line < len(self.lines) else ""
        if _CUTTING.match(rest):
            summary = f"the text ends before {rest.strip()[:40]!r}: a # behind a blank begins a comment"
            hint = "quote the text if that belongs to it; put a blank behind the # of a comment"
            where = Where(self.file, mark.line + 1, mark.column + 2)
            self.warnings.append(Diagnostic("yaml-comment", Severity.WARNING, summary, hint=hint, where=where))

    def _check_start(self, event: Any, *, can_be_here: bool) -> None:
        if len(self.stack) >= MAX_DEPTH:
            summary = f"more than {MAX_DEPTH} levels of nesting"
            raise SourceError("yaml-too-deep", summary, self._where(event), hint="no field is nested that deeply")
        if event.ctag is not None:
            self._refuse_tag(event)
        if not can_be_here:
            summary, hint = "a mapping or list can't be a key", "use a text as the key"
            if quoted := _quoted_braces(self.text, event.start_mark.line):
                summary, hint = "a text that begins with a brace is read as a mapping", quoted
            raise SourceError("yaml-key", summary, self._where(event), hint=hint)

    def _alias(self, event: Any, *, can_be_here: bool) -> tuple[Any, int, int]:
        where = self._where(event)
        if any(outer.anchor == event.anchor for outer in self.stack):
            summary = f"*{event.anchor} is inside the value that it repeats"
            raise SourceError("yaml-alias", summary, where, hint="a value can't contain itself")
        if event.anchor not in self.anchors:
            summary = f"*{event.anchor} repeats a value that no &{event.anchor} has named above"
            raise SourceError("yaml-alias", summary, where, hint="name the value with an anchor first")
        if not can_be_here:
            raise SourceError("yaml-key", "an alias can't be a key", where, hint="write the key out")
        value, size = self.anchors[event.anchor]
        self.nodes += size
        self._check_size(where.line - 1, where.column - 1)
        return value, where.line - 1, where.column - 1

    def _check_size(self, line: int, column: int) -> None:
        if self.nodes > MAX_NODES:
            summary = f"more than {MAX_NODES:,} values with all aliases written out"
            where = Where(self.file, line + 1, column + 1)
            raise SourceError("yaml-too-large", summary, where, hint="repeat less with aliases")

    def _refuse_tag(self, event: Any) -> None:
        what = f"the tag {event.tag}" if event.tag is not None else f"the anchor &{event.anchor} on a key"
        hint = "take it out; quote a value to make it text"
        raise SourceError("yaml-tag", f"{what} is not supported", self._where(event), hint=hint)

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            where = Where(self.file, event.start_mark.line + 1, 1)
            raise SourceError("yaml-documents", "a second document starts here", where, hint="one document to a file")


_BRACES = re.compile(r"""^\s*(?:-\s+)?([\w$-]{1,80}):\s+(\{\{.{0,200})$|(\$\{\{[^{}\n]{0,200}\}\})""")


def _quoted_braces(text: str, line: int) -> str | None:
    """What to write in place of a `{{name}}` or `${{ name }}` without quotes in this line (from 0), if there is one."""
    lines = text.split("\n")
    if line >= len(lines) or (found := _BRACES.search(lines[line])) is None:
        return None
    if found[1]:
        return f'quote the text: {found[1]}: "{found[2].strip()}"'
    return f'quote the text inside {{ }} or [ ]: "{found[3]}"'


def _syntax_error(error: MarkedYAMLError, text: str, file: str) -> SourceError:
    mark = error.problem_mark or error.context_mark
    where = Where(file, mark.line + 1, mark.column + 1) if mark else Where(file)
    problem = str(error.problem or error.context or "it does not parse")
    if "could not find expected ':'" in problem and (key := error.context_mark) is not None:
        way_out = "write `key: value`, with a `:` and a blank behind the key"
        where = Where(file, key.line + 1, key.column + 1)
        return SourceError("yaml-syntax", "not valid YAML: this key has no `:`", where, hint=way_out)
    began = ""
    if error.context and error.context_mark and error.context_mark.line != (mark.line if mark else -1):
        began = f" ({error.context} from line {error.context_mark.line + 1})"
    lines = (mark.line, error.context_mark.line if error.context_mark else mark.line) if mark else ()
    quoted = next((hint for line in lines if (hint := _quoted_braces(text, line))), None)
    if quoted is None and "\t" in "".join(text.split("\n")[where.line - 1 : where.line])[: where.column]:
        quoted = "indent with spaces: YAML takes no tabs there"
    return SourceError("yaml-syntax", f"not valid YAML: {problem}{began}", where, hint=quoted or _syntax_hint(problem))


def _syntax_hint(problem: str) -> str:
    if "cannot start any token" in problem:
        return "indent with spaces, not tabs; quote a value that starts with a special character"
    if "mapping values are not allowed" in problem:
        return 'quote a value that contains ": ", and check the indentation of this line and the one above'
    if "expected <block end>" in problem or "did not find expected" in problem:
        return "check the indentation, brackets and quotes of this line and the one above"
    if "unexpected ':'" in problem:
        return 'quote a value that contains ":" inside { } or [ ], such as "https://example.com"'
    return "correct the YAML at this place"


def _reader_error(error: Exception, text: str, file: str) -> SourceError:
    """libyaml's reader gives no place for a character that YAML does not allow, so it is looked up here."""
    bad = re.search(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    if bad is None:
        return SourceError("yaml-syntax", f"not valid YAML: {error}", Where(file), hint="correct the YAML")
    where = place_at(text, bad.start(), file)
    summary = f"the character U+{ord(bad[0]):04X} is not allowed in YAML"
    return SourceError(
        "yaml-syntax", summary, where, hint='remove it, or write it in double quotes as an escape ("\\u0000" style)'
    )
