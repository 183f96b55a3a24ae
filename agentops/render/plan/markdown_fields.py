"""One field change as Markdown: a list item with both values, the leaves in it, or a diff block of its words."""

from __future__ import annotations

from collections.abc import Iterator

from agentops.document import path_text
from agentops.plan.model import FieldChange
from agentops.render.markdown import code_span, inline, longest_ticks
from agentops.render.plan.numbering import Placed, placed_diff
from agentops.render.plan.parts import FieldPart, field_parts
from agentops.render.plan.values import (
    CHANGED_BY_WORDS,
    SHOWN_WHOLE,
    as_texts,
    change_text,
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


def moved_lines(field: FieldChange) -> Iterator[str]:
    """A change of a field outside git, starting from the value that we put live, with its revision if known."""
    since = f", since {inline(field.reason)}" if field.reason.startswith("revision") else ""
    name = code_span(path_text(field.path))
    if change_text(field) is not None:
        yield f"- {name}: {_code(field.before)} → {_code(field.after)}{since}"
    else:
        yield from _with_parts(f"- {name}{_renamed(field)}{since}", field)


def field_lines(field: FieldChange) -> Iterator[str]:
    """One field change."""
    facts = [field.category.value, f"{field.risk.value} risk"]
    if field.is_immediate:
        facts.append("at once, not versioned")
    if field.changed_by.value != "git":
        facts.append(f"changed in {CHANGED_BY_WORDS[field.changed_by]}")
    where = f" `{field.where.file}:{field.where.line}`" if field.where else ""
    head = f"- **{code_span(path_text(field.path))}**{_renamed(field)} ({', '.join(facts)}){where}"
    yield from _with_parts(head, field)


def _renamed(field: FieldChange) -> str:
    if field.before is None or field.after is None:
        return ", new" if field.before is None else ", removed"
    return f", renamed from {code_span(field.renamed)}" if field.renamed else ""


def _with_parts(head: str, field: FieldChange) -> Iterator[str]:
    found = field_parts(field)
    if not found[0].path:
        yield from _part(head, found[0], field, "  ")
        return
    yield head
    for part in found:
        sign = ""
        if field.before is not None and field.after is not None:
            sign = "new: " if part.before is None else "removed: " if part.after is None else ""
        yield from _part(f"  - {sign}{code_span(part.name)}", part, field, "    ")
    if left := left_text(field):
        yield f"  - {inline(left)}"


def _part(head: str, part: FieldPart, field: FieldChange, indent: str) -> Iterator[str]:
    """One leaf: both values behind its head, or its words below it."""
    before, after = part.before, part.after
    if (texts := as_texts(part.name_of(field), before, after)) is not None:
        is_long_text = isinstance(before, str) and has_lines(*texts)
        yield f"{head}: {words_text(*texts)}" if is_long_text else head
        lines = [_diff_line(placed) for placed in placed_diff(texts, field, part)]
        fence = "`" * max(3, longest_ticks("\n".join(lines)) + 1)
        yield ""
        yield f"{indent}{fence}diff"
        yield from (f"{indent}{line}" for text in lines for line in text.split("\n"))
        yield f"{indent}{fence}"
    elif before is None or after is None:
        yield f"{head}: {_alone(part, field)}"
    elif has_another_value(before, after):
        yield f"{head}: {_code(after)} has another value now"
    else:
        yield f"{head}: {_code(before)} → {_code(after)}"


def _alone(part: FieldPart, field: FieldChange) -> str:
    """A value without another side; of a long text how long it is."""
    value = part.before if part.after is None else part.after
    if is_long(part.name_of(field), value) and not (part.path and len(value) <= SHOWN_WHOLE):
        return f"a text of {size_text(value)}"
    return _code(value)


def _diff_line(placed: Placed) -> str:
    """A diff block colours whole lines, so a line whose words changed is shown as it was and as it is."""
    entry = placed.entry
    if isinstance(entry, Fold):
        return f"@@ {fold_text(entry)} @@"
    file = f"@@ in {placed.file} @@\n" if placed.file is not None else ""
    number = f"{placed.number}: " if placed.number else ""
    if isinstance(entry, Moved):
        return f"{file}! {number}{placed.moved}"
    if entry.kind is PieceKind.SAME and entry.is_changed:
        before, after = _side(entry, PieceKind.ADDED), _side(entry, PieceKind.REMOVED)
        return f"{file}- {number}{before}\n+ {number}{after}"
    sign = {PieceKind.ADDED: "+", PieceKind.REMOVED: "-", PieceKind.SAME: " "}[entry.kind]
    return f"{file}{sign} {number}{''.join(map(piece_text, entry.pieces))}"


def _side(line: DiffLine, hidden: PieceKind) -> str:
    return "".join(piece_text(piece) for piece in line.pieces if piece.kind is not hidden)


def _code(value: object) -> str:
    return code_span(value_text(value))
