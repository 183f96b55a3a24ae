"""JSON as it comes from outside: read so that every text in it can be written and sent."""

from __future__ import annotations

import json
import re
from typing import Any

_MAYBE_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # also of whole pairs, which parsing makes one character
_HALF = re.compile("[\ud800-\udfff]")


def read_json(text: str, *, strict: bool = True) -> Any:
    """The value of a JSON text. Raises ValueError and RecursionError.

    Half of a surrogate pair, as in a text that was cut inside an emoji, becomes the replacement character, as bytes do
    that are not UTF-8: no file, terminal or request could hold it.

    strict: whether unescaped control characters are refused
    """
    value = json.loads(text, strict=strict)
    if _MAYBE_HALF.search(text):
        value = json.loads(_HALF.sub("\ufffd", json.dumps(value, ensure_ascii=False)))
    return value
