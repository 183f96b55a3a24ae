"""What a plain YAML scalar means, by the core schema of YAML 1.2: null, a boolean, a number, else text.

With one exception: a number is one only in its own spelling. Telephone, store and version numbers keep their zeros and
signs, since nobody writes a quantity as 0042 or 1.10.
"""

from __future__ import annotations

import math
import re
from typing import Any

_NUMBER_START = frozenset("+-.0123456789")
_WORDS: dict[str, Any] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
# Bounded, because Python refuses to convert thousands of digits; longer ones are read as floats.
_INTEGER = re.compile(r"[-+]?[0-9]{1,300}|0x[0-9a-fA-F]{1,250}|0o[0-7]{1,300}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

# The first characters of plain scalars that may be other than text; "" stands for an empty scalar.
MAY_BE_MORE = frozenset(("", "~", *_NUMBER_START, *"nNtTfFyYoO"))
# YAML 1.1 reads these as booleans; in YAML 1.2, and so here, they are text.
OLD_BOOLEANS = frozenset(form for word in ("yes", "no", "on", "off") for form in (word, word.title(), word.upper()))


def scalar(text: str) -> Any:
    """The value of a plain scalar. A number that JSON does not know comes back as a float that is not finite."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_START:
        return text
    if _is_number(text):
        number = number_of(text)
        return number if spelling(number) == text or not is_finite(number) else text
    return math.nan if _NOT_FINITE.fullmatch(text) else text


def looks_like_number(text: str) -> bool:
    """Whether `text`, as a plain scalar, is a number to other YAML tools."""
    return text[:1] in _NUMBER_START and _is_number(text)


def number_of(text: str) -> int | float:
    """The number that `text` is to other YAML tools. Only where `looks_like_number`."""
    if _INTEGER.fullmatch(text):
        return int(text, 0 if text[:2] in ("0x", "0o") else 10)
    return float(text)


def spelling(number: int | float) -> str:
    """How a number is written in a spec; written in any other way it is a name, such as 0042, 1.10 or +14155550199."""
    return repr(number)


def _is_number(text: str) -> bool:
    return _INTEGER.fullmatch(text) is not None or _FLOAT.fullmatch(text) is not None


def is_finite(value: Any) -> bool:
    """Whether `value` is anything but a number that JSON does not know."""
    return type(value) is not float or math.isfinite(value)
