"""The word-level diff: nothing is lost, nothing is made up, and what is folded is counted."""

from __future__ import annotations

import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agentops.render.plan.excerpt import text_diff
from agentops.render.plan.values import piece_text
from agentops.render.plan.word_diff import DiffLine, Entry, Fold, Moved, PieceKind, pieces, word_diff
from agentops.render.style import Style, columns

WORDS = st.lists(st.sampled_from(["be", "kind", "brief", ".", " ", "  ", "never", "é", "你好"]), max_size=12).map(
    "".join
)
LINES = st.lists(WORDS, max_size=8)


def side(found: tuple[object, ...], without: PieceKind) -> str:
    return "".join(piece.text for piece in found if piece.kind is not without)  # type: ignore[attr-defined]


@given(WORDS, WORDS)
def test_the_pieces_of_a_line_are_both_lines(before: str, after: str) -> None:
    found = pieces(before, after)
    assert side(found, PieceKind.ADDED) == before
    assert side(found, PieceKind.REMOVED) == after


def applied(before: str, found: list[Entry]) -> list[str]:
    """The lines that a diff makes of `before`: what is folded stays, what went is checked to have been there."""
    old, new = before.splitlines(), []
    position = 0
    for entry in found:
        if isinstance(entry, Fold):
            new += old[position : position + entry.count]
            position += entry.count
        elif isinstance(entry, Moved) and entry.is_here:
            new += entry.lines
        elif isinstance(entry, Moved):
            assert tuple(old[position : position + len(entry.lines)]) == entry.lines
            position += len(entry.lines)
        elif "(line end" not in entry.pieces[0].text:
            if entry.kind is not PieceKind.ADDED:
                assert side(entry.pieces, PieceKind.ADDED) == old[position]
                position += 1
            if entry.kind is not PieceKind.REMOVED:
                new.append(side(entry.pieces, PieceKind.REMOVED))
    assert position == len(old)
    return new


@pytest.mark.slow
@given(LINES, LINES)
def test_a_diff_applied_to_the_old_text_gives_the_new_one(before: list[str], after: list[str]) -> None:
    old, new = "\n".join(before), "\n".join(after)
    assume(old != new)
    assert applied(old, word_diff(old, new, context=99)) == new.splitlines()
    assert applied(old, text_diff(old, new)) == new.splitlines()


@given(st.permutations([f"- This is rule number {n}, and it matters." for n in range(7)] + [""] * 3), st.data())
def test_lines_that_are_put_elsewhere_are_moves(after: list[str], data: st.DataObject) -> None:
    before = data.draw(st.permutations(after))
    found = word_diff("\n".join(before), "\n".join(after), context=99)
    changed = [entry for entry in found if isinstance(entry, DiffLine) and entry.is_changed]
    assert all(not side(entry.pieces, PieceKind.REMOVED).strip() or "line end" in str(entry) for entry in changed)
    went = sorted((each.number, each.other) for each in found if isinstance(each, Moved) and not each.is_here)
    came = sorted((each.other, each.number) for each in found if isinstance(each, Moved) and each.is_here)
    assert went == came
    assert all(before[i - 1] == after[j - 1] for i, j in went)


def test_a_moved_paragraph_is_one_move() -> None:
    rules = ["- Never read a card number aloud.", "- Say the order number twice, please."]
    others = [f"Hours of branch {n}: nine to five." for n in range(4)]
    before, after = ["Be kind.", "", *rules, "", *others], ["Be kind.", "", *others, "", *rules]
    found = word_diff("\n".join(before), "\n".join(after))
    moves = [entry for entry in found if isinstance(entry, Moved)]
    assert [(each.number, each.other, each.count, each.is_here) for each in moves] == [
        (3, 8, 2, False),
        (8, 3, 2, True),
    ]
    assert not [entry for entry in found if isinstance(entry, DiffLine) and entry.is_changed]


def test_one_word_in_a_long_line_is_shown_with_a_few_around_it() -> None:
    before = f"{'Be kind and brief to all. ' * 30}Never give medical advice. {'Say it twice, always. ' * 30}".strip()
    (entry,) = text_diff(before, before.replace("medical", "legal"))
    assert isinstance(entry, DiffLine)
    shown = "".join(map(piece_text, entry.pieces))
    assert (
        shown
        == "… 176 words … and brief to all. Never give medicallegal advice. Say it twice, always. Say … 115 words …"
    )
    assert sum(piece.is_cut for piece in entry.pieces) == 2


@pytest.mark.slow
def test_a_text_of_a_books_length_is_not_shown_whole() -> None:
    before = "".join(f"Rule {n} says what nobody ever reads to the end.\n" for n in range(6_000))
    found = text_diff(before, before.replace("nobody", "everybody"))
    assert len(found) < 500
    assert isinstance(found[-1], Fold)
    assert found[-1].count + len(found) - 1 == 6_000
    one_line = text_diff("Hello.", f"Hello. {'Be kind. ' * 20_000}")
    assert sum(len(piece_text(piece)) for entry in one_line for piece in entry.pieces) < 4_000  # type: ignore[union-attr]


@pytest.mark.slow
@given(LINES, LINES)
def test_what_is_folded_is_counted(before: list[str], after: list[str]) -> None:
    old, new = "\n".join(before), "\n".join(after)
    whole = word_diff(old, new, context=99)
    folded = word_diff(old, new, context=1)
    counted = sum(entry.count if isinstance(entry, Fold) else 1 for entry in folded)
    changed = any(isinstance(entry, DiffLine) and entry.is_changed for entry in whole)
    assert counted == len(whole) or not changed
    assert all(entry.count > 1 for entry in folded if isinstance(entry, Fold))


def test_line_numbers_are_those_of_the_new_text() -> None:
    found = word_diff("one\ntwo\nthree\nfour", "zero\none\ntwo!\nfour", context=0)
    numbers = [
        (entry.number, entry.kind)
        for entry in found
        if isinstance(entry, DiffLine) and entry.kind is not PieceKind.REMOVED
    ]
    assert numbers == [(1, PieceKind.ADDED), (2, PieceKind.SAME), (3, PieceKind.SAME), (4, PieceKind.SAME)]


def test_long_and_repetitive_texts_are_compared_in_bounded_time() -> None:
    """Landmarks that stand everywhere would make it quadratic: minutes for a prompt of one long line."""
    before, after = "be kind be " * 4000, "be kind of " * 4000
    started = time.process_time()
    assert word_diff(before, after)
    assert word_diff("ok\n" * 3000, "ok\nno\n" * 2000)
    assert time.process_time() - started < 5


def test_a_lost_line_end_is_shown() -> None:
    (entry,) = word_diff("one\n", "one", context=0)[-1:]
    assert isinstance(entry, DiffLine)
    assert entry.kind is PieceKind.REMOVED


def test_neighbouring_changes_read_as_one() -> None:
    found = [(piece.kind, piece.text) for piece in pieces("say good bye", "tell them bye")]
    assert found == [(PieceKind.REMOVED, "say good"), (PieceKind.ADDED, "tell them"), (PieceKind.SAME, " bye")]


@given(st.text("ab 你\u0301-", min_size=20, max_size=120), st.integers(30, 60))
def test_wrapping_loses_nothing_and_keeps_to_the_width(text: str, width: int) -> None:
    lines = Style(width=width).wrap(text, "  ", "    ")
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(columns(line) <= width for line in lines)
