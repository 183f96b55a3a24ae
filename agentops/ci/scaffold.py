"""The files that a repository needs on GitHub: one calling workflow, the workflows that it calls, the action. Pure.

The caller lists each environment's secrets by name, so that a job gets those of its own environment and no others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise

from agentops import __version__

ACTION = ".github/actions/agentops/action.yml"
CALLER = ".github/workflows/agentops.yml"
_REUSABLE = ("plan", "ack", "apply", "drift", "rollback", "calls", "watch", "preview-gc")


@dataclass(frozen=True, slots=True)
class GuardedEnvironment:
    """An environment as the workflows need it. `secrets`: the names of the variables with its secrets; `is_watched`: it
    has rules for that."""

    name: str
    secrets: tuple[str, ...] = ()
    is_protected: bool = False
    is_emulator: bool = False
    is_watched: bool = False


@dataclass(frozen=True, slots=True)
class Scaffold:
    """What the files depend on.

    folder:      the project's folder in the repository, with forward slashes; "." for its top
    requirement: what pip installs in the jobs
    branch:      the branch whose pushes are applied
    """

    project: str
    environments: tuple[GuardedEnvironment, ...]
    folder: str = "."
    branch: str = "main"
    requirement: str = f"atoms-agentops[speech]=={__version__}"

    @property
    def deployed(self) -> tuple[GuardedEnvironment, ...]:
        """The environments of real accounts, open ones before protected ones; the emulator's if there are no others."""
        real = [environment for environment in self.environments if not environment.is_emulator]
        chosen = real or list(self.environments)
        return tuple(sorted(chosen, key=lambda environment: environment.is_protected))


def github_files(scaffold: Scaffold) -> dict[str, str]:
    """Path from the top of the repository -> text, of every file."""
    made = {ACTION: _filled("action.yml", scaffold)}
    for name in _REUSABLE:
        file = f"agentops-{name}.yml"
        made[f".github/workflows/{file}"] = _filled(file, scaffold)
    return {**made, CALLER: "\n".join(_caller(scaffold)) + "\n"}


def _filled(file: str, scaffold: Scaffold) -> str:
    text = (files("agentops.ci") / "templates" / file).read_text(encoding="utf-8")
    names = sorted({name for environment in scaffold.deployed for name in environment.secrets})
    blocks = {"@@SECRET_INPUTS@@\n": _secret_inputs(names), "@@SECRET_ENV@@\n": _secret_environment(names)}
    words = {
        "@@FOLDER@@": _scalar(scaffold.folder),
        "@@GROUP@@": scaffold.project,
        "@@REQUIREMENT@@": scaffold.requirement.replace('"', "'"),
    }
    for place, value in {**blocks, **words}.items():
        text = text.replace(place, value)
    return text


_PLAIN = re.compile(r"(?!(?:on|off|yes|no|true|false|null|y|n)$)(?:\.|[a-z][a-z0-9/_-]*)")


def _scalar(text: str) -> str:
    """`text` as YAML that is read back as the same text: quoted if it could be read as anything else."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


def _secret_inputs(names: Sequence[str]) -> str:
    if not names:
        return ""
    lines = [f"      {name}:\n        required: false" for name in names]
    return "\n".join(["    secrets:", *lines]) + "\n"


def _secret_environment(names: Sequence[str]) -> str:
    if not names:
        return ""
    return "\n".join(["        env:", *(f"          {name}: ${{{{ secrets.{name} }}}}" for name in names)]) + "\n"


@dataclass(frozen=True, slots=True)
class _CallerJob:
    """One job of the caller. `when`: the condition on the event for which it runs."""

    workflow: str
    environment: GuardedEnvironment
    when: str
    permissions: tuple[tuple[str, str], ...] = ()
    inputs: tuple[str, ...] = ()
    after: str = ""

    @property
    def name(self) -> str:
        return f"{self.workflow}-{self.environment.name}"


def _caller(scaffold: Scaffold) -> Iterator[str]:
    watching = _WATCHING if any(environment.is_watched for environment in scaffold.deployed) else ""
    yield from _CALLER_HEAD.replace("@@BRANCH@@", scaffold.branch).replace("@@WATCHING@@", watching).splitlines()
    yield "        options: [" + ", ".join(_scalar(environment.name) for environment in scaffold.deployed) + "]"
    yield from _CALLER_INPUTS.splitlines()
    for number, job in enumerate(_jobs(scaffold)):
        yield from ("",) * bool(number)
        yield from _job_lines(job)


_Permissions = tuple[tuple[str, str], ...]
_COMMENT: _Permissions = (("pull-requests: write", "the comment"),)
_REVERT: _Permissions = (("contents: write", "the revert's branch"), ("pull-requests: write", "its pull request"))
_ISSUE: _Permissions = (
    ("issues: write", "the issue"),
    ("contents: write", "the branch with the edits"),
    ("pull-requests: write", "its pull request"),
)
# Not on the full hour, when GitHub's schedules are delayed most.
_NIGHTLY, _HOURLY, _OFTEN = "17 2 * * *", "41 * * * *", "8,23,38,53 * * * *"
_WATCHING = f'    - cron: "{_OFTEN}" # watch: what callers met with since the last deploy\n'


def _jobs(scaffold: Scaffold) -> Iterator[_CallerJob]:
    deployed = scaffold.deployed
    for environment in deployed:
        choice = () if environment.is_emulator else ("preview: false # true: call copies of the changed agents, too",)
        yield _CallerJob("plan", environment, "github.event_name == 'pull_request'", _COMMENT, choice)
    before = {later.name: earlier for earlier, later in pairwise(deployed)}
    for environment in deployed:
        earlier = before.get(environment.name)
        after = f"apply-{earlier.name}" if earlier else ""
        yield _CallerJob("apply", environment, "github.event_name == 'push'", _REVERT, after=after)
    for environment in deployed:
        if environment.is_watched:
            yield _CallerJob("watch", environment, f"github.event.schedule == '{_OFTEN}'", _REVERT)
    for workflow, cron, permissions in (
        ("drift", _HOURLY, _ISSUE),
        ("calls", _NIGHTLY, ()),
        ("preview-gc", _NIGHTLY, ()),
    ):
        for environment in deployed:
            yield _CallerJob(workflow, environment, f"github.event.schedule == '{cron}'", permissions)
    for environment in deployed:
        asked = ("agent: ${{ inputs.agent }}", "to: ${{ inputs.to }}")
        yield _CallerJob("rollback", environment, f"inputs.environment == '{environment.name}'", _REVERT, inputs=asked)


def _job_lines(job: _CallerJob) -> Iterator[str]:
    permissions = {"contents: read": "the checkout"} | dict(job.permissions)
    if "contents: write" in permissions:  # which includes reading, and YAML allows each key once
        del permissions["contents: read"]
    yield f"  {job.name}:"
    yield f"    if: {job.when}"
    if job.after:
        yield f"    needs: {job.after}"
    yield "    permissions:"
    yield from (f"      {permission} # {why}" for permission, why in permissions.items())
    yield f"    uses: $/.github/workflows/agentops-{job.workflow}.yml"
    yield "    with:"
    yield f"      environment: {_scalar(job.environment.name)}"
    yield from (f"      {line}" for line in job.inputs)
    if job.environment.secrets:
        yield "    secrets:"
        yield from (f"      {name}: ${{{{ secrets.{name} }}}}" for name in sorted(job.environment.secrets))


_CALLER_HEAD = f"""\
# Generated by `agentops init --github`. Pull requests are planned, merges are applied, the rest is watched.
# Rules for each environment (who approves, which branches) belong to Settings > Environments.
name: agentops

on:
  pull_request:
    types: [opened, synchronize, reopened, closed]
  push:
    branches: [@@BRANCH@@]
  schedule:
    - cron: "{_HOURLY}" # drift
    - cron: "{_NIGHTLY}" # calls, and previews that were left behind
@@WATCHING@@  workflow_dispatch: # rollback
    inputs:
      environment:
        description: Where to put an earlier revision back in service
        type: choice
        required: true
"""

_CALLER_INPUTS = """\
      agent:
        description: The agent's key
        type: string
        required: true
      to:
        description: previous, a label, a revision's number or its id
        type: string
        default: previous

permissions: {}

jobs:"""
