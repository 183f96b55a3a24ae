"""Proposes to make git say what serves again: a branch and a pull request for it, once for each thing taken back.

Where it is known which agents were taken back, their files are set to the last commit that served well: the newest
commit of a push need not be the bad one. Otherwise one named commit is reverted.

Works in a checkout of its own beside the job's, so that the job's files stay what they are.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from agentops.ci.branching import AS_BOT, Git, checked_out
from agentops.ci.event import GithubRun
from agentops.ci.github import Github
from agentops.ci.model import Pull
from agentops.document import short_digest
from agentops.errors import AgentopsError, UsageError


@dataclass(frozen=True, slots=True)
class Restore:
    """One agent that was taken back, and the state of its files that serves again.

    good:   the commit whose deploy serves again, by the label of its revision; None where the label names none
    files:  everything the spec is made from, by the repository's paths
    shared: those of the files that other agents are made from, too, with the keys of these agents
    """

    key: str
    good: str | None
    files: tuple[str, ...]
    shared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def write_restores(restores: Iterable[Restore]) -> str:
    """Restores on one line, as one job hands them to another."""
    return json.dumps([asdict(each) for each in restores], separators=(",", ":"))


def read_restores(text: str) -> tuple[Restore, ...]:
    """What `write_restores` wrote; none of an empty text. Raises UsageError for anything else."""
    try:
        return tuple(
            Restore(
                row["key"],
                row["good"],
                tuple(row["files"]),
                {file: tuple(keys) for file, keys in row["shared"].items()},
            )
            for row in json.loads(text or "[]")
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        raise UsageError(
            "the input `restore` is not what an apply or a rollback hands over",
            hint="pass the output `restore` of that job on as it is",
            code="bad-restore",
        ) from None


@dataclass(frozen=True, slots=True)
class Revert:
    """What to take back and why. `title` and `body` are the pull request's; `base` is the branch it goes into.

    restores: the agents whose files are set back; without any, the commit `sha` is reverted
    """

    sha: str
    base: str
    title: str
    body: str
    restores: tuple[Restore, ...] = ()

    @property
    def branch(self) -> str:
        what = short_digest(repr(self.restores), 6) if self.restores else ""
        return f"agentops/revert-{self.sha[:10]}" + (f"-{what}" if what else "")


async def propose_revert(github: Github, run: GithubRun, revert: Revert, environ: Mapping[str, str]) -> Pull:
    """The open pull request that reverts the commit; makes it when there is none. `environ` is what git runs with.

    Raises AgentopsError with the command to run by hand when git can't do it alone.
    """
    if found := await github.open_pulls_from(revert.branch):
        return found[0]
    undone = await asyncio.to_thread(push_revert, run, revert, environ)
    body = revert.body + "".join(f"\n- {line}" for line in undone)
    return await github.create_pull(title=revert.title, body=body, head=revert.branch, base=revert.base)


def push_revert(run: GithubRun, revert: Revert, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Pushes a branch that is the base as it is now plus the revert; returns what it undoes, in lines. Blocking."""
    with checked_out(run, revert.base, environ) as (there, git):
        undone: tuple[str, ...] = ()
        if revert.restores:
            undone = _restored(there, revert)
        else:
            # Git reverts a merge only when it is told which parent to keep: the branch that was merged into.
            parents = git.run("show", "--no-patch", "--format=%P", "--end-of-options", revert.sha).split()
            side = ["--mainline", "1"] if len(parents) > 1 else []
            there.run(*AS_BOT, "revert", "--no-edit", *side, revert.sha)
        there.run("push", "--quiet", "origin", f"HEAD:refs/heads/{revert.branch}")
        return undone


def _restored(there: Git, revert: Revert) -> tuple[str, ...]:
    """Commits the agents' files as their good commits have them; returns the commits in between, agent by agent.

    Raises AgentopsError where no good commit is known, or the files are already those that serve.
    """
    lines: list[str] = []
    for restore in revert.restores:
        good = there.commit_of(restore.good) if restore.good else None
        if not restore.files:
            lines.append(f"`{restore.key}`: no spec describes it any more, so nothing is set back for it")
        elif good is None:
            lines.append(f"`{restore.key}`: no commit is known that served well, so its files are left as they are")
        else:
            lines += _set_back(there, restore, good, also={each.key for each in revert.restores})
    if not there.run("status", "--porcelain").strip():
        raise AgentopsError(
            "nothing can be set back: no commit is known that served well, or the files are as it has them",
            hint="let `deploy.label` name the commit with ${{ git.short_sha }}; by hand: `git revert COMMIT`",
            code="no_good_commit",
        )
    there.run(*AS_BOT, "commit", "--quiet", "--message", revert.title)
    return tuple(lines)


def _set_back(there: Git, restore: Restore, good: str, also: set[str]) -> list[str]:
    """Sets one agent's files back, and says what that undoes and whom besides the agents in `also` it reaches."""
    files = (*restore.files, *_gone_since(there, good, restore.files))
    for file in files:
        if there.succeeds("cat-file", "-e", f"{good}:{file}"):
            there.run("checkout", good, "--", file)
        else:
            there.run("rm", "--quiet", "--ignore-unmatch", "--", file)
    lines = [f"`{restore.key}`: as of {good[:10]}; this undoes"]
    between = there.run("log", "--format=%h %s", f"{good}..HEAD", "--", *files).splitlines()
    lines += [f"  `{line.partition(' ')[0]}` {_plain(line.partition(' ')[2])}" for line in between]
    changed = there.run("diff", "--cached", "--name-only", "--no-renames", "HEAD", "--", *files).splitlines()
    for file in changed:
        others = [key for key in restore.shared.get(file, ()) if key not in also]
        if others:
            reached = ", ".join(f"`{key}`" for key in others)
            lines.append(f"  `{file}` is shared: setting it back changes {reached}, too, when this is deployed")
    return lines


def _gone_since(there: Git, good: str, files: tuple[str, ...]) -> list[str]:
    """Files deleted since `good` that the agent's files named then, such as a prompt that was renamed."""
    deleted = there.run("diff", "--name-only", "--no-renames", "--diff-filter=D", good, "HEAD").splitlines()
    return [
        file for file in deleted if there.succeeds("grep", "-qF", "-e", file.rpartition("/")[2], good, "--", *files)
    ]


def _plain(subject: str) -> str:
    """A commit's subject as text of a page: whoever wrote it must not mention people or close issues with it."""
    return "`" + subject.replace("`", "'") + "`"
