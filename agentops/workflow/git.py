"""What git knows about the project: the commit that a label names, and the files that changed since a reference."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path

from agentops.errors import UsageError
from agentops.settings import read_settings
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
    """Project-relative paths that differ from where this branch left `reference`, uncommitted and untracked ones
    included. A file that only the other side has changed since is left out: deploying it would bring back its old text.

    Raises UsageError if git does not know the reference, or finds no common commit.
    """
    if reference.startswith("-"):  # git would read it as an option, and some of its options write files
        raise UsageError(
            f"--changed-since {reference}: a git reference does not begin with -", hint=_NAME_ONE, code=_UNKNOWN
        )
    resolved = _run(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
    if resolved is None:
        raise UsageError("--changed-since needs git, which is not installed here", hint="install git", code=_UNKNOWN)
    base = _run(root, "merge-base", resolved.stdout.strip(), "HEAD") if resolved.returncode == 0 else resolved
    if base is None or base.returncode != 0:
        raise _no_comparison(root, reference)
    # With -z, git prints unusual names as they are instead of quoting them.
    tracked = _git(root, "diff", "--name-only", "--relative", "-z", base.stdout.strip(), "--", ".")
    untracked = _git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", ".")
    if tracked is None or untracked is None:
        raise _no_comparison(root, reference)
    return frozenset(name for name in (tracked + untracked).split("\0") if name)


def file_where_left(root: Path, reference: str, name: str) -> str | None:
    """The text that `name`, in `root`, had where this branch left `reference`; None if it was not there.

    Raises UsageError if git finds no common commit.
    """
    base = _run(root, "merge-base", "--end-of-options", reference, "HEAD")
    if base is None or base.returncode != 0:
        raise _no_comparison(root, reference)
    return _git(root, "show", "--end-of-options", f"{base.stdout.strip()}:./{name}")


def commits_of(root: Path, paths: Iterable[str], most: int) -> list[str] | None:
    """The newest commits of any branch in which one of these project-relative paths changed, newest first; None if git
    has no history here."""
    # Literal, since a file's name may hold what git reads as a pattern, such as `*` or a leading `:`.
    listed = _git(root, "--literal-pathspecs", "log", "--all", f"--max-count={most}", "--format=%H", "--", *paths)
    return listed.split() if listed is not None else None


def blobs_at(root: Path, commit: str, paths: Iterable[str]) -> dict[str, str]:
    """The files that a commit has at or below these project-relative paths, each with the id of its content."""
    listed = _git(root, "ls-tree", "-r", "-z", commit, *(f"./{path}" for path in paths)) or ""
    entries = (entry.partition("\t") for entry in listed.split("\0") if entry)
    return {path: about.split()[2] for about, _, path in entries}


def read_blob(root: Path, blob: str) -> bytes | None:
    """The bytes behind an id of `blobs_at`; None if git does not have them here."""
    done = _start(root, "cat-file", "blob", blob)
    return done.stdout if done is not None and done.returncode == 0 else None


def is_shallow(root: Path) -> bool:
    return (_git(root, "rev-parse", "--is-shallow-repository") or "").strip() == "true"


_UNKNOWN = "unknown-reference"
_NAME_ONE = "name a branch, tag or commit of this repository, such as origin/main"


def _no_comparison(root: Path, reference: str) -> UsageError:
    """The error for a comparison that git can't make, with the reason and the remedy as far as git shows them."""
    where = _run(root, "rev-parse", "--is-shallow-repository")
    if where is not None and "dubious ownership" in where.stderr:
        why, hint = (
            "the repository belongs to another user, so git won't read it",
            f"if you trust it: git config --global --add safe.directory {shlex.quote(str(repository_top(root)))}",
        )
    elif where is None or where.returncode != 0:
        why, hint = f"{root} is in no git repository", "run it inside a repository, or leave --changed-since out"
    elif where.stdout.strip() == "true":
        why, hint = "this is a shallow clone", "git fetch --unshallow (on GitHub: fetch-depth: 0 for actions/checkout)"
    else:
        why, hint = "it knows no such commit, or none in common with HEAD", _NAME_ONE
    return UsageError(f"git can't compare with {reference!r}: {why}", hint=hint, code=_UNKNOWN)


def repository_top(folder: Path) -> Path:
    """The nearest folder at or above `folder` with a `.git` (a file, in a worktree); before `git init`, `folder`."""
    return next((each for each in (folder, *folder.parents) if (each / ".git").exists()), folder)


def _git(root: Path, *arguments: str) -> str | None:
    """Git's output, or None if it fails or is not installed."""
    done = _run(root, *arguments)
    return done.stdout if done is not None and done.returncode == 0 else None


def _run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str] | None:
    """Git's result with its output as text; None if git is not installed.

    Names of files and texts of commits are bytes for git, and may be anything but UTF-8.
    """
    done = _start(root, *arguments)
    if done is None:
        return None
    output, errors = (each.decode("utf-8", "replace") for each in (done.stdout, done.stderr))
    return subprocess.CompletedProcess(done.args, done.returncode, output, errors)


def _start(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes] | None:
    environ = {**read_settings().environ, "LC_ALL": "C"}  # in English, so that its messages can be recognised
    try:
        return subprocess.run(["git", *arguments], cwd=root, env=environ, capture_output=True, check=False)
    except FileNotFoundError:
        return None
