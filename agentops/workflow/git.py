"""What git knows of the project: the commit that a label names, and which files changed since a reference."""

from __future__ import annotations

import subprocess
from pathlib import Path

from agentops.errors import UsageError
from agentops.spec import GitFacts


def read_git_facts(root: Path) -> GitFacts | None:
    """The checked-out commit, or None outside a repository (and in one without a commit)."""
    commit = _git(root, "log", "-1", "--format=%H%x00%h%x00%s%x00%an%x00%cI")
    if commit is None:
        return None
    sha, short_sha, subject, author, committed_at = commit.strip("\n").split("\0")
    branch = (_git(root, "rev-parse", "--abbrev-ref", "HEAD") or "").strip()
    return GitFacts(
        sha=sha,
        short_sha=short_sha,
        subject=subject,
        author=author,
        committed_at=committed_at,
        branch="" if branch == "HEAD" else branch,
        is_dirty=bool((_git(root, "status", "--porcelain", "--", ".") or "").strip()),
    )


def changed_files(root: Path, reference: str) -> frozenset[str]:
    """Project-relative paths that differ from `reference`, uncommitted and untracked ones included.

    Raises UsageError when git does not know the reference.
    """
    tracked = _git(root, "diff", "--name-only", "--relative", "-z", reference, "--", ".")
    untracked = _git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", ".")
    if tracked is None or untracked is None:
        raise UsageError(
            f"git can't compare with {reference!r}",
            hint="name a branch, tag or commit of this repository; a shallow clone may need `git fetch --unshallow`",
            code="unknown-reference",
        )
    return frozenset(name for name in (tracked + untracked).split("\0") if name)


def _git(root: Path, *arguments: str) -> str | None:
    """What git prints, or None when it fails or is not installed."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None
