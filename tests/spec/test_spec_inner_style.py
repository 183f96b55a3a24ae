"""`fmt` between the words of a line: one style, the same data, every comment, and nothing to do the second time."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agentops.spec.layout import format_yaml
from agentops.spec.source_events import read_yaml
from agentops.spec.source_style import comments, styled_text
from agentops.spec.source_text import SourceError
from agentops.spec.tree import to_plain


@pytest.mark.parametrize(
    ("written", "settled_to"),
    [
        ("a:   1\n", "a: 1\n"),
        ("a :  1\n", "a: 1\n"),
        ("a:\n-   x\n-  y\n", "a:\n  - x\n  - y\n"),
        ("a: { b :1,c:  2 }\n", "a: {b :1, c: 2}\n"),
        ("a: {b : 1 ,c: [ 1,2 , ]}\n", "a: {b: 1, c: [1, 2,]}\n"),
        ("a: 'b'\n", 'a: "b"\n'),
        ("'a': b\n", '"a": b\n'),
        ("a: 'say \"hi\"'\n", "a: 'say \"hi\"'\n"),
        ("a: 'it''s'\n", "a: 'it''s'\n"),
        ("a: 'C:\\dir'\n", "a: 'C:\\dir'\n"),
        ("a: '0042'\nb: '1.10'\nc: 'no'\nd: '+14155550100'\n", 'a: "0042"\nb: "1.10"\nc: "no"\nd: "+14155550100"\n'),
        ("a: |\n        one\n          two\n\nb: 1\n", "a: |\n  one\n    two\n\nb: 1\n"),
        ("a:\n-   b: >-\n         one\n    c: 1\n", "a:\n  - b: >-\n      one\n    c: 1\n"),
        ("a: |2\n     one\n", "a: |2\n     one\n"),
        ("a: 1\n\n\n\n# about b\n\n\nb: 2\n", "a: 1\n\n# about b\n\nb: 2\n"),
        ("a: |\n  one\n\n\n\n  two\n", "a: |\n  one\n\n\n\n  two\n"),
        ("a:  x # 1\nb:  'y'   # 2: 'z'  ,q\n", "a: x # 1\nb: \"y\"   # 2: 'z'  ,q\n"),
        ("a: &x   1\nb:   *x\n", "a: &x 1\nb: *x\n"),
        ("a: 'two\n  lines'\n", "a: 'two\n  lines'\n"),
        ("a: b  c\n", "a: b  c\n"),
        ("a: {{name}} hi\n", "a: {{name}} hi\n"),
    ],
)
def test_one_style(written: str, settled_to: str) -> None:
    try:
        formatted = format_yaml(written, "x.yaml")
    except SourceError:
        assert written == settled_to  # what is no YAML is validate's to say
        return
    assert formatted == settled_to
    assert format_yaml(formatted, "x.yaml") == formatted


GAPS = st.sampled_from(["", " ", "  ", "\t"])
SOME = st.sampled_from([" ", "  ", "    "])
WORDS = st.sampled_from(
    ["1", "0042", "1.10", "no", "x y", "'x'", '"x"', "'0042'", "'it''s'", '"a\\nb"', "'a: b'", "'# c'", "${{ vars.x }}"]
)
NOTES = st.sampled_from(["", "  # note", " #note", "   # 'quoted', {a: b}"])


@st.composite
def flows(draw: st.DrawFn) -> str:
    items = [
        f"{draw(GAPS)}{key}:{draw(SOME)}{draw(WORDS)}{draw(GAPS)}" for key in draw(st.sets(st.sampled_from("abc")))
    ]
    return "{" + ",".join(items) + "}"


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A file of a few keys in a style that nobody would choose."""
    lines = []
    for number in range(draw(st.integers(1, 5))):
        lines += [""] * draw(st.integers(0, 3)) + draw(st.sampled_from([[], [f"# above {number}"]]))
        key, deep = f"k{number}{draw(GAPS)}:", " " * draw(st.integers(1, 7))
        match draw(st.integers(0, 4)):
            case 0:
                lines.append(f"{key}{draw(SOME)}{draw(WORDS)}{draw(NOTES)}")
            case 1:
                lines.append(f"{key}{draw(SOME)}{draw(flows())}{draw(NOTES)}")
            case 2:
                head = draw(st.sampled_from(["|", ">-", "|+", "|-", "|  # note"]))
                lines += [f"{key} {head}", f"{deep}one", "", f"{deep}  two  # text"]
            case 3:
                lines += [
                    key,
                    *(f"{deep}-{draw(SOME)}{draw(WORDS)}{draw(NOTES)}" for _ in range(draw(st.integers(1, 3)))),
                ]
            case _:
                lines += [key, f"{deep}a: {draw(WORDS)}", f"{deep}b:{draw(SOME)}{draw(flows())}"]
    return "\n".join(lines) + "\n" * draw(st.integers(0, 3))


@pytest.mark.slow
@given(texts())
@example("k0: |+\n one\n\n\nk1: 'x'\n")
def test_the_data_and_every_comment_stay_and_twice_is_once(text: str) -> None:
    try:
        before = to_plain(read_yaml(text, "x.yaml")[0])
    except SourceError:
        return
    formatted = format_yaml(text, "x.yaml")
    assert to_plain(read_yaml(formatted, "x.yaml")[0]) == before
    assert comments(formatted) == comments(text)
    assert formatted.count('"') >= text.count('"'), "quotes are never taken away"
    assert format_yaml(formatted, "x.yaml") == formatted


def test_what_can_not_be_read_stays() -> None:
    assert styled_text("a:   'x\n") == "a:   'x\n"
    assert comments("a:   'x\n") is None
