"""Markdown of what others wrote: read back by a parser, it is the text that it was, and nobody is mentioned."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from agentops.render.markdown import code_span, in_html, inline, table_lines
from agentops.render.visible import visible

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
SIGNS = st.sampled_from([*"\\`*_[]<>|#~&@!()-+.:/\"'\n\t \x07", "](x)", "&lt;", "<b>", "**", "``", "a", "teh", "ü"])
TEXTS = st.lists(SIGNS, max_size=30).map("".join)


def read(tokens: list[Token]) -> str:
    """What a reader sees of text and code; anything else fails."""
    shown = []
    for token in tokens:
        assert token.type in ("text", "code_inline"), token
        shown.append(token.content)
    return "".join(shown).replace("\u200b", "")


def letters(text: str) -> str:
    """Without what surrounds code: its backticks, and blanks."""
    return re.sub(r"[`\s]", "", text)


def one_line(text: str) -> str:
    return visible(" ".join(text.split()))


@given(TEXTS)
def test_text_stays_text(text: str) -> None:
    [_, line, _] = PARSER.parse(f"x {inline(text)} y")
    assert letters(read(line.children or [])) == letters(f"x{one_line(text)}y")


@given(TEXTS.filter(str.strip))
def test_a_cell_holds_its_text_and_no_more(text: str) -> None:
    rows = [(inline(text), "y"), (code_span(one_line(text)), "z")]
    tokens = PARSER.parse("\n".join(table_lines(("what", "more"), rows)))
    cells = [letters(read(token.children or [])) for token in tokens if token.type == "inline"]
    held = letters(one_line(text))
    assert cells == ["what", "more", held, "y", held, "z"]


@given(TEXTS)
def test_code_is_what_it_was(text: str) -> None:
    held = one_line(text)
    if held:
        [_, line, _] = PARSER.parse(f"x {code_span(held)}")
        [_, code] = line.children or []
        assert (code.type, letters(code.content)) == ("code_inline", letters(held))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("run `agentops plan -e x`, @team", "run `agentops plan -e x`, @&#8203;team"),
        ("a <b> & #7 of *all*", "a \\<b\\> &amp; #7 of \\*all\\*"),
        ("one ` tick", "one \\` tick"),
        ("`@team` in code mentions nobody", "`@team` in code mentions nobody"),
        (" two\n lines\x1b[2J ", "two lines\\\\x1b\\[2J"),
    ],
)
def test_what_is_written(text: str, written: str) -> None:
    assert inline(text) == written


def test_inside_html_entities_do_it() -> None:
    assert in_html("<b> & @team") == "&lt;b&gt; &amp; @&#8203;team"


def test_a_table_ends_no_cell_early() -> None:
    assert list(table_lines(("", "what"), [("1", "a|b"), ("2", "`c|d`")])) == [
        "|  | what |",
        "| --- | --- |",
        "| 1 | a\\|b |",
        "| 2 | `c\\|d` |",
    ]
