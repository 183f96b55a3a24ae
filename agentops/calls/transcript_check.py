"""Checks whether the agent's audio says what its transcript claims.

A platform's transcript is what the agent meant to say; a caller only has the sound. Offline, and only in English, the
words of each turn's transcript are looked for in its sound. Where the project names an endpoint to `listen` with, that
transcribes the sound, in any language, and both texts are compared.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from agentops import speech
from agentops.calls.ended_call import EndedCall
from agentops.calls.language import languages_of
from agentops.calls.model_client import NoAnswerError
from agentops.calls.report import Check, CheckKind, Turn
from agentops.calls.script import Script
from agentops.calls.words import names_of, plain_words

if TYPE_CHECKING:
    from agentops.calls.recording import Recording

# The text of a WAV file. Raises NoAnswerError.
Transcribe: TypeAlias = Callable[[bytes], Awaitable[str]]

# Recordings are listened to one at a time: more threads would compete with the calls that are still going on.
LISTENERS = ThreadPoolExecutor(max_workers=1, thread_name_prefix="agentops-listening")
_NAME = "audio says its transcript"
_UNSPACED = re.compile("([\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff])")  # Thai, kana, Han: written without blanks


async def listen_to(
    script: Script, call: EndedCall, recording: Recording | None, transcribe: Transcribe | None
) -> tuple[EndedCall, list[Check]]:
    """One check for each turn that can be listened to, and `call` with the worst of their scores."""
    at_least = script.checks.says_transcript
    if recording is None or at_least is None:
        return call, []
    spoken = [turn for _, turn in call.agent_turns if plain_words(turn.text) and not turn.is_interrupted]
    if transcribe is not None:
        heard = [await _transcribed(recording, turn, at_least, transcribe) for turn in spoken]
    else:
        spoken = [turn for turn in spoken if languages_of(turn.text) <= {"en"} and speech.words_of(turn.text)]
        loop = asyncio.get_running_loop()
        heard = [await loop.run_in_executor(LISTENERS, _heard_offline, recording, t, at_least) for t in spoken]
    if not heard:
        # A script that asks for this check must not pass because it could not be made.
        wanted = "a turn of the agent with a transcript" + ("" if transcribe else " in English")
        return call, [Check(_NAME, CheckKind.AUDIO, False, wanted, "no such turn")]
    scores = [check.value for check in heard if check.value is not None]
    measures = replace(call.measures, transcript_score=min(scores, default=None))
    if transcribe is not None:
        measures = replace(measures, word_error_rate=1 - sum(scores) / len(scores) if scores else None)
    return replace(call, measures=measures), heard


def _heard_offline(recording: Recording, turn: Turn, at_least: float) -> Check:
    from agentops.calls import audio

    pcm = audio.to_pcm(recording.agent_part(turn.start_ms, turn.end_ms))
    match = speech.match_text(pcm, sample_rate_hz=recording.rate_hz, text=turn.text)
    missing = f", without the words: {' '.join(match.missing)}" if match.missing else ""
    return _check(turn, at_least, match.score, f"a score of {match.score:.2f}{missing}")


async def _transcribed(recording: Recording, turn: Turn, at_least: float, transcribe: Transcribe) -> Check:
    from agentops.calls import audio

    part = recording.agent_part(turn.start_ms, turn.end_ms)
    try:
        text = await transcribe(audio.mono_wav(part, recording.rate_hz))
    except NoAnswerError as error:
        check = _check(turn, at_least, None, "nothing: the endpoint gave no transcript")
        return replace(check, doubt=f"the endpoint that listens gave no usable answer: {error}")
    rate = word_error_rate(text, turn.text)
    return _check(turn, at_least, max(1 - rate, 0.0), f'"{text}", a word error rate of {rate:.0%}')


def _check(turn: Turn, at_least: float, score: float | None, heard: str) -> Check:
    return Check(
        name=_NAME,
        kind=CheckKind.AUDIO,
        passed=score is not None and score >= at_least,
        expected=f'audio that says "{turn.text}", with a score of at least {at_least:.2f}',
        heard=heard,
        at_ms=turn.start_ms,
        value=score,
        limit=at_least,
    )


def word_error_rate(heard: str, wanted: str) -> float:
    """Words inserted, left out and replaced, as a share of the wanted ones; above 1 where much was inserted.

    What is written without blanks, such as Thai or Chinese, is counted by character.
    """
    heard, wanted = (_UNSPACED.sub(r" \1 ", text) for text in (heard, wanted))
    heard_words, wanted_words = names_of(heard, like=wanted), names_of(wanted)
    costs = list(range(len(wanted_words) + 1))  # of the edit distance, row by row
    for row, word in enumerate(heard_words, 1):
        before, costs[0] = costs[0], row
        for column, other in enumerate(wanted_words, 1):
            before, costs[column] = (
                costs[column],
                min(costs[column] + 1, costs[column - 1] + 1, before + (word != other)),
            )
    return costs[-1] / len(wanted_words) if wanted_words else float(bool(heard_words))
