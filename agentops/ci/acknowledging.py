"""Acknowledgements by comment: `/agentops ack CODE DIGEST` on a pull request, from somebody with write access.

The bot records in a comment of its own what was acknowledged and by whom, and only its comment counts later: anybody
can write one that looks the same. An acknowledgement holds for one digest, so only for the plan that was reviewed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agentops.ci.approval import own_comments
from agentops.ci.comment import keep_comment
from agentops.ci.event import PullComment
from agentops.ci.github import Github
from agentops.ci.model import Comment
from agentops.ci.stamp import Stamp, StampKind, Standing, read_stamp
from agentops.errors import RefusedError, UsageError

_COMMAND = re.compile(r"/agentops\s+ack\s+(?P<name>[A-Za-z][\w-]*(?::[\w-]+)*)\s+(?P<digest>[0-9a-f]{16})\s*")
_WRITERS = ("admin", "write")


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What was recorded: for which plan, the new name and its author, all names so far, and the bot's comment."""

    environment: str
    digest: str
    name: str
    author: str
    names: tuple[str, ...]
    comment: Comment


async def acknowledge(github: Github, comment: PullComment, *, bot: str) -> Acknowledged:
    """Records what the comment acknowledges. Doing it twice has the effect of doing it once.

    Raises UsageError for a comment that can't be read, RefusedError if its author has no write access, if no plan has
    that digest, or if the plan isn't refused for that reason.
    """
    found = _COMMAND.fullmatch(comment.body.strip())
    if found is None:
        hint = "write one line: `/agentops ack CODE DIGEST`, both as the plan's comment shows them"
        raise UsageError("the comment can't be read as an acknowledgement", hint=hint, code="ack_unreadable")
    name, digest = found["name"], found["digest"]
    level = "none" if comment.is_by_bot else await github.permission_of(comment.author)
    if level not in _WRITERS:
        hint = "ask somebody with write access to look at the plan and to write the comment"
        raise RefusedError(f"{comment.author} may not write to this repository", hint=hint, code="ack_not_allowed")
    comments = await github.comments(comment.number)
    plan = _plan_of(comments, digest, bot)
    if name not in plan.refused:
        listed = ", ".join(plan.refused) or "nothing that can be acknowledged"
        summary = f"the plan for {plan.environment} is not refused for {name}"
        raise RefusedError(summary, hint=f"it is refused for: {listed}", code="ack_unknown")
    names = tuple(sorted({*names_of(comments, plan, bot=bot), name}))
    stamp = Stamp(StampKind.ACK, plan.project, plan.environment, digest, plan.commit, Standing.EMPTY, refused=names)
    kept = await keep_comment(github, comment.number, stamp, _page(stamp, comment, comments, bot), bot=bot)
    return Acknowledged(plan.environment, digest, name, comment.author, names, kept)


def names_of(comments: list[Comment], plan: Stamp, *, bot: str) -> frozenset[str]:
    """The names that were acknowledged for exactly this plan: for its environment and its digest."""
    noted = own_comments(comments, bot=bot, kind=StampKind.ACK, project=plan.project, environment=plan.environment)
    return frozenset(name for _, stamp in noted if stamp.digest == plan.digest for name in stamp.refused)


def _plan_of(comments: list[Comment], digest: str, bot: str) -> Stamp:
    for comment in comments:
        stamp = read_stamp(comment.body) if comment.author == bot else None
        if stamp is not None and stamp.kind is StampKind.PLAN and stamp.digest == digest:
            return stamp
    hint = "copy the digest from the newest plan comment; another push may have made another plan"
    raise RefusedError(f"no plan on this pull request has the digest {digest}", hint=hint, code="ack_other_digest")


def _page(stamp: Stamp, comment: PullComment, comments: list[Comment], bot: str) -> str:
    """The text below the stamp: one line for each acknowledgement, with the earlier ones as they were written."""
    noted = own_comments(comments, bot=bot, kind=StampKind.ACK, project=stamp.project, environment=stamp.environment)
    lines = [
        line
        for each, earlier in noted
        if earlier.digest == stamp.digest
        for line in each.body.splitlines()
        if line.startswith("- ")
    ]
    name = _COMMAND.fullmatch(comment.body.strip())
    line = f"- `{name['name'] if name else ''}` by `{comment.author}` ([comment]({comment.url}))"
    if not any(each.startswith(line.partition(" by ")[0] + " ") for each in lines):
        lines.append(line)
    return "\n".join(
        [
            f"### agentops: acknowledged for `{stamp.environment}`, digest `{stamp.digest}`",
            "",
            *lines,
            "",
            "This holds for this digest alone. Run the plan's job again, so that its comment says what is left.",
            "",
        ]
    )
