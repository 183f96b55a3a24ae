"""An earlier run to compare with: what each script measured then, as the base of limits such as "+20%". Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agentops.calls.report import Measures, RunReport, Verdict, percentile


@dataclass(frozen=True, slots=True)
class Baseline:
    """What an earlier run measured, by (agent, script), over all its calls that could be made."""

    measures: Mapping[tuple[str, str], Measures] = field(default_factory=dict)

    def of(self, agent: str, script: str) -> Measures | None:
        return self.measures.get((agent, script))


NO_BASELINE = Baseline()


def baseline_of(run: RunReport) -> Baseline:
    """The baseline that `run` gives. Calls that are inconclusive don't count."""
    found = {}
    for script in run.scripts:
        calls = [call for call in script.calls if call.verdict is not Verdict.INCONCLUSIVE]
        if not calls:
            continue
        # The latencies of all calls are one sample: percentiles of one call's few turns say little.
        latencies = sorted(turn.latency_ms for call in calls for turn in call.turns if turn.latency_ms is not None)
        connects = sorted(c.measures.connect_ms for c in calls if c.measures.connect_ms is not None)
        firsts = sorted(c.measures.first_audio_ms for c in calls if c.measures.first_audio_ms is not None)
        found[script.agent, script.script] = Measures(
            connect_ms=percentile(connects, 0.5),
            first_audio_ms=percentile(firsts, 0.5),
            latency_p50_ms=percentile(latencies, 0.5),
            latency_p95_ms=percentile(latencies, 0.95),
            latency_max_ms=latencies[-1] if latencies else None,
        )
    return Baseline(found)
