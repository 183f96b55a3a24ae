"""Settings that fight each other, or leave the caller in silence, in a loop, or cut off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentops.diagnostics import Severity
from agentops.spec.lint.registry import LintFinding, rule, setting
from agentops.spec.lint_target import LintTarget
from agentops.spec.placeholders import uses


@rule("silent-start")
def _silent_start(target: LintTarget) -> Iterator[LintFinding]:
    config = target.config
    if config.waitForUserToSpeakFirst and config.muteUserUntilFirstBotResponse:
        hint = "switch one of the two off"
        summary = "the agent waits for the caller, and the caller is muted until the agent speaks: both stay silent"
        yield LintFinding(("config", "muteUserUntilFirstBotResponse"), summary, hint)


@rule("session-too-short")
def _session(target: LintTarget) -> Iterator[LintFinding]:
    session = target.config.sessionTimeoutConfig
    seconds = session.timeoutTimeInSecs if session is not None else None
    if seconds is not None and seconds < 60:
        summary = f"every call is cut off after {seconds:g} seconds"
        yield LintFinding(("config", "sessionTimeoutConfig", "timeoutTimeInSecs"), summary, "allow several minutes")


@rule("conflicting-timeouts")
def _timeouts(target: LintTarget) -> Iterator[LintFinding]:
    config = target.config
    session = config.sessionTimeoutConfig.timeoutTimeInSecs if config.sessionTimeoutConfig is not None else None
    idle = config.llmIdleTimeoutConfig
    if session is None or idle is None:
        return
    for name in ("chatTimeoutTimeInSecs", "webcallTimeoutTimeInSecs", "telephonyTimeoutTimeInSecs"):
        seconds = getattr(idle, name)
        if seconds is not None and seconds * (1 + (idle.maxRetries or 0)) >= session:
            summary = f"the whole call ends after {session:g} s, before {name} ({seconds:g} s) has run its course"
            yield LintFinding(("config", "llmIdleTimeoutConfig", name), summary, "make the idle times the smaller ones")


@rule("voicemail-says-nothing")
def _voicemail(target: LintTarget) -> Iterator[LintFinding]:
    voicemail = target.config.voiceMailDetectionConfig
    if voicemail is not None and voicemail.enabled and voicemail.endText is not None and not voicemail.endText.strip():
        hint = "write what the machine should record, or remove endText for the platform's own sentence"
        yield LintFinding(
            ("config", "voiceMailDetectionConfig", "endText"), "an answering machine records silence", hint
        )


@rule("switching-without-languages")
def _switching(target: LintTarget) -> Iterator[LintFinding]:
    language = target.config.language
    if language is None or language.switching is None or not language.switching.isEnabled:
        return
    if language.supported is not None and len(language.supported) < 2:
        summary = "language switching is on, but there is only one language"
        path = ("config", "language", "switching", "isEnabled")
        yield LintFinding(path, summary, "add the languages under `supported`, or switch it off")


@rule("timezone-in-hours")
def _timezone(target: LintTarget) -> Iterator[LintFinding]:
    zone = target.config.timezone
    if zone is not None and zone.offset != 0 and abs(zone.offset) <= 14:
        summary = f"an offset of {zone.offset:g} is {abs(zone.offset):g} minutes"
        hint = f"the offset is in minutes; {zone.offset:g} hours are {zone.offset * 60:g}"
        yield LintFinding(("config", "timezone", "offset"), summary, hint)


@rule("pre-call-disabled")
def _pre_call_disabled(target: LintTarget) -> Iterator[LintFinding]:
    pre = target.config.preCallAPI
    if pre is None or pre.isEnabled is True:
        return
    filled = {each.variableName for each in pre.responseVariables or ()}
    used = sorted({use.name for use in uses(target)} & filled - set(target.config.defaultVariables or {}))
    if used:
        summary = f"preCallAPI is not switched on, so nothing fills {', '.join(f'{{{{{name}}}}}' for name in used)}"
        yield LintFinding(("config", "preCallAPI"), summary, "write `isEnabled: true`")


@rule("pre-call-slow")
def _pre_call_slow(target: LintTarget) -> Iterator[LintFinding]:
    pre = target.config.preCallAPI
    limit = setting(target, "pre_call_seconds")
    if pre is not None and pre.timeout is not None and pre.timeout > limit:
        summary = f"the caller may hear nothing for {pre.timeout:g} seconds before the greeting"
        yield LintFinding(
            ("config", "preCallAPI", "timeout"), summary, f"make it at most {limit:g} seconds, with defaults"
        )


@rule("extreme-speed")
def _speed(target: LintTarget) -> Iterator[LintFinding]:
    synthesizer = target.config.synthesizer
    speed = synthesizer.speed if synthesizer is not None else None
    if speed is not None and not 0.7 <= speed <= 1.5:
        summary = f"a speaking speed of {speed:g} is hard to follow on the phone"
        yield LintFinding(("config", "synthesizer", "speed"), summary, "stay between 0.7 and 1.5")


@rule("slow-to-answer")
def _slow(target: LintTarget) -> Iterator[LintFinding]:
    config = target.config
    turn = config.smartTurnConfig
    if turn is not None and turn.isEnabled and (turn.waitTimeInSecs or 0) > 5:
        summary = f"the agent may wait {turn.waitTimeInSecs:g} seconds before it answers"
        yield LintFinding(("config", "smartTurnConfig", "waitTimeInSecs"), summary, "callers give up after about four")
    detection = config.voiceDetectionConfig
    release = detection.releaseTimeInSecs if detection is not None else None
    if release is not None and release > 1.5:
        summary = f"every answer comes at least {release:g} seconds late"
        yield LintFinding(("config", "voiceDetectionConfig", "releaseTimeInSecs"), summary, "stay under one second")


@rule("cuts-callers-off")
def _cuts_off(target: LintTarget) -> Iterator[LintFinding]:
    detection = target.config.voiceDetectionConfig
    release = detection.releaseTimeInSecs if detection is not None else None
    if release is not None and release < 0.15:
        summary = f"a pause of {release:g} seconds counts as the end of the sentence, which cuts callers off"
        yield LintFinding(("config", "voiceDetectionConfig", "releaseTimeInSecs"), summary, "use at least 0.2 seconds")


@rule("never-interrupted", Severity.NOTE)
def _never_interrupted(target: LintTarget) -> Iterator[LintFinding]:
    if target.config.allowInterruptions is False:
        hint = "callers expect to be able to interrupt; keep it off only for texts that the law requires in full"
        yield LintFinding(("config", "allowInterruptions"), "the caller can't interrupt the agent", hint)


@rule("redaction-not-stated", Severity.NOTE)
def _redaction(target: LintTarget) -> Iterator[LintFinding]:
    config = target.config
    redaction = config.redactionConfig
    if redaction is None or redaction.isEnabled is None:
        summary = "redactionConfig is left to the platform, whose documented and observed defaults differ"
        yield LintFinding(("config",), summary, "say `redactionConfig: {isEnabled: true}` or false, whichever you need")


_NONE_OF_THEM = re.compile(r"none|other|unknown|nothing|unclear|not_|no_|n/?a\b|undecided", re.I)


@rule("enum-without-other")
def _enum(target: LintTarget) -> Iterator[LintFinding]:
    analytics = target.config.postCallAnalyticsConfig
    for index, metric in enumerate((analytics.dispositionMetrics if analytics is not None else None) or ()):
        if metric.choices and not any(_NONE_OF_THEM.search(choice) for choice in metric.choices):
            path = ("config", "postCallAnalyticsConfig", "dispositionMetrics", index, "choices")
            summary = f"no choice of {metric.identifier} fits a call where none applies"
            hint = "add `other`; one answer that does not fit makes the platform drop all results of the call"
            yield LintFinding(path, summary, hint)


@rule("inbound-without-number", Severity.NOTE)
def _number(target: LintTarget) -> Iterator[LintFinding]:
    spec = target.spec
    if spec.inbound is False and spec.phone_numbers:
        summary = "the agent has phone numbers, but takes no incoming calls"
        yield LintFinding(("phone_numbers",), summary, "write `inbound: true`, or remove the numbers")
