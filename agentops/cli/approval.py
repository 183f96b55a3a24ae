"""Who agreed to an apply, and how: a digest, a reviewed plan file, `--yes`, or an answer at the terminal."""

from __future__ import annotations

from dataclasses import dataclass

import typer

from agentops.cli.session import talk
from agentops.document import Environment
from agentops.errors import RefusedError, UsageError
from agentops.plan.approval import is_carried_out, require_digest, require_same
from agentops.plan.model import Plan


@dataclass(frozen=True, slots=True)
class Consent:
    """What the command line said. `may_ask`: there is a person at a terminal; `approved`: the plan of a plan file.

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


def require_consent(plan: Plan, environment: Environment, consent: Consent) -> None:
    """Returns when the plan may be applied.

    Raises StaleError when it is not the plan that was approved, RefusedError when a protected environment lacks a
    reviewed digest or the person says no, UsageError when nobody can be asked.
    """
    if consent.approved is not None:
        require_same(consent.approved, plan)
    if consent.digest is not None:
        require_digest(consent.digest, plan)
    if consent.is_bound:
        return
    if environment.is_protected and not (consent.is_emergency and (consent.is_given or consent.may_ask)):
        raise RefusedError(
            f"{environment.name} is protected: only a reviewed plan is applied there",
            hint=f"have the plan reviewed, then run `agentops apply -e {environment.name} --digest {plan.digest}`",
            code="PROTECTED_ENVIRONMENT",
        )
    if not consent.is_given:
        _ask(environment, consent)


def _ask(environment: Environment, consent: Consent) -> None:
    if not consent.may_ask:
        raise UsageError(
            "nobody can be asked here, and nothing says that this plan may be applied",
            hint="pass --yes, --digest D, or a plan file saved with `plan --out`",
            code="no-consent",
        )
    if not typer.confirm(f"Apply this to {environment.name}?", err=True):
        talk("Nothing was changed.")
        raise RefusedError("not applied: you said no", code="declined")
