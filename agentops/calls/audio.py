"""Sound as PCM16 mono: reading and writing WAV, resampling, levels, noise and the telephone's band. Pure.

The only module of calls that needs numpy, which comes with the `speech` extra: import it where audio is really used.
"""

from __future__ import annotations

import io
import math
import struct
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from agentops.calls.conversation import Track
from agentops.files import read_bytes

Samples: TypeAlias = npt.NDArray[np.float64]

FULL_SCALE = 32768.0
SILENCE_DBFS = -50.0  # quieter than this nobody hears a voice on a phone line
FRAME_MS = 20  # of sound whose level is measured at once
_TAPS = 16  # zero crossings of the resampling kernel on each side


def to_samples(pcm: bytes) -> Samples:
    """PCM16 as floats from -1 to 1."""
    return np.frombuffer(pcm, dtype="<i2").astype(np.float64) / FULL_SCALE


def to_pcm(samples: Samples) -> bytes:
    return np.clip(np.rint(samples * FULL_SCALE), -32768, 32767).astype("<i2").tobytes()


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """Band-limited resampling with a Hann-windowed sinc; what the new rate can't hold is filtered out first."""
    if from_hz == to_hz or not len(samples):
        return samples
    scale = min(1.0, to_hz / from_hz)
    half = math.ceil(_TAPS / scale)
    padded = np.concatenate([np.zeros(half), samples, np.zeros(half + 1)])
    length = round(len(samples) * to_hz / from_hz)
    out = np.empty(length)
    offsets = np.arange(-half + 1, half + 1)
    for first in range(0, length, 8192):
        at = np.arange(first, min(first + 8192, length)) * (from_hz / to_hz)
        base = np.floor(at).astype(np.int64)
        distance = offsets[None, :] - (at - base)[:, None]
        kernel = scale * np.sinc(scale * distance) * np.cos(np.pi * distance / (2 * half)) ** 2
        out[first : first + len(at)] = np.einsum("ij,ij->i", padded[base[:, None] + offsets[None, :] + half], kernel)
    return out


def read_wav(path: Path, rate_hz: int) -> Samples:
    """Any PCM or float WAV as mono at `rate_hz`.

    Raises UsageError when the file can't be read, ValueError when it is no such WAV; its text says what is wrong.
    """
    data = read_bytes(path, hint="name a WAV file beside the script", code="sound-file")
    try:
        samples, rate = _parse_wav(data)
    except (struct.error, IndexError, KeyError):
        raise ValueError(f"{path.name} is not a complete WAV file") from None
    return resample(samples, rate, rate_hz)


def _parse_wav(data: bytes) -> tuple[Samples, int]:
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError("not a WAV file: it does not start with RIFF/WAVE")
    chunks: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        chunks.setdefault(name, data[at + 8 : at + 8 + size])
        at += 8 + size + size % 2  # RIFF pads a chunk of odd length with a byte that its size doesn't count
    form, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", chunks[b"fmt "])
    if form == 0xFFFE:  # "extensible": the real format is in the first two bytes of the sub-format
        form = struct.unpack_from("<H", chunks[b"fmt "], 24)[0]
    samples = _decode(chunks[b"data"], form, bits)
    return samples[: len(samples) // channels * channels].reshape(-1, channels).mean(axis=1), rate


def _decode(raw: bytes, form: int, bits: int) -> Samples:
    raw = raw[: len(raw) // (bits // 8) * (bits // 8)]  # a file that was cut may end within a sample
    match form, bits:
        case 1, 8:  # the only depth that WAV stores unsigned
            return (np.frombuffer(raw, np.uint8).astype(np.float64) - 128) / 128
        case 1, 16:
            return to_samples(raw)
        case 1, 24:  # numpy has no such type: the upper three bytes of 32 bits
            padded = np.zeros((len(raw) // 3, 4), np.uint8)
            padded[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
            return padded.reshape(-1).view("<i4").astype(np.float64) / 2**31
        case 1, 32:
            return np.frombuffer(raw, "<i4").astype(np.float64) / 2**31
        case 3, 32:
            return np.frombuffer(raw, "<f4").astype(np.float64)
        case 3, 64:
            return np.frombuffer(raw, "<f8").astype(np.float64)
    raise ValueError(f"a WAV of format {form} with {bits} bits; expected PCM of 8, 16, 24 or 32 bits, or float")


def stereo_wav(left: Samples, right: Samples, rate_hz: int) -> bytes:
    """A WAV file's bytes: 16-bit stereo, the shorter side padded with silence."""
    both = np.zeros((max(len(left), len(right)), 2))
    both[: len(left), 0] = left
    both[: len(right), 1] = right
    return _wav(both.reshape(-1), 2, rate_hz)


def mono_wav(samples: Samples, rate_hz: int) -> bytes:
    """A WAV file's bytes: 16-bit mono."""
    return _wav(samples, 1, rate_hz)


def _wav(samples: Samples, channels: int, rate_hz: int) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(to_pcm(samples))
    return out.getvalue()


def read_stereo(wav: bytes) -> tuple[Samples, Samples, int]:
    """The left and right side of a recording of ours, and its rate. Raises ValueError for anything else."""
    try:
        with wave.open(io.BytesIO(wav)) as file:
            both = to_samples(file.readframes(file.getnframes())).reshape(-1, 2)
            return both[:, 0], both[:, 1], file.getframerate()
    except (wave.Error, EOFError, ValueError):
        raise ValueError("not a recording of two sides") from None


def track_samples(track: Track, length: int) -> Samples:
    """A track as `length` samples of sound: silence where nothing was laid, cut at the end."""
    out = np.zeros(length, dtype="<i2")
    for start, pcm in track.pieces:
        piece = np.frombuffer(pcm, dtype="<i2")[: max(length - start, 0)]
        out[start : start + len(piece)] = piece
    return out / FULL_SCALE


@dataclass(frozen=True, slots=True)
class Level:
    """How loud some sound is.

    loudness_dbfs:  RMS of the audible part, -inf where nothing is audible
    clipping_share: how much of the audible part is clipped, 0..1
    audible_ms:     how long the audible part is
    """

    loudness_dbfs: float
    clipping_share: float
    audible_ms: float


def frame_levels_dbfs(samples: Samples, rate_hz: int) -> Samples:
    """The RMS of each `FRAME_MS` in dBFS; digital silence, which has no logarithm, is -120."""
    size = rate_hz * FRAME_MS // 1000
    whole = samples[: len(samples) // size * size].reshape(-1, size)
    return 20 * np.log10(np.maximum(np.sqrt((whole**2).mean(axis=1)), 1e-6)) if len(whole) else np.empty(0)


def measure(samples: Samples, rate_hz: int) -> Level:
    """The level of the frames that are louder than `SILENCE_DBFS`: pauses don't make a voice quieter."""
    size = rate_hz * FRAME_MS // 1000
    audible = frame_levels_dbfs(samples, rate_hz) > SILENCE_DBFS
    if not audible.any():
        return Level(-math.inf, 0.0, 0.0)
    heard = samples[: len(audible) * size].reshape(-1, size)[audible]
    loudness = 20 * math.log10(math.sqrt(float((heard**2).mean())))
    # Loud speech touches full scale now and then; a clipped wave stays there for several samples.
    flat = np.abs(heard.reshape(-1)) >= 0.999
    runs = flat[2:] & flat[1:-1] & flat[:-2]
    return Level(loudness, float(runs.mean()), float(audible.sum()) * FRAME_MS)


def trim(samples: Samples, rate_hz: int) -> Samples:
    """`samples` without the silence at both ends: turn latencies count from the last audible sound."""
    loud = np.flatnonzero(frame_levels_dbfs(samples, rate_hz) > SILENCE_DBFS)
    size = rate_hz * FRAME_MS // 1000
    return samples[loud[0] * size : (loud[-1] + 1) * size] if len(loud) else samples[:0]


def amplify(samples: Samples, gain_db: float) -> Samples:
    return samples * 10 ** (gain_db / 20)


def through_telephone(samples: Samples, rate_hz: int) -> Samples:
    """`samples` as a telephone line lets them through: 8 kHz, 300 to 3400 Hz."""
    narrow = resample(samples, rate_hz, 8000)
    spectrum = np.fft.rfft(narrow)
    frequency = np.fft.rfftfreq(len(narrow), 1 / 8000)
    spectrum[(frequency < 300) | (frequency > 3400)] = 0
    return resample(np.fft.irfft(spectrum, len(narrow)), 8000, rate_hz)


NoiseKind: TypeAlias = Literal["white", "pink", "babble"]


def noise(kind: NoiseKind, length: int, level_dbfs: float, seed: int) -> Samples:
    """`length` samples of noise at `level_dbfs` RMS, the same for the same seed.

    Babble is pink noise that pulses as many voices at once do.
    """
    random = np.random.default_rng(seed)
    sound = random.standard_normal(length)
    if kind != "white":
        spectrum = np.fft.rfft(sound)
        # Pink noise has a power of 1/f, so an amplitude of 1/sqrt(f).
        sound = np.fft.irfft(spectrum / np.sqrt(np.arange(1, len(spectrum) + 1)), length)
    if kind == "babble":
        beats = sum(
            np.abs(np.sin(np.linspace(p, p + length / 24_000 * 4 * np.pi * s, length)))
            for p, s in zip(random.uniform(0, 6, 5), random.uniform(1.5, 4, 5), strict=True)
        )
        sound = sound * beats
    return sound / max(float(np.sqrt((sound**2).mean())), 1e-9) * float(10 ** (level_dbfs / 20))


def peaks(samples: Samples, rate_hz: int, per_second: int) -> tuple[int, ...]:
    """The loudest moment of each 1/`per_second` s, 0..100, for drawing a waveform."""
    size = max(rate_hz // per_second, 1)
    whole = samples[: len(samples) // size * size].reshape(-1, size)
    loudest = np.maximum(whole.max(axis=1), -whole.min(axis=1)) if len(whole) else np.empty(0)
    return tuple(np.minimum(np.rint(loudest * 100), 100).astype(int).tolist())


_LISTENING_HZ = 16_000
_ULAW_FORMAT = 7


def listening_copy(wav: bytes) -> bytes:
    """A stereo recording of ours at a third of its size, to embed in a page: 16 kHz, 8-bit mu-law (ITU-T G.711)."""
    with wave.open(io.BytesIO(wav)) as file:
        rate, both = file.getframerate(), to_samples(file.readframes(file.getnframes())).reshape(-1, 2)
    sides = [resample(both[:, side], rate, min(rate, _LISTENING_HZ)) for side in (0, 1)]
    data = _mu_law(np.stack(sides, axis=1).reshape(-1))
    rate = min(rate, _LISTENING_HZ)
    form = struct.pack("<4sIHHIIHHH", b"fmt ", 18, _ULAW_FORMAT, 2, rate, rate * 2, 2, 8, 0)
    # WAV wants a `fact` chunk, the number of samples, for every format but PCM.
    fact = struct.pack("<4sII", b"fact", 4, len(data) // 2)
    body = b"WAVE" + form + fact + struct.pack("<4sI", b"data", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _mu_law(samples: Samples) -> bytes:
    bias, top = 33, 8159  # G.711 defines mu-law over 14 bits: 8159 is the largest value, 33 makes the segments join
    linear = np.rint(np.clip(samples, -1, 1) * top).astype(np.int64)
    magnitude = np.minimum(np.abs(linear), top - bias) + bias
    exponent = np.clip(np.floor(np.log2(magnitude)).astype(np.int64) - 5, 0, 7)
    mantissa = (magnitude >> (exponent + 1)) & 0x0F
    sign = np.where(linear < 0, 0x80, 0)
    # G.711 inverts every bit.
    return bytes((~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8))
