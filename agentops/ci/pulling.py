"""Proposes console edits for git: one branch and one pull request for each environment.

The branch follows the drift: it is renewed when the drift changes, and left alone while it is the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from agentops.ci.branching import AS_BOT, Git, checked_out
from agentops.ci.event import GithubRun
from agentops.ci.github import Github
from agentops.ci.model import Pull
from agentops.errors import StaleError
from agentops.files import write_file


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed. `files`: path in the repository -> the text on `base`, and the new text."""

    environment: str
    base: str
    title: str
    body: str
    files: Mapping[str, tuple[str, str]]

    @property
    def branch(self) -> str:
        return f"agentops/pull-{self.environment}"


async def propose_pull(github: Github, run: GithubRun, proposal: Proposal, environ: Mapping[str, str]) -> Pull:
    """The open pull request with these files, which is opened if there is none. Its branch is renewed if it differs.

    Raises StaleError if the files have changed on `base` meanwhile, and AgentopsError if git fails.
    """
    await asyncio.to_thread(_push, run, proposal, environ)
    if found := await github.open_pulls_from(proposal.branch):
        return found[0]
    return await github.create_pull(title=proposal.title, body=proposal.body, head=proposal.branch, base=proposal.base)


def _push(run: GithubRun, proposal: Proposal, environ: Mapping[str, str]) -> None:
    with checked_out(run, proposal.base, environ) as (checkout, _):
        changed = [file for file, (before, _) in proposal.files.items() if _text(checkout, file) != before]
        if changed:
            hint = "run the job again: it plans from the branch as it is now"
            summary = f"{proposal.base} has moved since the checkout: {', '.join(changed)}"
            raise StaleError(summary, hint=hint, code="pull_moved")
        for file, (_, after) in proposal.files.items():
            write_file(checkout.place / file, after)
        checkout.run("add", "--", *proposal.files)
        checkout.run(*AS_BOT, "commit", "--quiet", "--message", proposal.title)
        exists = checkout.succeeds("fetch", "--no-tags", "origin", proposal.branch)
        if not exists or not checkout.succeeds("diff", "--quiet", "FETCH_HEAD", "HEAD"):
            # Forced, since the branch is made anew from the base each time. Nobody else's commits are on it.
            checkout.run("push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{proposal.branch}")


def _text(checkout: Git, file: str) -> str | None:
    path = checkout.place / file
    return path.read_bytes().decode("utf-8", "replace") if path.is_file() else None
