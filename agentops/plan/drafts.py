"""Whose an open draft is: one that equals what we would write is ours to go on with, any other is foreign."""

from __future__ import annotations

from agentops.document import DesiredAgent, Draft, ObservedAgent
from agentops.plan.canonical import Canonical, canonical, without
from agentops.plan.merge import merge


def foreign_draft(desired: DesiredAgent, observed: ObservedAgent) -> str | None:
    """A few words on somebody else's open draft; None when there is none, it is empty, or it is ours.

    A draft whose content the platform doesn't show is foreign unless the platform says that it changes nothing.
    """
    draft = observed.draft
    if draft is None or _is_empty(draft, observed) or _is_ours(draft, desired, observed):
        return None
    who = f" by {draft.editor}" if draft.editor else ""
    when = f" at {draft.edited_at}" if draft.edited_at else ""
    return f"draft {draft.draft_id}{who}{when}"


def _is_empty(draft: Draft, observed: ObservedAgent) -> bool:
    if draft.differences is not None:
        return not draft.differences
    live = observed.live
    if draft.document is None or live is None or live.document is None:
        return False
    return bool(_form(draft.document, observed) == _form(live.document, observed))


def _is_ours(draft: Draft, desired: DesiredAgent, observed: ObservedAgent) -> bool:
    if draft.document is None:
        return False
    live = (observed.live.document if observed.live else None) or {}
    try:
        written = {**live, **merge(live, desired.config)}
    except LookupError:
        return False
    managed = without(desired.config, _unverifiable(observed))
    if canonical(draft.document, managed) != canonical(managed, managed):
        return False
    return bool(_form(draft.document, observed, but=managed) == _form(written, observed, but=managed))


def _form(document: dict[str, object], observed: ObservedAgent, but: dict[str, object] | None = None) -> Canonical:
    """All of a document but what can't be compared and the top-level fields `but`."""
    return canonical(without(document, _unverifiable(observed) | frozenset(but or {})))


def _unverifiable(observed: ObservedAgent) -> frozenset[str]:
    return observed.live.unverifiable if observed.live else frozenset()
