"""Git in a job: a separate checkout beside the job's own, from which commits are pushed as the bot. Blocking.

The token is passed to git in its environment: other processes can read arguments, and a file may be left behind.
"""

from __future__ import annotations

import base64
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agentops.ci.event import GithubRun
from agentops.errors import AgentopsError

_BOT_NAME = "github-actions[bot]"
_BOT_EMAIL = "41898282+github-actions[bot]@users.noreply.github.com"
AS_BOT = ("-c", f"user.name={_BOT_NAME}", "-c", f"user.email={_BOT_EMAIL}")


@dataclass(frozen=True, slots=True)
class Git:
    """Git in the folder `place`, which gets `environment` and nothing else of the process's."""

    place: Path
    environment: Mapping[str, str]

    def run(self, *arguments: str) -> str:
        done = self._ended(arguments)
        if done.returncode:
            raise _failure(arguments, done.stderr)
        return done.stdout

    def succeeds(self, *arguments: str) -> bool:
        return self._ended(arguments).returncode == 0

    def commit_of(self, name: str) -> str | None:
        """The full id of the commit that `name` abbreviates; None if the repository has no such commit."""
        found = self._ended(("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"))
        return found.stdout.strip() or None

    def _ended(self, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", *arguments],
            cwd=self.place,
            env=dict(self.environment),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )


@contextmanager
def checked_out(run: GithubRun, base: str, environ: Mapping[str, str]) -> Iterator[tuple[Git, Git]]:
    """Git in a new checkout of the branch `base` as it is now, and git in the job's own, whose files aren't changed."""
    git = Git(run.workspace, {**environ, **_credentials(run)})
    # The branch may have moved since the job checked it out.
    git.run("fetch", "--no-tags", "origin", f"+refs/heads/{base}:refs/remotes/origin/{base}")
    with tempfile.TemporaryDirectory(prefix="agentops-branch-") as folder:
        place = Path(folder) / "checkout"
        git.run("worktree", "add", "--quiet", "--detach", str(place), f"refs/remotes/origin/{base}")
        try:
            yield Git(place, git.environment), git
        finally:
            git.run("worktree", "remove", "--force", str(place))


def _credentials(run: GithubRun) -> dict[str, str]:
    """One git setting, in the form that git reads from its environment: the header that GitHub's server wants.

    The workflows check out with `persist-credentials: false`, so git has no credentials of its own.
    """
    if run.token is None:
        return {}
    basic = base64.b64encode(f"x-access-token:{run.token.reveal()}".encode()).decode()
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{run.server_url}/.extraheader",
        "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: basic {basic}",
    }


def _failure(arguments: tuple[str, ...], stderr: str) -> AgentopsError:
    verb = next((word for word in arguments if word in ("fetch", "worktree", "revert", "push", "show")), "git")
    lines = stderr.strip().splitlines()
    return AgentopsError(
        f"git {verb} failed: {lines[-1] if lines else 'no explanation'}",
        hint="by hand: `git revert COMMIT` (`--mainline 1` for a merge), resolve, push a branch, open a pull request",
        code="revert_failed",
    )
