"""What an apply noted in an agent's description, judged by what serves now."""

from __future__ import annotations

from agentops.document import DesiredAgent, NoteKind, ObservedAgent, read_mark
from agentops.plan.drift import origin_of

FIRST_REVISION = "1"  # the platform's own, which a new agent has before anything was deployed
INBOUND = "allowInboundCall"
NUMBERS = "telephonyProductId"


def uncalled_since(observed: ObservedAgent) -> str | None:
    """The revision to go back to, where what serves has not passed its calls; None where it has, or that is not known.

    A note about a deploy that never went live, or was taken back, is stale.
    """
    note, live = observed.listing.note, observed.live
    if note is None or note.kind is not NoteKind.UNCALLED or live is None:
        return None
    serving = origin_of(live, observed.history)
    is_older = serving.number is not None and note.revision.isdigit() and serving.number < int(note.revision)
    return None if is_older or note.is_about(serving) else note.revision


def has_stale_note(observed: ObservedAgent) -> bool:
    note = observed.listing.note
    return note is not None and note.kind is NoteKind.UNCALLED and uncalled_since(observed) is None


def undone_fingerprints(observed: ObservedAgent) -> frozenset[str]:
    """Those of revisions that were taken back for no fault of their own: they may be deployed again."""
    note = observed.listing.note
    if note is None or note.kind is not NoteKind.UNDONE:
        return frozenset()
    marks = [read_mark(revision.label) for revision in observed.history if note.is_about(revision)]
    return frozenset(mark.fingerprint for mark in marks if mark)


def is_inbound_pending(desired: DesiredAgent, observed: ObservedAgent) -> bool:
    """A first deploy keeps inbound calls off until its calls have passed, though the spec does not ask for that."""
    note, held = observed.listing.note, observed.listing.metadata.get(INBOUND)
    is_first = note is not None and note.kind is NoteKind.UNCALLED and note.revision == FIRST_REVISION
    return is_first and held is False and INBOUND not in desired.metadata
