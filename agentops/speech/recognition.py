"""Speech recognition with pocketsphinx over a closed set of phrases.

A grammar decoder always picks some phrase, however badly it fits. Two passes decide whether it was really said: the
phrase's acoustic score is compared, frame by frame, with that of a loop over all phones, which fits any speech. Speech
outside the grammar is far worse than the loop somewhere; a phrase that was said is close to it everywhere. The model is
for US English.
"""

from __future__ import annotations

import itertools
import math
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agentops.speech.espeak import SpeechUnavailableError
from agentops.speech.pronunciation import pronounce
from agentops.speech.resampling import resample
from agentops.speech.speech_detection import can_be_speech

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MODEL_RATE_HZ = 16000
_PHONE_LOOP = "phones"
_KEPT_GRAMMARS = 64  # in each decoder
_LOG_BASE = 1.0001  # of pocketsphinx's scores

# How much worse than the free phone loop a phrase may be, as mean log score per frame: over the whole utterance, and
# over its worst quarter of a second. The two add up: either alone at its limit, or each at half of it, is the border.
# docs/speech.md has the measurement behind both numbers.
_MEAN_LIMIT = 30.0
_WINDOW_LIMIT = 79.0
_WINDOW_FRAMES = 25

_SPEECH_RMS = 1000.0  # the level, in PCM16 units, that every utterance is brought to
_SILENCE = 0.01  # times the loudest sample: anything below is silence
_DITHER = 30.0  # standard deviation of the noise that is added, since digital silence has no logarithm
_MARGIN_S = 0.3  # of silence that every utterance gets before and after it


@dataclass(frozen=True, slots=True)
class Recognition:
    """What was recognised: one of the phrases, or None when the audio says none of them.

    score: 0..1; from 0.5 on the phrase was said. Without a text it says how near the best phrase came.
    """

    text: str | None
    score: float


@dataclass(frozen=True, slots=True)
class _Segment:
    word: str
    start: int  # first frame
    end: int  # last frame
    score: float  # of all its frames together


def recognize(pcm: bytes, *, sample_rate_hz: int, phrases: Sequence[str]) -> Recognition:
    """Which of `phrases` the audio says, if any. Words are compared by their sound; punctuation doesn't count.

    Raises SpeechUnavailableError without the extra.
    """
    audio = _prepare(pcm, sample_rate_hz)
    if audio is None:
        return Recognition(None, 0.0)
    with _decoder() as decoder:
        heard = decoder.listen(audio, decoder.grammar(tuple(phrases)))
        if not heard.words:
            return Recognition(None, 0.0)
        free = decoder.listen(audio, _PHONE_LOOP)
    score = _score(heard, free)
    return Recognition(heard.phrase if score >= 0.5 else None, score)


def load_recognizer() -> None:
    """Loads a decoder, so that the first recognition does not have to wait for it."""
    with _decoder():
        pass


def find_words(pcm: bytes, *, sample_rate_hz: int, words: Sequence[str]) -> dict[int, float]:
    """Which of `words` are found in the audio, in this order: by their index, how badly each fits.

    That is how much worse than the free phone loop it is, as mean log score per frame. Words that are not found are
    left out. Raises SpeechUnavailableError without the extra.
    """
    audio = _prepare(pcm, sample_rate_hz)
    if audio is None:
        return {}
    with _decoder() as decoder:
        grammar = decoder.sequence(words)
        heard = decoder.listen(audio, grammar)
        free = decoder.listen(audio, _PHONE_LOOP) if heard.segments else heard
        decoder.forget(grammar)
    if not heard.segments or not free.segments:
        return {}
    shortfall = free.per_frame() - heard.per_frame()
    found: dict[int, float] = {}
    position = 0
    for segment in heard.words:
        spelling = segment.word.partition("(")[0]  # `are(2)` is another pronunciation of `are`
        position = grammar.spellings.index(spelling, position)
        found[position] = float(shortfall[segment.start : segment.end + 1].mean())
        position += 1
    return found


@dataclass(frozen=True, slots=True)
class _Hearing:
    """What the decoder makes of some audio with one grammar, or with the phone loop."""

    phrase: str | None
    segments: tuple[_Segment, ...]
    frames: int

    @property
    def words(self) -> tuple[_Segment, ...]:
        """Without fillers such as `<sil>`, `(NULL)` and `[NOISE]`."""
        return tuple(s for s in self.segments if s.word[0] not in "<(+[")

    def per_frame(self) -> NDArray[np.float64]:
        """Each segment's score, spread evenly over its frames."""
        import numpy as np

        scores = np.zeros(self.frames)
        for segment in self.segments:
            length = segment.end - segment.start + 1
            if length > 0:
                scores[segment.start : segment.end + 1] = segment.score / length
        return scores


def _score(heard: _Hearing, free: _Hearing) -> float:
    """0..1; 0.5 where the limits are just reached."""
    import numpy as np

    shortfall = free.per_frame() - heard.per_frame()
    first, last = heard.words[0].start, heard.words[-1].end
    spoken = shortfall[first : last + 1]
    width = min(_WINDOW_FRAMES, len(spoken))
    sums = np.convolve(spoken, np.ones(width), mode="valid") / width
    badness = float(shortfall.mean()) / _MEAN_LIMIT + float(sums.max()) / _WINDOW_LIMIT
    return min(1.0, math.pow(2.0, -badness))


def _prepare(pcm: bytes, sample_rate_hz: int) -> bytes | None:
    """The audio as the decoder wants it: 16 kHz, one level, margins, no digital silence; None for no speech."""
    import numpy as np

    samples = np.frombuffer(resample(pcm, from_hz=sample_rate_hz, to_hz=_MODEL_RATE_HZ), dtype="<i2").astype(float)
    level = float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0
    if level < 1.0:  # silence, which no gain makes louder
        return None
    samples *= _SPEECH_RMS / level
    if not can_be_speech(samples):
        return None
    samples = _trimmed(samples)
    margin = np.zeros(int(_MARGIN_S * _MODEL_RATE_HZ))
    samples = np.concatenate((margin, samples, margin))
    # The same noise each time, so that recognition is repeatable.
    noise = np.random.default_rng(0).normal(0.0, _DITHER, len(samples))
    return np.clip(samples + noise, -32768, 32767).astype("<i2").tobytes()


def _trimmed(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """`samples` without the silence at both ends, which takes as much time to decode as speech does."""
    import numpy as np

    block = _MODEL_RATE_HZ // 50
    blocks = np.abs(samples[: len(samples) // block * block]).reshape(-1, block).max(axis=1)
    loud = np.flatnonzero(blocks > blocks.max() * _SILENCE)
    return samples[loud[0] * block : (loud[-1] + 1) * block]


class _Decoder:
    """One pocketsphinx decoder with the grammars that were used last."""

    def __init__(self) -> None:
        try:
            import pocketsphinx
        except ImportError:
            raise SpeechUnavailableError from None
        model = pocketsphinx.get_model_path("en-us")
        self._decoder: Any = pocketsphinx.Decoder(
            hmm=f"{model}/en-us",
            dict=f"{model}/cmudict-en-us.dict",
            lm=None,
            samprate=_MODEL_RATE_HZ,
            loglevel="FATAL",
            beam=1e-80,  # with the default beams the end of a phrase is often cut off
            pbeam=1e-80,
            wbeam=1e-60,
            bestpath=False,
            remove_noise=False,  # its estimate would carry over from one utterance to the next
        )
        self._decoder.add_allphone_file(_PHONE_LOOP)
        self._grammars: OrderedDict[tuple[str, ...], _Grammar] = OrderedDict()
        self._names = itertools.count()
        self._spellings: dict[str, str] = {}

    def grammar(self, phrases: tuple[str, ...]) -> _Grammar:
        """A grammar of these phrases, of which exactly one is said."""
        if phrases in self._grammars:
            self._grammars.move_to_end(phrases)
            return self._grammars[phrases]
        if len(self._grammars) >= _KEPT_GRAMMARS:
            _, oldest = self._grammars.popitem(last=False)
            self._decoder.remove_search(oldest.name)
        sentences = {self._spell(phrase): phrase for phrase in reversed(phrases)}
        sentences.pop("", None)
        grammar = _Grammar(f"grammar-{next(self._names)}", sentences)
        if sentences:
            rule = " | ".join(sentences)
            self._decoder.add_jsgf_string(grammar.name, f"#JSGF V1.0; grammar heard; public <phrase> = {rule} ;")
        self._grammars[phrases] = grammar
        return grammar

    def sequence(self, words: Sequence[str]) -> _Grammar:
        """A grammar of these words in order, each of which may be missing. Call `forget` after use."""
        spellings = tuple(self._token(word) for word in words)
        grammar = _Grammar(f"grammar-{next(self._names)}", {}, spellings)
        rule = " ".join(f"[ {spelling} ]" for spelling in spellings if spelling)
        self._decoder.add_jsgf_string(grammar.name, f"#JSGF V1.0; grammar heard; public <text> = {rule} ;")
        return grammar

    def forget(self, grammar: _Grammar) -> None:
        self._decoder.activate_search(_PHONE_LOOP)
        self._decoder.remove_search(grammar.name)

    def _spell(self, phrase: str) -> str:
        """The phrase in words of the decoder's dictionary, which learns those that it lacks."""
        return " ".join(token for word in words_of(phrase) if (token := self._token(word)))

    def _token(self, word: str) -> str:
        """The name of `word` in the dictionary; "" for a word that is not pronounced."""
        if word not in self._spellings:
            token = word
            if not self._decoder.lookup_word(word):
                phones = pronounce(word)
                token = f"learned{len(self._spellings)}" if phones else ""
                if token:
                    self._decoder.add_word(token, phones, True)
            self._spellings[word] = token
        return self._spellings[word]

    def listen(self, audio: bytes, search: _Grammar | str) -> _Hearing:
        if isinstance(search, _Grammar) and not (search.sentences or any(search.spellings)):
            return _Hearing(None, (), 0)
        self._decoder.activate_search(search if isinstance(search, str) else search.name)
        self._decoder.start_utt()
        self._decoder.process_raw(audio, False, True)
        self._decoder.end_utt()
        heard = self._decoder.hyp()
        if heard is None:
            return _Hearing(None, (), 0)
        phrase = search.sentences.get(heard.hypstr) if isinstance(search, _Grammar) else None
        segments = tuple(
            _Segment(s.word, s.start_frame, s.end_frame, math.log(max(s.ascore, 1e-300)) / math.log(_LOG_BASE))
            for s in self._decoder.seg()
        )
        return _Hearing(phrase, segments, self._decoder.n_frames())


@dataclass(frozen=True, slots=True)
class _Grammar:
    name: str
    sentences: dict[str, str]  # in the decoder's words -> the phrase as it was given
    spellings: tuple[str, ...] = ()  # of the words of a sequence


def words_of(text: str) -> list[str]:
    """The words of `text` as they are compared: lower case, no punctuation but inner apostrophes."""
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower().replace("’", "'"))


_LIMIT = threading.BoundedSemaphore(2)  # decoders in use at once; each holds its own copy of the model
_idle: list[_Decoder] = []


@contextmanager
def _decoder() -> Iterator[_Decoder]:
    with _LIMIT:
        decoder = _idle.pop() if _idle else _Decoder()
        try:
            yield decoder
        finally:
            _idle.append(decoder)
