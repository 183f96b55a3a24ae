"""`fmt`: canonical order with every comment in its place, the same data, and nothing to do the second time."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentops.spec.formatting import format_project
from agentops.spec.layout import format_yaml
from agentops.spec.model.agent import AgentSpec
from agentops.spec.source_events import read_yaml
from agentops.spec.tree import to_plain

pytestmark = pytest.mark.slow

CASES = Path(__file__).parent / "layout"


@pytest.mark.parametrize("case", sorted(CASES.glob("*.in.yaml")), ids=lambda path: path.name)
def test_a_file_becomes_what_it_should(case: Path) -> None:
    expected = case.with_name(case.name.replace(".in.", ".out."))
    formatted = format_yaml(case.read_text(), case.name, AgentSpec)
    assert formatted == expected.read_text()
    assert format_yaml(formatted, case.name, AgentSpec) == formatted


@pytest.mark.parametrize("kind", ["{a: b}", "[x]", "null", "3"])
def test_a_tool_whose_type_is_no_word_stays_as_it_is(kind: str) -> None:
    text = f"name: X\nconfig:\n  singlePromptConfig:\n    tools:\n      - type: {kind}\n        name: n\n"
    assert format_yaml(text, "x.yaml", AgentSpec) == text


NAMES = ["name", "key", "tags", "config", "calls", "firstMessage", "slmModel", "a", "b c", "x-y"]
SCALARS = st.one_of(
    st.integers(),
    st.booleans(),
    st.sampled_from(["text", "${{ vars.x }}", "a: b", "# no comment", "", "multi\nline\n", "'quoted'", "- dash"]),
)
DATA = st.dictionaries(
    st.sampled_from(NAMES),
    st.recursive(
        SCALARS,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3),
            st.dictionaries(st.sampled_from(NAMES), inner, min_size=1, max_size=4),
        ),
        max_leaves=8,
    ),
    min_size=1,
    max_size=5,
)


def written(value: object, indent: int, step: int, comments: list[str]) -> list[str]:
    """YAML in block style with a comment above every key, in a style of its own."""
    pad = " " * indent
    if isinstance(value, dict):
        lines = []
        for key, each in value.items():
            comment = f"# note {len(comments)}"
            comments.append(comment)
            lines += [f"{pad}{comment}", *entry(f'{pad}"{key}":', each, indent, step, comments)]
        return lines
    if isinstance(value, list):
        return [line for each in value for line in entry(f"{pad}-", each, indent, step, comments)]
    raise TypeError


def entry(head: str, value: object, indent: int, step: int, comments: list[str]) -> list[str]:
    if isinstance(value, dict | list):
        return [head, *written(value, indent + step, step, comments)]
    if isinstance(value, str) and "\n" in value:
        return [f"{head} |", *(" " * (indent + step) + line for line in value.splitlines())]
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return [f"{head} " + (text if not isinstance(value, str) else "'" + value.replace("'", "''") + "'")]


@given(data=DATA, step=st.integers(1, 6))
@settings(max_examples=150, deadline=None)
def test_data_and_comments_survive_and_twice_is_once(data: dict[str, object], step: int) -> None:
    comments: list[str] = []
    text = "\n".join(written(data, 0, step, comments)) + "\n"
    formatted = format_yaml(text, "x.yaml", AgentSpec)
    assert to_plain(read_yaml(formatted, "x.yaml")[0]) == data
    assert sorted(line.strip() for line in formatted.splitlines() if line.strip().startswith("# note")) == sorted(
        comments
    )
    assert format_yaml(formatted, "x.yaml", AgentSpec) == formatted


def test_checking_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "agents").mkdir()
    spec = tmp_path / "agents" / "line.yaml"
    spec.write_text("config: {firstMessage: Hi}\nname: Line\n")
    assert format_project(tmp_path, None, writes=False).changed.keys() == {"agents/line.yaml"}
    assert spec.read_text().startswith("config")
    assert format_project(tmp_path, None, writes=True).changed.keys() == {"agents/line.yaml"}
    assert spec.read_text() == "name: Line\nconfig: {firstMessage: Hi}\n"
    assert format_project(tmp_path, None, writes=True).changed == {}


def test_a_file_that_does_not_parse_is_reported_and_left_alone(tmp_path: Path) -> None:
    broken = tmp_path / "agents" / "line.yaml"
    broken.parent.mkdir()
    broken.write_text("config: [\n")
    result = format_project(tmp_path, None, writes=True)
    assert [each.code for each in result.problems] == ["yaml-syntax"]
    assert broken.read_text() == "config: [\n"
