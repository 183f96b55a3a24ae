"""The reader of YAML beside a writer that is not ours: it reads what was written, and gives every value a place."""

from __future__ import annotations

import gc
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from spec_projects import Loader

from agentops.spec.source_events import read_yaml
from agentops.spec.tree import Map, Seq

WORDS = st.text(st.sampled_from("ab1 :#-'\"{}[],$|\n.é"), max_size=12)
DATA = st.recursive(
    st.one_of(WORDS, st.integers(-5, 5), st.booleans(), st.none(), st.floats(allow_nan=False, allow_infinity=False)),
    lambda below: st.one_of(
        st.lists(below, max_size=4), st.dictionaries(st.sampled_from("abcdefg"), below, max_size=4)
    ),
    max_leaves=12,
)


def assert_places(tree: Any, lines: list[str]) -> None:
    """Every key stands where its mark says; every list has a mark for each item."""
    if isinstance(tree, Map):
        assert tree.keys() == tree.marks.keys()
        for key, (_, line, column, *_) in tree.marks.items():
            assert lines[line][column:].startswith(key)
            assert_places(tree[key], lines)
    if isinstance(tree, Seq):
        assert len(tree) == len(tree.marks)
        for each in tree:
            assert_places(each, lines)


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from("abcdefg"), DATA, min_size=1, max_size=4))
def test_what_a_writer_writes_is_read_as_it_was(data: dict[str, Any]) -> None:
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False  # in flow style the writer leaves texts unquoted that libyaml can't read
    writer.width = 1000
    written = io.StringIO()
    writer.dump(data, written)
    tree, _ = read_yaml(written.getvalue(), "x.yaml")
    assert tree == data
    assert_places(tree, written.getvalue().split("\n"))


def test_the_library_leaves_the_collector_of_its_host_alone(load: Loader) -> None:
    frozen = gc.get_freeze_count()
    load({"agents/a.yaml": "name: A\nconfig: {firstMessage: Hi}"})
    assert gc.isenabled()
    assert gc.get_freeze_count() == frozen
