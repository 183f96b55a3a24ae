"""The schema of call scripts for editors: it takes an expression where the rendered script takes its value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from agentops.cli.schemas import all_schemas
from agentops.document import Environment
from agentops.errors import SpecError
from agentops.spec.source_events import read_yaml
from agentops.spec.tree import to_plain
from agentops.workflow.scripts import LoadedScript, load_script

VALIDATOR = jsonschema.Draft202012Validator(all_schemas()["call"])
SCRIPT = """\
agent: support
mode: ${{ vars.mode }}
sample_rate_hz: ${{ vars.rate }}
tags: ${{ vars.tags }}
caller: {speed: "${{ vars.speed }}"}
timeout_s: ${{ vars.seconds }}
repeat: {times: "${{ vars.times }}"}
noise: ${{ vars.noise }}
steps:
  - say: Hello ${{ environment }}
  - silence: ${{ vars.speed }}
  - interrupt: {say: Stop, after: {delay_ms: "${{ vars.seconds }}"}, stops_within_ms: "${{ vars.rate }}"}
  - expect: {contains: Hi, min_words: "${{ vars.times }}", within_s: "${{ vars.seconds }}"}
  - ${{ vars.step }}
checks:
  audible: ${{ vars.yes }}
  says_transcript: ${{ vars.yes }}
  first_audio_ms: ${{ vars.seconds }}
  turn_latency_ms: {p95: "${{ vars.rate }}"}
  tool_calls: [{name: book, arguments: "${{ vars.booking }}"}]
"""
VARIABLES: dict[str, Any] = {
    "mode": "webcall",
    "rate": 8000,
    "tags": ["smoke"],
    "speed": 1.5,
    "seconds": 30,
    "times": 2,
    "yes": True,
    "noise": {"snr_db": 12},
    "step": {"expect_end": "agent"},
    "booking": {"day": "Monday"},
}


def errors_of(text: str) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(to_plain(read_yaml(text, "call.yaml")[0]))]


def loaded(folder: Path, text: str) -> LoadedScript:
    (folder / "call.yaml").write_text(text)
    return load_script(folder, "call.yaml", Environment(project="acme", name="local", variables=VARIABLES))


def test_an_expression_stands_for_any_whole_value_in_the_schema_and_in_the_script(tmp_path: Path) -> None:
    assert errors_of(SCRIPT) == []
    script = loaded(tmp_path, SCRIPT).script
    assert (script.sample_rate_hz, script.timeout_s, script.repeat.times) == (8000, 30, 2)
    assert script.tags == ("smoke",)
    assert script.checks.first_audio_ms == 30
    assert script.noise is not None
    assert len(script.steps) == 5


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("timeout_s: ${{ vars.seconds }}", "timeout_s: soon"),
        ("timeout_s: ${{ vars.seconds }}", "timeout_s: about ${{ vars.seconds }}"),
        ("audible: ${{ vars.yes }}", "audible: maybe"),
        ("sample_rate_hz: ${{ vars.rate }}", "sample_rate_hz: 11025"),
        ("mode: ${{ vars.mode }}", "mode: telepathy"),
        ("- silence: ${{ vars.speed }}", "- sillence: ${{ vars.speed }}"),
    ],
)
def test_what_is_neither_a_value_nor_an_expression_is_refused_by_both(tmp_path: Path, right: str, wrong: str) -> None:
    text = SCRIPT.replace(right, wrong)
    assert text != SCRIPT
    assert errors_of(text)
    with pytest.raises(SpecError):
        loaded(tmp_path, text)


def test_a_call_report_holds_values_only() -> None:
    """Only what people write is rendered: the schemas of what agentops writes take no expression."""
    for kind in ("plan", "report", "behaviour"):
        assert "Expression" not in all_schemas()[kind]["$defs"]
