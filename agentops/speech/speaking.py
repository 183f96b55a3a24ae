"""Text to speech with espeak-ng, in this process."""

from __future__ import annotations


class SpeechUnavailableError(RuntimeError):
    """The speech extra is not installed."""

    def __init__(self) -> None:
        super().__init__('speech needs an extra: pip install "atoms-agentops[speech]"')


def is_available() -> bool:
    """Whether both the synthesizer and the recogniser can be loaded."""
    raise NotImplementedError


def synthesize(
    text: str, *, sample_rate_hz: int, voice: str = "", language: str = "en", speed: float = 1.0, pitch: int = 50
) -> bytes:
    """`text` spoken, as PCM16 mono at `sample_rate_hz`."""
    raise NotImplementedError
