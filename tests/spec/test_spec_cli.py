"""The verbs for authors as a person at a terminal uses them: output, exit codes, and nothing lost."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from spec_projects import MINIMAL, PROJECT_FILE, Loader

from agentops.cli.app import run

BROKEN = "name: Line\nconfig: {firstMessage: 42, slmModle: x}\n"


@pytest.fixture
def project(load: Loader, monkeypatch: pytest.MonkeyPatch) -> Path:
    load.write({"agentops.yaml": PROJECT_FILE, "agents/line.yaml": MINIMAL})
    monkeypatch.chdir(load.root)
    return load.root


def test_a_valid_project_ends_in_zero(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate"]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "1 agent in local, 1 agent in prod: all valid\n"


def test_problems_are_printed_with_place_expectation_and_next_step(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "agents/line.yaml").write_text(BROKEN)
    assert run(["validate"]) == 1
    told = capsys.readouterr()
    assert told.out == (
        "agents/line.yaml:2:24: error[wrong-type]: config.firstMessage is the number 42\n"
        "  | config: {firstMessage: 42, slmModle: x}\n"
        "  |                        ^\n"
        "  expected: text\n"
        '  next: quote it: "42"\n'
        "agents/line.yaml:2:28: error[unknown-field]: there is no field `slmModle` here\n"
        "  | config: {firstMessage: 42, slmModle: x}\n"
        "  |                            ^\n"
        "  next: did you mean `slmModel`? A field newer than this release goes into a `$passthrough:` block\n"
    )
    assert told.err == "0 agents in local, 0 agents in prod: 2 errors\n"


def test_problems_as_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "agents/line.yaml").write_text(BROKEN)
    assert run(["validate", "--format", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["format_version"], told["errors"]) == (1, 2)
    assert told["diagnostics"][0] == {
        "code": "wrong-type",
        "severity": "error",
        "summary": "config.firstMessage is the number 42",
        "expected": "text",
        "hint": 'quote it: "42"',
        "file": "agents/line.yaml",
        "line": 2,
        "column": 24,
        "agent": "line",
        "path": "config.firstMessage",
    }


def test_problems_as_sarif(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "agents/line.yaml").write_text(BROKEN)
    assert run(["validate", "--format", "sarif"]) == 1
    log = json.loads(capsys.readouterr().out)
    (sarif_run,) = log["runs"]
    assert log["version"] == "2.1.0"
    assert [rule["id"] for rule in sarif_run["tool"]["driver"]["rules"]] == ["unknown-field", "wrong-type"]
    first = sarif_run["results"][0]
    assert (first["ruleId"], first["ruleIndex"], first["level"]) == ("wrong-type", 1, "error")
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "agents/line.yaml"
    assert place["region"] == {"startLine": 2, "startColumn": 24}
    jsonschema.validate(log, SARIF_PART)


# The parts of the SARIF 2.1.0 schema that GitHub's code scanning requires.
SARIF_PART = {
    "type": "object",
    "required": ["version", "runs", "$schema"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "required": ["tool", "results"],
                "properties": {
                    "tool": {"required": ["driver"], "properties": {"driver": {"required": ["name", "rules"]}}},
                    "results": {
                        "items": {
                            "required": ["message", "ruleId", "locations"],
                            "properties": {
                                "level": {"enum": ["none", "note", "warning", "error"]},
                                "message": {"required": ["text"]},
                            },
                        }
                    },
                },
            },
        },
    },
}


def test_problems_as_github_annotations(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "agents/line.yaml").write_text("name: Line\nconfig: {firstMessage: '${{ vars.a, | }}'}\n")
    assert run(["validate", "--format", "github"]) == 1
    line = capsys.readouterr().out.splitlines()[0]
    assert line.startswith("::error file=agents/line.yaml,line=2,col=25,title=bad-expression::the expression can't")


def test_a_broken_call_script_is_a_problem_of_validate(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "agents/calls").mkdir()
    (project / "agents/calls/hello.yaml").write_text("agent: line\nsteps:\n  - sya: Hello\n")
    (project / "agents/line.yaml").write_text(MINIMAL.lstrip() + "calls: [calls/hello.yaml]\n")
    assert run(["validate"]) == 1
    assert "agents/calls/hello.yaml:3:" in capsys.readouterr().out


def test_lint_tells_what_hurts_and_strict_makes_it_fail(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "agents/line.yaml").write_text(
        "name: Line\nconfig:\n  redactionConfig: {isEnabled: true}\n  firstMessage: Visit www.example.com now?\n"
    )
    assert run(["lint"]) == 0
    assert "agents/line.yaml:4:23: warning[spoken-url]" in capsys.readouterr().out
    assert run(["lint", "--strict"]) == 1


def test_render_prints_the_document_without_secrets(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "agents/line.yaml").write_text(
        "name: Line ${{ environment }}\nconfig:\n  firstMessage: Hi {{x|you}}\n  preCallAPI:\n"
        "    url: https://a.example.com\n    method: GET\n    headers: {X-Key: '${{ secrets.TOKEN }}'}\n"
    )
    assert run(["render"]) == 0
    told = capsys.readouterr().out
    assert "name: Line local" in told
    assert "X-Key: ${{ secrets.TOKEN }}" in told
    assert "s3cret-value" not in told
    assert run(["render", "--format", "json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["line"]["config"]["preCallAPI"]["headers"] == {"X-Key": "${{ secrets.TOKEN }}"}


def test_render_says_where_a_value_came_from(project: Path, load: Loader, capsys: pytest.CaptureFixture[str]) -> None:
    load.write(
        {
            "agents/_base.yaml": "config: {synthesizer: {speed: 1.0, voiceConfig: {voiceId: '${{ vars.voice }}'}}}\n",
            "agents/line.yaml": """
                name: Line
                extends: _base.yaml
                config:
                  firstMessage: Hi
                  singlePromptConfig:
                    tools: [{type: end_call, name: bye, description: Ends it.}]
                environments:
                  prod:
                    config:
                      synthesizer: {speed: 0.9}
                      singlePromptConfig: {tools: {$merge: name, items: [{name: bye, description: Ends it now.}]}}
                """,
        }
    )
    assert run(["render", "-e", "prod", "--explain", "synthesizer.speed"]) == 0
    assert capsys.readouterr().out == (
        "line: config.synthesizer.speed = 0.9\n"
        "  set by the block for prod: 0.9  (agents/line.yaml:10:28)\n"
        "  overridden: the fragment has: 1.0  (agents/_base.yaml:1:31)\n"
    )
    assert run(["render", "--explain", "config.synthesizer.voiceConfig.voiceId"]) == 0
    assert capsys.readouterr().out == (
        'line: config.synthesizer.voiceConfig.voiceId = "nyah"\n'
        "  set by the fragment: ${{ vars.voice }}  (agents/_base.yaml:1:59)\n"
        "  vars.voice: nyah  (agentops.yaml:6:24)\n"
    )
    assert run(["render", "-e", "prod", "--explain", "singlePromptConfig.tools.bye.description"]) == 0
    assert capsys.readouterr().out == (
        'line: config.singlePromptConfig.tools[0].description = "Ends it now."\n'
        "  set by the block for prod: Ends it now.  (agents/line.yaml:11:83)\n"
        "  overridden: the spec has: Ends it.  (agents/line.yaml:6:54)\n"
    )
    assert run(["render", "--explain", "synthesizer.sped"]) == 64
    assert "did you mean speed?" in capsys.readouterr().err


def test_explain_prints_the_rule_with_both_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "tamil-alone"]) == 0
    told = capsys.readouterr().out
    assert "Bad:" in told
    assert "Good:" in told
    assert "supported: [ta, en]" in told
    assert run(["explain", "tamil-alnoe"]) == 64
    assert "did you mean tamil-alone?" in capsys.readouterr().err
    assert run(["explain"]) == 0
    assert "spoken-markdown" in capsys.readouterr().out


def test_fmt_check_ends_in_one_when_something_would_change(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "agents/line.yaml").write_text("config: {firstMessage: Hi}\nname: Line\n")
    assert run(["fmt", "--check"]) == 1
    assert run(["fmt"]) == 0
    assert run(["fmt", "--check"]) == 0
    assert (project / "agents/line.yaml").read_text() == "name: Line\nconfig: {firstMessage: Hi}\n"


def test_schema_prints_one_and_writes_all(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", "agent"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "agentops agent"
    assert run(["schema", "--output", "schemas"]) == 0
    assert run(["schema", "--output", "schemas", "--check"]) == 0
    (project / "schemas/agent.schema.json").write_text("{}")
    assert run(["schema", "--output", "schemas", "--check"]) == 1
    assert run(["schema", "agnet"]) == 64


@pytest.mark.parametrize("template", ["support", "appointments", "survey"])
def test_a_new_project_is_valid_clean_and_formatted(
    template: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["init", "my-line", "--template", template]) == 0
    monkeypatch.chdir(tmp_path / "my-line")
    for arguments in (["validate"], ["lint", "--strict"], ["fmt", "--check"]):
        assert run(arguments) == 0, capsys.readouterr()
    assert capsys.readouterr().out.count("warning") == 0
    assert ".agentops/" in Path(".gitignore").read_text()
    for path in Path("agents").rglob("*.yaml"):
        named = path.read_text().splitlines()[0].partition("$schema=")[2]
        assert (path.parent / named).resolve().is_file()


def test_init_never_overwrites(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("agents").mkdir()
    Path("agents/support.yaml").write_text("mine\n")
    assert run(["init", "--name", "acme"]) == 0
    assert Path("agents/support.yaml").read_text() == "mine\n"
    assert Path("agentops.yaml").is_file()
    assert "agents/support.yaml already exists and was left alone" in capsys.readouterr().err


def test_init_adds_a_second_agent_and_says_what_it_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["init", "line"]) == 0
    assert run(["init", "line", "--template", "survey"]) == 0
    assert run(["validate", "--project", "line"]) == 0
    assert run(["init", "line", "--template", "bakery"]) == 64
    assert run(["init", "line", "--name", "Not A Name"]) == 64


def test_init_writes_workflows_for_github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["init", "--github", "--name", "line"]) == 0
    assert (tmp_path / ".github/workflows/agentops.yml").is_file()


@pytest.mark.parametrize("arguments", [["validate"], ["lint"], ["render"], ["fmt"]])
def test_outside_of_a_project_it_says_so(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 64
    assert "no agentops.yaml" in capsys.readouterr().err
