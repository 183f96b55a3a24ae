"""What a secret becomes where it stands: JSON, a URL, a header; what can't stand there is an error that names it."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spec_projects import Loader

from agentops.diagnostics import Diagnostic
from agentops.document import Secret, SecretRef
from agentops.spec.secret_places import encode_secrets
from agentops.spec.tree import Map

PRINTABLE = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=30)


def encoded(field: str, *parts: str | SecretRef) -> tuple[str, list[Diagnostic]]:
    """What is written for a field with this text, and the problems."""
    mark = ("a.yaml", 0, 0, "a.yaml", 0, 0)
    tree = Map(mark)
    tree.put(field, Secret(parts), mark)
    problems = encode_secrets(tree, "line")
    return tree[field].reveal(), problems


@given(value=PRINTABLE)
@settings(max_examples=300, deadline=None)
def test_inside_a_json_string_it_is_escaped_and_outside_it_is_json(value: str) -> None:
    secret = SecretRef("TOK", value)
    inside, _ = encoded("requestBody", '{"a \\" b": "', secret, '", "n": {{count}}}')
    assert json.loads(inside.replace("{{count}}", "0"))['a " b'] == value
    outside, _ = encoded("requestBody", '{"a": ', secret, "}")
    try:
        expected = json.loads(value)
    except ValueError:
        expected = value
    assert json.dumps(json.loads(outside)["a"]) == json.dumps(expected)


@given(value=PRINTABLE)
@settings(max_examples=300, deadline=None)
def test_in_the_rest_of_a_url_it_is_percent_encoded(value: str) -> None:
    url, problems = encoded("url", "https://crm.example.com/x?key=", SecretRef("TOK", value), "&b=1#top")
    assert parse_qs(urlsplit(url).query) == {"key": [value], "b": ["1"]}
    assert [each for each in problems if each.is_error] == []


@pytest.mark.parametrize(
    ("parts", "is_right"),
    [
        ((SecretRef("BASE", "https://crm.example.com/a?b=c"), "&d=1"), True),
        ((SecretRef("BASE", "crm.example.com"), "/x"), False),
        ((SecretRef("BASE", "https:// crm"), ""), False),
        ((SecretRef("BASE", "ftp://crm.example.com"),), False),
        (("https://", SecretRef("HOST", "crm.example.com"), "/x"), True),
        (("https://", SecretRef("HOST", "crm.example.com/../"), "/x"), False),
        (("https://user:", SecretRef("PASSWORD", "p@ss/word"), "@crm.example.com/"), True),
    ],
)
def test_where_a_url_begins_it_must_be_one(parts: tuple[str | SecretRef, ...], is_right: bool) -> None:
    errors = [each for each in encoded("url", *parts)[1] if each.is_error]
    assert [each.code for each in errors] == ([] if is_right else ["secret-value"])


@pytest.mark.parametrize("value", ["abc\n", "abc\r\nX: 1", "a\x00b", "a\x1bb", "a\x85b", "über", " abc"])
def test_what_a_header_cannot_carry_is_an_error_that_names_secret_and_place(load: Loader, value: str) -> None:
    spec = """
        name: Line
        config:
          firstMessage: Hello.
          preCallAPI: {url: "https://a.example.com", method: GET, headers: {X: "Bearer ${{ secrets.LONG_TOK }}"}}
        """
    found = load({"agents/line.yaml": spec}, environ={"LONG_TOK": value}, environment="prod").diagnostics[-1]
    assert (found.code, str(found.where)) == ("secret-value", "agents/line.yaml:4:72")
    assert "LONG_TOK" in found.summary
    assert "config.preCallAPI.headers.X" in found.summary
    assert value not in f"{found}"


def test_a_form_is_left_as_it_is() -> None:
    assert encoded("requestBody", "grant=x&secret=", SecretRef("TOK", 'a"b'))[0] == 'grant=x&secret=a"b'
