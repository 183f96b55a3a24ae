"""What a run of calls looks like: as text, Markdown, JUnit XML and JSON, with hostile text in it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import sample_runs
import xmlschema
from hypothesis import given
from hypothesis import strategies as st

from agentops.calls.call_files import merge_folders, read_run, run_json, run_schema
from agentops.calls.report import Check, CheckKind, Verdict
from agentops.errors import UsageError
from agentops.render.calls.html import previous_key, run_html
from agentops.render.calls.junit import junit_xml
from agentops.render.calls.markdown import run_markdown
from agentops.render.calls.text import run_text
from agentops.render.style import Style

SCHEMA = xmlschema.XMLSchema(Path(__file__).parents[2] / "schemas" / "junit.xsd")


def test_text_tells_what_was_expected_and_heard_and_where() -> None:
    text = run_text(sample_runs.mixed(), Style(width=200))
    assert 'expected: agent contains "open"' in text
    assert "transcript: agent says at 5.2 s  agents/calls/hours.yaml:7:5" in text
    assert "caller  When are you open?" in text
    assert "FAILED: 1 passed, 1 failed, 1 inconclusive" in text


def test_junit_keeps_to_the_common_schema_and_counts_right() -> None:
    xml = junit_xml(sample_runs.mixed())
    SCHEMA.validate(xml)
    data = SCHEMA.to_dict(xml)
    assert (data["@tests"], data["@failures"], data["@errors"]) == (5, 2, 1)
    assert data["testsuite"][2]["testcase"][0]["error"]["@type"] == "infrastructure"


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_text_breaks_junit(heard: str, name: str) -> None:
    check = Check(name, CheckKind.TRANSCRIPT, False, "something", heard)
    SCHEMA.validate(junit_xml(sample_runs.run(sample_runs.call(Verdict.FAILED, checks=(check,), name=name))))


@given(st.text(max_size=80))
def test_no_text_breaks_out_of_its_markdown_line(heard: str) -> None:
    check = Check("agent says", CheckKind.TRANSCRIPT, False, "something", heard)
    plain = run_markdown(sample_runs.run(sample_runs.call(Verdict.FAILED, checks=(check,))))
    quiet = run_markdown(
        sample_runs.run(
            sample_runs.call(
                Verdict.FAILED, checks=(Check("agent says", CheckKind.TRANSCRIPT, False, "something", "x"),)
            )
        )
    )
    assert plain.count("\n") == quiet.count("\n")


def test_the_report_is_what_its_schema_says_and_reads_back_the_same(tmp_path: Path) -> None:
    run = sample_runs.mixed()
    path = tmp_path / "report.json"
    path.write_text(run_json(run))
    jsonschema.validate(json.loads(path.read_text()), run_schema())
    assert read_run(path) == run


def test_half_a_character_in_a_report_is_one_that_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(run_json(sample_runs.run(sample_runs.call(script="SCRIPT"))).replace("SCRIPT", r"a\ud83d"))
    assert [script.script for script in read_run(path).scripts] == ["a\ufffd"]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format_version": 99}', '{"format_version": 1}'])
def test_what_is_no_report_is_a_usage_error(text: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="call report"):
        read_run(path)


def test_shards_become_one_run(tmp_path: Path) -> None:
    for name, call in (
        ("one", sample_runs.call(folder="hours")),
        ("two", sample_runs.call(Verdict.FAILED, script="b.yaml", folder="b")),
    ):
        folder = tmp_path / name / str(call.folder)
        folder.mkdir(parents=True)
        (folder / "events.jsonl").write_text("{}\n")
        (tmp_path / name / "report.json").write_text(run_json(sample_runs.run(call)))
    merged = merge_folders([tmp_path / "one" / "report.json", tmp_path / "two" / "report.json"], tmp_path / "all")
    assert [script.script for script in merged.scripts] == ["agents/calls/hours.yaml", "b.yaml"]
    assert merged.verdict is Verdict.FAILED
    assert all((tmp_path / "all" / str(call.folder) / "events.jsonl").exists() for call in merged.calls)


def test_nothing_an_agent_says_leaves_the_data_of_the_page() -> None:
    page = run_html(sample_runs.mixed())
    assert "</script><script>document" not in page
    assert page.count("<script") == 2
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page


def test_the_page_compares_with_the_call_before() -> None:
    before = sample_runs.call(started_at="2026-09-30T10:00:00+00:00")
    page = run_html(sample_runs.run(sample_runs.call()), previous={previous_key(before): before})
    assert '"previous":{"verdict":"passed","started_at":"2026-09-30T10:00:00+00:00"' in page


def test_repeats_pass_by_their_rate_and_inconclusive_calls_prove_nothing() -> None:
    def verdict(*verdicts: Verdict, pass_rate: float) -> Verdict:
        run = sample_runs.run(*(sample_runs.call(v) for v in verdicts))
        calls = run.calls
        from agentops.calls.report import ScriptReport

        return ScriptReport("s", "s", "a", pass_rate, calls).verdict

    good, bad, unsure = Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE
    assert verdict(good, good, bad, pass_rate=0.6) is Verdict.PASSED
    assert verdict(good, bad, bad, pass_rate=0.6) is Verdict.FAILED
    assert verdict(good, good, unsure, pass_rate=0.6) is Verdict.PASSED
    assert verdict(good, unsure, pass_rate=1.0) is Verdict.INCONCLUSIVE
    assert verdict(unsure, unsure, pass_rate=0.1) is Verdict.INCONCLUSIVE
