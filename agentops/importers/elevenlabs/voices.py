"""Proposes voices for an agent by language, gender and accent, each with its reason. It never chooses one. Pure.

The catalog is the account's own if it can be read, else the few voices that the platform's documentation describes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agentops.account import Voice

MOST_PROPOSALS = 5
_LANGUAGE_NAMES = {
    "en": "english",
    "hi": "hindi",
    "mr": "marathi",
    "gu": "gujarati",
    "ta": "tamil",
    "es": "spanish",
    "bn": "bengali",
    "or": "odia",
}
# ElevenLabs' own voices that exports name most often: name, gender, accent. An export has a voice's id only.
_ELEVENLABS_VOICES = {
    "21m00Tcm4TlvDq8ikWAM": ("Rachel", "female", "american"),
    "29vD33N1CtxCmqQRPOHJ": ("Drew", "male", "american"),
    "2EiwWnXFnvU5JabPnv8n": ("Clyde", "male", "american"),
    "9BWtsMINqrJLrRacOk9x": ("Aria", "female", "american"),
    "AZnzlk1XvdvUeBnXmlld": ("Domi", "female", "american"),
    "CwhRBWXzGAHq8TQ4Fs17": ("Roger", "male", "american"),
    "EXAVITQu4vr4xnSDxMaL": ("Sarah", "female", "american"),
    "ErXwobaYiN019PkySvjV": ("Antoni", "male", "american"),
    "FGY2WhTYpPnrIDTdsKH5": ("Laura", "female", "american"),
    "IKne3meq5aSn9XLyUdCD": ("Charlie", "male", "australian"),
    "JBFqnCBsd6RMkjVDRZzb": ("George", "male", "british"),
    "MF3mGyEYCl7XYWbV9V6O": ("Elli", "female", "american"),
    "N2lVS1w4EtoT3dr4eOWO": ("Callum", "male", "american"),
    "SAz9YHcvj6GT2YYXdXww": ("River", "neutral", "american"),
    "TX3LPaxmHKxFdv7VOQHJ": ("Liam", "male", "american"),
    "TxGEqnHWrfWFTfGW9XjX": ("Josh", "male", "american"),
    "VR6AewLTigWG4xSOukaG": ("Arnold", "male", "american"),
    "XB0fDUnXU5powFXDhCwa": ("Charlotte", "female", "british"),
    "Xb7hH8MSUJpSbSDYk0k2": ("Alice", "female", "british"),
    "XrExE9yKIg1WjnnlVkGX": ("Matilda", "female", "american"),
    "bIHbv24MWmeRgasZH58o": ("Will", "male", "american"),
    "cgSgspJ2msm6clMCkdW9": ("Jessica", "female", "american"),
    "cjVigY5qzO86Huf0OWal": ("Eric", "male", "american"),
    "iP95p4xoKVk53GoZ742B": ("Chris", "male", "american"),
    "nPczCjzI2devNBz1zQrb": ("Brian", "male", "american"),
    "onwK4e9ZLuTAKqWW03F9": ("Daniel", "male", "british"),
    "pFZP5JQG7iQjIQuC4Bku": ("Lily", "female", "british"),
    "pNInz6obpgDQGcFmaJgB": ("Adam", "male", "american"),
    "pqHfZKP75CvOlQylNhV4": ("Bill", "male", "american"),
}


# The voices whose tags the platform's documentation gives as examples.
DOCUMENTED = (
    Voice("avery", "Avery", ("english",), "female", "american"),
    Voice("liam", "Liam", ("english",), "male", "british"),
    Voice("devansh", "Devansh", ("hindi", "english"), "male", "indian"),
)


@dataclass(frozen=True, slots=True)
class VoiceProposals:
    """Ranks the voices of the catalog for one agent at a time."""

    catalog: Sequence[Voice] = DOCUMENTED

    def for_voice(self, voice_id: str, languages: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """The best voices for an agent that spoke with `voice_id` in `languages` (codes), with reasons, best first."""
        wanted = [_LANGUAGE_NAMES[code] for code in languages if code in _LANGUAGE_NAMES]
        _, gender, accent = _ELEVENLABS_VOICES.get(voice_id, ("", None, None))
        ranked = sorted(self.catalog, key=lambda voice: (-_score(voice, wanted, gender, accent), voice.voice_id))
        fitting = [voice for voice in ranked if _speaks_some(voice, wanted)] or ranked
        return tuple((voice.voice_id, _reason(voice, wanted, gender, accent)) for voice in fitting[:MOST_PROPOSALS])


def describe_source(voice_id: str) -> str:
    """The old voice in words, as far as its id tells."""
    if voice_id not in _ELEVENLABS_VOICES:
        return f"voice {voice_id}" if voice_id else "the default voice"
    name, gender, accent = _ELEVENLABS_VOICES[voice_id]
    return f"voice {name} ({gender}, {accent}; {voice_id})"


def read_catalog(data: Any) -> tuple[Voice, ...]:
    """The voices in a saved answer of the platform's `get_voices`."""
    rows = data.get("voices", data) if isinstance(data, dict) else data
    found = []
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and isinstance(row.get("voiceId"), str):
            tags = row["tags"] if isinstance(row.get("tags"), dict) else {}
            spoken = tags.get("language")
            languages = tuple(str(language).lower() for language in spoken) if isinstance(spoken, list) else ()
            name = str(row.get("displayName") or row["voiceId"])
            found.append(Voice(row["voiceId"], name, languages, tags.get("gender"), tags.get("accent")))
    return tuple(found)


def _score(voice: Voice, wanted: Sequence[str], gender: str | None, accent: str | None) -> float:
    spoken = sum(1 for language in wanted if language in voice.languages)
    share = spoken / len(wanted) if wanted else 0.0
    return (
        4 * share
        + 2 * (gender is not None and voice.gender == gender)
        + (accent is not None and voice.accent == accent)
    )


def _speaks_some(voice: Voice, wanted: Sequence[str]) -> bool:
    return not wanted or any(language in voice.languages for language in wanted)


def _reason(voice: Voice, wanted: Sequence[str], gender: str | None, accent: str | None) -> str:
    facts = [", ".join(voice.languages) or "languages not stated", voice.gender or "", voice.accent or ""]
    text = f"{voice.name}: " + "; ".join(fact for fact in facts if fact)
    missing = [language for language in wanted if language not in voice.languages]
    same = [
        word
        for word, mine, theirs in (("gender", gender, voice.gender), ("accent", accent, voice.accent))
        if mine == theirs and mine
    ]
    if missing:
        text += f"; does not list {', '.join(missing)}"
    return text + (f"; same {' and '.join(same)} as before" if same else "")
