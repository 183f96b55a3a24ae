"""Where requests go: what a base URL may be, and which proxy the environment names for it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies

from agentops.errors import UsageError

_PORTS = {"http": 80, "https": 443}


def platform_origin(base_url: str) -> str:
    """The part of `base_url` before an optional `/atoms/v1`; a path before that is kept.

    Raises UsageError for anything but http(s), for http to a host that is not local (the key would travel in clear),
    and for a user name or password in it, which errors and logs would show.
    """
    parts = urlsplit(base_url.strip())
    if parts.username is not None or parts.password is not None:
        raise UsageError("a base_url holds no user name or password", hint="the API key is the environment's `api_key`")
    if parts.scheme not in _PORTS or not parts.hostname or not _has_usable_port(parts):
        raise UsageError(f"not an address: {base_url!r}", hint="a base_url looks like https://api.smallest.ai")
    if parts.scheme == "http" and not is_local(parts.hostname):
        raise UsageError(
            f"{parts.hostname} would get the API key unencrypted", hint="use https:// in the environment's base_url"
        )
    path = parts.path.rstrip("/").removesuffix("/atoms/v1")
    return f"{parts.scheme}://{parts.netloc}{path}"


def _has_usable_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def is_local(host: str) -> bool:
    """Whether `host` is this machine or in its own network, judged by the name without looking it up."""
    if "." not in host and ":" not in host:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.endswith((".local", ".internal", ".localhost", ".test"))
    return address.is_loopback or address.is_private


def find_proxy(origin: str, proxies: Mapping[str, str] | None = None) -> str | None:
    """The proxy for `origin`, as `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` say, or None to go directly.

    Hosts on this machine and its network are never reached through a proxy. `proxies` maps schemes to proxies, with
    the exceptions under "no" (the form of `urllib.request.getproxies`). Raises UsageError for one without a host or
    with a port that there can't be.
    """
    parts = urlsplit(origin)
    host, port = (parts.hostname or "").lower(), parts.port or _PORTS[parts.scheme]
    found = getproxies() if proxies is None else proxies
    proxy = found.get(parts.scheme) or found.get("all")
    if not proxy or is_local(host) or any(_means(entry, host, port) for entry in found.get("no", "").split(",")):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if not _is_address(proxy):
        variable = f"{parts.scheme.upper()}_PROXY" if found.get(parts.scheme) else "ALL_PROXY"
        raise UsageError(  # without the value, which may hold a password
            f"{variable} names a proxy that can't be used: there is no host in it, or no port between 1 and 65535",
            hint="a proxy looks like http://proxy.example.com:8080; name the host in NO_PROXY to go without",
        )
    return proxy


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.hostname) and _has_usable_port(parts)


def _means(entry: str, host: str, port: int) -> bool:
    """Whether an entry of NO_PROXY (a name with its subdomains, an address, a network; a port may follow) means `host`.

    The rules are curl's: `example.com`, `.example.com` and `*.example.com` all mean the domain and what is below it.
    """
    name = entry.strip().lower()
    if name.startswith("[") and "]" in name:  # an IPv6 address is bracketed where a port may follow
        name, _, suffix = name[1:].partition("]")
        if suffix.startswith("/"):  # a network
            name, suffix = name + suffix, ""
    elif name.count(":") == 1:
        name, _, suffix = name.partition(":")
    else:
        suffix = ""
    if suffix.lstrip(":") not in ("", str(port)):
        return False
    if name == "*":
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(name, strict=False)
    except ValueError:
        name = name.removeprefix("*").lstrip(".")
        return bool(name) and (host == name or host.endswith(f".{name}"))
