"""What agentops reads and writes on GitHub, as values: comments, pull requests, issues. Values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on an issue or a pull request. `author` is the login; those of bots end in `[bot]`."""

    comment_id: int
    author: str
    body: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request as GitHub lists it. `merge_sha` is the commit of its merge, None if it isn't merged."""

    number: int
    head_sha: str
    base_ref: str
    title: str = ""
    url: str = ""
    merge_sha: str | None = None
    is_merged: bool = False


@dataclass(frozen=True, slots=True)
class Issue:
    """An open issue."""

    number: int
    author: str
    title: str
    body: str
    url: str = ""
