"""The quick reader of everyday YAML beside the real parser: the same tree, the same marks, or no answer at all."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from agentops.spec.plain_yaml import read_plain
from agentops.spec.source import SourceError, read_yaml
from agentops.spec.source_events import parse_yaml
from agentops.spec.tree import Map, Seq

ROOT = Path(__file__).parents[2]


def described(tree: Any) -> Any:
    """A tree as plain data that holds everything that is known of it: order, types, every mark."""
    if isinstance(tree, Map):
        items: Any = [(key, tree.marks[key], described(value)) for key, value in tree.items()]
    elif isinstance(tree, Seq):
        items = [(mark, described(value)) for mark, value in zip(tree.marks, tree, strict=True)]
    else:
        return type(tree).__name__, repr(tree)
    return type(tree).__name__, tree.mark, tree.is_constant, items


def is_read_alike(text: str) -> bool:
    """Whether the quick reader has an answer; it must be the parser's, which must have nothing to complain about."""
    tree = read_plain(text, "x.yaml")
    if tree is None:
        return False
    parsed, warnings = parse_yaml(text, "x.yaml")
    assert warnings == []
    assert described(tree) == described(parsed)
    return True


PLAIN = {
    "a mapping": "a: b\nc: 1\n",
    "nested with comments": "# top\na:\n  # inside\n  b: 1 # why\n\n  c: [x, y]\nd: e\n",
    "a list in its key's column": "a:\n- b: 1\n  c: 2\n- d\ne: f\n",
    "a list below its key": "a:\n  - b: 1\n    c:\n      - 2\n  -\n    d: 3\n",
    "nothing": "a:\nb:\n  - \n  - c:\nd:",
    "numbers and words": "a: 1\nb: -2.5\nc: true\nd: null\ne: ~\nf: 0x1f\ng: 1e3\nh: 007\ni: yesterday\n",
    "quotes": "a: \"x: # y\" # z\nb: 'it''s'\nc: \"line\\n\\\"two\\\"\"\nd: ''\n",
    "a literal block": "a: |\n  one\n\n    two\n  three: x # y\n\nb: |-\n  x\n\n\nc:\n  - |\n   y\n",
    "flow": "a: {b: 1, c: [x, \"y, z\", 'w'], d: {}}\ne: []\nf: { g: h i , $clear: true }\n",
    "expressions": "a: ${{ vars.x }}\nb: Hi {{name}}, $5\n$passthrough:\n  c: d\n",
    "text of all kinds": "a: https://x.example/y?z=1\nb: it's 5 o'clock, (really)\nc: a-b_c.d/e\nd: Grüße 😀\n",
    "no last line end": "a: b\nc: d",
}
NOT_PLAIN = {
    "an anchor": "a: &x 1\nb: *x\n",
    "a tag": "a: !!str 1\n",
    "a merge key": "a: {b: 1}\n<<: {c: 2}\n",
    "a key twice": "a: 1\na: 2\n",
    "a folded block": "a: >\n  b\n  c\n",
    "an indented block header": "a: |2\n   b\n",
    "a text over two lines": "a: b\n  c\n",
    "quotes over two lines": 'a: "b\n  c"\n',
    "flow over two lines": "a: [b,\n  c]\n",
    "an escape of YAML only": 'a: "\\x41"\n',
    "an old boolean": "a: yes\n",
    "no number of JSON": "a: .inf\n",
    "a tab": "a:\n\t- b\n",
    "a quoted key": '"a": b\n',
    "a complex key": "? a\n: b\n",
    "two documents": "a: b\n---\nc: d\n",
    "a colon in a text": "a: b: c\n",
    "a wrong indentation": "a:\n    b: 1\n  c: 2\n",
    "a list and a mapping": "a: 1\n- b\n",
    "a comma too many": "a: [b,,c]\n",
    "the wrong bracket": "a: [{b: 1}} , c]\n",
    "a bracket too many": "a: [b]]\n",
    "a text behind the end": "a: [b] c\n",
    "a scalar alone": "hello\n",
    "a character that YAML does not allow": "a: b\x07\n",
    "another line end": "a: b\x85c: d\n",
    "a block that ends the text": "a: |\n  b",
    "a very deep one": "".join(f"{' ' * n}a:\n" for n in range(70)),
}


@pytest.mark.parametrize("text", PLAIN.values(), ids=PLAIN)
def test_everyday_yaml_is_read_and_read_as_the_parser_does(text: str) -> None:
    assert is_read_alike(text)


@pytest.mark.parametrize("text", NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_anything_else_is_left_to_the_parser(text: str) -> None:
    assert read_plain(text, "x.yaml") is None


def test_nearly_every_file_that_is_written_here_is_everyday_yaml() -> None:
    files = [*(ROOT / "agents").rglob("*.yaml"), *(ROOT / "tests" / "cases").rglob("*.yaml")]
    plain = [is_read_alike(file.read_text(encoding="utf-8")) for file in files]
    assert len(plain) > 100
    assert sum(plain) > 0.9 * len(plain)


def test_both_ways_are_behind_one_door() -> None:
    assert described(read_yaml("a: [b]\n", "x.yaml")[0]) == described(parse_yaml("a: [b]\n", "x.yaml")[0])
    assert read_yaml("a: >\n  b\n  c\n", "x.yaml")[0] == {"a": "b c\n"}
    with pytest.raises(SourceError):
        read_yaml("a: 1\na: 2\n", "x.yaml")


SCALARS = (
    *(
        "b",
        "1",
        "-",
        "- x",
        "~",
        "no",
        "1e999",
        '"q"',
        "'s'",
        '"a',
        "|",
        "|-",
        ">",
        "[",
        "]",
        "{",
        "}",
        "[x]",
        "{k: v}",
    ),
    *("{k: [1, 'a'], m: \"b\"}", "[a, b,]", "${{ x }}", "#c", "x #c", "x#c", "a: b", "a:b", ":", "?", "? x"),
    *(
        "&a x",
        "*a",
        "!t x",
        "%",
        "@x",
        "`x",
        ",",
        '"\\n"',
        '"\\u0041"',
        '"\\e"',
        "'it''s'",
        "0o17",
        "+1",
        ".5",
        "é",
        "\t",
    ),
    *("x\t", "{}", "[]", "{a}", "[a: b]", "--- x", "..."),
)
LINE = st.builds(
    lambda indent, dash, key, space, value, end: f"{' ' * indent}{dash}{key}{space}{value}{end}",
    st.integers(0, 6),
    st.sampled_from(["", "", "", "- ", "-", "-   ", "- - "]),
    st.sampled_from(["", "a:", "b:", "c:", "d:", "e:", "$f:", "g h:", "'i':", "<<:", "1:", "a :"]),
    st.sampled_from([" ", " ", " ", "", "   "]),
    st.one_of(st.just(""), st.sampled_from(SCALARS)),
    st.sampled_from(["", "", "", " ", " # c", "#"]),
)


@example("a:\n  - b: |\n     x\n    c: 1\n", "\n")
@example("a: |\n\n  x\n   \n y\n", "\n")
@example("- a: 1\n b: 2\n", "\n")
@example("a:\n- \n- b:\n  - c\n", "\n")
@given(st.lists(LINE, max_size=9).map("\n".join), st.sampled_from(["", "\n", "\n\n", "\n  \n"]))
def test_lines_thrown_together_are_read_alike_or_not_at_all(text: str, end: str) -> None:
    if read_plain(text + end, "x.yaml") is not None:
        assert is_read_alike(text + end)


WORDS = st.text(st.sampled_from("ab1 :#-'\"{}[],$|\n.é"), max_size=12)
DATA = st.recursive(
    st.one_of(WORDS, st.integers(-5, 5), st.booleans(), st.none(), st.floats(allow_nan=False, allow_infinity=False)),
    lambda below: st.one_of(
        st.lists(below, max_size=4), st.dictionaries(st.sampled_from("abcdefg"), below, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from("abcdefg"), DATA, min_size=1, max_size=4), st.booleans())
def test_what_a_writer_writes_is_read_alike_or_not_at_all(data: dict[str, Any], flow: bool) -> None:
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = flow
    writer.width = 1000
    written = io.StringIO()
    writer.dump(data, written)
    text = written.getvalue()
    if is_read_alike(text):
        assert read_plain(text, "x.yaml") == data
