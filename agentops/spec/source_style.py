"""The inner style of a YAML text: spaces after `:` and `-`, inside brackets, quotes, the indent of block scalars, blank
lines. What stands inside a scalar is never touched, and no quotes are ever taken away.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.tokens import (
    AliasToken,
    AnchorToken,
    BlockEntryToken,
    FlowEntryToken,
    FlowMappingEndToken,
    FlowMappingStartToken,
    FlowSequenceEndToken,
    FlowSequenceStartToken,
    ScalarToken,
    TagToken,
    Token,
    ValueToken,
)

_OPENING = (FlowMappingStartToken, FlowSequenceStartToken)
_CLOSING = (FlowMappingEndToken, FlowSequenceEndToken)
_SHOWN = (ScalarToken, AliasToken, AnchorToken, TagToken, BlockEntryToken, FlowEntryToken, ValueToken)
_BLANKS = re.compile(r"\n(?:[ \t]*\n){2,}")


@dataclass(frozen=True, slots=True)
class _Edit:
    """`text` instead of what stands from `start` to `end` (not included)."""

    start: int
    end: int
    text: str


def styled_text(text: str) -> str:
    """`text` in the canonical inner style; unchanged where it can't be read token by token."""
    try:
        tokens = list(_tokens(text))
    except YAMLError:
        return text
    edits = [*_gaps(text, tokens), *_scalars(text, tokens), *_blank_lines(text, tokens)]
    made, at = [], 0
    for edit in sorted(edits, key=lambda each: each.start):
        if edit.start >= at:
            made += [text[at : edit.start], edit.text]
            at = edit.end
    return "".join([*made, text[at:]])


def comments(text: str) -> list[str] | None:
    """Every comment, sorted; None where the text can't be read token by token."""
    try:
        tokens = list(_tokens(text))
    except YAMLError:
        return None
    return sorted(line.strip() for _, gap in _between(text, tokens) for line in gap.split("\n") if "#" in line)


def _tokens(text: str) -> Iterator[Token]:
    """The tokens that stand for characters of the text, in order."""
    for token in YAML(typ="safe", pure=True).scan(text):
        if isinstance(token, (*_SHOWN, *_OPENING, *_CLOSING)) and token.end_mark.index > token.start_mark.index:
            yield token


def _between(text: str, tokens: Sequence[Token]) -> Iterator[tuple[int, str]]:
    """What stands before, between and behind tokens, with where it begins: white space and comments."""
    at = 0
    for token in tokens:
        yield at, text[at : token.start_mark.index]
        at = token.end_mark.index
    yield at, text[at:]


def _gaps(text: str, tokens: Sequence[Token]) -> Iterator[_Edit]:
    """The white space between two tokens of a line."""
    for before, after in itertools.pairwise(tokens):
        start, end = before.end_mark.index, after.start_mark.index
        gap = text[start:end]
        wanted = _wanted(before, after)
        if wanted is not None and not gap.strip(" \t") and gap != wanted:
            yield _Edit(start, end, wanted)


def _wanted(before: Token, after: Token) -> str | None:
    """The white space between two tokens of one line; None where it may stay as it is."""
    match before, after:
        # A `:` right behind an alias would belong to its name: `*a:` is the alias `a:`.
        case (_, ValueToken() | FlowEntryToken()) if not isinstance(before, AliasToken):
            return ""
        case (FlowMappingStartToken() | FlowSequenceStartToken(), _):
            return ""
        case (_, FlowMappingEndToken() | FlowSequenceEndToken()):
            return ""
        case (ValueToken() | FlowEntryToken(), _):
            return " "
        case (BlockEntryToken(), ScalarToken() | FlowMappingStartToken() | FlowSequenceStartToken()):
            return " "
        case (AnchorToken() | TagToken(), _):
            return " "
        case _:
            return None


def _scalars(text: str, tokens: Sequence[Token]) -> Iterator[_Edit]:
    """Single quotes become double ones where both give the same text; block scalars stand two columns in."""
    for number, token in enumerate(tokens):
        if not isinstance(token, ScalarToken):
            continue
        start, end = token.start_mark.index, token.end_mark.index
        written = text[start:end]
        # Between double quotes a backslash would begin an escape, and a double quote would end the text.
        if token.style == "'" and not re.search(r"[\\\"\n]|''", written[1:-1]) and written[1:-1].isprintable():
            yield _Edit(start, end, f'"{written[1:-1]}"')
        elif token.style in ("|", ">"):
            yield from _block(text, tokens, number)


def _block(text: str, tokens: Sequence[Token], number: int) -> Iterator[_Edit]:
    head, _, body = text[tokens[number].start_mark.index : tokens[number].end_mark.index].partition("\n")
    lines = body.split("\n")
    first = next((line for line in lines if line.strip(" ")), "")
    indent = len(first) - len(first.lstrip(" "))
    parent = _parent_column(tokens, number)
    is_plain = re.fullmatch(r"[|>][+-]?", head.split("#")[0].strip()) is not None  # a digit would fix the indent
    is_deeper = all(not line.strip(" ") or line.startswith(" " * indent) for line in lines)
    # Blanks beyond the indent are a part of the text, even on a line that has nothing else.
    is_blank_inside = any(len(line) > indent and not line.strip(" ") for line in lines)
    if parent is None or parent + 2 == indent or not first or not is_plain or not is_deeper or is_blank_inside:
        return
    wanted = " " * (parent + 2)
    moved = "\n".join(wanted + line[indent:] if line.strip(" ") else "" for line in lines[:-1])
    start = tokens[number].start_mark.index + len(head) + 1
    yield _Edit(start, tokens[number].end_mark.index, moved + "\n" + lines[-1])


def _parent_column(tokens: Sequence[Token], number: int) -> int | None:
    """The column of what a block scalar belongs to: its key, or the dash before it."""
    line = tokens[number].start_mark.line
    for before in reversed(tokens[:number]):
        if before.start_mark.line != line:
            return None
        if isinstance(before, ScalarToken | BlockEntryToken):
            return int(before.start_mark.column)
    return None


def _blank_lines(text: str, tokens: Sequence[Token]) -> Iterator[_Edit]:
    """One blank line at most between what is written."""
    for at, gap in _between(text, tokens):
        for found in _BLANKS.finditer(gap):
            yield _Edit(at + found.start(), at + found.end(), "\n\n")
