"""What is imported before a verb needs it: counted, because start-up is paid at every prompt and every completion."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from agentops.cli.boundary import load_verb
from agentops.cli.verbs import verbs

COUNT = """
import json, sys
before = set(sys.modules)
from agentops.cli.app import run
sys.stdout = open(__import__("os").devnull, "w")
run(json.loads(sys.argv[1]))
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


def imported_by(*arguments: str) -> set[str]:
    """Without the environment that has the emulators of the other tests' processes watched: it imports some of it."""
    command = [sys.executable, "-E", "-c", COUNT, json.dumps(arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(("arguments", "most"), [(["--version"], 4), (["--help"], 8)])
def test_answers_without_a_verb_import_almost_nothing(arguments: list[str], most: int) -> None:
    found = imported_by(*arguments)
    assert len(found) <= most, sorted(found)


@pytest.mark.parametrize("verb", ["plan", "apply", "history", "rollback", "drift", "doctor", "validate"])
def test_the_help_of_a_verb_loads_no_library_that_only_its_work_needs(verb: str) -> None:
    roots = {name.partition(".")[0] for name in imported_by(verb, "--help")}
    assert not roots & HEAVY


def test_the_overview_says_of_every_verb_what_the_verb_says_of_itself() -> None:
    """Each line of the overview belongs to a verb that exists and has a help of its own."""
    for name, (target, summary) in verbs().items():
        command = load_verb(name, target)
        assert command.help, name
        assert summary.endswith("."), name
