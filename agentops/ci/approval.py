"""Decides which digest was approved for a commit.

The commit must be the result of merging a pull request into this branch. Only the plan comment counts that our own bot
wrote there for the head commit that was merged: everybody else can write comments that look the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from agentops.ci.event import GithubRun
from agentops.ci.github import Github
from agentops.ci.model import Comment, Pull
from agentops.ci.stamp import Stamp, StampKind, Standing, read_stamp
from agentops.document import path_text, short_digest
from agentops.errors import RefusedError, StaleError
from agentops.plan.approval import resource_facts
from agentops.plan.model import Action, AgentChange, Plan, ResourceAction, ResourceChange
from agentops.resources import Kind as ResourceKind

GITHUB_ACTIONS_BOT = "github-actions[bot]"


@dataclass(frozen=True, slots=True)
class Approval:
    """The digest that a merged pull request approved, the parts of its plan, and the comment with it."""

    digest: str
    parts: frozenset[str]
    pull: Pull
    comment_url: str


async def read_approval(github: Github, run: GithubRun, *, bot: str, project: str, environment: str) -> Approval:
    """The approval for the commit that `run` applies. Raises RefusedError with the reason if there is none."""
    pulls = await github.pulls_of_commit(run.sha)
    pull = merged_pull(pulls, branch=run.branch or "", sha=run.sha)
    comments = await github.comments(pull.number)
    return approval_of(pull, comments, bot=bot, project=project, environment=environment)


def merged_pull(pulls: Sequence[Pull], *, branch: str, sha: str) -> Pull:
    """The pull request whose merge into `branch` made the commit `sha`. Raises RefusedError for a direct push."""
    for pull in pulls:
        if pull.is_merged and pull.base_ref == branch and pull.merge_sha == sha:
            return pull
    raise RefusedError(
        f"commit {sha[:10]} did not reach {branch or 'a branch'} by merging a pull request: no plan of it was approved",
        hint="protected environments change by pull request only: propose this change as one, look at its plan, merge",
        code="direct_push",
    )


def approval_of(pull: Pull, comments: Sequence[Comment], *, bot: str, project: str, environment: str) -> Approval:
    """What the plan comment of `bot` approved when `pull` was merged. Raises RefusedError with the reason."""
    found = own_comments(comments, bot=bot, kind=StampKind.PLAN, project=project, environment=environment)
    if not found:
        raise RefusedError(
            f"pull request #{pull.number} has no plan for {environment} from {bot}",
            hint="run the plan workflow of that pull request again, look at its comment, then run this job again",
            code="no_plan_comment",
        )
    comment, stamp = found[0]  # the oldest is the one that `keep_comment` updates
    _check(stamp, pull, environment)
    return Approval(stamp.digest, frozenset(stamp.parts), pull, comment.url)


def _check(stamp: Stamp, pull: Pull, environment: str) -> None:
    again = "run the plan workflow of that pull request again, look at its comment, then run this job again"
    if stamp.commit != pull.head_sha:
        raise RefusedError(
            f"the plan for {environment} on pull request #{pull.number} is of commit {stamp.commit[:10]}, "
            f"but {pull.head_sha[:10]} was merged",
            hint=again,
            code="plan_of_other_commit",
        )
    if stamp.standing is Standing.FAILED:
        raise RefusedError(
            f"there was no plan for {environment} on pull request #{pull.number} when it was merged, only a failure",
            hint=again,
            code="plan_had_failed",
        )
    if stamp.standing is Standing.REFUSED:
        raise RefusedError(
            f"a safety rule had refused the plan for {environment} on pull request #{pull.number} when it was merged",
            hint="its comment names the rule: propose a change that passes it, or acknowledge it with a comment "
            "`/agentops ack CODE DIGEST`, run the plan workflow of that pull request again, then this job",
            code="plan_was_refused",
        )


def own_comments(
    comments: Sequence[Comment], *, bot: str, kind: StampKind, project: str, environment: str
) -> list[tuple[Comment, Stamp]]:
    """The comments that `bot` wrote about this environment, oldest first."""
    stamped = [
        (comment, stamp) for comment in comments if comment.author == bot and (stamp := read_stamp(comment.body))
    ]
    mine = [(comment, stamp) for comment, stamp in stamped if stamp.is_about(kind, project, environment)]
    return sorted(mine, key=lambda pair: pair[0].comment_id)


def part_of(change: AgentChange) -> str:
    """One agent's share of a digest: which agent, from which revision, to which configuration.

    It is the same after a run that was cut off between publishing and going live, which is the rest of that update.
    """
    action = Action.UPDATE if change.action is Action.GO_LIVE else change.action
    immediate = [[path_text(field.path), repr(field.after)] for field in change.fields if field.is_immediate]
    facts = [change.agent_id, action, change.base_revision_id, change.fingerprint, change.name, sorted(immediate)]
    return f"{change.key}:{short_digest(json.dumps(facts))}"


def part_of_resource(change: ResourceChange) -> str:
    """One tool's, knowledge base's or webhook's share of a digest.

    A new resource has the same part whatever it replaces, also after a run that was cut off while making it.
    """
    is_new = change.action is ResourceAction.REPLACE or (
        change.action is ResourceAction.CREATE and change.address.kind is not ResourceKind.WEBHOOK
    )
    facts = ["new", change.fingerprint] if is_new else resource_facts(change)
    return f"{change.key}:{short_digest(json.dumps(facts))}"


def parts_of(plan: Plan) -> tuple[str, ...]:
    agents = (part_of(change) for change in plan.changes if change.is_change)
    return (*agents, *(part_of_resource(change) for change in plan.resources if change.is_change))


def require_approved(approval: Approval, plan: Plan) -> None:
    """Raises StaleError unless `plan` is the approved one, or the part of it that an apply left when it was cut off."""
    if plan.digest == approval.digest:
        return
    unapproved = [part.rpartition(":")[0] for part in parts_of(plan) if part not in approval.parts]
    if not unapproved:
        return
    raise StaleError(
        f"what pull request #{approval.pull.number} approved (digest {approval.digest}) is not what would be done now "
        f"(digest {plan.digest}): {', '.join(unapproved)}",
        hint=f"run the plan workflow of pull request #{approval.pull.number} again and look at its comment; "
        "if it is right, run this job again",
        code="PLAN_STALE",
    )
