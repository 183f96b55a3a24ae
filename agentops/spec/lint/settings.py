"""Settings that fight each other, or leave the caller in silence, in a loop, or cut off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentops.diagnostics import Severity
from agentops.spec.lint.registry import Finding, rule, setting
from agentops.spec.lint_target import Subject
from agentops.spec.placeholders import uses


@rule("silent-start")
def _silent_start(subject: Subject) -> Iterator[Finding]:
    config = subject.config
    if config.waitForUserToSpeakFirst and config.muteUserUntilFirstBotResponse:
        hint = "switch one of the two off"
        summary = "the agent waits for the caller, and the caller is muted until the agent speaks: both stay silent"
        yield Finding(("config", "muteUserUntilFirstBotResponse"), summary, hint)


@rule("session-too-short")
def _session(subject: Subject) -> Iterator[Finding]:
    session = subject.config.sessionTimeoutConfig
    seconds = session.timeoutTimeInSecs if session is not None else None
    if seconds is not None and seconds < 60:
        summary = f"every call is cut off after {seconds:g} seconds"
        yield Finding(("config", "sessionTimeoutConfig", "timeoutTimeInSecs"), summary, "allow several minutes")


@rule("conflicting-timeouts")
def _timeouts(subject: Subject) -> Iterator[Finding]:
    config = subject.config
    session = config.sessionTimeoutConfig.timeoutTimeInSecs if config.sessionTimeoutConfig is not None else None
    idle = config.llmIdleTimeoutConfig
    if session is None or idle is None:
        return
    for name in ("chatTimeoutTimeInSecs", "webcallTimeoutTimeInSecs", "telephonyTimeoutTimeInSecs"):
        seconds = getattr(idle, name)
        if seconds is not None and seconds * (1 + (idle.maxRetries or 0)) >= session:
            summary = f"the whole call ends after {session:g} s, before {name} ({seconds:g} s) has run its course"
            yield Finding(("config", "llmIdleTimeoutConfig", name), summary, "make the idle times the smaller ones")


@rule("voicemail-says-nothing")
def _voicemail(subject: Subject) -> Iterator[Finding]:
    voicemail = subject.config.voiceMailDetectionConfig
    if voicemail is not None and voicemail.enabled and voicemail.endText is not None and not voicemail.endText.strip():
        hint = "write what the machine should record, or remove endText for the platform's own sentence"
        yield Finding(("config", "voiceMailDetectionConfig", "endText"), "an answering machine records silence", hint)


@rule("switching-without-languages")
def _switching(subject: Subject) -> Iterator[Finding]:
    language = subject.config.language
    if language is None or language.switching is None or not language.switching.isEnabled:
        return
    if language.supported is not None and len(language.supported) < 2:
        summary = "language switching is on, but there is only one language"
        path = ("config", "language", "switching", "isEnabled")
        yield Finding(path, summary, "add the languages under `supported`, or switch it off")


@rule("timezone-in-hours")
def _timezone(subject: Subject) -> Iterator[Finding]:
    zone = subject.config.timezone
    if zone is not None and zone.offset != 0 and abs(zone.offset) <= 14:
        summary = f"an offset of {zone.offset:g} is {abs(zone.offset):g} minutes"
        hint = f"the offset is in minutes; {zone.offset:g} hours are {zone.offset * 60:g}"
        yield Finding(("config", "timezone", "offset"), summary, hint)


@rule("pre-call-disabled")
def _pre_call_disabled(subject: Subject) -> Iterator[Finding]:
    pre = subject.config.preCallAPI
    if pre is None or pre.isEnabled is True:
        return
    filled = {each.variableName for each in pre.responseVariables or ()}
    used = sorted({use.name for use in uses(subject)} & filled - set(subject.config.defaultVariables or {}))
    if used:
        summary = f"preCallAPI is not switched on, so nothing fills {', '.join(f'{{{{{name}}}}}' for name in used)}"
        yield Finding(("config", "preCallAPI"), summary, "write `isEnabled: true`")


@rule("pre-call-slow")
def _pre_call_slow(subject: Subject) -> Iterator[Finding]:
    pre = subject.config.preCallAPI
    limit = setting(subject, "pre_call_seconds")
    if pre is not None and pre.timeout is not None and pre.timeout > limit:
        summary = f"the caller may hear nothing for {pre.timeout:g} seconds before the greeting"
        yield Finding(("config", "preCallAPI", "timeout"), summary, f"make it at most {limit:g} seconds, with defaults")


@rule("extreme-speed")
def _speed(subject: Subject) -> Iterator[Finding]:
    synthesizer = subject.config.synthesizer
    speed = synthesizer.speed if synthesizer is not None else None
    if speed is not None and not 0.7 <= speed <= 1.5:
        summary = f"a speaking speed of {speed:g} is hard to follow on the phone"
        yield Finding(("config", "synthesizer", "speed"), summary, "stay between 0.7 and 1.5")


@rule("slow-to-answer")
def _slow(subject: Subject) -> Iterator[Finding]:
    config = subject.config
    turn = config.smartTurnConfig
    if turn is not None and turn.isEnabled and (turn.waitTimeInSecs or 0) > 5:
        summary = f"the agent may wait {turn.waitTimeInSecs:g} seconds before it answers"
        yield Finding(("config", "smartTurnConfig", "waitTimeInSecs"), summary, "callers give up after about four")
    detection = config.voiceDetectionConfig
    release = detection.releaseTimeInSecs if detection is not None else None
    if release is not None and release > 1.5:
        summary = f"every answer comes at least {release:g} seconds late"
        yield Finding(("config", "voiceDetectionConfig", "releaseTimeInSecs"), summary, "stay under one second")


@rule("cuts-callers-off")
def _cuts_off(subject: Subject) -> Iterator[Finding]:
    detection = subject.config.voiceDetectionConfig
    release = detection.releaseTimeInSecs if detection is not None else None
    if release is not None and release < 0.15:
        summary = f"a pause of {release:g} seconds counts as the end of the sentence, which cuts callers off"
        yield Finding(("config", "voiceDetectionConfig", "releaseTimeInSecs"), summary, "use at least 0.2 seconds")


@rule("never-interrupted", Severity.NOTE)
def _never_interrupted(subject: Subject) -> Iterator[Finding]:
    if subject.config.allowInterruptions is False:
        hint = "callers expect to be able to interrupt; keep it off only for texts that the law requires in full"
        yield Finding(("config", "allowInterruptions"), "the caller can't interrupt the agent", hint)


@rule("redaction-not-stated", Severity.NOTE)
def _redaction(subject: Subject) -> Iterator[Finding]:
    config = subject.config
    redaction = config.redactionConfig
    if redaction is None or redaction.isEnabled is None:
        summary = "redactionConfig is left to the platform, whose documented and observed defaults differ"
        yield Finding(("config",), summary, "say `redactionConfig: {isEnabled: true}` or false, whichever you need")


_NONE_OF_THEM = re.compile(r"none|other|unknown|nothing|unclear|not_|no_|n/?a\b|undecided", re.I)


@rule("enum-without-other")
def _enum(subject: Subject) -> Iterator[Finding]:
    analytics = subject.config.postCallAnalyticsConfig
    for index, metric in enumerate((analytics.dispositionMetrics if analytics is not None else None) or ()):
        if metric.choices and not any(_NONE_OF_THEM.search(choice) for choice in metric.choices):
            path = ("config", "postCallAnalyticsConfig", "dispositionMetrics", index, "choices")
            summary = f"no choice of {metric.identifier} fits a call where none applies"
            hint = "add `other`; one answer that does not fit makes the platform drop all results of the call"
            yield Finding(path, summary, hint)


@rule("inbound-without-number", Severity.NOTE)
def _number(subject: Subject) -> Iterator[Finding]:
    spec = subject.spec
    if spec.inbound is False and spec.phone_numbers:
        summary = "the agent has phone numbers, but takes no incoming calls"
        yield Finding(("phone_numbers",), summary, "write `inbound: true`, or remove the numbers")
