"""What can be compared on request, by name: the spec, what serves, a revision, or the spec in another environment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agentops.errors import UsageError
from agentops.plan.model import FieldChange


class SideKind(StrEnum):
    SPEC = "spec"
    LIVE = "live"
    REVISION = "revision"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison. `name`: the revision's number, id or label, or the environment."""

    kind: SideKind
    name: str = ""

    @property
    def needs_account(self) -> bool:
        return self.kind in (SideKind.LIVE, SideKind.REVISION)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".strip()


@dataclass(frozen=True, slots=True)
class AgentDiff:
    """One agent on both sides, and every field that differs. `note` says why it could not be compared."""

    key: str
    name: str
    before: str
    after: str
    fields: tuple[FieldChange, ...] = ()
    note: str = ""


def read_side(text: str) -> Side:
    """`spec`, `live`, `env:NAME`, or a revision by number, id or label. Raises UsageError for an empty one."""
    if text in (SideKind.SPEC, SideKind.LIVE):
        return Side(SideKind(text))
    kind, sign, name = text.partition(":")
    if sign and kind in ("env", "environment") and name:
        return Side(SideKind.ENVIRONMENT, name)
    if not text or (sign and not name):
        raise UsageError(
            f"{text!r} names nothing to compare",
            hint="sides are: spec, live, a revision's number, id or label, or env:NAME",
            code="bad-side",
        )
    return Side(SideKind.REVISION, text)
