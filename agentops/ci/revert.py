"""Proposes to bring git back to what serves after a rollback: one branch and one pull request for each rollback.

If the agents that were rolled back are known, their files are set to the last commit that served well: the newest
commit of a push need not be the bad one. Otherwise one named commit is reverted.

It works in a checkout of its own, so that the job's files stay as they are.
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
    """One agent that was rolled back, and the commit of its files that serves again.

    good:   the commit whose deploy serves again, from the label of its revision; None if the label names none
    files:  every file that the spec is made from, by its path in the repository
    shared: those of the files that other agents use as well -> the keys of these agents
    """

    key: str
    good: str | None
    files: tuple[str, ...]
    shared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def write_restores(restores: Iterable[Restore]) -> str:
    """Restores as one line of text, which one job hands to another."""
    return json.dumps([asdict(each) for each in restores], separators=(",", ":"))


def read_restores(text: str) -> tuple[Restore, ...]:
    """What `write_restores` wrote; nothing for an empty text. Raises UsageError for anything else."""
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
    """What to revert and why. `title` and `body` are the pull request's; `base` is the branch that it goes into.

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
    """The open pull request for `revert`, which is opened if there is none. `environ`: git's environment.

    Raises AgentopsError with the command to run by hand if git can't do it alone.
    """
    if found := await github.open_pulls_from(revert.branch):
        return found[0]
    undone = await asyncio.to_thread(push_revert, run, revert, environ)
    body = revert.body + "".join(f"\n- {line}" for line in undone)
    return await github.create_pull(title=revert.title, body=body, head=revert.branch, base=revert.base)


def push_revert(run: GithubRun, revert: Revert, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Pushes a branch with the revert on top of the present base. Returns lines that say what it undoes. Blocking."""
    with checked_out(run, revert.base, environ) as (checkout, git):
        undone: tuple[str, ...] = ()
        if revert.restores:
            undone = _restored(checkout, revert)
        else:
            # To revert a merge, git has to know which parent to keep: here the branch that was merged into.
            parents = git.run("show", "--no-patch", "--format=%P", "--end-of-options", revert.sha).split()
            side = ["--mainline", "1"] if len(parents) > 1 else []
            checkout.run(*AS_BOT, "revert", "--no-edit", *side, revert.sha)
        checkout.run("push", "--quiet", "origin", f"HEAD:refs/heads/{revert.branch}")
        return undone


def _restored(checkout: Git, revert: Revert) -> tuple[str, ...]:
    """Commits the agents' files as their good commits have them. Returns lines with the commits in between.

    Raises AgentopsError if no good commit is known, or the files are already as it has them.
    """
    lines: list[str] = []
    for restore in revert.restores:
        good = checkout.commit_of(restore.good) if restore.good else None
        if not restore.files:
            lines.append(f"`{restore.key}`: no spec describes it any more, so nothing is set back for it")
        elif good is None:
            lines.append(f"`{restore.key}`: no commit is known that served well, so its files are left as they are")
        else:
            lines += _set_back(checkout, restore, good, also={each.key for each in revert.restores})
    if not checkout.run("status", "--porcelain").strip():
        raise AgentopsError(
            "nothing can be set back: no commit is known that served well, or the files are as it has them",
            hint="let `deploy.label` name the commit with ${{ git.short_sha }}; by hand: `git revert COMMIT`",
            code="no_good_commit",
        )
    checkout.run(*AS_BOT, "commit", "--quiet", "--message", revert.title)
    return tuple(lines)


def _set_back(checkout: Git, restore: Restore, good: str, also: set[str]) -> list[str]:
    """Sets one agent's files back. Returns lines that say what it undoes, and which agents not in `also` it changes."""
    files = (*restore.files, *_gone_since(checkout, good, restore.files))
    for file in files:
        if checkout.succeeds("cat-file", "-e", f"{good}:{file}"):
            checkout.run("checkout", good, "--", file)
        else:
            checkout.run("rm", "--quiet", "--ignore-unmatch", "--", file)
    lines = [f"`{restore.key}`: as of {good[:10]}; this undoes"]
    between = checkout.run("log", "--format=%h %s", f"{good}..HEAD", "--", *files).splitlines()
    lines += [f"  `{line.partition(' ')[0]}` {_plain(line.partition(' ')[2])}" for line in between]
    changed = checkout.run("diff", "--cached", "--name-only", "--no-renames", "HEAD", "--", *files).splitlines()
    for file in changed:
        others = ", ".join(f"`{key}`" for key in restore.shared.get(file, ()) if key not in also)
        if others:
            lines.append(f"  `{file}` is shared: setting it back changes {others}, too, when this is deployed")
    return lines


def _gone_since(checkout: Git, good: str, files: tuple[str, ...]) -> list[str]:
    """Files that were deleted since `good`, and that the agent's files named then, such as a renamed prompt."""
    deleted = checkout.run("diff", "--name-only", "--no-renames", "--diff-filter=D", good, "HEAD").splitlines()
    return [
        file for file in deleted if checkout.succeeds("grep", "-qF", "-e", file.rpartition("/")[2], good, "--", *files)
    ]


def _plain(subject: str) -> str:
    """A commit's subject as inline code: on the page it must neither mention people nor close issues."""
    return "`" + subject.replace("`", "'") + "`"
