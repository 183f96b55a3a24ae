"""Speech synthesis and recognition. Imports nothing else of agentops.

Both need the `speech` extra (espeak-ng speaks, pocketsphinx listens); `is_available` says whether it is installed, and
without it both raise `SpeechUnavailableError`, whose text names the extra. Audio is PCM signed 16-bit
little-endian mono throughout.
"""

from agentops.speech.espeak import SpeechUnavailableError
from agentops.speech.recognition import Recognition, load_recognizer, recognize, words_of
from agentops.speech.resampling import resample
from agentops.speech.synthesis import SpokenWord, SynthesizedSpeech, is_available, speak, synthesize
from agentops.speech.text_match import TextMatch, match_text

__all__ = [
    "Recognition",
    "SpeechUnavailableError",
    "SpokenWord",
    "SynthesizedSpeech",
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
