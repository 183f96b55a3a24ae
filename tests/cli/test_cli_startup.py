"""What is imported before a verb needs it: counted, because start-up is paid at every prompt and every completion."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agentops.cli.app import run
from agentops.cli.main import load_verb
from agentops.cli.verbs import verbs

pytestmark = pytest.mark.slow

COUNT = """
import json, sys
before = set(sys.modules)
from agentops.cli.app import run
sys.stdout = open(__import__("os").devnull, "w")
try:
    run(json.loads(sys.argv[1]))
except SystemExit:  # how typer ends a completion
    pass
sys.__stdout__.write(json.dumps(sorted(set(sys.modules) - before)))
"""
HEAVY = {
    "deepdiff",
    "jinja2",
    "ruamel",
    "_ruamel_yaml",
    "httpx2",
    "websockets",
    "numpy",
    "starlette",
    "uvicorn",
    "rich",
}


def imported_by(*arguments: str, folder: Path | None = None, **environ: str) -> set[str]:
    """Without what has other processes of the tests watched and measured: it imports things of its own."""
    command = [sys.executable, "-E", "-c", COUNT, json.dumps(arguments)]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder, env={**plain, **environ})
    return set(json.loads(done.stdout))


def libraries(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules} & HEAVY


@pytest.mark.parametrize(("arguments", "most"), [(["--version"], 4), (["--help"], 8)])
def test_answers_without_a_verb_import_almost_nothing(arguments: list[str], most: int) -> None:
    found = imported_by(*arguments)
    assert len(found) <= most, sorted(found)


@pytest.mark.parametrize("verb", ["plan", "apply", "history", "rollback", "drift", "doctor", "validate"])
def test_the_help_of_a_verb_loads_no_library_that_only_its_work_needs(verb: str) -> None:
    assert not libraries(imported_by(verb, "--help"))


@pytest.mark.parametrize("words", ["agentops ", "agentops pl", "agentops plan --", "agentops apply --sm"])
def test_completion_loads_no_library_that_only_work_needs(words: str) -> None:
    count = str(len(words.split(" ")) - 1)
    environ = {"_AGENTOPS_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": count}
    found = imported_by(**environ)
    assert "typer" in found, "completion has run"
    assert not libraries(found)


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("agentops pl", "plan"),
        ("agentops emul", "emulator"),
        ("agentops plan --det", "--detailed-exitcode"),
        ("agentops plan -e st", "staging"),
        ("agentops plan --agent bil", "bilingual"),
        ("agentops history bil", "bilingual"),
        ("agentops plan --select team=c", "team=cx"),
        ("agentops smoke agents/calls/support-h", "agents/calls/support-hours.yaml"),
        ("agentops explain voicemail", "voicemail-says-nothing"),
        ("agentops apply --ack ADO", "ADOPT"),
        ("agentops rollback --to 4", ""),
    ],
)
def test_a_shell_completes_verbs_options_and_values(words: str, offered: str) -> None:
    environ = {"_AGENTOPS_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    command = [sys.executable, "-c", "from agentops.cli.app import main; main([])"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **environ})
    assert done.stdout.split() == offered.split()


def test_ways_to_ask_for_help_and_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    def said(*words: str) -> tuple[int, str]:
        return run(list(words)), capsys.readouterr().out

    assert said("version") == said("--version")
    assert said("-h") == said("--help") == said("help")
    assert said("help", "plan") == said("plan", "--help") == said("plan", "-h")
    assert said("help", "preview", "up") == said("preview", "up", "-h")
    assert "--detailed-exitcode" in said("help", "plan")[1]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_of_a_shell_can_be_shown(shell: str) -> None:
    command = [sys.executable, "-m", "agentops.cli.app", "--show-completion", shell]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"_AGENTOPS_COMPLETE=complete_{shell}" in done.stdout


def test_an_unknown_shell_is_told_which_there_are() -> None:
    command = [sys.executable, "-m", "agentops.cli.app", "--show-completion", "csh"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 64
    assert "bash, zsh, fish" in done.stderr


def test_a_project_without_templates_is_validated_without_a_template_engine(tmp_path: Path) -> None:
    (tmp_path / "agents").mkdir()
    (tmp_path / "agentops.yaml").write_text("project: p\nenvironments:\n  local: {target: emulator}\n")
    spec = "name: A ${{ environment }}\nconfig:\n  firstMessage: Hi {{name}}\n"
    (tmp_path / "agents" / "a.yaml").write_text(spec)
    found = imported_by("validate", folder=tmp_path)
    assert "pydantic" in found, "the spec has been checked"
    assert libraries(found) == {"ruamel", "_ruamel_yaml"}


def test_the_overview_says_of_every_verb_what_the_verb_says_of_itself() -> None:
    """Each line of the overview belongs to a verb that exists and has a help of its own."""
    for name, (target, summary) in verbs().items():
        command = load_verb(name, target)
        assert command.help, name
        assert summary.endswith("."), name
