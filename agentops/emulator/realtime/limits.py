"""How long a call's silences and the call itself may last."""

from __future__ import annotations

from dataclasses import dataclass

from agentops.emulator.realtime.call_record import Setup


@dataclass(frozen=True, slots=True)
class CallLimits:
    """The times that the agent's configuration sets for a call, in milliseconds.

    release_ms: the silence that ends the caller's turn
    backoff_ms: how long the agent stays silent after an interruption
    idle_ms:    the caller's silence after which the agent asks, and after `nudges` of them hangs up
    session_ms: the longest call
    """

    release_ms: float
    backoff_ms: float
    idle_ms: float
    nudges: int
    session_ms: float

    @classmethod
    def of(cls, setup: Setup) -> CallLimits:
        config = setup.config
        idle = config.get("llmIdleTimeoutConfig", {})
        # Configurations are stored with all defaults; those here are for a session that was made without one.
        return cls(
            release_ms=1000.0 * float(config.get("voiceDetectionConfig", {}).get("releaseTimeInSecs", 0.4)),
            backoff_ms=1000.0 * float(config.get("interruptionBackoffTimer", 0)),
            idle_ms=1000.0 * float(idle.get(f"{setup.mode}TimeoutTimeInSecs", 20)),
            nudges=int(idle.get("maxRetries", 3)),
            session_ms=1000.0 * float(config.get("sessionTimeoutConfig", {}).get("timeoutTimeInSecs", 1800)),
        )
