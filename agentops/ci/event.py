"""Reads where a job runs and what started it, from GitHub's variables and its event file, as one value. No I/O here.

Whoever caused the event may have written anything in the event file: it is data to compare and show, never to run.
The names are those of GitHub's documentation of default variables and of webhook payloads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from agentops.document import Secret, SecretRef
from agentops.errors import UsageError

_NO_SECRETS_FOR = frozenset({"dependabot[bot]"})


class Trigger(StrEnum):
    """Why the job runs, as far as agentops distinguishes."""

    PULL_REQUEST = "pull_request"
    PULL_REQUEST_CLOSED = "pull_request_closed"
    OTHER = "other"  # a push, a schedule, a dispatch by hand


@dataclass(frozen=True, slots=True)
class PullRequest:
    """The pull request that an event is about. `head_repository` is None if the fork was deleted meanwhile."""

    number: int
    head_sha: str
    head_repository: str | None


@dataclass(frozen=True, slots=True)
class PullComment:
    """A comment that somebody has just written on a pull request."""

    number: int
    body: str
    author: str
    is_by_bot: bool
    url: str


@dataclass(frozen=True, slots=True)
class GithubRun:
    """One job of one workflow run.

    repository: "owner/name"
    sha:        the commit that is checked out by default: for a pull request GitHub's own merge of both sides
    branch:     the branch that was pushed to; None if the run is not about a branch
    workspace:  the folder of the checkout
    token:      the token for GitHub's REST interface; None if the job was given none
    """

    trigger: Trigger
    repository: str
    sha: str
    actor: str
    workspace: Path
    branch: str | None = None
    server_url: str = "https://github.com"
    api_url: str = "https://api.github.com"
    run_id: str = ""
    token: Secret | None = None
    pull_request: PullRequest | None = None
    comment: PullComment | None = None

    @property
    def url(self) -> str:
        """The run's page, where its summary and its artefacts are."""
        return f"{self.server_url}/{self.repository}/actions/runs/{self.run_id}"

    @property
    def has_no_secrets(self) -> bool:
        """Whether GitHub gives the job neither secrets nor a token that may write: for forks and for Dependabot."""
        pull = self.pull_request
        return pull is not None and (pull.head_repository != self.repository or self.actor in _NO_SECRETS_FOR)

    def commit_url(self, sha: str) -> str:
        return f"{self.server_url}/{self.repository}/commit/{sha}"


def read_run(environ: Mapping[str, str], event: Mapping[str, Any]) -> GithubRun:
    """The run that `environ` and the parsed event file describe.

    Raises UsageError outside GitHub Actions, for an event file that is not what GitHub documents, and for
    `pull_request_target`, which would run a stranger's files with this repository's secrets.
    """
    if environ.get("GITHUB_ACTIONS") != "true":
        raise UsageError(
            "this is not a GitHub Actions job",
            hint="`ci` is for workflows; here, use the verb itself: `agentops plan`, `agentops apply`, ...",
        )
    name = _wanted(environ, "GITHUB_EVENT_NAME")
    if name == "pull_request_target":
        raise UsageError(
            "agentops does not run on pull_request_target",
            hint="use `pull_request`: it keeps your secrets away from files that a stranger proposes",
        )
    trigger = Trigger.OTHER
    if name == "pull_request":
        trigger = Trigger.PULL_REQUEST_CLOSED if event.get("action") == "closed" else Trigger.PULL_REQUEST
    token = environ.get("GITHUB_TOKEN")
    return GithubRun(
        trigger=trigger,
        repository=_wanted(environ, "GITHUB_REPOSITORY"),
        sha=_wanted(environ, "GITHUB_SHA"),
        actor=environ.get("GITHUB_ACTOR", ""),
        workspace=Path(environ.get("GITHUB_WORKSPACE") or "."),
        branch=environ.get("GITHUB_REF_NAME") if environ.get("GITHUB_REF_TYPE") == "branch" else None,
        server_url=environ.get("GITHUB_SERVER_URL") or "https://github.com",
        api_url=environ.get("GITHUB_API_URL") or "https://api.github.com",
        run_id=environ.get("GITHUB_RUN_ID", ""),
        token=Secret((SecretRef("GITHUB_TOKEN", token),)) if token else None,
        pull_request=_pull_request(event) if name == "pull_request" else None,
        comment=_comment(event) if name == "issue_comment" else None,
    )


def _wanted(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name)
    if not value:
        raise UsageError(f"{name} is not set", hint="GitHub sets it in every job: was it cleared in the workflow?")
    return value


def _pull_request(event: Mapping[str, Any]) -> PullRequest:
    try:
        pull = event["pull_request"]
        head = pull["head"]
        return PullRequest(
            number=int(pull["number"]),
            head_sha=str(head["sha"]),
            head_repository=str(head["repo"]["full_name"]) if head.get("repo") else None,
        )
    except (KeyError, TypeError, ValueError) as missing:
        raise UsageError(
            f"the event file does not describe a pull request: {missing} is missing or malformed",
            hint="GITHUB_EVENT_PATH names the file; GitHub writes it, nothing else should",
        ) from None


def _comment(event: Mapping[str, Any]) -> PullComment | None:
    """The comment; None if it is on an issue, or if it was only edited or deleted."""
    try:
        issue, comment = event["issue"], event["comment"]
        if event["action"] != "created" or not issue.get("pull_request"):
            return None
        author = comment["user"]
        is_bot = author.get("type") != "User"
        return PullComment(
            int(issue["number"]), str(comment["body"]), str(author["login"]), is_bot, str(comment["html_url"])
        )
    except (KeyError, TypeError, ValueError, AttributeError) as missing:
        raise UsageError(
            f"the event file does not describe a comment: {missing} is missing or malformed",
            hint="GITHUB_EVENT_PATH names the file; GitHub writes it, nothing else should",
        ) from None
