"""Keys are for ever: what people call things must come out as they would spell it without accents."""

from __future__ import annotations

import pytest

from agentops.spec.slug import slug


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Été à Zürich", "ete-a-zurich"),
        ("Straße", "strasse"),
        ("Łódź Smørrebrød", "lodz-smorrebrod"),
        ("E\u0301te\u0301", "ete"),
        ("  -- ", ""),
        ("प्रिया", ""),
    ],
)
def test_accents_are_folded(name: str, key: str) -> None:
    assert slug(name) == key


def test_a_name_that_is_cut_ends_with_a_letter() -> None:
    assert slug("one two three", limit=8) == "one-two"
