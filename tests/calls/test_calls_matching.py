"""What counts as saying something, and in which language it is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentops.calls.language import language_of
from agentops.calls.matching import missing_of, says, similarity, violations_of, words_of
from agentops.calls.script import Expect


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("We are open nine to five.", "9 to 5"),
        ("We are open from 9 to 5!", "nine to five"),
        ("It's twenty-five dollars", "25 dollars"),
        ("It’s fine", "it's fine"),
        ("one hundred and six", "100 and 6"),
        ("two thousand three hundred twenty one", "2321"),
        ("BOOK, move; or cancel?", "book move or cancel"),
        ("Abrimos de lunes a viernes", "lunes a viernes"),
        ("Cafe\u0301 Acme", "café"),
    ],
)
def test_spelling_does_not_matter(text: str, phrase: str) -> None:
    assert says(text, phrase)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [("please start now", "art"), ("nineteen", "nine"), ("we are open", "we open"), ("", "a"), ("a b c", "")],
)
def test_only_whole_words_in_order_count(text: str, phrase: str) -> None:
    assert not says(text, phrase)


def test_digits_said_one_by_one_stay_apart() -> None:
    assert words_of("four two seven") == ["4", "2", "7"]
    assert words_of("twenty twenty") == ["20", "20"]


@given(st.text(max_size=60))
def test_a_text_says_itself_in_any_case(text: str) -> None:
    if words_of(text):
        assert says(text, text)
        assert similarity(text, text) == 1.0
    assert words_of(" ".join(words_of(text))) == words_of(text) or any(c.isdigit() for c in " ".join(words_of(text)))


def test_similarity_forgives_some_words() -> None:
    assert similarity("Sure. The order is on its way and comes Thursday.", "your order is on its way") > 0.7
    assert similarity("I can't help with that.", "your order is on its way") < 0.4


def test_conditions_are_missing_until_met_and_broken_for_good() -> None:
    expect = Expect.model_validate(
        {
            "all_of": ["monday", "friday"],
            "any_of": ["9", "ten"],
            "not_contains": "sorry",
            "max_words": 12,
            "min_words": 3,
        }
    )
    assert len(missing_of(expect, "")) == 4
    assert missing_of(expect, "Monday to Friday, nine to five") == []
    assert violations_of(expect, "sorry, " + "no " * 12) == ['does not contain "sorry"', "has at most 12 words"]


def test_a_regular_expression_sees_the_text_as_it_came() -> None:
    expect = Expect.model_validate({"matches": r"code is [A-Z] \d \d"})
    assert missing_of(expect, "Your code is B 4 7.") == []
    assert missing_of(expect, "your code is b 4 7") != []


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("We are open from nine to five.", "en"),
        ("Abrimos de lunes a viernes, de nueve a cinco.", "es"),
        ("Nous sommes ouverts de neuf à cinq, et vous pouvez nous appeler.", "fr"),
        ("Wir sind von neun bis fünf für Sie da.", "de"),
        ("हम सोमवार से शुक्रवार तक खुले हैं", "hi"),
        ("Acme!", None),
        ("", None),
    ],
)
def test_the_language_of_a_sentence(text: str, language: str | None) -> None:
    assert language_of(text) == language
