"""Reads what came back: lenient JSON, every documented error body, and the typed error each one means. Pure.

The facts: errors come as `{status: false, errors: [...]}`, `{message}`, `{error: {message}}`, plain text or an HTML
page; some JSON bodies hold unescaped control characters; a missing agent is a 400; there are seven kinds of 409.
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
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

_SHOWN_CHARACTERS = 200
_DEEPEST = 100  # nested objects and lists; what the platform documents has fewer than ten
_UNSEEN = frozenset({"head", "style", "script", "title"})
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*+)?+[^<>]*+>")
_JSON = json.JSONDecoder(strict=False)  # takes unescaped control characters


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `body` is the parsed JSON, the text when it is none, or None when it is empty."""

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
    """Parses the body as JSON where it is, unescaped control characters included; not where it is nested absurdly."""
    if not text or text.isspace():
        return Answer(status, None, headers)
    try:
        body = _JSON.decode(text)
    except (ValueError, RecursionError):
        return Answer(status, text, headers, is_json=False)
    return Answer(status, body, headers) if _is_shallow(body) else Answer(status, text, headers, is_json=False)


def _is_shallow(body: Any) -> bool:
    """Whether nobody who walks through `body` gets lost in it."""
    level = [body]
    for _ in range(_DEEPEST):
        inner = [each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list)]
        if not inner:
            return True
        level = [item for items in inner for item in items]
    return False


def texts_of(answer: Answer) -> list[str]:
    """What an error body says, in the order of trust: `errors[]`, `message`, `error`, then the text itself."""
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
    seen: list[str] = []
    end, unseen = 0, ""
    for tag in _TAG.finditer(text):
        if not unseen:
            seen.append(text[end : tag.start()])
        name, end = (tag[2] or "").lower(), tag.end()
        if not unseen and name in _UNSEEN and not tag[1]:
            unseen = name
        elif tag[1] and name == unseen:
            unseen = ""
    seen.append("" if unseen else text[end:])
    plain = html.unescape(" ".join(seen)) if "<" in text else text
    return " ".join(plain.split())[:_SHOWN_CHARACTERS]


def retry_after_s(answer: Answer, now: datetime) -> float | None:
    """The seconds the platform asks to wait: the header (seconds or a date), or either documented body form."""
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
        return max((parsedate_to_datetime(text) - now).total_seconds(), 0.0)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def error_of(answer: Answer, request: str) -> PlatformError:
    """The typed error of an answer that is no success; `request` is "METHOD /path"."""
    texts = texts_of(answer)
    said = "; ".join(texts)[: _SHOWN_CHARACTERS * 3] or "no explanation given"
    facts: dict[str, Any] = {"status": answer.status, "request": request, "request_id": answer.request_id}
    if answer.status == 409:
        return _conflict(answer, texts, said, facts)
    kind, summary, hint, code = _judge(answer, said, request)
    return kind(summary, hint=hint, code=code, **facts)


_Judgement = tuple[type[PlatformError], str, str | None, str | None]
_MISSING = re.compile(r"\b(no agent found|agent not found|resource not found)\b", re.IGNORECASE)


def _judge(answer: Answer, said: str, request: str) -> _Judgement:
    status, lowered = answer.status, said.lower()
    if status in (400, 403) and "plan" in lowered and "upgrade" in lowered:
        return (
            PlanLimitError,
            f"the account's plan does not allow this: {said}",
            "upgrade the plan, or stay within it",
            None,
        )
    if status == 404 or (status == 400 and _MISSING.search(said)):
        return _missing(answer, said, request)
    match status:
        case 400 | 422:
            return InvalidRequestError, f"the platform rejected the request: {said}", None, None
        case 401:
            return (
                UnauthorizedError,
                f"the platform does not accept the API key: {said}",
                "check the key of this environment; `agentops doctor` shows where it comes from",
                None,
            )
        case 403:
            return ForbiddenError, f"the platform forbids this: {said}", _hint_for_forbidden(lowered), None
        case 423:
            return (
                FrozenError,
                f"the platform has frozen configuration changes: {said}",
                "nothing was changed; run the same command again when the maintenance is over",
                None,
            )
        case 429:
            return (
                RateLimitedError,
                f"the platform is still limiting requests: {said}",
                "run it again in a few minutes",
                None,
            )
    if status >= 500:
        hint = "a wrong API key is reported to answer 500 too" if status == 500 else None
        return UnavailableError, f"the platform failed with status {status}: {said}", hint, None
    return PlatformError, f"unexpected status {status}: {said}", "check the environment's base_url", None


def _missing(answer: Answer, said: str, request: str) -> _Judgement:
    if not answer.is_json:
        hint = "check the environment's base_url, and --api v1|v2 if it was forced"
        return NotFoundError, f"the platform has no such address: {said}", hint, "no_such_route"
    return NotFoundError, f"not found: {said}", None, None


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
    ConflictFlavour.ARCHIVE: "see to what the platform names, then run this again",
}


def _conflict(answer: Answer, texts: Sequence[str], said: str, facts: dict[str, Any]) -> ConflictError:
    flavour, fields = _flavour(answer, texts, facts["request"])
    summary = f"the platform reports a conflict: {said}"
    return ConflictError(summary, flavour=flavour, fields=fields, hint=_REMEDIES.get(flavour), **facts)


def _flavour(answer: Answer, texts: Sequence[str], request: str) -> tuple[ConflictFlavour, Sequence[str]]:
    """The decision order that tells all documented 409s apart; an unknown `error_type` stays generic."""
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
        known = named in set(ConflictFlavour)
        return (ConflictFlavour(named) if known else ConflictFlavour.GENERIC), ()
    if request.startswith("PUT ") and request.endswith("/draft"):
        return ConflictFlavour.DRAFT_CONFLICT, texts
    if any(_ARCHIVE.search(text) for text in texts):
        return ConflictFlavour.ARCHIVE, ()
    return ConflictFlavour.GENERIC, ()
