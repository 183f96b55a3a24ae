"""Single values change in YAML text; every other character stays."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agentops.importers.yaml_text import block_lines, flow_text, to_yaml
from agentops.spec.source_edit import Writers, add_entry, add_item, remove_entry, remove_item, set_value
from agentops.spec.source_events import read_yaml
from agentops.spec.tree import Map, Seq, mark_of, to_plain

WRITERS = Writers(block_lines, flow_text)
TEXT = """\
# top
name: Acme   # the name
config:
  # why
  greeting: "Hi"
  prompt: |
    one
    two

  flow: {a: 1, b: [x, y]}
  list: [en]   # spoken
  tools:
    # first
    - name: a
      note: old
    - name: b
  last: 1
"""


def place(text: str, *path: str | int) -> tuple[int, int]:
    mark = mark_of(read_yaml(text, "x")[0], path)
    assert mark is not None
    return mark[4], mark[5]


@pytest.mark.parametrize(
    ("path", "value", "before", "after"),
    [
        (("name",), "Other", "name: Acme   # the name", "name: Other   # the name"),
        (("config", "greeting"), "a: b", 'greeting: "Hi"', 'greeting: "a: b"'),
        (("config", "last"), 2.5, "last: 1", "last: 2.5"),
        (("config", "prompt"), "three\nfour\n", "    one\n    two\n", "    three\n    four\n"),
        (("config", "greeting"), "a\nb", 'greeting: "Hi"', "greeting: |-\n    a\n    b"),
        (("config", "flow", "a"), "x: y", "{a: 1,", '{a: "x: y",'),
        (("config", "list"), ["en", "es"], "[en]   # spoken", "[en, es]   # spoken"),
        (("config", "tools", 0, "note"), "new", "note: old", "note: new"),
    ],
)
def test_a_value_is_replaced_in_place(path: tuple[str | int, ...], value: Any, before: str, after: str) -> None:
    edited = set_value(TEXT, place(TEXT, *path), value, WRITERS)
    assert edited == TEXT.replace(before, after)


def test_entries_and_items_are_added_after_the_last_one() -> None:
    with_entry = add_entry(TEXT, place(TEXT, "config"), "new", {"x": 1}, WRITERS)
    assert with_entry == TEXT + "  new:\n    x: 1\n"
    with_item = add_item(TEXT, place(TEXT, "config", "tools"), {"name": "c", "sizes": [1]}, WRITERS)
    assert with_item == TEXT.replace("    - name: b\n", "    - name: b\n    - name: c\n      sizes:\n        - 1\n")
    in_flow = add_entry(TEXT, place(TEXT, "config", "flow"), "c", True, WRITERS)
    assert in_flow == TEXT.replace("b: [x, y]}", "b: [x, y], c: true}")
    flow_item = add_item(TEXT, place(TEXT, "config", "list"), "es", WRITERS)
    assert flow_item == TEXT.replace("[en]", "[en, es]")


def test_entries_and_items_are_removed_with_nothing_else() -> None:
    assert remove_entry(TEXT, place(TEXT, "config"), "greeting") == TEXT.replace('  greeting: "Hi"\n', "")
    assert remove_entry(TEXT, place(TEXT, "config", "flow"), "a") == TEXT.replace("a: 1, ", "")
    assert remove_entry(TEXT, place(TEXT, "config", "flow"), "b") == TEXT.replace(", b: [x, y]", "")
    tools = place(TEXT, "config", "tools")
    assert remove_item(TEXT, tools, place(TEXT, "config", "tools", 1)) == TEXT.replace("    - name: b\n", "")
    one = remove_item(TEXT, tools, place(TEXT, "config", "tools", 0))
    assert one == TEXT.replace("    - name: a\n      note: old\n", "")
    assert remove_entry(TEXT, place(TEXT, "config", "tools", 0), "name") == TEXT.replace("name: a\n      note", "note")


def test_the_last_one_leaves_an_empty_pair_of_brackets() -> None:
    text = "a:\n  b: 1\nc:\n  - x\n"
    assert remove_entry(text, place(text, "a"), "b") == "a:\n  {}\nc:\n  - x\n"
    assert remove_item(text, place(text, "c"), place(text, "c", 0)) == "a:\n  b: 1\nc:\n  []\n"


@pytest.mark.parametrize("text", ["a: &x 1\nb: *x\n", "a: 1\n"])
def test_what_is_shared_or_not_there_is_left_alone(text: str) -> None:
    assert set_value(text, (1, 3), 2, WRITERS) is None
    assert set_value("a: [", (0, 3), 2, WRITERS) is None
    assert add_entry(text, (5, 0), "x", 1, WRITERS) is None
    assert remove_entry(text, (0, 0), "zzz") is None


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
scalars = st.one_of(st.booleans(), st.integers(-999, 999), words, st.just("two\nlines\n"), st.just("a: b #c"))
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=8
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.dictionaries(words, trees, min_size=1, max_size=4), st.data())
def test_an_edit_gives_exactly_the_edited_data(tree: dict[str, Any], data: st.DataObject) -> None:
    """Whatever is set, added or removed: reading the text again gives the data with that one difference."""
    text = to_yaml(tree)
    read = read_yaml(text, "x")[0]
    path = data.draw(st.sampled_from(sorted(_paths(read), key=repr)))
    value = data.draw(scalars)
    edited = set_value(text, place(text, *path), value, WRITERS)
    assume(edited is not None)
    holder = expected = to_plain(read)
    for part in path[:-1]:
        holder = holder[part]
    holder[path[-1]] = value
    assert to_plain(read_yaml(edited or "", "x")[0]) == expected


def _paths(tree: Any, base: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items: Any = tree.items() if isinstance(tree, Map) else enumerate(tree) if isinstance(tree, Seq) else ()
    found = []
    for key, value in items:
        found += [(*base, key), *_paths(value, (*base, key))]
    return found
