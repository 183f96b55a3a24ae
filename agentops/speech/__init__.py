"""Speaking and hearing behind two small functions. A leaf: it imports nothing else of agentops.

Both need the `speech` extra (espeak-ng speaks, pocketsphinx hears); `is_available` says whether it is installed, and
without it both raise `SpeechUnavailableError`, whose text names the extra to install. Audio is PCM signed 16-bit
little-endian mono throughout.
"""

from agentops.speech.espeak import SpeechUnavailableError
from agentops.speech.hearing import Recognition, load_recognizer, recognize, words_of
from agentops.speech.matching import TextMatch, match_text
from agentops.speech.resampling import resample
from agentops.speech.speaking import Speech, SpokenWord, is_available, speak, synthesize

__all__ = [
    "Recognition",
    "Speech",
    "SpeechUnavailableError",
    "SpokenWord",
    "TextMatch",
    "is_available",
    "load_recognizer",
    "match_text",
    "recognize",
    "resample",
    "speak",
    "synthesize",
    "words_of",
]
