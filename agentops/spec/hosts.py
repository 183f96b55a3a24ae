"""Where a key may go: to the platform's own hosts, to this machine, and to hosts that the environment names."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

_PLATFORM = "smallest.ai"


def host_of(url: str) -> str:
    """The host of a URL in lower case; empty when there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_loopback(url: str) -> bool:
    """Whether `url` is on this machine."""
    host = host_of(url)
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_WITHIN = (".local", ".internal", ".lan", ".home.arpa")


def is_public(url: str) -> bool:
    """Whether `url` may be reached from outside of somebody's network, judging by its host alone."""
    host = host_of(url)
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(_WITHIN)


def may_receive_key(url: str, named: Collection[str] = ()) -> bool:
    """Whether a key may be sent to `url`: encrypted to the platform, anyhow to this machine and to `named` hosts."""
    host = host_of(url)
    if is_loopback(url) or (host and host in {each.lower() for each in named}):
        return True
    return url.lower().startswith("https://") and (host == _PLATFORM or host.endswith(f".{_PLATFORM}"))
