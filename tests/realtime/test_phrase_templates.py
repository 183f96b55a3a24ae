"""Phrase templates are expanded into their sentences, and broken ones are explained."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentops.emulator.behaviour.phrases import PhraseError, expand


def sentences(template: str, **slots: tuple[str, ...]) -> list[str]:
    return [sentence.text for sentence in expand(template, slots)]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("good morning", ["good morning"]),
        ("(hi|hello) there", ["hi there", "hello there"]),
        ("hello [there]", ["hello", "hello there"]),
        ("[please] (book|make [me]) it", ["book it", "make it", "make me it", "please book it", "please make it",
                                          "please make me it"]),
        ("yes | no", ["yes", "no"]),
        ("a (b|(c|d) e)", ["a b", "a c e", "a d e"]),
    ],
)  # fmt: skip
def test_a_template_is_expanded(template: str, expected: list[str]) -> None:
    assert sentences(template) == expected


def test_slots_keep_their_value() -> None:
    first, second = expand("on {day} at {time}", {"day": ("Monday",), "time": ("nine", "ten")})
    assert (first.text, dict(first.slots)) == ("on Monday at nine", {"day": "Monday", "time": "nine"})
    assert dict(second.slots)["time"] == "ten"


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("hello [there", "']' is missing"),
        ("(a|b", "')' is missing"),
        ("a) b", "unexpected ')'"),
        ("on {day}", "slot {day}, which has no values"),
        (" ".join(["(a|b)"] * 12), "stands for 4096 sentences"),
    ],
)
def test_a_broken_template_is_explained(template: str, problem: str) -> None:
    with pytest.raises(PhraseError) as failure:
        expand(template, {})
    assert problem in str(failure.value)


@given(st.lists(st.lists(st.sampled_from(["one", "two", "three"]), min_size=1, max_size=3, unique=True), max_size=5))
def test_choices_multiply(parts: list[list[str]]) -> None:
    found = sentences(" ".join(f"({'|'.join(part)})" for part in parts))
    count = 1
    for part in parts:
        count *= len(part)
    assert len(found) == len(set(found)) == count
