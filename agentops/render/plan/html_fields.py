"""One field change as rows of a table: both values, the leaves in it, or the words that differ."""

from __future__ import annotations

from html import escape

from agentops.document import path_text
from agentops.plan.model import FieldChange
from agentops.render.page import code
from agentops.render.plan.numbering import Placed, placed_diff
from agentops.render.plan.parts import FieldPart, field_parts, left_behind
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
from agentops.render.plan.word_diff import DiffPiece, Fold, Moved, PieceKind

# The columns of a table of settings, in percent of its width.
COLUMNS = {"Setting": 29, "Before": 26, "After": 26, "Kind": 19}
_TAGS = {PieceKind.ADDED: "ins", PieceKind.REMOVED: "del"}


def moved_item(field: FieldChange) -> str:
    """A change of a field outside git, starting from the value that we put live, as an item of a list."""
    name = f"{code(path_text(field.path))}{_renamed(field)}"
    if change_text(field) is not None:
        return f"<li>{name}: {escape(value_text(field.before))} became {escape(value_text(field.after))}</li>"
    found = field_parts(field)
    if not found[0].path:
        return f"<li>{name}: {_value(found[0], field)}</li>"
    inner = "".join(f"<li>{code(part.name)}: {_value(part, field)}</li>" for part in found)
    return f"<li>{name}<ul>{inner}</ul></li>"


def field_row(field: FieldChange) -> tuple[str | None, ...]:
    """One field change as the cells of a row: its name, both values, its kind. A text takes the room of both values."""
    kind = f'{field.category.value}<br><span class="faint">{field.risk.value} risk'
    if field.is_immediate:
        kind += ", at once"
    if field.changed_by.value != "git":
        kind += f", changed in {CHANGED_BY_WORDS[field.changed_by]}"
    where = f'<br><span class="faint">{code(str(field.where))}</span>' if field.where else ""
    name = f"{code(path_text(field.path))}{_renamed(field)}{where}"
    found = field_parts(field)
    if found[0].path:
        rows = (f"<tr><td>{code(part.name)}</td><td>{_value(part, field)}</td></tr>" for part in found)
        left = f'<p class="faint">{escape(left_text(field))}</p>' if left_behind(field) else ""
        return name, f'<table class="parts">{"".join(rows)}</table>{left}', None, f"{kind}</span>"
    if _texts(found[0], field) is not None:
        return name, _value(found[0], field), None, f"{kind}</span>"
    before, after = (_side(side, found[0], field) for side in (field.before, field.after))
    before = "another value" if has_another_value(field.before, field.after) else before
    return name, before, after, f"{kind}</span>"


def _renamed(field: FieldChange) -> str:
    if field.before is None or field.after is None:
        return ", new" if field.before is None else ", removed"
    return "" if not field.renamed else f", renamed from {code(field.renamed)}"


def _texts(part: FieldPart, field: FieldChange) -> tuple[str, str] | None:
    return as_texts(part.name_of(field), part.before, part.after)


def _value(part: FieldPart, field: FieldChange) -> str:
    """What differs in a leaf."""
    if (texts := _texts(part, field)) is not None:
        is_long_text = isinstance(part.before, str) and has_lines(*texts)
        head = f"<p>{escape(words_text(*texts))}</p>" if is_long_text else ""
        rows = "".join(_row(placed) for placed in placed_diff(texts, field, part))
        return f'{head}<table class="text">{rows}</table>'
    if part.before is None or part.after is None:
        tag = "ins" if part.before is None else "del"
        shown = _side(part.after if part.before is None else part.before, part, field)
        is_whole = field.before is None or field.after is None
        return shown if is_whole and part.path else f"<{tag}>{shown}</{tag}>"
    if has_another_value(part.before, part.after):
        return f"{escape(value_text(part.after))} has another value now"
    return f"<del>{_side(part.before, part, field)}</del> → <ins>{_side(part.after, part, field)}</ins>"


def _side(value: object, part: FieldPart, field: FieldChange) -> str:
    """One value; of a long text without another side only how long it is."""
    if isinstance(value, str) and is_long(part.name_of(field), value):
        if not part.path or len(value) > SHOWN_WHOLE:
            return f'<span class="faint">a text of {size_text(value)}</span>'
        return f'<span class="text">{escape(value)}</span>'
    return escape(value_text(value))


def _row(placed: Placed) -> str:
    entry = placed.entry
    if isinstance(entry, Fold):
        return f'<tr><td></td><td class="faint">{fold_text(entry)}</td></tr>'
    file = f'<tr><td></td><td class="faint">in {escape(placed.file)}</td></tr>' if placed.file is not None else ""
    if isinstance(entry, Moved):
        words = f'<span class="moved">{"↓" if entry.is_here else "↑"} {escape(placed.moved)}</span>'
    else:
        words = "".join(map(_piece, entry.pieces))
    return f'{file}<tr><td class="number">{placed.number}</td><td>{words}</td></tr>'


def _piece(piece: DiffPiece) -> str:
    text = escape(piece_text(piece))
    if piece.is_cut:
        text = f'<span class="faint">{text}</span>'
    return f"<{_TAGS[piece.kind]}>{text}</{_TAGS[piece.kind]}>" if piece.kind in _TAGS else text
