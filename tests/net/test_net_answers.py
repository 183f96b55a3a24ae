"""Every documented error body means one typed error."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from agentops import errors
from agentops.errors import ConflictError, ConflictFlavour
from agentops.net.answers import Answer, error_of, read_answer, retry_after_s, texts_of

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EXPRESS_404 = '<!DOCTYPE html>\n<html lang="en"><head><title>Error</title></head><body><pre>Cannot GET /x</pre></body>'


def failed(*texts: str, **more: Any) -> dict[str, Any]:
    return {"status": False, "errors": list(texts), **more}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, failed("agentId: Required"), errors.InvalidRequestError),
        (422, failed("sitemap unreachable"), errors.InvalidRequestError),
        (400, failed("No agent found"), errors.NotFoundError),
        (400, failed("Agent not found"), errors.NotFoundError),
        (404, failed("Resource not found"), errors.NotFoundError),
        (404, EXPRESS_404, errors.NotFoundError),
        (401, failed("Unauthorized: User not found"), errors.UnauthorizedError),
        (403, failed("gpt-5.2 is not available for your organization"), errors.ForbiddenError),
        (
            400,
            failed("You have reached the maximum number of agents for your plan, please upgrade"),
            errors.PlanLimitError,
        ),
        (423, failed("frozen", error_type="config_freeze_active"), errors.FrozenError),
        (429, {"message": "Rate limit exceeded", "rateLimit": {"retryAfterSec": 60}}, errors.RateLimitedError),
        (500, failed("Internal server error"), errors.UnavailableError),
        (502, "<html><body>Bad Gateway</body></html>", errors.UnavailableError),
        (504, "upstream request timeout", errors.UnavailableError),
        (302, None, errors.PlatformError),
    ],
)
def test_status_and_body_decide_the_kind(status: int, body: Any, kind: type[errors.PlatformError]) -> None:
    error = error_of(Answer(status, body, is_json=not isinstance(body, str)), "GET /x")
    assert type(error) is kind
    assert error.status == status
    assert error.request == "GET /x"


@pytest.mark.parametrize(
    ("body", "request_line", "flavour"),
    [
        (
            failed("deprecated", error_type="versioning_v2_migration_required"),
            "POST /drafts",
            "versioning_v2_migration_required",
        ),
        (failed("s.f", data={"conflict": {"latestRevision": 2}}), "PUT /b/draft", "draft_conflict"),
        (failed("workflow_prompt.globalPrompt"), "PUT /b/draft", "draft_conflict"),
        (failed("base_revision_unavailable"), "PUT /b/draft", "base_revision_unavailable"),
        (failed("x", error_type="branch_name_exists"), "POST /branches", "branch_name_exists"),
        (failed("x", error_type="publish_in_progress"), "POST /publish", "publish_in_progress"),
        (failed("x", error_type="something_new"), "POST /publish", "conflict"),
        (failed("Agent is already archived"), "DELETE /archive", "archive"),
        (failed('Agent is associated with the running campaign "May".'), "DELETE /archive", "archive"),
        (failed("whatever"), "POST /x", "conflict"),
        (failed("x", error_type={"code": "x"}), "PUT /b/draft", "conflict"),
        (failed("x", error_type=["archive"]), "POST /x", "conflict"),
        (None, "POST /x", "conflict"),
    ],
)
def test_each_409_is_told_apart(body: Any, request_line: str, flavour: str) -> None:
    error = error_of(Answer(409, body), request_line)
    assert isinstance(error, ConflictError)
    assert error.flavour is ConflictFlavour(flavour)


def test_a_draft_conflict_names_the_leaves() -> None:
    error = error_of(Answer(409, failed("voice.speed", "llm.modelName")), "PUT /x/draft")
    assert isinstance(error, ConflictError)
    assert error.fields == ("voice.speed", "llm.modelName")


def test_an_html_page_becomes_one_readable_line() -> None:
    assert texts_of(read_answer(404, EXPRESS_404, {})) == ["Cannot GET /x"]


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        ({"message": "no"}, ["no"]),
        ({"success": False, "error": {"code": "x", "message": "no"}}, ["no"]),
        ({"error": "no"}, ["no"]),
        ({"errors": [{"path": "a"}]}, ['{"path": "a"}']),
        ({"status": False}, []),
    ],
)
def test_texts_are_found_wherever_they_stand(body: Any, texts: list[str]) -> None:
    assert texts_of(Answer(400, body)) == texts


def test_unescaped_control_characters_are_read() -> None:
    assert read_answer(200, '{"data": "two\nlines"}', {}).body == {"data": "two\nlines"}


def test_half_an_emoji_is_replaced_and_a_whole_one_stays() -> None:
    text = r"""{"cut": "a\ud83d", "b\uDE00\ud83d!": ["\ud83d\ude00", "\\ud83d", 1.5, null]}"""
    body = read_answer(200, text, {}).body
    assert body == {"cut": "a\ufffd", "b\ufffd\ufffd!": ["\U0001f600", "\\ud83d", 1.5, None]}


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"retry-after": "7"}, None, 7.0),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 GMT"}, None, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 11:00:00 GMT"}, None, 0.0),
        ({"retry-after": "Sun Nov 22 12:00:30 2026"}, None, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 -0000"}, None, 30.0),
        ({"retry-after": "soon"}, None, None),
        ({}, {"retry_after": 60}, 60.0),
        ({}, {"rateLimit": {"retryAfterSec": 5}}, 5.0),
        ({}, {}, None),
    ],
)
def test_the_wait_that_is_asked_for(headers: dict[str, str], body: Any, seconds: float | None) -> None:
    assert retry_after_s(Answer(429, body, headers), NOW) == seconds
