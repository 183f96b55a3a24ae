"""The imported project: it validates at once, choices warn and then refuse, and nobody's edits are lost."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_elevenlabs_account import PHASES, exports

from agentops.calls.script import Script
from agentops.cli.app import run
from agentops.diagnostics import Severity
from agentops.importers.elevenlabs.folder import SourceAgents
from agentops.importers.elevenlabs.importing import ImportOptions, import_agents
from agentops.importers.elevenlabs.reading import read_agent
from agentops.importers.files import place_files, write_files
from agentops.spec import load_project
from agentops.spec.source_events import read_yaml
from agentops.spec.tree import to_plain

EXPORTS = Path(__file__).parent / "exports"
SECRETS = ("abcdefgh12345678", "sec_123", "sec_9", "tok_private_value", "someone@private.example")


def imported(output: Path, *arguments: str, source: str = "clinic.json") -> int:
    seen = () if "--refuse" in arguments else ("--accept-secrets",)
    given = [each for each in arguments if each != "--refuse"]
    return run(["import", "elevenlabs", str(EXPORTS / source), "--output", str(output), "--no-input", *seen, *given])


def answer_everything(output: Path) -> None:
    file = output / "agents" / "_choices.yaml"
    data = to_plain(read_yaml(file.read_text(), "x")[0])
    known = {"voice": "nyah", "model": "gpt-4o", "first_message": "Hello.", "language": "en"}
    for named in data.values():
        for name in named:
            number = "+14155550100" if name.startswith("number") else "https://x.example/y"
            named[name] = known.get(name, "0" * 24 if name == "knowledge_base" else number)
    file.write_text(json.dumps(data))


@pytest.mark.parametrize("source", ["clinic.json", "camel.json", "unwrapped.json", "dashboard-tool.json"])
def test_it_validates_at_once_and_open_choices_refuse_a_plan(tmp_path: Path, source: str) -> None:
    assert imported(tmp_path, source=source) == 0
    early = load_project(tmp_path, environ={})
    assert {d.severity for d in early.diagnostics if d.code == "open-choice"} == {Severity.WARNING}
    assert not [d for d in early.diagnostics if d.is_error]
    late = load_project(tmp_path, environ={}, needs_secrets=True)
    assert {d.severity for d in late.diagnostics if d.code == "open-choice"} == {Severity.ERROR}
    assert late.agents == ()


@pytest.mark.parametrize("source", ["clinic.json", "camel.json", "unwrapped.json", "dashboard-tool.json"])
def test_with_the_choices_made_the_agents_are_whole(tmp_path: Path, source: str) -> None:
    imported(tmp_path, source=source)
    answer_everything(tmp_path)
    project = load_project(tmp_path, environ={}, needs_secrets=True)
    assert [d for d in project.diagnostics if d.is_error] == []
    (agent,) = project.agents
    assert agent.config["firstMessage"]
    assert agent.config["synthesizer"]["voiceConfig"]["voiceId"] == "nyah"


@pytest.mark.slow
@settings(max_examples=25, deadline=None, phases=PHASES, suppress_health_check=[HealthCheck.too_slow])
@given(exports(), st.booleans())
def test_any_agent_at_all_gives_a_valid_project(data: dict[str, Any], with_widget: bool) -> None:
    """However odd the export: with the choices made, the spec language takes what the import writes."""
    found = SourceAgents(agents=[read_agent(data, "x")])
    made = import_agents(found, ImportOptions(voice="nyah", model="gpt-4o", with_widget=with_widget), "x")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_files(root, place_files(root, made.files))
        answer_everything(root)
        project = load_project(root, environ={}, needs_secrets=True)
        assert [d for d in project.diagnostics if d.is_error] == []
        assert len(project.agents) == 1


def test_calls_are_made_from_the_first_message_and_from_tests(tmp_path: Path) -> None:
    imported(tmp_path, source="cli-project")
    calls = {p.name: to_plain(read_yaml(p.read_text(), "x")[0]) for p in (tmp_path / "agents/calls").iterdir()}
    greeting = Script.model_validate(calls["night-line-greeting.yaml"])
    assert greeting.agent == "night-line"
    tested = Script.model_validate(calls["night-line-pages-the-doctor.yaml"])
    assert tested.checks.tool_calls[0].name == "page_doctor"
    assert tested.variables == {"ward": "B"}
    assert calls["night-line-pages-the-doctor.yaml"]["steps"][1] == {"send_text": "My father fell."}


def test_an_import_fails_while_secrets_stand_in_the_clear_but_writes_its_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert imported(tmp_path, "--refuse") == 1
    assert (tmp_path / "agents").is_dir()
    told = capsys.readouterr().err
    assert "DESK_BOOK_SLOT_AUTHORIZATION" in told or "AUTHORIZATION  (in the clear at" in told
    assert "--accept-secrets" in told
    assert imported(tmp_path) == 0


def test_no_secret_reaches_any_file_or_the_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    imported(tmp_path)
    printed = "".join(capsys.readouterr())
    texts = [path.read_text("utf-8") for path in tmp_path.rglob("*") if path.is_file()]
    for secret in SECRETS:
        assert not [text for text in (*texts, printed) if secret in text], secret


def test_the_report_counts_the_same_in_all_its_forms(tmp_path: Path) -> None:
    imported(tmp_path)
    data = json.loads((tmp_path / "report/report.json").read_text())
    assert sum(data["counts"].values()) == data["agents"][0]["leaves"] > 150
    for form in ("report.txt", "report.md", "report.html"):
        text = (tmp_path / "report" / form).read_text().replace("<wbr>", "")  # where a page may break a name
        assert f"{data['counts']['unsupported']} unsupported" in text
        assert "platform_settings.privacy.record_voice" in text
    page = (tmp_path / "report/report.html").read_text()
    assert "<script" not in page
    assert "http" not in page.split("<body>")[0]


def test_options_answer_for_every_agent(tmp_path: Path) -> None:
    imported(tmp_path, "--voice", "nyah", "--model", "gpt-4.1", source="camel.json")
    data = to_plain(read_yaml((tmp_path / "agents/_choices.yaml").read_text(), "x")[0])
    assert data["kite-shop"]["voice"] == "nyah"
    assert "$choose" in data["kite-shop"]["language"]


def test_importing_again_keeps_answers_and_updates_what_nobody_edited(tmp_path: Path) -> None:
    imported(tmp_path, source="camel.json")
    spec = (tmp_path / "agents/kite-shop.yaml").read_text()
    answer_everything(tmp_path)
    before = (tmp_path / "agents/_choices.yaml").read_text()
    assert imported(tmp_path, source="camel.json") == 0
    assert (tmp_path / "agents/kite-shop.yaml").read_text() == spec
    assert (tmp_path / "agents/_choices.yaml").read_text() == before


def test_importing_again_shows_a_difference_instead_of_overwriting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    imported(tmp_path, source="camel.json")
    prompt = tmp_path / "agents/prompts/kite-shop.md"
    prompt.write_text("Sell only red kites.\n")
    capsys.readouterr()
    assert imported(tmp_path, source="camel.json") == 2
    told = capsys.readouterr().err
    assert "agents/prompts/kite-shop.md was edited" in told
    assert "-Sell only red kites." in told
    assert prompt.read_text() == "Sell only red kites.\n"
    assert imported(tmp_path, "--overwrite", source="camel.json") == 0
    assert prompt.read_text() == "Sell kites to {{customerName}}.\n"


def test_a_project_that_is_there_keeps_its_settings(tmp_path: Path) -> None:
    own = "project: mine\ndefault_environment: local\nenvironments:\n  local:\n    target: emulator\n"
    (tmp_path / "agentops.yaml").write_text(own)
    imported(tmp_path, source="dashboard-tool.json")
    assert (tmp_path / "agentops.yaml").read_text() == own
    assert "need these secrets: TABLE_DESK_RESERVE_X_TOKEN" in (tmp_path / "report/report.txt").read_text()


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    assert imported(tmp_path / "new", "--dry-run") == 0
    assert not (tmp_path / "new").exists()


def test_what_is_refused_is_in_the_report_and_in_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "other.json").write_text('{"voice_settings": {}}')
    arguments = ["import", "elevenlabs", str(source), "--output", str(tmp_path / "out"), "--no-input"]
    assert run(arguments) == 1
    assert "refused other.json: not an ElevenLabs agent" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()
    shutil.copy(EXPORTS / "camel.json", source)
    assert run(arguments) == 3


def test_wrong_input_on_the_command_line_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", "elevenlabs", str(tmp_path / "none.json")]) == 64
    assert run(["import", "elevenlabs", "agent_0123456789abcdef"]) == 64
    assert "ELEVENLABS_API_KEY" in capsys.readouterr().err
    (tmp_path / "choices.yaml").write_text("a: [")
    assert imported(tmp_path, "--choices", str(tmp_path / "choices.yaml")) == 64
    (tmp_path / "catalog.json").write_text("[]")
    assert imported(tmp_path, "--catalog", str(tmp_path / "catalog.json")) == 64


def test_two_agents_of_one_name_get_names_of_their_own(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("one.json", "two.json"):
        shutil.copy(EXPORTS / "camel.json", source / name)
    run(["import", "elevenlabs", str(source), "--output", str(tmp_path / "out"), "--no-input"])
    answer_everything(tmp_path / "out")
    project = load_project(tmp_path / "out", environ={}, needs_secrets=True)
    assert {agent.key: agent.name for agent in project.agents} == {
        "kite-shop": "Kite Shop",
        "kite-shop-2": "Kite Shop (2)",
    }


@pytest.mark.slow
def test_it_plans_and_applies_on_the_emulator_and_the_next_plan_is_empty(tmp_path: Path) -> None:
    imported(tmp_path, "--voice", "nyah", "--model", "gpt-4o", source="dashboard-tool.json")
    project = ["--project", str(tmp_path)]
    assert run(["plan", *project]) == 0
    assert run(["apply", "--yes", *project]) == 0
    assert run(["plan", "--detailed-exitcode", *project]) == 0


def test_a_name_longer_than_the_platform_takes_is_cut_and_reported(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for file in ("one.json", "two.json"):
        agent = json.loads((EXPORTS / "camel.json").read_text())
        (source / file).write_text(json.dumps({**agent, "name": "Été " + 60 * "long"}))
    out = tmp_path / "out"
    run(["import", "elevenlabs", str(source), "--output", str(out), "--no-input"])
    answer_everything(out)
    project = load_project(out, environ={}, needs_secrets=True)
    assert not [problem for problem in project.diagnostics if problem.is_error]
    assert sorted(len(agent.name) for agent in project.agents) == [200, 200]
    assert all(agent.key.startswith("ete-long") for agent in project.agents)
    assert "at most 200 characters: the rest was cut off" in (out / "report" / "report.md").read_text()
