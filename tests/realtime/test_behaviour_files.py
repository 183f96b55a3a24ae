"""Behaviour files are checked when they are read, and found by the agent's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentops.emulator.behaviour.behaviours import Behaviour, Behaviours, read_behaviour, read_behaviours
from agentops.emulator.store.database import EmulatorError

EXAMPLES = Path(__file__).parents[2] / "agents" / "behaviours"


def write(folder: Path, text: str, name: str = "desk.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_examples_can_be_read_and_found() -> None:
    behaviours = read_behaviours(sorted(EXAMPLES.glob("*.yaml")))
    turns = {
        name: {turn.name for turn in behaviours.of(name).turns}
        for name in ("Acme Support (local)", "Acme Appointments (demo)", "Acme Front Desk (prod)")
    }
    assert "order-number" in turns["Acme Support (local)"]
    assert "book" in turns["Acme Appointments (demo)"]
    assert "hours-in-spanish" in turns["Acme Front Desk (prod)"]


def named(name: str, *agents: str) -> tuple[str, Behaviour]:
    return name, Behaviour(latency_ms=len(name), agents=agents)


@pytest.mark.parametrize(
    ("agent", "file"),
    [
        ("Acme Support (local)", "support"),
        ("SUPPORT", "support"),
        ("Acme Support Tier Two", "support-tier-two"),
        ("Night line 7", "by-pattern"),
        ("Supporters", None),
    ],
)
def test_a_file_is_found_by_the_display_name(agent: str, file: str | None) -> None:
    behaviours = Behaviours([named("support"), named("support-tier-two"), named("by-pattern", "night line *")])
    assert behaviours.of(agent).latency_ms == (len(file) if file else Behaviour().latency_ms)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("turns: [", ["desk.yaml can't be read: it is not YAML: "]),
        ("turn: []", ["turn: Extra inputs are not permitted"]),
        ("turns: [{name: a, replies: []}]", ["turns.0.replies"]),
        ("turns: [{name: a, hears: ['{day}'], replies: {say: x}}]", ["turn a", "slot {day}"]),
        ("turns: [{name: a, matches: '(', replies: {say: x}}]", ["turns.0.matches", "not a regular expression"]),
        ("turns: [{name: a, replies: {from_prompt: {x: open}, say: x}}]", ["needs exactly one group"]),
        ("turns: [{name: a, replies: {say: x}}, {name: a, replies: {say: y}}]", ["turns with the same name: a"]),
        ("faults: {audio: loud}", ["faults.audio"]),
        ("latency_ms: soon", ["latency_ms"]),
    ],
)
def test_what_is_wrong_in_a_file_is_named(tmp_path: Path, text: str, problems: list[str]) -> None:
    with pytest.raises(EmulatorError) as failure:
        read_behaviour(write(tmp_path, text))
    assert "desk.yaml" in str(failure.value)
    for problem in problems:
        assert problem in str(failure.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EmulatorError, match=r"gone\.yaml can't be read: No such file"):
        read_behaviour(tmp_path / "gone.yaml")


def test_an_empty_file_understands_nothing(tmp_path: Path) -> None:
    assert read_behaviour(write(tmp_path, "# nothing yet\n")) == Behaviour()
