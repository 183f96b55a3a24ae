"""Who agreed to an apply, and how: a digest, a reviewed plan file, `--yes`, or an answer at the terminal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import typer

from agentops import workflow
from agentops.cli.options import ProgressFormat, ReportFormat, TextOrJson
from agentops.cli.output import call_hooks, plan_output, stderr_style, watching
from agentops.cli.session import Scope, opened, run_async, talk
from agentops.document import Environment
from agentops.errors import AgentopsError, RefusedError, UsageError
from agentops.plan.approval import is_carried_out, require_applyable, require_digest, require_same
from agentops.plan.model import Plan
from agentops.render.plan.values import apply_command
from agentops.render.style import plural

if TYPE_CHECKING:
    from agentops.apply.model import ApplyResult
    from agentops.workflow.applying import ApplyRequest
    from agentops.workflow.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Consent:
    """How the command line approves a plan.

    may_ask:      there is a person at a terminal
    approved:     the plan of a plan file
    is_emergency: a rollback; an explicit yes is then enough in a protected environment too
    """

    is_given: bool = False
    may_ask: bool = False
    digest: str | None = None
    approved: Plan | None = None
    is_emergency: bool = False

    @property
    def is_bound(self) -> bool:
        """Whether the consent names one exact plan."""
        return self.digest is not None or self.approved is not None


def is_done(plan: Plan, consent: Consent) -> bool:
    """Whether there is nothing left to do. Where one exact plan was approved, only if it is this one, or was carried
    out before; anything else raises StaleError."""
    if not plan.is_empty or not plan.is_applyable:
        return False
    if consent.approved is not None and not is_carried_out(consent.approved, plan):
        require_same(consent.approved, plan)
    if consent.digest is not None:
        require_digest(consent.digest, plan)
    return True


def carry_out(
    scope: Scope,
    make: Callable[[Deployment], Awaitable[Plan]],
    request: Callable[[], ApplyRequest],
    consent: Consent,
    progress: ProgressFormat = ProgressFormat.TEXT,
    output_format: TextOrJson = TextOrJson.TEXT,
) -> ApplyResult:
    """Plans, has the plan approved and applies it. The result has no run where there is nothing to do.

    The person at the terminal is asked while nothing is open: no loop that swallows Ctrl-C, no emulator that another
    command waits for. What was approved is then planned again, and must be the same.
    """

    tells_lines = progress is not ProgressFormat.JSON and output_format is TextOrJson.TEXT

    async def attempt(consent: Consent) -> ApplyResult | Plan:
        async with opened(scope, needs_specs=not consent.is_emergency) as deployment:
            made = await make(deployment)
            shown = partial(plan_output, made, ReportFormat.TEXT, stderr_style(), is_verbose=scope.is_verbose)
            talk(_in_short(made) if consent.is_bound else shown())
            if is_done(made, consent):
                return workflow.applying.unchanged_result(made)
            require_applyable(made)
            agents = [change.key for change in made.changes] if scope.is_selecting else []
            if not has_consent(made, deployment.environment, consent, agents):
                return made
            with watching(progress) as on_event:
                return await workflow.applying.apply_deployment(
                    deployment,
                    made,
                    request(),
                    calls=call_hooks(scope.start, tells_lines=tells_lines),
                    on_event=on_event,
                )

    ended = run_async(lambda: attempt(consent))
    if isinstance(ended, Plan):
        _ask(ended)
        answered = replace(consent, approved=ended)
        ended = run_async(lambda: attempt(answered))
    assert not isinstance(ended, Plan)  # what one exact plan was approved for is not asked again
    return ended


def _in_short(plan: Plan) -> str:
    """One line for a plan that was read before it was approved."""
    changed = sum(change.is_change for change in plan.changes)
    shared = sum(change.is_change for change in plan.resources)
    more = f" and {plural(shared, 'shared resource')}" if shared else ""
    return f"Plan {plan.digest} for {plan.environment}: {plural(changed, 'agent')}{more} to change"


def has_consent(plan: Plan, environment: Environment, consent: Consent, agents: Sequence[str]) -> bool:
    """Whether the command line says that the plan may be applied; False where the person at the terminal may say so.

    agents: the keys that were selected, where not all were

    Raises StaleError when it is not the plan that was approved, RefusedError when a protected environment lacks a
    reviewed digest, UsageError when nobody can be asked.
    """
    if consent.approved is not None:
        require_same(consent.approved, plan)
    if consent.digest is not None:
        require_digest(consent.digest, plan)
    if consent.is_bound:
        return True
    if environment.is_protected and not (consent.is_emergency and (consent.is_given or consent.may_ask)):
        review = f"have the plan reviewed, then run `{apply_command(plan, agents)}`"
        raise RefusedError(
            f"{environment.name} is protected: only a reviewed plan is applied there",
            hint="pass --yes: there is no terminal to ask at" if consent.is_emergency else review,
            code="PROTECTED_ENVIRONMENT",
        )
    if not consent.is_given and not consent.may_ask:
        raise UsageError(
            "this plan isn't approved, and there is no terminal to ask at",
            hint="pass --yes, --digest D, or a plan file saved with `plan --out`",
            code="no-consent",
        )
    return consent.is_given


def _ask(plan: Plan) -> None:
    if not typer.confirm(f"Apply this to {plan.environment}?", err=True):
        talk("Nothing was changed.")
        raise AgentopsError(
            "not applied: you answered no", hint="run the command again once you agree", code="declined"
        )
