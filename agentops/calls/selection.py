"""Which scripts are called after a change, and how long and how much their calls will take. Pure."""

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

# A change that callers can't notice needs no call; one that may show anywhere needs every script.
SILENT_CATEGORIES = frozenset({"cosmetic", "analytics"})
BROAD_CATEGORIES = frozenset({"model", "other"})

# Estimates for what `plan` says before anybody is called: no limit is made of them.
_WORD_S = 0.4
_ANSWER_S = 4.0
_CHAT_STEP_S = 2.0
_SETUP_S = 2.0
_SIMULATED_TURN_S = 9.0  # the agent's answer, the model's, and the time to say it
_RULES_TOKENS = 600
_TURN_TOKENS = 40


def is_called_for(script: Script, categories: Collection[str], known: Collection[str]) -> bool:
    """Whether a change in `categories` needs this script.

    A script whose tags name categories (of the `known` ones) is for changes in those; a script without such tags is
    for every change that callers can notice. Empty `categories` stand for a new agent, which needs every script.
    """
    changed = set(categories)
    if not changed:
        return True
    if changed <= SILENT_CATEGORIES:
        return bool(changed & set(script.tags))
    named = set(script.tags) & set(known)
    return not named or bool(changed & (named | BROAD_CATEGORIES))


def estimate_s(script: Script) -> float:
    """About how many seconds all calls of `script` take together at the pace people speak; at most their time-outs."""
    simulated = script.caller.max_turns * _SIMULATED_TURN_S if script.caller.goal is not None else 0.0
    one = _SETUP_S + sum(_step_s(step, script.mode) for step in script.steps) + simulated
    return min(one, script.timeout_s) * script.repeat.times


def estimate_model(script: Script, votes: int) -> Usage:
    """The most requests that all calls of `script` make to a language model, with tokens for turns of usual length."""
    judged = len(script.judged_sentences) * votes
    caller_turns = script.caller.max_turns if script.caller.goal is not None else 0
    all_turns = len(script.steps) + 2 * caller_turns
    # The transcript grows with every turn of the caller: on average half of both sides' turns are sent.
    tokens = judged * (_RULES_TOKENS + all_turns * _TURN_TOKENS)
    tokens += caller_turns * (_RULES_TOKENS + caller_turns * _TURN_TOKENS)
    return Usage((judged + caller_turns) * script.repeat.times, tokens * script.repeat.times)


def _step_s(step: Step, mode: Mode) -> float:
    if isinstance(step, SilenceStep):
        return step.silence
    if mode is Mode.CHAT:
        return _CHAT_STEP_S
    match step:
        case SayStep(say=speech):
            return len(plain_words(speech.text)) * _WORD_S
        case SendTextStep(send_text=text):
            return len(plain_words(text)) * _WORD_S
        case ExpectStep() | ExpectEndStep() | WaitForStep():
            return _ANSWER_S
        case InterruptStep(interrupt=aside) | BackchannelStep(backchannel=aside):
            return aside.after.delay_ms / 1000 + len(plain_words(aside.say.text)) * _WORD_S
    return 0.0
