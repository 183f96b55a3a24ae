"""Tells credentials from other text: in headers, parameters, addresses and prompts. Where a name says so, it says yes.

The importers and whatever shows text of the platform ask here, so that nothing is a secret for one and plain text for
the other. Pure. Repetitions are bounded, since the text is somebody else's and must not make a pattern run for ever.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

_KNOWN_KEYS = (
    r"\b(?:sk|rk|pk|xi|cal|whsec|ntn|glpat|hf|shpat|gsk|pat)[-_](?:live_|test_|proj-|ant-|or-|v1-|na1-)*"
    r"(?=[A-Za-z0-9_-]{0,200}\d)[A-Za-z0-9_-]{12,200}"
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bxox[abeprs]-[A-Za-z0-9-]{10,}"
    r"|\bA(?:KI|SI)A[0-9A-Z]{12,}|\bAIza[\w-]{20,}|\bSG\.[\w-]{16,}\.[\w-]{16,}|\bya29\.[\w-]{20,}"
    r"|\beyJ[\w-]{8,2000}\.[\w-]{8,2000}(?:\.[\w-]{0,2000})?"
    r"|\b(?:npm_|pypi-|dop_v1_|xapp-|lin_api_|dckr_pat_|nvapi-|pplx-|tvly-|r8_|figd_|hvs\.)[\w-]{20,200}"
    r"|\bSK[0-9a-f]{32}\b"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*-----)?"
    r"|(?<=hooks\.slack\.com/services/)[\w/]{16,}|(?<=/api/webhooks/)\d+/[\w-]{20,}|(?<=/bot)\d{6,}:[\w-]{20,}"
)
_IN_TEXT = (
    ("key", re.compile(_KNOWN_KEYS)),
    ("token", re.compile(r"(?i)\b(?:bearer|basic|token|apikey)\s+(?=[\w.~+/-]*\d)[\w.~+/-]{8,}={0,2}")),
    ("login", re.compile(r"(?<=://)[^\s/@:{}]+:[^\s/@{}]+(?=@)")),
    ("query", re.compile(r"[?&](?P<name>[\w.-]+)=(?P<value>[^&#\s\"'<>{}]+)")),
    (
        "password",
        re.compile(
            r"(?i)\b(?:pass(?:word|code|phrase)|pwd|pin(?: code)?|api[ _-]?key|secret(?: key)?|"
            r"access[ _-]?(?:token|code))\s*(?:is|=|:)\s*[\"'`]?"
            r"(?=[^\s\"'`]{0,200}\d)(?!\d+-(?:digit|char|letter))(?P<value>[^\s\"'`,;<>{}()\[\]]{4,200})"
        ),
    ),
)
# Long, and mixed as only generated texts are: the measure by which `lint` calls a text a secret, too.
_TOKEN = re.compile(r"(?<![\w/.-])[A-Za-z0-9+/_-]{24,200}={0,2}(?![\w/.-])")
_RANDOM_BITS = 3.8
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_SSN = re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])")
# Without spaces it may as well be a phone number with its country code, so the word has to stand before it.
_AADHAAR = re.compile(
    r"(?<![\d+])(?<!\d[ -])(?P<value>[2-9]\d{3}([ -])\d{4}\2\d{4})(?![ -]?\d)"
    r"|(?i:aadhaar)\D{0,20}(?P<whole>[2-9]\d{11})(?!\d)"
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_VERHOEFF = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)  # how its scheme permutes the digits
_WHOLE = re.compile(r"[A-Za-z0-9+/_-]{32,}={0,2}")
_PATH = re.compile(r"(?i)[/~]|[a-z]:[\\/]")
_LONG_ENOUGH = 8  # characters; shorter values stand in ordinary words
_UUID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_RUN = re.compile(r"[A-Za-z0-9]{16,}")
_SCHEME = re.compile(r"(?i)(?:bearer|basic|token|apikey)\s+\S{8,}")
_NAMING_WORDS = frozenset(
    {
        *("auth", "authorization", "authorisation", "authentication", "token", "secret", "password", "passwd"),
        *("passphrase", "passcode", "pwd", "signature", "cookie", "apikey", "bearer", "credential", "credentials"),
    }
)
_NAMING_PAIRS = frozenset({"api key", "access key", "subscription key", "app key", "private key"})
_SHORT_KEY = re.compile(r"(?i)(?:app|access|subscription|api)?[-_]?key|sig|pass|pwd|pin|otp|session")


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential inside a text: what kind it is, and where it starts and ends."""

    kind: str
    start: int
    end: int


def is_credential(name: str, value: str) -> bool:
    """Whether the value of a header or parameter is a secret, by its name or looks.

    A value that holds a call-time variable is not one: the secret is elsewhere.
    """
    value = value.strip()
    if not value or "{{" in value:
        return False
    looks = _SCHEME.match(value) or _WHOLE.fullmatch(value) or bool(credentials_within(value))
    return bool(looks) or names_credential(name)


def names_credential(name: str, *, at_the_end: bool = False) -> bool:
    """Whether a name says that its value is secret: `X-Api-Key`, `authToken`; not `author` or `max_tokens`.

    at_the_end: the last word must say so, as in `auth_token`, but not in `auth_status`
    """
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)]
    pairs = [f"{first} {second}" for first, second in pairwise(words)]
    if at_the_end:
        words, pairs = words[-1:], pairs[-1:]
    return bool(_NAMING_WORDS & set(words)) or bool(_NAMING_PAIRS & set(pairs))


def is_key_name(name: str) -> bool:
    """Whether a name may mean a secret, where hiding too much does no harm: `key` and `sig` count, too."""
    return names_credential(name) or bool(_SHORT_KEY.fullmatch(name))


def is_secret_variable(name: str, value: str) -> bool:
    """Whether an environment variable is taken for a secret by its name alone. A path is not (`PWD` is the working
    folder), nor is a short value."""
    return len(value) >= _LONG_ENOUGH and is_key_name(name) and not _PATH.match(value)


def is_key_like(part: str) -> bool:
    """Whether a part of an address may be a key: made up of letters and digits rather than of words."""
    if re.search(_KNOWN_KEYS, part) or _UUID.fullmatch(part):
        return True
    # Words are shorter than that, and have no digits in them.
    return any(len(run) >= 20 or not run.isalpha() for run in _RUN.findall(part))


def replace_keys(text: str, replace: Callable[[str], str]) -> str:
    """`text` with every key in it replaced that is known by its beginning."""
    return re.sub(_KNOWN_KEYS, lambda found: replace(found[0]), text)


def credentials_within(text: str) -> list[Credential]:
    """The credentials inside a prompt, an address or any other text, in order and without overlap."""
    found: list[Credential] = []
    for kind, pattern in _IN_TEXT:
        for match in pattern.finditer(text):
            if kind == "query" and not _is_secret_parameter(match["name"], match["value"]):
                continue
            start, end = match.span("value") if "value" in pattern.groupindex else match.span()
            end = start + len(text[start:end].rstrip(".!?:"))
            if not any(start < other.end and other.start < end for other in found):
                label = match["name"] if kind == "query" else kind
                found.append(Credential(label, start, end))
    for match in _TOKEN.finditer(text):
        is_apart = not any(match.start() < other.end and other.start < match.end() for other in found)
        if is_apart and _is_random(match[0]):
            found.append(Credential("token", *match.span()))
    return sorted(found, key=lambda credential: credential.start)


def emails_within(text: str) -> list[Credential]:
    """The e-mail addresses in a text: in a caller's default value they are somebody's."""
    return [Credential("email", match.start(), match.end()) for match in _EMAIL.finditer(text)]


def personal_numbers_within(text: str) -> list[Credential]:
    """Numbers that stand for a person, whose check digits are right: SSN, Aadhaar and IBAN."""
    found = [Credential("a social security number", *match.span()) for match in _SSN.finditer(text)]
    for match in _AADHAAR.finditer(text):
        group = "value" if match["value"] else "whole"
        if _has_verhoeff(match[group]):
            found.append(Credential("an Aadhaar number", *match.span(group)))
    found += [Credential("an IBAN", *match.span()) for match in _IBAN.finditer(text) if _is_iban(match[0])]
    return sorted(found, key=lambda number: number.start)


def _is_iban(text: str) -> bool:
    """Whether the rest modulo 97 is the one that ISO 13616 asks for."""
    plain = text.replace(" ", "")
    return 15 <= len(plain) <= 34 and int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def _has_verhoeff(text: str) -> bool:
    """Whether the last digit is the check digit of Verhoeff's scheme: products in the dihedral group of ten."""
    check = 0
    for position, digit in enumerate(reversed([int(c) for c in text if c.isdigit()])):
        for _ in range(position % 8):
            digit = _VERHOEFF[digit]
        rotation = check % 5 - digit if check > 4 else check + digit
        check = rotation % 5 + 5 * ((check > 4) != (digit > 4))
    return check == 0


def secret_name(*words: str) -> str:
    """A name for a secret, as environment variables are named."""
    name = re.sub(r"[^A-Z0-9]+", "_", "_".join(words).upper()).strip("_")
    return name if name[:1].isalpha() else f"S_{name}"


def _is_random(token: str) -> bool:
    """Whether a token is of mixed case with digits, and carries more bits a character than words do."""
    if not (any(c.isdigit() for c in token) and any(c.isupper() for c in token) and any(c.islower() for c in token)):
        return False
    bits = -sum(n / len(token) * math.log2(n / len(token)) for n in Counter(token).values())
    return bits > _RANDOM_BITS


def _is_secret_parameter(name: str, value: str) -> bool:
    if not value.strip() or "{{" in value:
        return False
    return is_key_name(name) or bool(_WHOLE.fullmatch(value)) or bool(re.search(_KNOWN_KEYS, value))
