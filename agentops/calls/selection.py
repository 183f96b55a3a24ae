"""Which scripts a change calls for, and how long calls will take. Pure."""

from __future__ import annotations

from collections.abc import Collection

from agentops.calls.protocol import Mode
from agentops.calls.report import Usage
from agentops.calls.script import (
    BackchannelStep,
    ExpectEndStep,
    ExpectStep,
    InterruptStep,
    SayStep,
    Script,
    SendTextStep,
    SilenceStep,
    Step,
    WaitForStep,
)
from agentops.calls.words import plain_words

# What a caller can't hear or notice needs no call; what a change may reach anywhere needs all of them.
SILENT_CATEGORIES = frozenset({"cosmetic", "analytics"})
BROAD_CATEGORIES = frozenset({"model", "other"})

_WORD_S = 0.4
_ANSWER_S = 4.0
_CHAT_STEP_S = 2.0
_SETUP_S = 2.0
_SIMULATED_TURN_S = 9.0  # heard, thought and said
_RULES_TOKENS = 600
_TURN_TOKENS = 40


def is_called_for(script: Script, categories: Collection[str], known: Collection[str]) -> bool:
    """Whether a change in `categories` needs this script.

    A script whose tags name categories (of the `known` ones) is for changes in those; a script without such tags is
    for every change that can be heard. An empty `categories` is a new agent: everything is called.
    """
    changed = set(categories)
    if not changed:
        return True
    if changed <= SILENT_CATEGORIES:
        return bool(changed & set(script.tags))
    named = set(script.tags) & set(known)
    return not named or bool(changed & (named | BROAD_CATEGORIES))


def estimate_s(script: Script) -> float:
    """About how long all calls of `script` take together, at the pace people speak; never more than its limits."""
    simulated = script.caller.max_turns * _SIMULATED_TURN_S if script.caller.goal is not None else 0.0
    one = _SETUP_S + sum(_step_s(step, script.mode) for step in script.steps) + simulated
    return min(one, script.timeout_s) * script.repeat.times


def estimate_model(script: Script, votes: int) -> Usage:
    """What all calls of `script` may ask of a language model at most, its tokens by their usual length."""
    judged = len(script.judged_sentences) * votes
    turns = script.caller.max_turns if script.caller.goal is not None else 0
    said = len(script.steps) + 2 * turns
    tokens = judged * (_RULES_TOKENS + said * _TURN_TOKENS) + turns * (_RULES_TOKENS + turns * _TURN_TOKENS)
    return Usage((judged + turns) * script.repeat.times, tokens * script.repeat.times)


def _step_s(step: Step, mode: Mode) -> float:
    if isinstance(step, SilenceStep):
        return step.silence
    if mode is Mode.CHAT:
        return _CHAT_STEP_S
    match step:
        case SayStep(say=said):
            return len(plain_words(said.text)) * _WORD_S
        case SendTextStep(send_text=text):
            return len(plain_words(text)) * _WORD_S
        case ExpectStep() | ExpectEndStep() | WaitForStep():
            return _ANSWER_S
        case InterruptStep(interrupt=aside) | BackchannelStep(backchannel=aside):
            return aside.after.delay_ms / 1000 + len(plain_words(aside.say.text)) * _WORD_S
    return 0.0
