"""Runs of calls for the tests of what shows them: every verdict, every kind of check, and hostile text."""

from __future__ import annotations

from agentops.calls.protocol import Mode, Role
from agentops.calls.report import (
    CallReport,
    Check,
    CheckKind,
    Ending,
    Measures,
    RunReport,
    ScriptReport,
    Turn,
    Verdict,
    Waveform,
)

HOSTILE = '</script><script>document.title="owned"</script> | `code` *bold* [link](x) & "quoted" \x07'


def call(verdict: Verdict = Verdict.PASSED, **fields: object) -> CallReport:
    checks = {
        Verdict.PASSED: (
            Check("agent says", CheckKind.TRANSCRIPT, True, 'agent contains "open"', "We are open.", 5200.0),
        ),
        Verdict.FAILED: (
            Check("agent says", CheckKind.TRANSCRIPT, True, 'agent contains "help"', "How can I help?", 900.0, step=0),
            Check("agent says", CheckKind.TRANSCRIPT, False, 'agent contains "open"', HOSTILE, 5200.0, step=2,
                  where="agents/calls/hours.yaml:7:5"),
            Check("turn latency p95", CheckKind.LATENCY, False, "at most 900 ms", "1210 ms", 5200.0, 1210.0, 900.0,
                  "ms"),
        ),
        Verdict.INCONCLUSIVE: (
            Check("agent is reached", CheckKind.INFRASTRUCTURE, False, "an open session", "could not connect", 0.0),
        ),
    }[verdict]  # fmt: skip
    turns = (
        Turn(Role.AGENT, 100.0, 1500.0, "How can I help?", loudness_dbfs=-18.0),
        Turn(Role.CALLER, 2200.0, 3900.0, "When are you open?", heard_as="when are you open"),
        Turn(Role.AGENT, 5110.0, 7000.0, HOSTILE if verdict is Verdict.FAILED else "We are open.", latency_ms=1210.0),
    )
    reached = verdict is not Verdict.INCONCLUSIVE
    report = {
        "script": "agents/calls/hours.yaml",
        "name": "Support tells its opening hours",
        "agent": "support",
        "mode": Mode.WEBCALL,
        "verdict": verdict,
        "checks": checks,
        "turns": turns if reached else (),
        "measures": Measures(connect_ms=31.0, first_audio_ms=100.0, latency_p50_ms=1210.0, latency_p95_ms=1210.0,
                             latency_max_ms=1210.0, longest_silence_ms=1210.0) if reached else Measures(),
        "ending": Ending(Role.CALLER, "client_requested") if reached else Ending(None, "never connected"),
        "environment": "staging",
        "agent_id": "507f1f77bcf86cd799439011",
        "call_id": "CALL-1-abc" if reached else "",
        "tags": ("smoke",),
        "started_at": "2026-10-01T10:00:00+00:00",
        "duration_ms": 8000.0 if reached else 0.0,
        "waveform": Waveform(50, (0,) * 110 + (40,) * 85 + (0,) * 205, (35,) * 75 + (0,) * 180 + (30,) * 95 + (0,) * 50)
        if reached else None,
        **fields,
    }  # fmt: skip
    return CallReport(**report)  # type: ignore[arg-type]


def run(*calls: CallReport) -> RunReport:
    scripts = tuple(ScriptReport(c.script, c.name, c.agent, 1.0, (c,)) for c in calls)
    return RunReport("staging", scripts, "2026-10-01T10:00:00+00:00", 8400.0)


def mixed() -> RunReport:
    """One call of each verdict."""
    return run(
        call(),
        call(Verdict.FAILED, script="agents/calls/other.yaml", name="Support knows other things", folder="other"),
        call(Verdict.INCONCLUSIVE, script="agents/calls/third.yaml", name="The desk books"),
    )
