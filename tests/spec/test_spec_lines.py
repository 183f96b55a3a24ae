"""Where each line of a text is written, whatever it was put together from: the line that one would edit."""

from __future__ import annotations

import time
from collections.abc import Mapping
from textwrap import dedent, indent

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spec_projects import Loader

from agentops.document import DesiredAgent
from agentops.spec.origins import FileText, Origin, TracedText, found_again, joined_text, stretches

RULES = "# Rules\n- Never give legal advice.\n- Be brief.\n"
PROMPT = ("singlePromptConfig", "prompt")


def spec(prompt: str) -> str:
    return f"name: Line\nconfig:\n  firstMessage: Hello.\n  singlePromptConfig:\n    prompt: {prompt}\n"


def block(text: str) -> str:
    return "|\n" + indent(dedent(text).strip("\n"), "      ", lambda _: True)


def places(agent: DesiredAgent) -> list[str]:
    """Where each line of the prompt is written, as `file:line`."""
    lines = agent.config["singlePromptConfig"]["prompt"].splitlines()
    found = []
    for number in range(1, len(lines) + 1):
        stretch = [each for each in agent.lines[PROMPT] if each.first <= number][-1]
        place = stretch.place(number)
        found.append(f"{place.file.removeprefix('agents/')}:{place.line}")
    return found


def loaded(load: Loader, files: Mapping[str, str]) -> DesiredAgent:
    return load({f"agents/{name}": text for name, text in files.items()}).agents[0]


CASES: dict[str, tuple[dict[str, str], list[str]]] = {
    "a prompt file": (
        {"line.yaml": spec("${{ file('prompts/line.md') }}"), "prompts/line.md": "One.\n\nThree.\n"},
        ["prompts/line.md:1", "prompts/line.md:2", "prompts/line.md:3"],
    ),
    "a fragment in a prompt file": (
        {
            "line.yaml": spec("${{ file('prompts/line.md') }}"),
            "prompts/line.md": "One.\n${{ file('prompts/_rules.md') }}\nThree.\n",
            "prompts/_rules.md": RULES,
        },
        [
            "prompts/line.md:1",
            "prompts/_rules.md:1",
            "prompts/_rules.md:2",
            "prompts/_rules.md:3",
            "prompts/line.md:2",
            "prompts/line.md:3",
        ],
    ),
    "a fragment in a fragment": (
        {
            "line.yaml": spec("${{ file('prompts/line.md') }}"),
            "prompts/line.md": "${{ file('prompts/_a.md') }}Last.\n",
            "prompts/_a.md": "A.\n${{ file('prompts/_b.md') }}",
            "prompts/_b.md": "B.\nBB.\n",
        },
        ["prompts/_a.md:1", "prompts/_b.md:1", "prompts/_b.md:2", "prompts/line.md:1"],
    ),
    "an inline block": ({"line.yaml": spec(block("One.\n\nThree."))}, ["line.yaml:6", "line.yaml:7", "line.yaml:8"]),
    "an inline block with a value in a line": (
        {"line.yaml": spec(block("One in ${{ environment }}.\nTwo ${{ vars.count }}.\nThree."))},
        ["line.yaml:6", "line.yaml:7", "line.yaml:8"],
    ),
    "an inline block with a fragment": (
        {
            "line.yaml": spec(block("One.\n${{ file('prompts/_rules.md') }}\nThree.")),
            "prompts/_rules.md": RULES,
        },
        [
            "line.yaml:6",
            "prompts/_rules.md:1",
            "prompts/_rules.md:2",
            "prompts/_rules.md:3",
            "line.yaml:7",
            "line.yaml:8",
        ],
    ),
    "a text in quotes": ({"line.yaml": spec('"One.\\nTwo."')}, ["line.yaml:5", "line.yaml:5"]),
    "a folded text": (
        {"line.yaml": spec(">\n      One\n      goes on.\n\n      Two.")},
        ["line.yaml:5", "line.yaml:5"],
    ),
    "a base": (
        {
            "line.yaml": "extends: _base/base.yaml\nname: Line\nconfig: {firstMessage: Hi.}\n",
            "_base/base.yaml": "config:\n  singlePromptConfig:\n    prompt: |\n      One.\n      Two.\n",
        },
        ["_base/base.yaml:4", "_base/base.yaml:5"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_line_is_found_where_it_is_written(name: str, load: Loader) -> None:
    files, expected = CASES[name]
    assert places(loaded(load, files)) == expected


def test_the_lines_between_statements_are_found(load: Loader) -> None:
    prompt = """One.
${% if environment == 'local' %}
Here.
${% else %}
There.
${% endif %}
${{ file('prompts/_rules.md') | trim }}
Last.
"""
    files = {"line.yaml": spec("${{ file('prompts/l.md') }}"), "prompts/l.md": prompt, "prompts/_rules.md": RULES}
    agent = loaded(load, files)
    texts = agent.config["singlePromptConfig"]["prompt"].splitlines()
    by_text = dict(zip(texts, places(agent), strict=True))
    assert by_text["One."] == "prompts/l.md:1"
    assert by_text["Here."] == "prompts/l.md:3"
    assert by_text["- Never give legal advice."] == "prompts/_rules.md:2"
    assert by_text["Last."] == "prompts/l.md:8"


def test_a_text_among_several_has_its_own_lines(load: Loader) -> None:
    tool = "{type: end_call, name: bye, description: \"${{ file('prompts/_rules.md') }}\"}"
    files = {
        "line.yaml": spec("Be kind.") + f"    tools:\n      - {tool}\n",
        "prompts/_rules.md": RULES,
    }
    agent = loaded(load, files)
    (stretch,) = agent.lines["singlePromptConfig", "tools", 0, "description"]
    assert (stretch.file, stretch.line, stretch.is_verbatim) == ("agents/prompts/_rules.md", 1, True)
    assert PROMPT not in agent.lines


TEXTS = st.lists(st.sampled_from(["a", "b b", "", "\n", "x\ny\n"]), max_size=5).map("".join)


@given(st.lists(TEXTS, min_size=2, max_size=5), st.data())
def test_every_line_of_a_joined_text_has_one_place_that_exists(literals: list[str], data: st.DataObject) -> None:
    values: list[str] = []
    for number in range(len(literals) - 1):
        text = data.draw(TEXTS)
        values.append(FileText(text, f"f{number}.md") if data.draw(st.booleans()) else text)
    lines, count = [], 0
    for literal in literals:
        lines.append(count)
        count += literal.count("\n")
    text = joined_text(literals, values, lines)
    found = stretches(text, text.origins, "t.md", 0, is_block=True)
    sources = {
        "t.md": "${{ x }}".join(literals),
        **{each.file: str(each) for each in values if isinstance(each, FileText)},
    }
    for number, line in enumerate(text.splitlines(), 1):
        stretch = [each for each in found if each.first <= number][-1]
        place = stretch.place(number)
        source = sources[place.file].split("\n")
        assert place.line <= len(source)
        if place.file != "t.md" and stretch.is_verbatim:
            assert source[place.line - 1] in line


def test_what_a_filter_made_is_found_again_by_its_lines() -> None:
    rules = FileText(RULES, "r.md")
    made = found_again(
        "One.\n${% if x %}\nTwo.\n${% endif %}\n${{ file('r.md') }}", f"One.\n\nTwo.\n\n{RULES}", [rules]
    )
    found = stretches(made, made.origins, "t.md", 0, is_block=True)
    assert [(each.first, each.file, each.line) for each in found if each.is_verbatim] == [
        (1, "t.md", 1),
        (3, "t.md", 3),
        (5, "r.md", 1),
    ]


def test_a_text_without_templates_is_its_own_origin() -> None:
    text = TracedText("One.\nTwo.\n", [Origin(0, "a.md", 3, is_verbatim=True)])
    (stretch,) = stretches(text, text.origins, "t.md", 0, is_block=True)
    assert str(stretch.place(2)) == "a.md:5:1"


def test_long_and_repetitive_texts_are_found_again_in_bounded_time() -> None:
    started = time.process_time()
    found_again("be kind\n" * 30_000 + "${% if x %}", "be kind\n" * 30_000)
    found_again("".join(f"{n % 7}\n" for n in range(30_000)), "".join(f"{n % 5}\n" for n in range(30_000)))
    assert time.process_time() - started < 3
