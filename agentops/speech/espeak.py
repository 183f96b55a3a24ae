"""The espeak-ng library through ctypes: text in, samples, word times and phonemes out.

The library keeps its state in the process, so one lock serialises every use. Only `synthesis` and `pronunciation`
use this module.
"""

from __future__ import annotations

import ctypes
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

SAMPLE_RATE_HZ = 22050  # of all its voices

# Constants of espeak-ng's speak_lib.h.
_OUTPUT_SYNCHRONOUS = 2
_NEVER_EXIT = 0x8000  # by default the library ends the process when it can't read its data
_CHARACTERS_UTF8 = 1
_PARAMETER_RATE, _PARAMETER_PITCH = 1, 3
_EVENT_WORD = 1
_PHONEMES_AS_IPA = 0x02


class SpeechUnavailableError(RuntimeError):
    """The speech extra is not installed."""

    def __init__(self) -> None:
        super().__init__("the extra `speech` is not installed")


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # in characters, counted from 1
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # in milliseconds
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


_SynthCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True, slots=True)
class RawSpeech:
    """What espeak-ng gives for a text: PCM16 mono at `SAMPLE_RATE_HZ`.

    words: for each word, the indexes of its first character in the text and of its first sample
    """

    pcm: bytes
    words: tuple[tuple[int, int], ...]


class _Espeak:
    def __init__(self, library: Any, data_path: str) -> None:
        self._library = library
        self._lock = threading.Lock()
        self._pcm = bytearray()
        self._words: list[tuple[int, int]] = []
        self._callback = _SynthCallback(self._collect)  # kept: the library holds only a pointer to it
        if library.espeak_Initialize(_OUTPUT_SYNCHRONOUS, 0, data_path.encode(), _NEVER_EXIT) != SAMPLE_RATE_HZ:
            raise SpeechUnavailableError
        library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        library.espeak_SetSynthCallback(self._callback)

    def _collect(self, samples: int | None, count: int, events: Any) -> int:
        if samples and count:
            self._pcm += ctypes.string_at(samples, count * 2)
        index = 0
        while events[index].type:  # the list ends with an event of type 0
            if events[index].type == _EVENT_WORD:
                self._words.append((events[index].text_position - 1, events[index].sample))
            index += 1
        return 0

    def speak(self, text: str, *, voice: str, words_per_minute: int, pitch: int) -> RawSpeech:
        with self._lock:
            self._pcm.clear()
            self._words.clear()
            self._use(voice)
            self._library.espeak_SetParameter(_PARAMETER_RATE, words_per_minute, 0)
            self._library.espeak_SetParameter(_PARAMETER_PITCH, pitch, 0)
            data = text.encode()  # C text: its size counts the closing zero byte
            self._library.espeak_Synth(data, len(data) + 1, 0, 0, 0, _CHARACTERS_UTF8, None, None)
            self._library.espeak_Synchronize()
            return RawSpeech(bytes(self._pcm), tuple(self._words))

    def phonemes(self, word: str) -> str:
        """The pronunciation of `word` in US English, in IPA."""
        with self._lock:
            self._use("en-us")
            pointer = ctypes.c_char_p(word.encode())
            spoken = self._library.espeak_TextToPhonemes(ctypes.byref(pointer), _CHARACTERS_UTF8, _PHONEMES_AS_IPA)
            return (spoken or b"").decode()

    def _use(self, voice: str) -> None:
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice!r}")


@lru_cache(maxsize=1)
def load() -> _Espeak:
    """The library, loaded once per process. Raises SpeechUnavailableError when the extra is missing."""
    try:
        import espeakng_loader
    except ImportError:
        raise SpeechUnavailableError from None
    try:
        return _Espeak(ctypes.CDLL(espeakng_loader.get_library_path()), espeakng_loader.get_data_path())
    except (OSError, RuntimeError):
        raise SpeechUnavailableError from None
