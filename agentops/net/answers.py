"""Reads what came back: lenient JSON, every documented error body, and the typed error each one means. Pure.

The facts: errors come as `{status: false, errors: [...]}`, `{message}`, `{error: {message}}`, plain text or an HTML
page; some JSON bodies hold unescaped control characters; a missing agent is a 400; there are several kinds of 409.
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from agentops.errors import (
    ConflictError,
    ConflictFlavour,
    ForbiddenError,
    FrozenError,
    InvalidRequestError,
    NotFoundError,
    PlanLimitError,
    PlatformError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
)
from agentops.json_text import read_json

_SHOWN_CHARACTERS = 200
_DEEPEST = 100  # nested objects and lists; what the platform documents has fewer than ten
_NOT_SHOWN = frozenset({"head", "style", "script", "title"})
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*+)?+[^<>]*+>")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `body` is the parsed JSON, the text when it is not JSON, or None when it is empty."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_json: bool = True

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def request_id(self) -> str | None:
        found = self.headers.get("x-request-id")
        return found[:_SHOWN_CHARACTERS] if found else None


def read_answer(status: int, text: str, headers: Mapping[str, str]) -> Answer:
    """Parses a JSON body, unescaped control characters included. One that is nested absurdly deep stays text."""
    if not text or text.isspace():
        return Answer(status, None, headers)
    try:
        body = read_json(text, strict=False)  # takes unescaped control characters
    except (ValueError, RecursionError):
        return Answer(status, text, headers, is_json=False)
    return Answer(status, body, headers) if _is_shallow(body) else Answer(status, text, headers, is_json=False)


def _is_shallow(value: Any, levels: int = _DEEPEST) -> bool:
    """Whether code that walks through `value` recursively stays far from Python's recursion limit, as this does."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels > 0 and all(_is_shallow(item, levels - 1) for item in items if isinstance(item, dict | list))


def texts_of(answer: Answer) -> list[str]:
    """What an error body says, the most reliable place first: `errors[]`, `message`, `error`, then the text itself."""
    body = answer.body
    if isinstance(body, dict):
        if isinstance(errors := body.get("errors"), list) and errors:
            return [item if isinstance(item, str) else json.dumps(item) for item in errors]
        for key in ("message", "error"):
            value = body.get(key)
            if isinstance(value, dict):
                value = value.get("message") or value.get("code")
            if isinstance(value, str) and value:
                return [value]
    if isinstance(body, str):
        return [_readable(body)]
    return []


def _readable(text: str) -> str:
    """An HTML page or a gateway's text as one short line."""
    shown: list[str] = []
    end, hidden_in = 0, ""
    for tag in _TAG.finditer(text):
        if not hidden_in:
            shown.append(text[end : tag.start()])
        name, end = (tag[2] or "").lower(), tag.end()
        if not hidden_in and name in _NOT_SHOWN and not tag[1]:
            hidden_in = name
        elif tag[1] and name == hidden_in:
            hidden_in = ""
    shown.append("" if hidden_in else text[end:])
    plain = html.unescape(" ".join(shown)) if "<" in text else text
    return " ".join(plain.split())[:_SHOWN_CHARACTERS]


def retry_after_s(answer: Answer, now: datetime) -> float | None:
    """The seconds that the platform asks to wait: from the header (seconds or a date), or either documented body."""
    value: Any = answer.headers.get("retry-after")
    if value is None and isinstance(answer.body, dict):
        limit = answer.body.get("rateLimit")
        value = answer.body.get("retry_after") or (limit.get("retryAfterSec") if isinstance(limit, dict) else None)
    if value is None:
        return None
    text = str(value)[:_SHOWN_CHARACTERS]
    try:
        seconds = float(text)
        return None if math.isnan(seconds) else max(seconds, 0.0)
    except ValueError:
        pass
    try:
        date = parsedate_to_datetime(text)
        # HTTP's dates are all UTC, also where one doesn't say so: in asctime's form, and after "-0000"
        return max(((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds(), 0.0)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def error_of(answer: Answer, request: str) -> PlatformError:
    """The typed error of an unsuccessful answer; `request` is "METHOD /path"."""
    texts = texts_of(answer)
    explanation = "; ".join(texts)[: _SHOWN_CHARACTERS * 3] or "no explanation given"
    facts: dict[str, Any] = {"status": answer.status, "request": request, "request_id": answer.request_id}
    if answer.status == 409:
        return _conflict(answer, texts, explanation, facts)
    kind, summary, hint, code = _judge(answer, explanation, request)
    return kind(summary, hint=hint, code=code, **facts)


_Judgement = tuple[type[PlatformError], str, str | None, str | None]
_MISSING = re.compile(r"\b(no agent found|agent not found|resource not found)\b", re.IGNORECASE)


def _judge(answer: Answer, explanation: str, request: str) -> _Judgement:
    status, lowered = answer.status, explanation.lower()
    if status in (400, 403) and "plan" in lowered and "upgrade" in lowered:  # its only sign: these have no code
        return (
            PlanLimitError,
            f"the account's plan does not allow this: {explanation}",
            "upgrade the plan, or stay within it",
            None,
        )
    if status == 404 or (status == 400 and _MISSING.search(explanation)):
        return _missing(answer, explanation, request)
    match status:
        case 400 | 422:
            return InvalidRequestError, f"the platform rejected the request: {explanation}", None, None
        case 401:
            return (
                UnauthorizedError,
                f"the platform does not accept the API key: {explanation}",
                "check the key of this environment; `agentops doctor` shows where it comes from",
                None,
            )
        case 403:
            return ForbiddenError, f"the platform forbids this: {explanation}", _hint_for_forbidden(lowered), None
        case 423:
            return (
                FrozenError,
                f"the platform has frozen configuration changes: {explanation}",
                "nothing was changed; run the same command again when the maintenance is over",
                None,
            )
        case 429:
            return (
                RateLimitedError,
                f"the platform is still limiting requests: {explanation}",
                "run it again in a few minutes",
                None,
            )
    if status >= 500:
        hint = "a wrong API key is reported to answer 500 too" if status == 500 else None
        return UnavailableError, f"the platform failed with status {status}: {explanation}", hint, None
    return PlatformError, f"unexpected status {status}: {explanation}", "check the environment's base_url", None


def _missing(answer: Answer, explanation: str, request: str) -> _Judgement:
    if not answer.is_json:  # the platform's own 404s are JSON; its router answers an unknown route with HTML
        hint = "check the environment's base_url, and --api v1|v2 if it was forced"
        return NotFoundError, f"the platform has no such address: {explanation}", hint, "no_such_route"
    return NotFoundError, f"not found: {explanation}", None, None


def _hint_for_forbidden(lowered: str) -> str | None:
    if "not available for your" in lowered:
        return "ask the platform's support to enable it for your organization, or choose something else in the spec"
    return None


_ARCHIVE = re.compile(r"already (archived|active)|associated with the .{0,200} campaign", re.IGNORECASE)
_REMEDIES: dict[ConflictFlavour, str] = {
    ConflictFlavour.MIGRATION_REQUIRED: "this account is on the branch model: leave out --api v1",
    ConflictFlavour.DRAFT_CONFLICT: "somebody edited the same fields in the draft: plan again",
    ConflictFlavour.BASE_REVISION_UNAVAILABLE: "the draft was replaced meanwhile: plan again",
    ConflictFlavour.BRANCH_NAME_EXISTS: "a branch of that name exists: plan again",
    ConflictFlavour.SOURCE_HAS_NO_COMMIT: "nothing was ever published on the branch to copy: publish on it first",
    ConflictFlavour.SOURCE_SCANNING: "the branch to copy is being scanned: wait for it, then run this again",
    ConflictFlavour.PUBLISH_IN_PROGRESS: "another publish is being scanned: wait for it, then run this again",
    ConflictFlavour.NO_COMMITTED_REVISION: "nothing was ever published on that branch",
    ConflictFlavour.ARCHIVE: "deal with what the platform names, then run this again",
}


def _conflict(answer: Answer, texts: Sequence[str], explanation: str, facts: dict[str, Any]) -> ConflictError:
    flavour, fields = _flavour(answer, texts, facts["request"])
    summary = f"the platform reports a conflict: {explanation}"
    return ConflictError(summary, flavour=flavour, fields=fields, hint=_REMEDIES.get(flavour), **facts)


def _flavour(answer: Answer, texts: Sequence[str], request: str) -> tuple[ConflictFlavour, Sequence[str]]:
    """Tells all documented 409s apart. The order matters; an unknown `error_type` stays generic."""
    body = answer.body if isinstance(answer.body, dict) else {}
    named = body.get("error_type")
    if named == ConflictFlavour.MIGRATION_REQUIRED:
        return ConflictFlavour.MIGRATION_REQUIRED, ()
    data = body.get("data")
    if isinstance(data, dict) and "conflict" in data:
        return ConflictFlavour.DRAFT_CONFLICT, texts
    if "base_revision_unavailable" in texts:
        return ConflictFlavour.BASE_REVISION_UNAVAILABLE, ()
    if named:
        known = isinstance(named, str) and named in set(ConflictFlavour)
        return (ConflictFlavour(named) if known else ConflictFlavour.GENERIC), ()
    if request.startswith("PUT ") and request.endswith("/draft"):
        return ConflictFlavour.DRAFT_CONFLICT, texts  # production names the clashing leaves and nothing else
    if any(_ARCHIVE.search(text) for text in texts):
        return ConflictFlavour.ARCHIVE, ()
    return ConflictFlavour.GENERIC, ()
