"""One command of the action as a value: the run that it is part of, its inputs, and the folder for its files."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentops.ci.approval import GITHUB_ACTIONS_BOT
from agentops.ci.event import GithubRun, Trigger, read_run
from agentops.errors import UsageError
from agentops.files import make_folder, read_text
from agentops.json_text import read_json
from agentops.render.ci.markdown import JobOrigin


@dataclass(frozen=True, slots=True)
class Job:
    """`environ` is the process environment; `output` the folder that becomes the artefact.

    bot:           the login under which the token comments: only its comments are updated, only its plans count
    keeps_comment: whether plans are commented on pull requests
    shard:         number and count of the part, as "2/5", or ""
    restores:      the output `restore` of the job that rolled back, or ""
    """

    command: str
    run: GithubRun
    environ: Mapping[str, str] = field(repr=False)
    output: Path
    bot: str = GITHUB_ACTIONS_BOT
    keeps_comment: bool = True
    shard: str = ""
    restores: str = ""

    @property
    def commit(self) -> str:
        """The commit that people know: the head of the pull request instead of GitHub's merge commit."""
        return self.run.pull_request.head_sha if self.run.pull_request else self.run.sha

    @property
    def origin(self) -> JobOrigin:
        return JobOrigin(self.commit, self.run.commit_url(self.commit), self.run.url)

    @property
    def may_write(self) -> bool:
        """Whether GitHub lets this job write to its pull request."""
        return not self.run.has_no_secrets and self.run.token is not None

    @property
    def pull_number(self) -> int | None:
        """The number of the open pull request that this job is about."""
        is_open = self.run.trigger is Trigger.PULL_REQUEST and self.run.pull_request is not None
        return self.run.pull_request.number if is_open and self.run.pull_request else None

    def folder_of(self, root: Path) -> str:
        """The project's folder relative to the repository, "" for its top."""
        try:
            inside = root.resolve().relative_to(self.run.workspace.resolve())
        except ValueError:
            return ""
        return "" if inside == Path() else inside.as_posix()

    def artifact_name(self, environment: str) -> str:
        """A name that is unique among the jobs of one run. The workflows find artefacts by this pattern."""
        shard = f"-shard-{self.shard.replace('/', '-of-')}" if self.shard else ""
        return f"agentops-{self.command}-{environment}{shard}"


def read_job(command: str, environ: Mapping[str, str]) -> Job:
    """The job that `environ` describes: GitHub's own variables, and the action's inputs as AGENTOPS_CI_*.

    Raises UsageError outside GitHub Actions and for an event file that can't be read.
    """
    output = (
        environ.get("AGENTOPS_CI_OUTPUT") or f"{environ.get('RUNNER_TEMP') or tempfile.gettempdir()}/agentops-{command}"
    )
    folder = Path(output)
    run = read_run(environ, read_event(environ.get("GITHUB_EVENT_PATH")))
    make_folder(folder)
    return Job(
        command=command,
        run=run,
        environ=environ,
        output=folder,
        bot=environ.get("AGENTOPS_CI_BOT") or GITHUB_ACTIONS_BOT,
        keeps_comment=environ.get("AGENTOPS_CI_COMMENT", "true").lower() != "false",
        shard=environ.get("AGENTOPS_CI_SHARD", ""),
        restores=environ.get("AGENTOPS_CI_RESTORE", ""),
    )


def read_event(path: str | None) -> dict[str, Any]:
    """The content of the event file; empty if GitHub names none."""
    if not path:
        return {}
    what, hint = f"the event file {path}", "GitHub writes it and names it in GITHUB_EVENT_PATH"
    try:
        event = read_json(read_text(Path(path), what, hint=hint))
    except (ValueError, RecursionError):
        raise UsageError(f"{what} can't be read: it is not JSON", hint=hint) from None
    if not isinstance(event, dict):
        raise UsageError(f"the event file {path} holds no object", hint="GitHub writes it, nothing else should")
    return event
