"""The word-level diff: nothing is lost, nothing is made up, and what is folded is counted."""

from __future__ import annotations

import time

from hypothesis import assume, given
from hypothesis import strategies as st

from agentops.render.plan.word_diff import DiffLine, Fold, PieceKind, impact, pieces, word_diff
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


@given(LINES, LINES)
def test_the_lines_of_a_text_are_both_texts(before: list[str], after: list[str]) -> None:
    assume("\n".join(before) != "\n".join(after))
    found = word_diff("\n".join(before), "\n".join(after), context=99)
    lines = [entry for entry in found if isinstance(entry, DiffLine)]
    assert len(lines) == len(found)
    ends = [line for line in lines if "line end" in line.pieces[0].text and line.kind is not PieceKind.SAME]
    old = [
        side(line.pieces, PieceKind.ADDED) for line in lines if line.kind is not PieceKind.ADDED and line not in ends
    ]
    new = [
        side(line.pieces, PieceKind.REMOVED)
        for line in lines
        if line.kind is not PieceKind.REMOVED and line not in ends
    ]
    assert old == "\n".join(before).splitlines()
    assert new == "\n".join(after).splitlines()


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


def test_the_impact_is_said_in_words_and_tokens() -> None:
    assert str(impact("one two three", "one two three four five six")) == (
        "3 -> 6 words, about 4 -> 8 tokens in every turn"
    )


@given(st.text("ab 你\u0301-", min_size=20, max_size=120), st.integers(30, 60))
def test_wrapping_loses_nothing_and_keeps_to_the_width(text: str, width: int) -> None:
    lines = Style(width=width).wrap(text, "  ", "    ")
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(columns(line) <= width for line in lines)
