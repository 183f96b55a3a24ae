"""Keeps the lag of this machine apart from that of the agent. Pure.

A caller on a busy machine sends late and hears late. A check that may have failed for that gets a doubt: it is
inconclusive, with the reason, and not failed. The time that an emulator on the same machine needs to recognise speech
is measured exactly and left out of everything that is checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agentops.calls.protocol import Role
from agentops.calls.report import Check, CheckKind, Turn

CHUNK_MS = 40  # of sound in one message, and between two measurements of the lag

# A check without a measured value can't say by how much it failed: a stall this long may have been the cause.
_LONG_STALL_MS = 400.0
_LOOK_BACK_MS = 15_000.0  # how long before the failure such a stall may have been
# A gap that a platform's buffer does not bridge: its recogniser hears a word that is cut in two.
_GAP_MS = 200.0


@dataclass(frozen=True, slots=True)
class LocalLag:
    """The lag of one call. `late_ms[n]`: how late this process did what was due at (n + 1) x `CHUNK_MS`."""

    late_ms: Sequence[float] = ()

    def worst_ms(self, from_ms: float, to_ms: float) -> float:
        """The greatest lag between the two times."""
        first, last = int(from_ms // CHUNK_MS) - 1, int(to_ms // CHUNK_MS) + 1
        return max(self.late_ms[max(first, 0) : max(last, 0)], default=0.0)

    def doubt(self, check: Check, turns: Sequence[Turn]) -> str:
        """Why a check that did not pass may be this machine's fault; "" when it can't be."""
        if check.passed or check.doubt:
            return check.doubt
        if check.kind is CheckKind.LATENCY:
            if check.value is None or check.limit is None:
                at_ms = check.at_ms or 0.0
                worst = self.worst_ms(at_ms - _LOOK_BACK_MS, at_ms)
                return f"this machine was {worst:.0f} ms late itself" if worst >= _LONG_STALL_MS else ""
            # The lag counts twice: when the caller's words left, and when the answer was received.
            own_ms = 2 * max(self.late_ms, default=0.0)
            excess = (check.value - check.limit) * (1000 if check.unit == "s" else 1)
            return f"this machine was up to {own_ms:.0f} ms late itself" if 0 < excess <= own_ms else ""
        if check.kind is CheckKind.TRANSCRIPT and check.step is not None:
            at_ms = check.at_ms if check.at_ms is not None else float("inf")
            asked = next((t for t in reversed(turns) if t.role is Role.CALLER and t.start_ms <= at_ms), None)
            gap = self.worst_ms(asked.start_ms, asked.end_ms) if asked is not None else 0.0
            return f"this machine sent the caller's words with a gap of {gap:.0f} ms" if gap >= _GAP_MS else ""
        return ""
