"""Addresses of services: which ones the platform takes, and which are only placeholders of a scaffold."""

from __future__ import annotations

import re

_SCAFFOLD = re.compile(
    r"(?i)^https?://(?:(?:api|www)\.)?(?:example\.(?:com|org|net)|(?:your[\w-]*|my-?(?:company|domain|server|site|app|api|backend|business|store))\.[\w.]+|[\w.-]*\byour[-_]?"
    r"(?:company|domain|server|site|app|api|backend|business|store|url|host|project|ngrok|webhook)[\w-]*\b[\w.-]*"
    r"|localhost|127\.0\.0\.1|0\.0\.0\.0|\.{3}|x{3,}|<)[^?#\s]*"
)


def is_address(url: str) -> bool:
    """Whether the platform takes `url`: it must parse as one, so its host cannot be a placeholder."""
    return bool(re.match(r"https?://[^{}<>\s/?#]+(?:[/?#]|$)", url)) and not re.search(r"[\s<>]", url)


def is_scaffold(url: str) -> bool:
    """Whether `url` is a placeholder that a template holds until somebody writes the real address."""
    return bool(_SCAFFOLD.match(url))
