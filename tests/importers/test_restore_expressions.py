"""A changed text goes back into its source around the expressions, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentops.importers.atoms.restore_expressions import restore_expressions
from agentops.spec.template import render

SCOPE = {"vars": {"company": "Acme", "hours": "9 to 5", "empty": ""}}


@pytest.mark.parametrize(
    ("source", "new", "woven"),
    [
        ("Hi, this is ${{ vars.company }}.", "Hello, this is Acme!", "Hello, this is ${{ vars.company }}!"),
        ("${{ vars.company }}", "Acme and more", "${{ vars.company }} and more"),
        ("a ${{ vars.company }} b ${{ vars.hours }} c", "a Acme c 9 to 5", "a ${{ vars.company }} c ${{ vars.hours }}"),
        ("plain", "other ${{x}}", "other ${{ '${' }}{x}}"),
        ("x${# note #}y", "x y z", "x${# note #} y z"),
        ("We are ${{ vars.company }}.", "We are Acorn.", None),
        ("Hi ${{ vars.hours }}${{ vars.empty }}", "${{ x }}9 to 5", None),
        ("${% if 1 %}a${% endif %}", "b", None),
    ],
)
def test_expressions_survive_a_change_around_them(source: str, new: str, woven: str | None) -> None:
    assert restore_expressions(source, str(render(source, SCOPE)), new) == woven


def test_a_source_that_does_not_render_to_the_old_text_is_left_alone() -> None:
    assert restore_expressions("a ${{ vars.company }}", "b Acme", "c") is None
    assert restore_expressions("a", "b", "c") is None


pieces = st.lists(
    st.sampled_from(
        ["${{ vars.company }}", "${{ vars.hours }}", "${{ vars.empty }}", "Hi ", "we are", " Acme ", "\n", "é, "]
    ),
    max_size=8,
).map("".join)
edits = st.lists(st.sampled_from(["Hi ", "Acme", "9 to 5", " now", "\n", "${{ x }}", "é, "]), max_size=8).map("".join)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(pieces, edits)
def test_what_is_woven_renders_to_the_new_text_and_keeps_every_expression(source: str, new: str) -> None:
    woven = restore_expressions(source, str(render(source, SCOPE)), new)
    if woven is not None:
        assert render(woven, SCOPE) == new
        for expression in ("${{ vars.company }}", "${{ vars.hours }}", "${{ vars.empty }}"):
            assert woven.count(expression) == source.count(expression)


@settings(max_examples=100, deadline=None)
@given(pieces)
def test_an_unchanged_text_gives_its_source_back(source: str) -> None:
    old = str(render(source, SCOPE))
    woven = restore_expressions(source, old, old)
    assert woven is None or render(woven, SCOPE) == old
