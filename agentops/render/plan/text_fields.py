"""One field change as lines of text: its head, then each leaf that differs, as two values or by its words."""

from __future__ import annotations

from collections.abc import Iterator

from agentops.document import path_text
from agentops.plan.model import ChangedBy, FieldChange
from agentops.render.plan.numbering import placed_diff
from agentops.render.plan.parts import FieldPart, field_parts
from agentops.render.plan.values import (
    CHANGED_BY_WORDS,
    FIELD_SYMBOLS,
    SHOWN_WHOLE,
    as_texts,
    fold_text,
    has_another_value,
    has_lines,
    is_long,
    left_text,
    piece_text,
    size_text,
    value_text,
    words_text,
)
from agentops.render.plan.word_diff import DiffLine, Fold, Moved, PieceKind
from agentops.render.style import Style

ROLES = {"+": "add", "-": "remove", "~": "change", ">": "good", "<": "change", "?": "change", "=": "faint"}
_MARKS = {PieceKind.SAME: ("", ""), PieceKind.ADDED: ("{+", "+}"), PieceKind.REMOVED: ("[-", "-]")}


def field_lines(change: FieldChange, style: Style, indent: str = "    ", reach: str = "") -> Iterator[str]:
    """One field change: its path and kind, whom it reaches where those are several, then what differs in it."""
    symbol = FIELD_SYMBOLS[change.operation]
    facts = [change.category.value, f"{change.risk.value} risk"]
    if change.is_immediate:
        facts.append("at once, not versioned")
    if change.changed_by is not ChangedBy.GIT:
        facts.append(f"changed in {CHANGED_BY_WORDS[change.changed_by]}")
    if change.where:
        facts.append(str(change.where))
    head = f"{symbol} {path_text(change.path)}"
    renamed = f", renamed from {change.renamed}" if change.renamed and change.before is not None else ""
    for number, line in enumerate(style.wrap(f"{head}{renamed}  ({', '.join(facts)})", indent, indent + "    ")):
        yield line.replace(head, style.paint(head, ROLES[symbol]), 1) if number == 0 else line
    inner = indent + "    "
    if reach:
        yield from style.wrap(reach, inner, inner + "  ")
    yield from change_lines(change, style, inner)


def change_lines(change: FieldChange, style: Style, indent: str) -> Iterator[str]:
    """What differs in a field: the field itself, or each leaf in it under its name."""
    for part in field_parts(change):
        if part.path:
            sign = ""
            if change.before is not None and change.after is not None:
                sign = "+ " if part.before is None else "- " if part.after is None else "~ "
            yield from _named(part, change, f"{sign}{part.name}:", style, indent)
        else:
            yield from _values(part, change, style, indent)
    if left := left_text(change):
        yield from style.wrap(left, indent, indent + "  ")


def new_field_lines(change: FieldChange, style: Style) -> Iterator[str]:
    """A field of an agent that does not exist yet: its value, without what only a change has."""
    head = f"+ {path_text(change.path)}:"
    if field_parts(change)[0].path:
        yield f"    {style.paint(head, 'add')}"
        yield from change_lines(change, style, "        ")
        return
    value = value_text(change.after)
    if is_long(change.path[-1], change.after):
        value = f"{size_text(change.after)} ({change.where or 'all of it with `--format json`'})"
    for number, line in enumerate(style.wrap(f"{head} {value}", "    ", "        ")):
        yield line.replace(head, style.paint(head, "add"), 1) if number == 0 else line


def _named(part: FieldPart, change: FieldChange, head: str, style: Style, indent: str) -> Iterator[str]:
    lines = list(_values(part, change, style, indent + "    "))
    is_short = len(lines) == 1 and len(indent) + len(head) + 1 + len(lines[0].strip()) <= style.width
    painted = style.paint(head, ROLES[head[0]]) if head[0] in ROLES else head
    if is_short and as_texts(part.name_of(change), part.before, part.after) is None:
        yield f"{indent}{painted} {lines[0].strip()}"
        return
    yield from (line.replace(head, painted, 1) for line in style.wrap(head, indent, indent + "    "))
    yield from lines


def _values(part: FieldPart, change: FieldChange, style: Style, indent: str) -> Iterator[str]:
    """Both values of a leaf, or its words."""
    before, after = part.before, part.after
    if (texts := as_texts(part.name_of(change), before, after)) is not None:
        if isinstance(before, str) and has_lines(*texts):
            yield f"{indent}{words_text(*texts)}"
        yield from _text_lines(texts, change, part, style, indent)
    elif before is None or after is None:
        yield from style.wrap(_alone(part, change), indent, indent)
    elif has_another_value(before, after):
        yield from style.wrap(f"{value_text(after)} has another value now", indent, indent)
    else:
        yield from style.wrap(f"{value_text(before)} -> {value_text(after)}", indent, indent)


def _alone(part: FieldPart, change: FieldChange) -> str:
    """A value without another side; of a long text how long it is, and where all of it can be read."""
    value = part.before if part.after is None else part.after
    if is_long(part.name_of(change), value):
        size = f"{size_text(value)} ({change.where or 'all of it with `--format json`'})"
        text = value if part.path and len(value) <= SHOWN_WHOLE else size
    else:
        text = value_text(value)
    if part.path:
        return text
    if part.after is None:
        return f"removed: {text}" if is_long(part.name_of(change), value) else f"{text} is removed"
    return f"new: {text}" if is_long(part.name_of(change), value) else text


def _text_lines(
    texts: tuple[str, str], change: FieldChange, part: FieldPart, style: Style, indent: str
) -> Iterator[str]:
    """The words that differ. Only texts of several lines have their lines numbered, by the file that has them."""
    is_numbered = has_lines(*texts)
    room = f"{indent}{'':>5} " if is_numbered else indent
    for placed in placed_diff(texts, change, part):
        entry = placed.entry
        if placed.file is not None:
            yield style.paint(f"{room}  in {placed.file}:", "faint")
        start = f"{indent}{placed.number:>5} " if is_numbered else indent
        if isinstance(entry, Fold):
            yield style.paint(f"{room}... {fold_text(entry)}", "faint")
        elif isinstance(entry, Moved):
            sign = ">" if entry.is_here else "<"
            lines = style.wrap(f"{sign} {placed.moved}", start, f"{room}  ")
            yield from (style.paint(line, "change") for line in lines)
        else:
            yield from _line(entry, start, room, style)


def _line(line: DiffLine, start: str, room: str, style: Style) -> Iterator[str]:
    sign = {PieceKind.ADDED: "+", PieceKind.REMOVED: "-"}.get(line.kind, "~" if line.is_changed else " ")
    if line.kind is not PieceKind.SAME:
        text = "".join(piece_text(piece) for piece in line.pieces)
    else:
        text = "".join(piece_text(piece).join(_MARKS[piece.kind]) for piece in line.pieces)
    for part in style.wrap(text, f"{start}{sign} ", f"{room}  "):
        yield _painted(part, line, style)


def _painted(text: str, line: DiffLine, style: Style) -> str:
    if not style.is_colored:
        return text
    if line.kind is PieceKind.ADDED:
        return style.paint(text, "add")
    if line.kind is PieceKind.REMOVED:
        return style.paint(text, "remove")
    return (
        text.replace("{+", "\033[32m{+")
        .replace("+}", "+}\033[0m")
        .replace("[-", "\033[31m[-")
        .replace("-]", "-]\033[0m")
    )
