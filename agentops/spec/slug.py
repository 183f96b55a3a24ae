"""Names that people give as the names that files, keys and identifiers have."""

from __future__ import annotations

import re
import unicodedata

# Letters that Unicode does not take apart into a plain one and its mark.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})


def slug(text: str, separator: str = "-", limit: int = 60) -> str:
    """Lower case letters, digits and `separator`; accents are folded (`Été` is `ete`). Empty where nothing is left."""
    folded = unicodedata.normalize("NFKD", text.casefold()).translate(_PLAIN)
    plain = "".join(character for character in folded if not unicodedata.combining(character))
    return re.sub(r"[^a-z0-9]+", separator, plain).strip(separator)[:limit].strip(separator)
