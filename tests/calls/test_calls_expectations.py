"""What counts as saying something, and in which language it is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentops.calls.criteria import Expect
from agentops.calls.expectations import describe, missing_of, similarity, violations_of
from agentops.calls.language import languages_of
from agentops.calls.words import find, plain_words, segments_of
from agentops.spec.source_events import read_yaml

PAIRS_FILE = Path(__file__).parents[1] / "cases" / "words" / "pairs.yaml"


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("We are open nine to five.", "9 to 5"),
        ("We are open from 9 to 5!", "nine to five"),
        ("It's twenty-five dollars", "25 dollars"),
        ("It’s fine", "it's fine"),
        ("one hundred and six", "106"),
        ("two thousand three hundred twenty one", "2321"),
        ("BOOK, move; or cancel?", "book move or cancel"),
        ("Abrimos de lunes a viernes", "lunes a viernes"),
        ("Cafe\u0301 Acme", "café"),
    ],
)
def test_spelling_does_not_matter(text: str, phrase: str) -> None:
    assert find(text, phrase)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [("please start now", "art"), ("nineteen", "nine"), ("we are open", "we open"), ("", "a"), ("a b c", "")],
)
def test_only_whole_words_in_order_count(text: str, phrase: str) -> None:
    assert not find(text, phrase)


PAIRS = [
    (block, pair)
    for block, pairs in read_yaml(PAIRS_FILE.read_text("utf-8"), PAIRS_FILE.name)[0].items()
    for pair in pairs
]


@pytest.mark.parametrize(("block", "pair"), PAIRS, ids=lambda value: value if isinstance(value, str) else value["says"])
def test_numbers_are_compared_by_what_they_mean(block: str, pair: dict[str, str]) -> None:
    expected = pair.get("contains") or pair["not"]
    assert find(pair["says"], expected) is ("contains" in pair)


def test_there_are_enough_pairs_of_both_kinds() -> None:
    equal = sum("contains" in pair for _, pair in PAIRS)
    assert equal >= 90
    assert len(PAIRS) - equal >= 30


@given(st.text(max_size=60))
def test_a_text_says_itself_in_any_case(text: str) -> None:
    if segments_of(text):
        assert find(text, text)
        assert similarity(text, text) == 1.0
    assert plain_words(" ".join(plain_words(text))) == plain_words(text)


ONES = [
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
]
TENS = ["_", "_", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def in_words(number: int, joint: str) -> str:
    """A number as people say it, written without a look at the product."""
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10] + (f"-{ONES[number % 10]}" if number % 10 else "")
    scale, name = next((s, n) for s, n in ((10**6, "million"), (1000, "thousand"), (100, "hundred")) if number >= s)
    rest = f" {joint}{in_words(number % scale, joint)}" if number % scale else ""
    return f"{in_words(number // scale, joint)} {name}{rest}"


@given(st.integers(0, 9_999_999), st.sampled_from(["", "and "]))
def test_every_number_is_read_from_its_words(number: int, joint: str) -> None:
    spoken = in_words(number, joint)
    assert find(f"it is {spoken} exactly", f"{number} exactly"), spoken
    assert find(f"it is {number:,} exactly", f"is {spoken}"), spoken


@given(st.integers(0, 99_999), st.integers(0, 99_999))
def test_different_numbers_stay_different(one: int, other: int) -> None:
    assert find(f"{one} dollars", f"{in_words(other, '')} dollars") is (one == other)


@given(st.text("0123456789", min_size=3, max_size=10))
def test_figures_are_read_digit_by_digit(figures: str) -> None:
    spoken = " ".join(ONES[int(digit)] for digit in figures)
    assert find(f"code {figures} please", f"code {spoken} please")
    assert find(f"code {spoken} please", f"{figures} please")


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


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ({"contains": "hello", "all_of": ["a desk"]}, 'contains "hello" and contains "a desk"'),
        ({"any_of": ["hi", "hello"]}, 'contains any of "hi", "hello"'),
        ({"contains": "hi", "not_contains": "bye"}, 'contains "hi" and does not contain "bye"'),
        ({"matches": "[0-9]+"}, "matches /[0-9]+/"),
        ({"similar": {"to": "Good day", "at_least": 0.8}}, 'is at least 0.8 similar to "Good day"'),
        ({"min_words": 2, "max_words": 9}, "has at least 2 words and has at most 9 words"),
        ({"meets": "greets", "not_meets": "is rude"}, 'meets "greets" and does not meet "is rude"'),
    ],
)
def test_an_expectation_is_said_in_one_line(conditions: dict[str, object], said: str) -> None:
    assert describe(Expect.model_validate({**conditions, "within_s": 2})) == f"agent {said} within 2 s"


def test_what_is_missing_of_a_similar_sentence_says_how_similar_it_is() -> None:
    expect = Expect.model_validate({"similar": {"to": "we are open today", "at_least": 0.9}})
    assert missing_of(expect, "we are closed today") == ['is at least 0.9 similar to "we are open today" (it is 0.75)']
    assert missing_of(expect, "...") == ['is at least 0.9 similar to "we are open today" (it is 0.00)']
    assert similarity("anything", "...") == 0.0


def test_a_regular_expression_sees_the_text_as_it_came() -> None:
    expect = Expect.model_validate({"matches": r"code is [A-Z] \d \d"})
    assert missing_of(expect, "Your code is B 4 7.") == []
    assert missing_of(expect, "your code is b 4 7") != []


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("We are open from nine to five.", {"en"}),
        ("Abrimos de lunes a viernes, de nueve a cinco.", {"es"}),
        ("Nous sommes ouverts de neuf à cinq, et vous pouvez nous appeler.", {"fr"}),
        ("Wir sind von neun bis fünf für Sie da.", {"de"}),
        ("हम सोमवार से शुक्रवार तक खुले हैं", {"hi"}),
        ("नमस्ते", {"hi", "mr", "ne"}),
        ("तुमची ऑर्डर कुठे आहे", {"mr"}),
        ("நாங்கள் திங்கள் முதல் வெள்ளி வரை திறந்திருப்போம்", {"ta"}),
        ("مكتبنا مفتوح من الاثنين إلى الجمعة", {"ar"}),
        ("آپ کا آرڈر کہاں ہے", {"ur"}),
        ("我们周一到周五营业", {"zh", "ja"}),
        ("月曜日から金曜日まで営業しています", {"ja"}),
        ("월요일부터 금요일까지 영업합니다", {"ko"}),
        ("Ми працюємо з понеділка по п'ятницю, її кабінет", {"uk"}),
        ("Мы открыты", {"ru"}),
        ("Acme!", set()),
        ("", set()),
    ],
)
def test_the_language_of_a_sentence(text: str, language: set[str]) -> None:
    assert languages_of(text) == language
