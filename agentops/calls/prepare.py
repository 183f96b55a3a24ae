"""Makes a script ready to be called: its words become sound, before anybody is called.

A script that speaks needs the `speech` extra, and says so here as a usage error; a chat script needs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agentops import speech
from agentops.calls.line import Room, Sound
from agentops.calls.local_lag import CHUNK_MS
from agentops.calls.personas import read_persona
from agentops.calls.protocol import Mode
from agentops.calls.run import PreparedScript
from agentops.calls.script import Noise, Script, Speech, speech_of
from agentops.errors import UsageError

if TYPE_CHECKING:
    from agentops.calls.audio import Samples

_CALLER_DBFS = -20.0  # as loud as a person on a phone
_NOISE_LOOP_S = 8


def prepare(script: Script, file: str, *, folder: Path, places: Sequence[str] = (), seed: int = 1) -> PreparedScript:
    """`script` with its sounds at its sample rate. `folder` is where its WAV files are looked for.

    Raises `UsageError`: no speech extra, a WAV file that is not there or not usable.
    """
    persona = read_persona(script.caller.persona, folder) if script.caller.goal is not None else ""
    if script.mode is Mode.CHAT:
        return PreparedScript(script, file, places=places, persona=persona)
    if not speech.is_available():
        raise UsageError(
            f"{file} is a spoken call, and the speech extra is not installed",
            hint='pip install "atoms-agentops[speech]", or give the script `mode: chat`',
            code="speech-extra",
        )
    spoken = [(i, s) for i, step in enumerate(script.steps) if (s := speech_of(step)) is not None]
    sounds = {i: _voice(script, s, folder) for i, s in spoken}
    return PreparedScript(
        script,
        file,
        sounds,
        _room(script, script.noise, seed) if script.noise else None,
        places,
        voice=lambda text: _voice(script, Speech(text=text), folder),
        persona=persona,
    )


def _voice(script: Script, said: Speech, folder: Path) -> Sound:
    from agentops.calls import audio

    rate = script.sample_rate_hz
    samples = _read(folder, said.file, rate) if said.file else audio.to_samples(_synthesize(script, said))
    samples = audio.trim(samples, rate)
    if not len(samples):
        hint = "give it words that can be spoken, or a sound file with speech in it"
        raise UsageError(f"nothing can be heard in {said.file or said.text!r}", hint=hint, code="silent-speech")
    if not said.file:
        samples = audio.amplify(samples, _CALLER_DBFS - audio.measure(samples, rate).loudness_dbfs)
    samples = audio.amplify(samples, script.caller.gain_db if said.gain_db is None else said.gain_db)
    if script.band == "telephone":
        samples = audio.through_telephone(samples, rate)
    return Sound(said.text or (said.file or ""), audio.to_pcm(samples))


def _synthesize(script: Script, said: Speech) -> bytes:
    caller = script.caller
    return speech.synthesize(
        said.text,
        sample_rate_hz=script.sample_rate_hz,
        voice=caller.voice if said.voice is None else said.voice,
        language=caller.language if said.language is None else said.language,
        speed=caller.speed if said.speed is None else said.speed,
        pitch=caller.pitch if said.pitch is None else said.pitch,
    )


def _read(folder: Path, name: str, rate_hz: int) -> Samples:
    from agentops.calls import audio

    try:
        return audio.read_wav(folder / name, rate_hz)
    except ValueError as error:
        hint = "name a WAV file beside the script"
        raise UsageError(f"{folder / name} can't be used: {error}", hint=hint, code="sound-file") from None


def _room(script: Script, noise: Noise, seed: int) -> Room:
    """The caller's surroundings: noise under everything, as chunks that repeat after some seconds."""
    from agentops.calls import audio

    size = script.sample_rate_hz * CHUNK_MS // 1000
    count = _NOISE_LOOP_S * 1000 // CHUNK_MS
    level = _CALLER_DBFS + script.caller.gain_db - noise.snr_db
    loop = audio.noise(noise.kind, size * count, level, seed)
    if script.band == "telephone":
        loop = audio.through_telephone(loop, script.sample_rate_hz)
    quiet = [audio.to_pcm(loop[i * size : (i + 1) * size]) for i in range(count)]

    def mix(pcm: bytes | None, n: int) -> bytes:
        under = quiet[n % count]
        return under if pcm is None else audio.to_pcm(audio.to_samples(pcm) + audio.to_samples(under))

    return mix
