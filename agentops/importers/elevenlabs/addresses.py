"""Addresses of services: which ones the platform accepts, and which are only the placeholders of a template."""

from __future__ import annotations

import re

_WORDS = (
    "company|domain|server|site|website|app|api|backend|business|store|url|host|project|org|brand|name|webhook|ngrok|"
    "clinic|restaurant|endpoint|service|instance|account|subdomain|crm"
)
_SCAFFOLD = re.compile(
    rf"(?i)^https?://(?:(?:(?:api|www)\.)?example\.(?:com|org|net)|(?:[\w-]+\.)*(?:your|my)[-_]?(?:{_WORDS})[\w-]*(?:\.[\w-]+)*"
    r"|localhost|127\.0\.0\.1|0\.0\.0\.0|\.{3}|x{3,})(?:[:/?#]|$)"
)


def is_address(url: str) -> bool:
    """Whether the platform accepts `url`: it must parse as one, so its host can't be a `{{placeholder}}`."""
    return bool(re.match(r"https?://[^{}<>\s/?#]+(?:[/?#]|$)", url)) and not re.search(r"[\s<>]", url)


def is_scaffold(url: str) -> bool:
    """Whether `url` is what a template has until somebody writes the real address, or is local to one machine."""
    return bool(_SCAFFOLD.match(url))
