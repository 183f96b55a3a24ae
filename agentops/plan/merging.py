"""Puts the plans of several shards together, so that many machines can plan what one person approves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from agentops.document import Environment
from agentops.errors import UsageError
from agentops.plan.approval import digest_of
from agentops.plan.model import Plan


def merge_plans(plans: Sequence[Plan]) -> Plan:
    """One plan with every change of `plans`, ordered by key, and the digest of the whole.

    Refusals stay as each shard found them; limits are judged over the whole again when the plan is applied.
    Raises UsageError when they are not parts of one thing: other projects, environments, accounts, or an agent twice.
    """
    if not plans:
        raise UsageError("there is no plan to merge", hint="name the files that `plan --shard I/N --out FILE` saved")
    first = plans[0]
    for plan in plans[1:]:
        _require_same_world(first, plan)
    changes = sorted((change for plan in plans for change in plan.changes), key=lambda change: change.key)
    for one, other in pairwise(changes):
        if one.key == other.key:
            raise UsageError(
                f"agent {one.key} is in two of the plans", hint="merge each shard of one `--shard I/N` once"
            )
    return replace(
        first,
        changes=tuple(changes),
        digest=digest_of(Environment(first.project, first.environment), first.target, changes),
        diagnostics=tuple(dict.fromkeys(each for plan in plans for each in plan.diagnostics)),
        refusals=tuple(dict.fromkeys(each for plan in plans for each in plan.refusals)),
        acknowledged=tuple(dict.fromkeys(each for plan in plans for each in plan.acknowledged)),
    )


def _require_same_world(one: Plan, other: Plan) -> None:
    for what, here, there in (
        ("project", one.project, other.project),
        ("environment", one.environment, other.environment),
        ("account", one.target, other.target),
        ("generation", one.generation.value, other.generation.value),
    ):
        if here != there:
            raise UsageError(
                f"the plans are of different {what}s: {here!r} and {there!r}",
                hint="merge the shards of one `agentops plan` only",
            )
