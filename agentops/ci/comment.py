"""Keeps one comment for each environment on a pull request: it is found by its stamp and updated in place."""

from __future__ import annotations

from agentops.ci.approval import own_comments
from agentops.ci.github import Github
from agentops.ci.model import Comment
from agentops.ci.stamp import Stamp, stamp_line
from agentops.errors import OutcomeUnknownError

BODY_CHARACTERS = 65_000  # GitHub accepts 65 536 in a comment, an issue or a pull request


async def keep_comment(github: Github, number: int, stamp: Stamp, markdown: str, *, bot: str) -> Comment:
    """Makes `markdown` the text of the bot's comment for `stamp` on pull request `number`, and returns the comment.

    If there are several, since two jobs raced or an answer was lost, the oldest is kept and the others are deleted.
    """
    body = f"{stamp_line(stamp)}\n{markdown}"
    if not await _ours(github, number, stamp, bot):
        try:
            await github.create_comment(number, body)
        except OutcomeUnknownError:
            if not any(comment.body == body for comment in await github.comments(number)):
                raise
    kept, *others = await _ours(github, number, stamp, bot)
    for other in others:
        await github.delete_comment(other.comment_id)
    return kept if kept.body == body else await github.update_comment(kept.comment_id, body)


async def _ours(github: Github, number: int, stamp: Stamp, bot: str) -> list[Comment]:
    comments = await github.comments(number)
    pairs = own_comments(comments, bot=bot, kind=stamp.kind, project=stamp.project, environment=stamp.environment)
    return [comment for comment, _ in pairs]


def fit(markdown: str, *, link: str, limit: int = BODY_CHARACTERS) -> str:
    """`markdown` cut to `limit` characters at the end of a line, with open blocks closed and a link to the whole."""
    if len(markdown) <= limit:
        return markdown
    note = f"\n\n_Cut to GitHub's size limit. The whole of it is in the artefact of [this run]({link})._\n"
    room = limit - len(note) - 200  # for what `_closing` adds
    kept = markdown[:room].rpartition("\n")[0]
    return kept + _closing(kept) + note


def _closing(markdown: str) -> str:
    """The text that closes the code fence and the <details> that are open at the end of `markdown`."""
    fence = ""
    depth = 0
    for line in markdown.splitlines():
        bare = line.strip()
        marks = len(bare) - len(bare.lstrip("`"))
        if fence:
            fence = "" if marks >= len(fence) and bare == "`" * marks else fence
        elif marks >= 3:
            fence = "`" * marks
        else:
            depth += bare.count("<details") - bare.count("</details>")
    return (f"\n{fence}" if fence else "") + "\n</details>" * min(max(depth, 0), 10)
