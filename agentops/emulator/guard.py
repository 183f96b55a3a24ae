"""Who may talk to the emulator: it is for the person at this machine, and no web page may use it behind their back.

A page whose author lets its name point to this machine (DNS rebinding) can send anything here, and a WebSocket is not
held by a browser's rules on foreign origins. So a request must be addressed to an IP address or to localhost, and one
that a browser sends for a page must come from the emulator's own pages or from a page of this machine. An emulator
that listens beyond this machine may have any name, and asks for a key everywhere instead.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Callable
from dataclasses import replace
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from agentops.emulator.observation import EMULATED
from agentops.emulator.options import EmulatorOptions

COOKIE = "agentops_emulator_key"
NOT_HERE = "address the emulator by its IP address or as localhost"
FOREIGN_PAGE = "a page of another site may not use the emulator"
ASK_FOR_KEY = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>agentops emulator</title></head>
<body><form><label>The key that the emulator named when it started: <input name="key" type="password"></label>
<button>Open</button></form></body></html>
"""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens on `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def with_key(options: EmulatorOptions) -> EmulatorOptions:
    """The options with a key of this start's own, where others could reach the emulator and none was named."""
    if options.keys or is_loopback(options.host):
        return options
    return replace(options, keys=(f"sk_{secrets.token_urlsafe(24)}",))


class Guard:
    """The layer around a served application; `accepts_key` says which keys the emulator takes."""

    def __init__(self, app: ASGIApp, options: EmulatorOptions, accepts_key: Callable[[str], bool]) -> None:
        self._app = app
        self._is_local = is_loopback(options.host)
        self._accepts_key = accepts_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] in ("http", "websocket") else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await refusal(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        name = _host_of(f"//{headers.get('host', '')}")
        if self._is_local and not _is_address_or_localhost(name):
            return PlainTextResponse(NOT_HERE, 421)  # Misdirected Request
        if (origin := headers.get("origin")) is not None:
            page = _host_of(origin)
            # A page of another server on this machine is its user's own.
            if not page or (page != name and not is_loopback(page)):
                return PlainTextResponse(FOREIGN_PAGE, 403)
        if self._is_local or scope["path"].startswith(EMULATED):  # the platform's paths ask for a key themselves
            return None
        return self._ask_for_key(scope, headers)

    def _ask_for_key(self, scope: Scope, headers: Headers) -> Response | None:
        """Lets console and controls be used with the key: as a bearer, in the cookie, or once in the address."""
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        if (scheme.lower() == "bearer" and self._accepts_key(bearer)) or self._accepts_key(_cookie(headers)):
            return None
        given = parse_qs(scope["query_string"].decode("latin-1")).get("key", [""])[0]
        if scope["type"] == "http" and scope["method"] == "GET" and self._accepts_key(given):
            opened = RedirectResponse(scope["path"], 303)  # to the address without the key, which histories keep
            opened.set_cookie(COOKIE, given, httponly=True, samesite="strict")
            return opened
        return HTMLResponse(ASK_FOR_KEY, 401)


def _host_of(address: str) -> str:
    """The host of an address, without brackets and port; empty when there is none."""
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""


def _is_address_or_localhost(name: str) -> bool:
    """Whether `name` is certainly of this machine: any other name its owner could point here."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return is_loopback(name)
    return True


def _cookie(headers: Headers) -> str:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel is not None else ""
