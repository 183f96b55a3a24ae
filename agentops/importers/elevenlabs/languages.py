"""Which languages of an ElevenLabs agent an Atoms agent can have: the nine that the platform publishes."""

from __future__ import annotations

# Of agents; the vendor's speech products know more languages, which an agent doesn't accept.
SUPPORTED = ("en", "hi", "mr", "gu", "ta", "es", "north_indic", "bn", "or")
_NORTH_INDIC = frozenset({"pa", "ne", "ur"})


def language_of(code: str) -> str | None:
    """The platform's code for an ElevenLabs language code, without its region; None if agents don't speak it."""
    base = code.strip().lower().replace("_", "-").split("-")[0]
    return base if base in SUPPORTED else None


def nearest_language(code: str) -> tuple[str, str] | None:
    """A language to propose for one that is not supported, with the reason."""
    base = code.strip().lower().split("-")[0]
    if base in _NORTH_INDIC:
        return "north_indic", "a group of North Indian languages; needs transcriberType: pulse"
    if base in {"te", "kn", "ml", "sa", "si", "sd", "as"}:
        return "hi", "another language of the region; only sensible if your callers speak it"
    return None
