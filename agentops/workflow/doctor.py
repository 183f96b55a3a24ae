"""Checks everything that an apply depends on, one thing after the other, and says what to do about each."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from agentops import speech
from agentops.document import Environment, Generation
from agentops.errors import AgentopsError
from agentops.installation import install_command, pip_install
from agentops.net import NetOptions, RetryPolicy
from agentops.remote.connect import connect
from agentops.settings import Settings
from agentops.spec import Project
from agentops.workflow.deployment import account_key, check_host
from agentops.workflow.git import read_git_facts

OLDEST_PYTHON = (3, 11)
_PATIENCE_S = 6.0  # with a host that accepts the connection and doesn't answer


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One thing that was checked. `next_step`: the remedy, if it needs one; `is_needed`: no apply works without it."""

    subject: str
    is_good: bool
    detail: str
    next_step: str | None = None
    is_needed: bool = True


def look_at_machine(root: Path) -> tuple[HealthCheck, ...]:
    """What this machine has: Python, the C YAML parser, the speech extra, git."""
    version = ".".join(map(str, sys.version_info[:3]))
    is_recent = sys.version_info[:2] >= OLDEST_PYTHON
    has_parser = find_spec("_ruamel_yaml") is not None
    return (
        HealthCheck("Python", is_recent, version, None if is_recent else "use Python 3.11 or newer"),
        HealthCheck("YAML", True, "C parser")
        if has_parser
        else HealthCheck("YAML", False, "no C parser", pip_install("ruamel.yaml.clib")),
        _speech(),
        _git(root),
    )


def look_at_project(project: Project) -> HealthCheck:
    """Whether the specs are valid; `validate` says what is wrong with them."""
    errors = [each for each in project.diagnostics if each.is_error]
    count = len(project.agents)
    if errors:
        return HealthCheck(
            "specs", False, f"{len(errors)} problem{'s' if len(errors) != 1 else ''}", "see `agentops validate`"
        )
    return HealthCheck("specs", True, f"{count} agent{'s' if count != 1 else ''} valid in {project.environment.name}")


async def look_at_account(
    environment: Environment, settings: Settings, base_url: str | None, generation: Generation | None
) -> AsyncIterator[HealthCheck]:
    """The key, then the platform. Ends at the first failure, and doesn't retry: the first answer is the finding."""
    try:
        key = account_key(environment, settings)
    except AgentopsError as error:
        yield HealthCheck("API key", False, error.summary, error.hint)
        return
    yield HealthCheck(
        "API key", True, "any will do for the emulator" if environment.is_emulator else ", ".join(key.names)
    )
    target = base_url or environment.base_url or settings.base_url
    try:
        check_host(target, environment.hosts)
        options = NetOptions(first_answer_timeout_s=_PATIENCE_S, retry=RetryPolicy(attempts=1, limited_for_s=0.0))
        async with await connect(target, key, generation=generation, options=options) as account:
            listings = await account.list_agents()
            found = account.generation
    except AgentopsError as error:
        yield HealthCheck("platform", False, f"{target}: {error.summary}", error.hint)
        return
    yield HealthCheck("platform", True, f"{target} answers; {len(listings)} agent{'s' if len(listings) != 1 else ''}")
    how = "forced" if generation else "found by reading"
    yield HealthCheck("versioning", True, f"generation {found.value}, {how}")


def _speech() -> HealthCheck:
    if speech.is_available():
        return HealthCheck("speech", True, "speaks and hears")
    step = install_command("speech")
    return HealthCheck("speech", False, "not installed: no spoken calls", step, is_needed=False)


def _git(root: Path) -> HealthCheck:
    facts = read_git_facts(root)
    if facts is None:
        detail = "no commit: labels can't name one"
        return HealthCheck(
            "git", False, detail, "commit the project, so that a deploy says what it was", is_needed=False
        )
    dirty = ", with uncommitted changes" if facts.is_dirty else ""
    return HealthCheck("git", True, f"{facts.short_sha} {facts.subject}{dirty}")
