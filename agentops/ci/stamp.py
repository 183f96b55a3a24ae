"""The hidden first line by which our comments and issues are found again, with the facts that it stores. Pure.

Only the first line of a text counts: further down, a comment quotes prompts, and a prompt could hold a forged stamp.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

_START, _END = "<!-- agentops ", " -->"


class StampKind(StrEnum):
    PLAN = "plan"
    DRIFT = "drift"
    ACK = "ack"
    PREVIEW = "preview"


class Standing(StrEnum):
    """The state of a commented plan when it was made."""

    EMPTY = "empty"
    APPLYABLE = "applyable"
    REFUSED = "refused"
    FAILED = "failed"  # there was no plan


@dataclass(frozen=True, slots=True)
class Stamp:
    """The project and environment that a text is about; for a plan also its digest and the commit that it is of.

    parts:   one entry for each agent and resource that the plan changes (`approval.parts_of`)
    refused: of a plan, the names that would have to be acknowledged; of an acknowledgement, those that were
    """

    kind: StampKind
    project: str
    environment: str
    digest: str = ""
    commit: str = ""
    standing: Standing = Standing.EMPTY
    parts: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    def is_about(self, kind: StampKind, project: str, environment: str) -> bool:
        return (self.kind, self.project, self.environment) == (kind, project, environment)


def stamp_line(stamp: Stamp) -> str:
    """The stamp as an HTML comment, which GitHub does not show."""
    text = json.dumps(asdict(stamp), separators=(",", ":"))
    # Escaped, so that no value can end the comment.
    return f"{_START}{text.replace('<', chr(92) + 'u003c').replace('>', chr(92) + 'u003e')}{_END}"


def read_stamp(text: str | None) -> Stamp | None:
    """The stamp on the first line of `text`; None if there is none, or one that we don't understand."""
    first = (text or "").partition("\n")[0].rstrip("\r")
    if not (first.startswith(_START) and first.endswith(_END)):
        return None
    try:
        found = json.loads(first[len(_START) : -len(_END)])
        values = {name: str(found[name]) for name in ("project", "environment", "digest", "commit")}
        parts, refused = (tuple(str(part) for part in found.get(name, ())) for name in ("parts", "refused"))
        return Stamp(
            StampKind(found["kind"]), standing=Standing(found["standing"]), parts=parts, refused=refused, **values
        )
    except (ValueError, KeyError, TypeError):
        return None
