"""Makes a script ready to be called: its words become sound before anybody is called.

A spoken script needs the `speech` extra, and without it is a usage error here; a chat script needs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agentops import speech
from agentops.calls.line import Room, Sound
from agentops.calls.local_lag import CHUNK_MS
from agentops.calls.personas import read_persona
from agentops.calls.protocol import Mode
from agentops.calls.run import PreparedScript
from agentops.calls.script import Noise, Script, Speech, speech_of
from agentops.errors import UsageError
from agentops.installation import install_command

_CALLER_DBFS = -20.0  # as loud as a person on a phone
_NOISE_LOOP_S = 8  # of noise are made, and repeated
_NOISE_SEED = 1  # the same noise in every call, so that two of them can be compared


def prepare(script: Script, file: str, *, folder: Path, places: Sequence[str] = ()) -> PreparedScript:
    """`script` with its sounds at its sample rate. `folder` holds its WAV files and personas.

    Raises `UsageError`: no speech extra, a WAV file that is missing or unusable, an unknown persona.
    """
    persona = read_persona(script.caller.persona, folder) if script.caller.goal is not None else ""
    if script.mode is Mode.CHAT:
        return PreparedScript(script, file, places=places, persona=persona)
    if not speech.is_available():
        raise UsageError(
            f"{file} is a spoken call, and the speech extra is not installed",
            hint=f"`{install_command('speech')}`, or give the script `mode: chat`",
            code="speech-extra",
        )
    spoken = [(i, s) for i, step in enumerate(script.steps) if (s := speech_of(step)) is not None]
    sounds = {i: _sound_of(script, s, folder) for i, s in spoken}
    return PreparedScript(
        script,
        file,
        sounds,
        _room(script, script.noise) if script.noise else None,
        places,
        voice=lambda text: _sound_of(script, Speech(text=text), folder),
        persona=persona,
    )


def _sound_of(script: Script, spoken: Speech, folder: Path) -> Sound:
    """`spoken` as it reaches the line: from its file, or synthesized in the caller's voice."""
    from agentops.calls import audio

    rate, caller = script.sample_rate_hz, script.caller
    if spoken.file:
        try:
            samples = audio.read_wav(folder / spoken.file, rate)
        except ValueError as error:
            hint = "name a WAV file beside the script"
            raise UsageError(f"{folder / spoken.file} can't be used: {error}", hint=hint, code="sound-file") from None
    else:
        pcm = speech.synthesize(
            spoken.text,
            sample_rate_hz=rate,
            voice=caller.voice if spoken.voice is None else spoken.voice,
            language=caller.language if spoken.language is None else spoken.language,
            speed=caller.speed if spoken.speed is None else spoken.speed,
            pitch=caller.pitch if spoken.pitch is None else spoken.pitch,
        )
        samples = audio.to_samples(pcm)
    samples = audio.trim(samples, rate)
    if not len(samples):
        hint = "give it words that can be spoken, or a sound file with speech in it"
        raise UsageError(f"nothing can be heard in {spoken.file or spoken.text!r}", hint=hint, code="silent-speech")
    if not spoken.file:  # voices differ in loudness; a file is as loud as its author made it
        samples = audio.amplify(samples, _CALLER_DBFS - audio.measure(samples, rate).loudness_dbfs)
    samples = audio.amplify(samples, caller.gain_db if spoken.gain_db is None else spoken.gain_db)
    if script.band == "telephone":
        samples = audio.through_telephone(samples, rate)
    return Sound(spoken.text or (spoken.file or ""), audio.to_pcm(samples))


def _room(script: Script, noise: Noise) -> Room:
    """The caller's surroundings: noise under everything, in chunks that repeat."""
    from agentops.calls import audio

    size = script.sample_rate_hz * CHUNK_MS // 1000
    count = _NOISE_LOOP_S * 1000 // CHUNK_MS
    level = _CALLER_DBFS + script.caller.gain_db - noise.snr_db
    loop = audio.noise(noise.kind, size * count, level, _NOISE_SEED)
    if script.band == "telephone":
        loop = audio.through_telephone(loop, script.sample_rate_hz)
    quiet = [audio.to_pcm(loop[i * size : (i + 1) * size]) for i in range(count)]

    def mix(pcm: bytes | None, n: int) -> bytes:
        under = quiet[n % count]
        return under if pcm is None else audio.to_pcm(audio.to_samples(pcm) + audio.to_samples(under))

    return mix
