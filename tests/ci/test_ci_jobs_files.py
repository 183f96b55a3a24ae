"""What a job hands over: annotations, outputs and the summary."""

from __future__ import annotations

from pathlib import Path

import pytest
from github_job import variables
from hypothesis import given
from hypothesis import strategies as st

from agentops.calls.report import RunReport
from agentops.ci.annotations import PER_LEVEL, annotation_commands, message_command
from agentops.ci.comment import fit
from agentops.ci.files import SUMMARY_BYTES, write_outputs, write_summary
from agentops.ci.job import read_job
from agentops.ci.report import report_calls
from agentops.diagnostics import Diagnostic, Severity, Where
from agentops.errors import UsageError


def problem(
    file: str, line: int = 3, severity: Severity = Severity.ERROR, summary: str = "unknown field"
) -> Diagnostic:
    return Diagnostic("unknown-field", severity, summary, hint="did you mean x?", where=Where(file, line, 5))


def test_a_diagnostic_is_shown_on_its_line_of_the_repository() -> None:
    [command] = annotation_commands([problem("agents/support.yaml")], folder="voice")
    assert command == (
        "::error file=voice/agents/support.yaml,line=3,col=5,title=unknown-field::unknown field; next: did you mean x?"
    )


def test_changed_files_come_first_and_each_level_has_its_own_ten() -> None:
    many = [problem(f"agents/a{n:02}.yaml") for n in range(30)]
    many += [problem("agents/b.yaml", severity=Severity.WARNING), problem("agents/z.yaml")]
    commands = annotation_commands(many, changed={"agents/z.yaml"})
    assert "file=agents/z.yaml" in commands[0]
    assert len([c for c in commands if c.startswith("::error ")]) == PER_LEVEL
    assert len([c for c in commands if c.startswith("::warning ")]) == 1


def test_a_problem_without_a_place_is_no_annotation() -> None:
    assert annotation_commands([Diagnostic("x", Severity.ERROR, "no place")]) == []


@given(st.text(), st.text())
def test_no_text_starts_a_second_command(title: str, text: str) -> None:
    command = message_command("error", title, text)
    assert "\n" not in command
    assert "\r" not in command
    properties, _, _ = command.removeprefix("::error title=").partition("::")
    assert "," not in properties


def test_outputs_are_appended_and_never_span_lines(tmp_path: Path) -> None:
    environ = {"GITHUB_OUTPUT": str(tmp_path / "output")}
    write_outputs(environ, {"changes": "true"})
    write_outputs(environ, {"digest": "d1"})
    with pytest.raises(UsageError, match="would span lines"):
        write_outputs(environ, {"report": "x\nexit-code=0"})
    assert (tmp_path / "output").read_text() == "changes=true\ndigest=d1\n"


def test_without_github_there_is_nowhere_to_write() -> None:
    write_outputs({}, {"changes": "true"})
    write_summary({}, "text")


def test_the_summary_stays_within_githubs_limit(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    environ = {"GITHUB_STEP_SUMMARY": str(path)}
    write_summary(environ, "first")
    write_summary(environ, "é" * SUMMARY_BYTES)
    assert path.stat().st_size <= SUMMARY_BYTES
    assert path.read_text().startswith("first\né")


def test_what_fits_is_left_alone() -> None:
    assert fit("short", link="https://example.com") == "short"


@pytest.mark.slow
@given(
    st.lists(st.sampled_from(["<details>", "</details>", "```diff", "```", "````", "a line of text", ""]), min_size=40)
)
def test_a_cut_text_fits_says_where_the_rest_is_and_leaves_nothing_open(lines: list[str]) -> None:
    limit = 400
    text = "\n".join([*lines, "x" * limit])
    cut = fit(text, link="https://example.com/run", limit=limit)
    assert len(cut) <= limit
    assert "https://example.com/run" in cut
    tail = cut.rpartition("_Cut")[0]
    fence = 0
    for line in tail.splitlines():
        ticks = len(line) - len(line.lstrip("`"))
        if fence:
            fence = 0 if ticks >= fence and line.strip("`") == "" and ticks else fence
        elif ticks >= 3:
            fence = ticks
    assert fence == 0


def test_a_summary_leads_to_the_pages_and_recordings_of_calls(tmp_path: Path) -> None:
    for file in ("calls/report.html", "calls/desk/hours/report.html", "calls/desk/hours/call.wav", "calls/report.json"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("")
    environ = variables("schedule", AGENTOPS_CI_OUTPUT=str(tmp_path), GITHUB_STEP_SUMMARY=str(tmp_path / "summary"))
    job = read_job("calls", environ)
    report = report_calls(job, RunReport("prod", ()), tmp_path / "calls" / "report.html")
    assert report.page in (tmp_path / "summary").read_text()
    assert "[`agentops-calls-prod`](https://github.com/acme/voice/actions/runs/4242#artifacts)" in report.page
    listed = [line for line in report.page.splitlines() if line.startswith("- `calls/")]
    assert listed == ["- `calls/desk/hours/report.html`", "- `calls/report.html`", "- `calls/desk/hours/call.wav`"]
