"""Runs the shell steps of our own workflows as GitHub's runner would, as far as they use its language.

It reads the real YAML, so a wrong input name, a missing secret or a broken reference fails a test. What it can't
evaluate it refuses. Steps of other people's actions are not run.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from conformance import variables_of_children
from ruamel.yaml import YAML

from agentops.cli.app import run

ROOT = Path(__file__).parents[2]
ACTION = "$/.github/actions/agentops"

# The commits that these tags name, read from the actions' own repositories.
PINS = {
    "actions/checkout": ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "actions/setup-python": ("5fda3b95a4ea91299a34e894583c3862153e4b97", "v7.0.0"),
    "actions/upload-artifact": ("bbbca2ddaa5d8feaa63e36b76fdaad77386f024f", "v7.0.0"),
    "actions/download-artifact": ("3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c", "v8.0.1"),
}
_EXPRESSION = re.compile(r"\$\{\{ *(.+?) *\}\}")


@dataclass(frozen=True)
class JobResult:
    """How one job ended: the shell's exit code, the action's outputs, the log and the summary."""

    exit_code: int
    outputs: dict[str, str]
    log: str
    summary: str

    @property
    def is_red(self) -> bool:
        return self.exit_code != 0


@dataclass
class Runner:
    """`place` is the checkout; `variables` are GitHub's; `secrets` are the repository's.

    With `has_shell` off, the one command of the action's step runs in this process instead of in bash: same
    variables, same files, no second start of Python.
    """

    place: Path
    temporary: Path
    variables: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict)
    has_shell: bool = True

    def job(self, workflow: str, job: str, inputs: Mapping[str, Any], **contexts: Mapping[str, Any]) -> JobResult:
        """Runs the action's shell steps of one job of a workflow in this checkout."""
        document = self._yaml(f".github/workflows/{workflow}.yml")
        declared = document["on"]["workflow_call"] or {}  # started by an event alone
        defaults = {name: value.get("default", "") for name, value in declared.get("inputs", {}).items()}
        assert set(inputs) <= set(defaults), "an input that the workflow does not declare"
        given = {name: self.secrets.get(name, "") for name in declared.get("secrets", {})}
        known = {
            "inputs": {**defaults, **inputs},
            "secrets": given,
            "runner": {"temp": str(self.temporary)},
            **contexts,
        }
        [step] = [step for step in document["jobs"][job]["steps"] if step.get("uses") == ACTION]
        environment = {name: evaluated(value, known) for name, value in step.get("env", {}).items()}
        return self._action({name: evaluated(value, known) for name, value in step["with"].items()}, environment)

    def _action(self, given: Mapping[str, Any], environment: Mapping[str, str]) -> JobResult:
        document = self._yaml(".github/actions/agentops/action.yml")
        defaults = {name: value.get("default", "") for name, value in document["inputs"].items()}
        assert set(given) <= set(defaults), "an input that the action does not declare"
        github = {"token": self.variables["GITHUB_TOKEN"]}
        inputs = {name: evaluated(value, {"github": github}) for name, value in {**defaults, **given}.items()}
        [step] = [step for step in document["runs"]["steps"] if step.get("id") == "run"]
        variables = {name: evaluated(value, {"inputs": inputs}) for name, value in step["env"].items()}
        return self._shell(step["run"], {**environment, **variables})

    def _shell(self, script: str, environment: Mapping[str, str]) -> JobResult:
        files = {name: self.temporary / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for path in files.values():
            path.write_text("")
        told = {"GITHUB_WORKSPACE": str(self.place), "RUNNER_TEMP": str(self.temporary)}
        told |= {name: str(path) for name, path in files.items()}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        whole = {"PATH": path, "HOME": str(self.temporary), **variables_of_children()}
        whole |= {**self.variables, **told, **environment}
        exit_code, log = (self._in_bash if self.has_shell else self._in_process)(script, whole)
        outputs = dict(line.partition("=")[::2] for line in files["GITHUB_OUTPUT"].read_text().splitlines())
        return JobResult(exit_code, outputs, log, files["GITHUB_STEP_SUMMARY"].read_text())

    def _in_bash(self, script: str, environment: Mapping[str, str]) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.place,
            env=dict(environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def _in_process(self, script: str, environment: Mapping[str, str]) -> tuple[int, str]:
        assert script == 'agentops ci "$AGENTOPS_CI_COMMAND"'
        log = io.StringIO()
        here = (mock.patch.dict(os.environ, environment, clear=True), contextlib.chdir(self.place))
        with here[0], here[1], contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
            exit_code = run(["ci", environment["AGENTOPS_CI_COMMAND"]])
        return exit_code, log.getvalue()

    def _yaml(self, path: str) -> Any:
        return YAML(typ="safe").load((self.place / path).read_text())


def evaluated(value: Any, contexts: Mapping[str, Mapping[str, Any]]) -> str:
    """A value with its `${{ context.name }}` replaced; anything more than that is refused."""

    def one(match: re.Match[str]) -> str:
        context, _, name = match[1].partition(".")
        return as_text(contexts[context][name])

    return _EXPRESSION.sub(one, as_text(value))


def as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
