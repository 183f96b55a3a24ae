"""How GitHub answers over HTTP: its headers, its ways to signal a rate limit, and its errors in our words. Pure.

Facts (GitHub's REST documentation): a primary rate limit is a 403 or 429 with `x-ratelimit-remaining: 0` and the moment
it ends in `x-ratelimit-reset` (epoch seconds); a secondary one has `retry-after`, or only says so in its message.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from agentops.errors import (
    AgentopsError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    PlatformError,
    RateLimitedError,
    UnauthorizedError,
    UnavailableError,
)
from agentops.net import Answer, Dialect

_SECONDARY_WAIT_S = 60  # the wait that GitHub's documentation asks for when an answer names none


def understand(answer: Answer, now: datetime) -> Answer:
    """A rate limit as a 429 that says in `retry-after` how many seconds to wait; any other answer as it is."""
    if answer.status not in (403, 429):
        return answer
    given, reset = answer.headers.get("retry-after", ""), answer.headers.get("x-ratelimit-reset", "")
    if given.isdigit():
        wait_s = int(given)
    elif answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        wait_s = int(reset) - int(now.timestamp()) + 1
    elif "rate limit" in _message(answer).lower():
        wait_s = _SECONDARY_WAIT_S
    else:
        return answer
    return replace(answer, status=429, headers={**answer.headers, "retry-after": str(max(wait_s, 0))})


def github_error(answer: Answer, request: str) -> PlatformError:
    """The typed error of an unsuccessful answer from GitHub; `request` is "METHOD /path"."""
    message = _message(answer)
    facts: dict[str, Any] = {
        "status": answer.status,
        "request": request,
        "request_id": answer.headers.get("x-github-request-id"),
    }
    kind, summary, hint = _meaning(answer.status, message)
    return kind(f"{summary}: {message}" if message else summary, hint=hint, code=f"github_{answer.status}", **facts)


def _meaning(status: int, message: str) -> tuple[type[PlatformError], str, str | None]:
    match status:
        case 401:
            return UnauthorizedError, "GitHub does not accept the token", "pass `github-token: ${{ github.token }}`"
        case 403 if "not permitted to create or approve pull requests" in message:
            allow = "allow it under Settings > Actions > General > Workflow permissions"
            return ForbiddenError, "this repository lets no workflow open pull requests", allow
        case 403:
            return ForbiddenError, "GitHub forbids this", None
        case 404:
            return NotFoundError, "GitHub has no such thing, or the job may not see it", None
        case 410:
            return NotFoundError, "GitHub has switched this off for the repository", "switch issues on in its settings"
        case 422:
            return InvalidRequestError, "GitHub rejects the request", None
        case 429:
            return RateLimitedError, "GitHub is limiting this job's requests", "run the job again in a few minutes"
    if status >= 500:
        return UnavailableError, f"GitHub failed with status {status}", "run the job again; www.githubstatus.com"
    return PlatformError, f"GitHub answered with status {status}", None


def _message(answer: Answer) -> str:
    body = answer.body
    if not isinstance(body, dict):
        return ""
    details = [item.get("message") for item in body.get("errors") or [] if isinstance(item, dict)]
    return "; ".join(str(text) for text in (body.get("message"), *details) if text)


def naming_permission(error: AgentopsError, permission: str) -> AgentopsError:
    """`error`, or one that names `permission` if that seems to be missing. GitHub answers some of these with 404."""
    if not isinstance(error, ForbiddenError | NotFoundError) or error.hint:
        return error
    return ForbiddenError(
        f"the job may not do this on GitHub, it needs the permission `{permission}`",
        status=error.status,
        request=error.request,
        request_id=error.request_id,
        hint=f"add `{permission}` to the `permissions:` of the job (and of the workflow that calls it)",
        code="missing_permission",
    )


DIALECT = Dialect(
    headers={"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"},
    understand=understand,
    error_of=github_error,
)
