"""What each reason not to start a campaign means, for `agentops explain`. NO_CALLS is one of a plan's, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Reason:
    """`way_out` is what to do; none of them can be acknowledged."""

    title: str
    why: str
    way_out: str


REASONS: Mapping[str, Reason] = MappingProxyType(
    {
        "LIVE_DIFFERS": Reason(
            "What serves is not what git says",
            "A campaign calls with whatever serves, so people would hear what nobody reviewed.",
            "See `agentops plan`, and apply or pull.",
        ),
        "UNCALLED": Reason(
            "What serves has not passed its calls",
            "Its test calls failed, were inconclusive or were cut off, and many people would hear the same.",
            "`agentops apply` makes the calls again.",
        ),
        "OUTSIDE_WINDOW": Reason(
            "Somebody may be outside of the window between the start and the estimated end",
            "A number may be in any of its time zones, and nobody is called at night.",
            "Start it at another time, split the audience by time zone, or add a zone column.",
        ),
        "ZONE_UNKNOWN": Reason(
            "Numbers without a known time zone",
            "Toll-free numbers and some others belong to no place, so nobody knows what time it is there.",
            "Add a column with IANA time zones to the audience and name it: `zone_column:`.",
        ),
        "DO_NOT_CALL": Reason(
            "Somebody is on the account's do-not-call list",
            "They don't want to be called.",
            "Take the named lines out of the file.",
        ),
        "CREDITS": Reason(
            "The estimated cost is more than the account has left",
            "The campaign would stop somewhere in the middle. The estimate is from the agent's last calls.",
            "Buy credits, or call fewer people.",
        ),
        "CONCURRENCY": Reason(
            "Every call slot is reserved for other agents",
            "Not one call could be made.",
            "Reserve some for this agent, or release others.",
        ),
    }
)
