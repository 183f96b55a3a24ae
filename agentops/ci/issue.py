"""Keeps one open issue for each environment while it drifts: opened, updated, and closed when the drift is over."""

from __future__ import annotations

from enum import StrEnum

from agentops.ci.github import Github
from agentops.ci.model import Issue
from agentops.ci.stamp import Stamp, read_stamp, stamp_line
from agentops.errors import OutcomeUnknownError

LABEL = "agentops-drift"


class IssueStep(StrEnum):
    OPENED = "opened"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    CLOSED = "closed"
    NONE = "none"  # nothing drifts and no issue says so


async def keep_issue(github: Github, stamp: Stamp, *, title: str, markdown: str, bot: str) -> tuple[IssueStep, Issue]:
    """Makes `markdown` the text of the one open issue for `stamp`, which is opened if there is none."""
    body = f"{stamp_line(stamp)}\n{markdown}"
    found = await _ours(github, stamp, bot)
    if found is None:
        return IssueStep.OPENED, await _open(github, stamp, title, body, bot)
    if (found.title, found.body) == (title, body):
        return IssueStep.UNCHANGED, found
    return IssueStep.UPDATED, await github.update_issue(found.number, {"title": title, "body": body})


async def close_issue(github: Github, stamp: Stamp, *, farewell: str, bot: str) -> tuple[IssueStep, Issue | None]:
    """Closes the open issue for `stamp`, if there is one, with `farewell` as its last comment."""
    found = await _ours(github, stamp, bot)
    if found is None:
        return IssueStep.NONE, None
    await github.comment_issue(found.number, farewell)
    closed = await github.update_issue(found.number, {"state": "closed", "state_reason": "completed"})
    return IssueStep.CLOSED, closed


async def _open(github: Github, stamp: Stamp, title: str, body: str, bot: str) -> Issue:
    try:
        return await github.create_issue(title=title, body=body, labels=[LABEL])
    except OutcomeUnknownError:
        found = await _ours(github, stamp, bot)
        if found is None:
            raise
        return found


async def _ours(github: Github, stamp: Stamp, bot: str) -> Issue | None:
    """The oldest issue with our stamp. People remove labels, so if none has ours, all open issues are searched."""
    for label in (LABEL, None):
        issues = await github.open_issues(label)
        ours = [
            issue
            for issue in issues
            if issue.author == bot
            and (found := read_stamp(issue.body)) is not None
            and found.is_about(stamp.kind, stamp.project, stamp.environment)
        ]
        if ours:
            return min(ours, key=lambda issue: issue.number)
    return None
