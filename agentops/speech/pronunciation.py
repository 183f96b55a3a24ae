"""How a word sounds, in the recogniser's phones, for words that its dictionary lacks (names, numbers)."""

from __future__ import annotations

from functools import lru_cache

from agentops.speech import espeak

# IPA of espeak-ng's US English to the phones of the CMU dictionary; the longest spelling is tried first.
_PHONES = {
    "tʃ": "CH", "dʒ": "JH", "aɪ": "AY", "aʊ": "AW", "eɪ": "EY", "oʊ": "OW", "əʊ": "OW", "ɔɪ": "OY", "juː": "Y UW",
    "ɪɹ": "IH R", "ɛɹ": "EH R", "ɔːɹ": "AO R", "ɑːɹ": "AA R", "ʊɹ": "UH R", "aɪɚ": "AY ER", "əl": "AH L",
    "iː": "IY", "uː": "UW", "ɑː": "AA", "ɔː": "AO", "ɜː": "ER", "oː": "AO", "ɚ": "ER", "ɝ": "ER",
    "i": "IY", "ɪ": "IH", "ɛ": "EH", "e": "EH", "æ": "AE", "a": "AA", "ɑ": "AA", "ɐ": "AH", "ʌ": "AH", "ə": "AH",
    "ɔ": "AO", "o": "AO", "ʊ": "UH", "u": "UW", "ᵻ": "IH", "p": "P", "b": "B", "t": "T", "d": "D", "k": "K",
    "ɡ": "G", "g": "G", "f": "F", "v": "V", "θ": "TH", "ð": "DH", "s": "S", "z": "Z", "ʃ": "SH", "ʒ": "ZH",
    "h": "HH", "x": "HH", "m": "M", "n": "N", "ŋ": "NG", "l": "L", "ɹ": "R", "r": "R", "ɾ": "T", "j": "Y",
    "w": "W", "ʔ": "T", "ɬ": "L", "ɲ": "N Y",
}  # fmt: skip
_LONGEST = max(map(len, _PHONES))


@lru_cache(maxsize=4096)
def pronounce(word: str) -> str:
    """`word` in CMU phones, space-separated; empty when espeak-ng says nothing for it."""
    return _to_phones(espeak.load().phonemes(word))


def _to_phones(ipa: str) -> str:
    phones: list[str] = []
    position = 0
    while position < len(ipa):
        for length in range(_LONGEST, 0, -1):
            if (found := _PHONES.get(ipa[position : position + length])) is not None:
                phones.append(found)
                position += length
                break
        else:
            position += 1  # stress, length and separator marks have no phone of their own
    return " ".join(phones)
