"""Call scripts: what may be written, and what is said, with its place, about what may not."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from agentops.calls.script import Script, script_schema
from agentops.calls.script_reader import read_script
from agentops.diagnostics import Diagnostic, Where
from agentops.spec.source_events import read_yaml
from agentops.spec.tree import mark_of, value_place

EXAMPLES = sorted((Path(__file__).parents[2] / "agents" / "calls").glob("*.yaml"))


def read(text: str) -> Script | list[Diagnostic]:
    tree, _ = read_yaml(text, "calls/a.yaml")

    def place_of(path: tuple[str | int, ...]) -> Where | None:
        mark = mark_of(tree, path)
        return value_place(mark) if mark else None

    return read_script(tree, file="calls/a.yaml", place_of=place_of)


def problems(text: str) -> list[tuple[str, int]]:
    found = read(text)
    assert isinstance(found, list)
    return [(d.summary, d.where.line if d.where else 0) for d in found]


GOOD = """\
agent: support
steps:
  - expect: how can I help
  - say: What are your opening hours?
  - say: {text: Slowly, speed: 0.8, gain_db: -6}
  - silence: 1.5
  - wait_for: agent_quiet
  - interrupt: Stop please.
  - backchannel: {say: uh-huh}
  - expect: {role: user, similar: {to: opening hours, at_least: 0.7}}
  - hang_up: true
repeat: {times: 3, pass_rate: 0.66}
"""


def test_short_and_long_forms_mean_the_same() -> None:
    script = read(GOOD)
    assert isinstance(script, Script)
    long = GOOD.replace("expect: how can I help", "expect: {contains: [how can I help]}").replace(
        "say: What are your opening hours?", "say: {text: 'What are your opening hours?'}"
    )
    assert read(long) == script
    assert [speech.text for speech in script.speeches][-2:] == ["Stop please.", "uh-huh"]


@pytest.mark.parametrize(
    ("old", "new", "summary", "line"),
    [
        ("agent: support\n", "", "agent is missing", 1),
        ("silence: 1.5", "silence: long", "steps.3.silence: input should be a valid number", 6),
        ("silence: 1.5", "sillence: 1.5", "steps.3 is not a step", 6),
        ("silence: 1.5", "dtmf: 123", "steps.3: the platform's socket takes no key presses", 6),
        ("wait_for: agent_quiet", "wait_for: tea", "steps.4.wait_for.event: input should be 'agent_starts'", 7),
        ("speed: 0.8", "sped: 0.8", "unknown field steps.2.say.sped", 5),
        ("expect: how can I help", "expect: {within_s: 3}", "steps.0.expect: expect needs at least one condition", 3),
        ("expect: how can I help", "expect: {matches: '('}", "steps.0.expect.matches: not a regular expression", 3),
        ("repeat: {times: 3", "mode: chat\nrepeat: {times: 3", "interrupt needs mode: webcall", 1),
        ("repeat: {times: 3, pass_rate: 0.66}", "repeat: {times: 0}", "repeat.times: input should be greater", 12),
    ],
)
def test_a_mistake_is_told_at_its_line(old: str, new: str, summary: str, line: int) -> None:
    assert old in GOOD
    found = problems(GOOD.replace(old, new))
    assert any(text.startswith(summary) and at == line for text, at in found), found


def test_all_mistakes_are_told_at_once() -> None:
    found = problems("agent: support\nmood: 1\nsteps:\n  - say: {texd: hi}\n  - expect: {contains: x, within_s: no}\n")
    assert sorted(line for _, line in found) == [2, 4, 5]


def test_near_names_are_suggested() -> None:
    (found,) = [d for d in read("agent: a\nmood: 1\nsteps:\n  - expect: x\n") if isinstance(d, Diagnostic)]
    assert found.hint == "did you mean mode?"


@pytest.mark.parametrize("expected", ["", "  - expect: {min_words: 1}\n"])
def test_a_script_that_passes_whatever_the_agent_says_is_refused(expected: str) -> None:
    assert problems(f"agent: a\nsteps:\n  - say: hi\n{expected}") == [
        ("the script can't fail, whatever the agent says: add an expect step with words, a goal or a check", 1)
    ]


@pytest.mark.parametrize(
    "written",
    [
        "checks: {audible: true}",
        "checks: {clipping_share: 0.5}",
        "checks: {tool_calls_in_order: true}",
        "checks: {turn_latency_ms: {}}",
        "checks: {says_transcript: false, forbidden: [], language: null, duration_s: {}}",
    ],
)
def test_what_can_not_fail_is_no_check(written: str) -> None:
    assert "can't fail" in problems(f"agent: a\nsteps:\n  - say: hi\n{written}\n")[0][0]


@pytest.mark.parametrize(
    ("written", "summary"),
    [
        ("repeat: {times: 2, pass_rate: 0}", "repeat.pass_rate: input should be greater than 0"),
        ("checks: {says_transcript: 0}", "checks.says_transcript: input should be greater than 0"),
        ("goals: ['']", "goals.0 is empty"),
        ("checks: {first_audio_ms: 20%}", "checks.first_audio_ms"),
        ("caller: {persona: impatient}", "caller: persona needs a goal"),
        ("caller: {goal: to book, max_turns: 0}", "caller.max_turns: input should be greater"),
    ],
)
def test_a_limit_that_nothing_misses_is_refused(written: str, summary: str) -> None:
    found = problems(f"agent: a\nsteps:\n  - expect: hi\n{written}\n")
    assert found[0][0].startswith(summary), found


def test_a_caller_with_a_goal_needs_no_steps() -> None:
    script = read("agent: a\ncaller: {goal: to learn the delivery day}\ngoals: the caller knows the day\n")
    assert isinstance(script, Script)
    assert script.judged_sentences == ("the caller knows the day",)
    assert problems("agent: a\ngoals: x\n") == [
        ("steps are missing: what does the caller say? (or give the caller a goal)", 1)
    ]


@pytest.mark.parametrize("pattern", ["(a|aa)+$", r"([a-zA-Z]+)*!\s", r"^(\w+\s?)+\.$", r"(foo|foo ?)+$", "("])
def test_a_pattern_that_backtracks_is_refused(pattern: str) -> None:
    found = problems(f"agent: a\nsteps:\n  - expect: {{matches: '{pattern}'}}\n")
    assert found[0][0].startswith("steps.0.expect.matches: "), found


@pytest.mark.parametrize(
    "pattern", [r"\d{1,2} ?(am|pm)", r"(?i)^we are open", r"\b(mon|tues)day\b.*\d+", r"(\w+, )*\w+"]
)
def test_an_honest_pattern_is_taken(pattern: str) -> None:
    assert isinstance(read(f"agent: a\nsteps:\n  - expect: {{matches: '{pattern}'}}\n"), Script)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_fit_the_schema_that_editors_use(path: Path) -> None:
    tree, _ = read_yaml(path.read_text("utf-8"), path.name)
    jsonschema.validate(tree, script_schema())


def test_the_schema_takes_the_short_forms_and_refuses_typos() -> None:
    jsonschema.validate(read_yaml(GOOD, "a")[0], script_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(read_yaml(GOOD.replace("silence", "sillence"), "a")[0], script_schema())
