"""Generated YAML reads back as what was written, and its comments stay comments."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentops.importers.yaml_text import to_yaml
from agentops.spec.source_events import read_yaml
from agentops.spec.tree import to_plain

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40)
data = st.recursive(
    st.one_of(st.booleans(), st.integers(-(10**9), 10**9), st.floats(-1e6, 1e6), texts),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.dictionaries(texts, data, max_size=5))
def test_what_is_written_reads_back(tree: dict[str, Any]) -> None:
    text = to_yaml(tree, header="a comment")
    read, warnings = read_yaml(text, "x.yaml")
    assert to_plain(read) == tree if tree else read is None
    assert [warning.code for warning in warnings] == []


@pytest.mark.parametrize(
    "value",
    [
        *(
            "no",
            "Yes",
            "on",
            "~",
            "null",
            "1",
            "1e3",
            "0x1f",
            "- a",
            "a: b",
            "a #b",
            "",
            " ",
            "é",
            "{{name}}",
            "{a: 1}",
        ),
        *(
            "${{ file('a') }}",
            "line\nline\n",
            "line\nline",
            "  indented\nline",
            "trailing \nline",
            "tab\there",
            "\u2028",
            "%x",
            "@x",
        ),
    ],
)
def test_texts_that_yaml_could_misread(value: str) -> None:
    read, warnings = read_yaml(to_yaml({"key": value, "list": [value]}), "x.yaml")
    assert to_plain(read) == {"key": value, "list": [value]}
    assert warnings == []


def test_comments_stand_above_their_keys() -> None:
    text = to_yaml({"a": {"b": 1}, "c": [{"d": 2}]}, {"a.b": "why b", "c[0].d": "why d"}, header="top")
    assert text == "# top\na:\n  # why b\n  b: 1\nc:\n    # why d\n  - d: 2\n"
