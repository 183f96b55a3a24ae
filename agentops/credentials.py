"""Whether a header's value is a secret: by its looks or by the header's name. Where it is not sure, it says yes."""

from __future__ import annotations

import re

_LOOKS = re.compile(
    r"^(?:Bearer|Basic|Token|ApiKey)\s+\S{8,}"
    r"|^(?:sk|pk|rk|xi|ghp|gho|xox[abp]|AKIA|AIza|eyJ)[-_A-Za-z0-9.]{12,}"
    r"|^[A-Za-z0-9+/_-]{32,}={0,2}$"
)
_KEY = re.compile(r"(?i)(?:app|access|subscription)?[-_]?key|sig|pass|pwd")
_NAMED = re.compile(r"auth|token|secret|api[-_]?key|password|signature|cookie", re.IGNORECASE)


def is_credential(header: str, value: str) -> bool:
    """A value that holds a call-time variable is none: the secret is elsewhere."""
    if not value.strip() or "{{" in value:
        return False
    return bool(_LOOKS.search(value.strip()) or _NAMED.search(header))


def credentials_in(url: str) -> list[tuple[str, str]]:
    """The parameters of an address that are secrets: (name, value as it is written)."""
    _, _, query = url.partition("?")
    pairs = (part.partition("=") for part in query.partition("#")[0].split("&"))
    return [(name, value) for name, _, value in pairs if is_credential(name, value) or (_KEY.fullmatch(name) and value)]


def secret_name(*words: str) -> str:
    """A name for a secret, as environment variables are named."""
    name = re.sub(r"[^A-Z0-9]+", "_", "_".join(words).upper()).strip("_")
    return name if name[:1].isalpha() else f"S_{name}"
