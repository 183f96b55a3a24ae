"""Proposes to bring into git what was changed in the console: one branch and one pull request for each environment.

The branch follows the drift: it is renewed when there is more of it, and left alone while it says the same.
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
    """What is proposed. `files`: by the repository's path, what they hold on `base` and what they are to hold."""

    environment: str
    base: str
    title: str
    body: str
    files: Mapping[str, tuple[str, str]]

    @property
    def branch(self) -> str:
        return f"agentops/pull-{self.environment}"


async def propose_pull(github: Github, run: GithubRun, proposal: Proposal, environ: Mapping[str, str]) -> Pull:
    """The open pull request with these files; makes it where there is none, and renews its branch where that differs.

    Raises StaleError where `base` has moved meanwhile, and AgentopsError where git fails.
    """
    await asyncio.to_thread(_push, run, proposal, environ)
    if found := await github.open_pulls_from(proposal.branch):
        return found[0]
    return await github.create_pull(title=proposal.title, body=proposal.body, head=proposal.branch, base=proposal.base)


def _push(run: GithubRun, proposal: Proposal, environ: Mapping[str, str]) -> None:
    with checked_out(run, proposal.base, environ) as (there, _):
        moved = [file for file, (before, _) in proposal.files.items() if _text(there, file) != before]
        if moved:
            hint = "run the job again: it plans from the branch as it is now"
            summary = f"{proposal.base} has moved since the checkout: {', '.join(moved)}"
            raise StaleError(summary, hint=hint, code="pull_moved")
        for file, (_, after) in proposal.files.items():
            write_file(there.place / file, after)
        there.run("add", "--", *proposal.files)
        there.run(*AS_BOT, "commit", "--quiet", "--message", proposal.title)
        is_there = there.succeeds("fetch", "--no-tags", "origin", proposal.branch)
        if not is_there or not there.succeeds("diff", "--quiet", "FETCH_HEAD", "HEAD"):
            # Forced: the branch is ours alone, and is made anew from the base each time.
            there.run("push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{proposal.branch}")


def _text(there: Git, file: str) -> str | None:
    path = there.place / file
    return path.read_bytes().decode("utf-8", "replace") if path.is_file() else None
