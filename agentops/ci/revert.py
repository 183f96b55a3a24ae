"""Proposes to take a commit back: a branch with the revert, and a pull request for it, once per commit.

Works in a checkout of its own beside the job's, so that the job's files stay what they are. The token reaches git by
its environment, never by an argument or a file.
"""

from __future__ import annotations

import asyncio
import base64
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agentops.ci.event import GithubRun
from agentops.ci.github import Github
from agentops.ci.model import Pull
from agentops.errors import AgentopsError

_BOT_NAME = "github-actions[bot]"
_BOT_EMAIL = "41898282+github-actions[bot]@users.noreply.github.com"


@dataclass(frozen=True, slots=True)
class Revert:
    """What to take back and why. `title` and `body` are the pull request's; `base` is the branch it goes into."""

    sha: str
    base: str
    title: str
    body: str

    @property
    def branch(self) -> str:
        return f"agentops/revert-{self.sha[:10]}"


async def propose_revert(github: Github, run: GithubRun, revert: Revert, environ: Mapping[str, str]) -> Pull:
    """The open pull request that reverts the commit; makes it when there is none. `environ` is what git runs with.

    Raises AgentopsError with the command to run by hand when git can't do it alone.
    """
    if found := await github.open_pulls_from(revert.branch):
        return found[0]
    await asyncio.to_thread(push_revert, run, revert, environ)
    return await github.create_pull(title=revert.title, body=revert.body, head=revert.branch, base=revert.base)


def push_revert(run: GithubRun, revert: Revert, environ: Mapping[str, str]) -> None:
    """Pushes a branch that is the base as it is now plus the revert of the commit. Blocking."""
    git = _Git(run.workspace, {**environ, **_credentials(run)})
    git.run("fetch", "--no-tags", "origin", f"+refs/heads/{revert.base}:refs/remotes/origin/{revert.base}")
    with tempfile.TemporaryDirectory(prefix="agentops-revert-") as folder:
        place = Path(folder) / "checkout"
        git.run("worktree", "add", "--quiet", "--detach", str(place), f"refs/remotes/origin/{revert.base}")
        try:
            there = _Git(place, git.environment)
            there.run(*_revert_command(git, revert.sha))
            there.run("push", "--quiet", "origin", f"HEAD:refs/heads/{revert.branch}")
        finally:
            git.run("worktree", "remove", "--force", str(place))


def _revert_command(git: _Git, sha: str) -> list[str]:
    parents = git.run("show", "--no-patch", "--format=%P", sha).split()
    side = ["--mainline", "1"] if len(parents) > 1 else []
    return ["-c", f"user.name={_BOT_NAME}", "-c", f"user.email={_BOT_EMAIL}", "revert", "--no-edit", *side, sha]


def _credentials(run: GithubRun) -> dict[str, str]:
    """Git's own way to take one setting from the environment: the header that GitHub's server wants."""
    if run.token is None:
        return {}
    basic = base64.b64encode(f"x-access-token:{run.token.reveal()}".encode()).decode()
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{run.server_url}/.extraheader",
        "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: basic {basic}",
    }


@dataclass(frozen=True, slots=True)
class _Git:
    place: Path
    environment: Mapping[str, str]

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.place,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise _failure(arguments, done.stderr)
        return done.stdout


def _failure(arguments: tuple[str, ...], stderr: str) -> AgentopsError:
    verb = next((word for word in arguments if word in ("fetch", "worktree", "revert", "push", "show")), "git")
    said = stderr.strip().splitlines()
    return AgentopsError(
        f"git {verb} failed: {said[-1] if said else 'no explanation'}",
        hint="by hand: `git revert COMMIT` (`--mainline 1` for a merge), resolve, push a branch, open a pull request",
        code="revert_failed",
    )
