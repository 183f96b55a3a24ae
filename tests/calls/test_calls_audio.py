"""Sound: files of every kind come in, rates change without losing what can be heard, levels are what they say."""

from __future__ import annotations

import io
import struct
import wave
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

np = pytest.importorskip("numpy", reason="the speech extra is not installed")
audio = pytest.importorskip("agentops.calls.audio")

from agentops.calls.conversation import Track  # noqa: E402 - after the check for the extra
from agentops.calls.protocol import Role  # noqa: E402
from agentops.calls.report import Turn  # noqa: E402


def sine(hz: float, rate: int, seconds: float = 0.5, level: float = 0.5) -> object:
    return level * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)


def loudest_hz(samples: object, rate: int) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * rate / len(samples))  # type: ignore[arg-type]


@pytest.mark.parametrize("from_hz", [8000, 11025, 16000, 22050, 24000, 44100, 48000])
@pytest.mark.parametrize("to_hz", [8000, 24000, 48000])
def test_resampling_keeps_what_the_new_rate_can_hold(from_hz: int, to_hz: int) -> None:
    out = audio.resample(sine(1000, from_hz), from_hz, to_hz)
    assert len(out) == round(from_hz // 2 * to_hz / from_hz)
    assert abs(loudest_hz(out, to_hz) - 1000) < 5
    middle = out[len(out) // 4 : -len(out) // 4]
    assert abs(np.abs(middle).max() - 0.5) < 0.01


def test_resampling_removes_what_would_fold_back() -> None:
    out = audio.resample(sine(10_000, 24_000), 24_000, 8_000)
    assert np.abs(out[200:-200]).max() < 0.005


@given(st.binary(min_size=2, max_size=400).map(lambda b: b[: len(b) // 2 * 2]))
def test_pcm_survives_being_samples(pcm: bytes) -> None:
    assert audio.to_pcm(audio.to_samples(pcm)) == pcm


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_wav_of_any_width_is_read(width: int, tmp_path: Path) -> None:
    wave_form = sine(440, 16_000, level=0.25)
    scale = 2 ** (8 * width - 1)
    numbers = np.rint(wave_form * (scale - 1)).astype(np.int64)
    raw = (numbers + 128).astype(np.uint8).tobytes() if width == 1 else b"".join(
        int(n).to_bytes(width, "little", signed=True) for n in numbers
    )  # fmt: skip
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, width, 16_000, 0, "NONE", ""))
        file.writeframes(raw)
    assert np.abs(audio.read_wav(path, 16_000) - wave_form).max() < 0.01


def test_float_and_stereo_are_read(tmp_path: Path) -> None:
    left = sine(440, 24_000).astype("<f4")  # type: ignore[attr-defined]
    data = np.column_stack((left, np.zeros_like(left))).tobytes()
    form = struct.pack("<HHIIHH", 3, 2, 24_000, 24_000 * 8, 8, 32)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    (tmp_path / "f.wav").write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    assert np.abs(audio.read_wav(tmp_path / "f.wav", 24_000) - left / 2).max() < 1e-6


@pytest.mark.parametrize(
    "data", [b"", b"RIFF", b"RIFF\0\0\0\0WAVE", b"ID3 not a wav at all", b"RIFF\4\0\0\0WAVEfmt \1\0\0\0x"]
)
def test_what_is_no_wav_is_said_so(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(data)
    with pytest.raises(ValueError, match="WAV"):
        audio.read_wav(tmp_path / "x.wav", 24_000)


def test_levels_are_what_they_say() -> None:
    level = audio.measure(sine(300, 24_000, level=0.1), 24_000)
    assert abs(level.loudness_dbfs - -23.0) < 0.1
    assert level.clipping_share == 0
    assert level.audible_ms == 500
    clipped = audio.measure(np.clip(sine(300, 24_000, level=4.0), -1, 1), 24_000)
    assert clipped.clipping_share > 0.5
    assert audio.measure(np.zeros(24_000), 24_000).loudness_dbfs == -np.inf


def test_silence_is_trimmed_and_only_silence() -> None:
    sound = np.concatenate([np.zeros(4800), sine(300, 24_000), np.zeros(9600)])
    assert len(audio.trim(sound, 24_000)) == 12_000
    assert len(audio.trim(np.zeros(9600), 24_000)) == 0


def test_a_telephone_leaves_the_middle() -> None:
    for hz, stays in ((100, False), (1000, True), (3000, True), (5000, False)):
        left = np.abs(audio.through_telephone(sine(hz, 24_000), 24_000)[2000:-2000]).max()
        assert bool(left > 0.4) is stays, hz


@pytest.mark.parametrize("kind", ["white", "pink", "babble"])
def test_noise_has_its_level_and_repeats(kind: str) -> None:
    sound = audio.noise(kind, 48_000, -40.0, 7)
    assert abs(20 * np.log10(np.sqrt((sound**2).mean())) + 40) < 0.01
    assert np.array_equal(sound, audio.noise(kind, 48_000, -40.0, 7))


def test_a_track_plays_on_joins_what_is_late_and_forgets_what_is_void() -> None:
    track = Track(1000)
    assert track.lay(100.0, bytes(200)) == 100  # 100 ms of sound
    assert track.lay(120.0, bytes(200)) == 200  # came early: waits
    assert track.lay(350.0, bytes(200)) == 300  # 50 ms late: a player's buffer hides that
    assert track.lay(900.0, bytes(200)) == 900  # a real pause
    track.cut(350.0)
    assert track.end_ms == 350
    track.cut(0.0)
    assert track.pieces == []


def test_the_listening_copy_sounds_like_the_recording() -> None:
    left, right = sine(440, 24_000, 1.0), sine(880, 24_000, 1.0, level=0.2)
    copy = audio.listening_copy(audio.stereo_wav(left, right, 24_000))
    assert len(copy) < 33_000
    assert copy[20:22] == b"\x07\x00"  # mu-law
    codes = np.frombuffer(copy[copy.index(b"data") + 8 :], np.uint8).astype(np.int64) ^ 0xFF
    magnitude = (((codes & 0x0F) * 2 + 33) << ((codes >> 4) & 7)) - 33
    samples = np.where(codes & 0x80, -magnitude, magnitude).reshape(-1, 2) / 8159
    assert abs(loudest_hz(samples[:, 0], 16_000) - 440) < 2
    assert abs(loudest_hz(samples[:, 1], 16_000) - 880) < 2
    assert abs(np.abs(samples[2000:-2000, 0]).max() - 0.5) < 0.03


def test_a_stereo_file_has_the_caller_left_and_both_sides_equally_long() -> None:
    data = audio.stereo_wav(np.full(100, 0.5), np.full(40, -0.5), 8000)
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getnchannels(), file.getnframes(), file.getframerate()) == (2, 100, 8000)
        assert struct.unpack("<hh", file.readframes(1)) == (16384, -16384)


# -- both sides together


def sides(*spoken_ms: tuple[int, int], length_ms: int = 10_000) -> Any:
    """A recording in which the agent can be heard at these times."""
    from agentops.calls.recording import Recording

    agent = np.zeros(8 * length_ms)
    for start, end in spoken_ms:
        agent[8 * start : 8 * end] = 0.3
    return Recording(np.zeros(8 * length_ms), agent, 8000)


CALLER_TURN = Turn(Role.CALLER, 1000.0, 2000.0, "hello")


def test_the_longest_silence_is_between_what_is_heard() -> None:
    from agentops.calls.recording import compare_sides

    heard = compare_sides(sides((0, 500), (6000, 7000)), [CALLER_TURN])
    assert (heard.longest_silence_ms, heard.longest_silence_at_ms) == (4000.0, 2000.0)
    assert heard.talk_over_ms == 0.0
    assert heard.talk_over_at_ms is None
    assert heard.agent_talk_ratio == pytest.approx(0.6)


def test_time_that_the_emulator_held_is_no_silence() -> None:
    from agentops.calls.recording import compare_sides

    heard = compare_sides(sides((0, 500), (6000, 7000)), [CALLER_TURN], [(2400.0, 5600.0)])
    assert (heard.longest_silence_ms, heard.longest_silence_at_ms) == (800.0, 2000.0)
    other = compare_sides(sides((0, 500), (6000, 7000)), [CALLER_TURN], [(500.0, 1000.0)])
    assert (other.longest_silence_ms, other.longest_silence_at_ms) == (4000.0, 2000.0)
    all_of_it = compare_sides(sides((6000, 7000)), [], [(0.0, 6000.0)])
    assert all_of_it.longest_silence_ms == 0.0


def test_both_talking_at_once_is_talk_over() -> None:
    from agentops.calls.recording import compare_sides

    heard = compare_sides(sides((1500, 2500)), [CALLER_TURN])
    assert (heard.talk_over_ms, heard.talk_over_at_ms) == (500.0, 1500.0)
