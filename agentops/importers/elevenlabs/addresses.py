"""Addresses of services: which ones the platform takes, and secrets that were written into them."""

from __future__ import annotations

import re
from collections.abc import Callable

from agentops.credentials import credentials_in
from agentops.importers.elevenlabs.conversion import Conversion
from agentops.importers.elevenlabs.leaves import Place


def is_address(url: str) -> bool:
    """Whether the platform takes `url`: it must parse as one, so its host cannot be a placeholder."""
    return bool(re.match(r"https?://[^{}\s/?#]+(?:[/?#]|$)", url)) and not re.search(r"\s", url)


def settled_address(
    conversion: Conversion, at: Place, url: str, target: str, word: str, fill: Callable[[str], str] = str
) -> str:
    """The address in `url`, which stands at `at`, for `target`; secrets in it become references named after `word`.

    `fill` puts path parameters into the address.
    """
    secrets = credentials_in(url)
    made = conversion.rewrite(url)
    names = []
    for parameter, value in secrets:
        names.append(conversion.secret(word, parameter))
        made = made.replace(f"{parameter}={conversion.rewrite(value)}", f"{parameter}={names[-1]}", 1)
    made = fill(made)
    if names:
        why, todo = "a credential was written into the address", f"Give each environment {', '.join(names)}."
        conversion.source.account.hide(at, target, why, f"{todo} Replace the leaked one.")
    else:
        conversion.source.account.carry(at, target, made)
    return made
