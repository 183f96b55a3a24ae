"""Prompt scoring over HTTP: a repeatable score of a revision's or a draft's prompt."""

from __future__ import annotations

from agentops.emulator.rest.schema import (
    COUNT,
    ID,
    TEXT,
    Schema,
    obj,
)
from agentops.emulator.rest.shapes import PROMPT_SCORE
from agentops.emulator.rest.versioning import configuration, versions
from agentops.emulator.rest.wire import (
    RATE_LIMITED,
    Answer,
    ApiError,
    Request,
    Route,
    answer,
    data,
)
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import Store

DIMENSIONS = (
    *("Role and goal", "Tone", "Scope", "Structure", "Examples", "Error handling", "Escalation", "Privacy"),
    *("Tool use", "Length", "Variables"),
)
SCORES_PER_MINUTE = 10  # the documented limit of this operation


def score_prompt(store: Store, request: Request) -> Answer:
    """A repeatable score of a prompt; refused for an unchanged prompt, and above ten requests a minute."""
    body = request.body
    if ("versionId" in body) == ("draftId" in body):
        raise ApiError(400, "Exactly one of versionId or draftId is required")
    kind, key = ("revision", body.get("versionId")) if "versionId" in body else ("draft", body["draftId"])
    document = store.database.get(kind, str(key))
    if document is None:
        raise ApiError(404, "Version not found" if kind == "revision" else "Draft not found")
    minute = int(store.clock.now().timestamp()) // 60
    used = (store.database.get("setting", "scoring") or {}).get(str(minute), 0)
    if used >= SCORES_PER_MINUTE:
        limit = {"routeClass": "prompt-scoring", "limit": SCORES_PER_MINUTE, "retryAfterSec": 60}
        # This operation has a 429 of its own shape, unlike the one for the account's request rate.
        return Answer(429, {"message": "Rate limit exceeded", "rateLimit": limit}, {"Retry-After": "60"})
    prompt = document["config"]["singlePromptConfig"].get("prompt") or document["config"].get("globalPrompt", "")
    fingerprint = configuration.digest(prompt)
    if store.database.get("score", fingerprint) is not None:
        raise ApiError(400, "The prompt has not changed since it was last scored")
    score = build_score(prompt)
    store.database.put("setting", "scoring", {str(minute): used + 1})
    store.database.put("score", fingerprint, score)
    if kind == "revision":
        versions.save_revision(store, {**document, "promptScore": {**score, "scoredAt": store.now()}})
    return answer(score)


def build_score(prompt: str) -> Body:
    """A score in the platform's shape from the prompt's length and lines; the scale is the emulator's own."""
    words = len(prompt.split())
    bands = ((200, "lean"), (800, "normal"), (2000, "heavy"))
    band = next((name for most, name in bands if words <= most), "overweight")
    overall = min(100, 20 + words // 2 + 5 * prompt.count("\n"))
    grades = ((80, "Excellent"), (60, "Good"), (40, "Needs Work"))
    levels = ("Missing", "Weak", "Adequate", "Strong")
    dimensions = [
        {
            "tier": 1 + index * 3 // len(DIMENSIONS),
            "level": levels[min(3, (words + index * 7) // 60)],
            "evidence_span": prompt[:60],
            "title": title,
            "description": "Scored by the emulator from the prompt's length, not by a model.",
        }
        for index, title in enumerate(DIMENSIONS)
    ]
    return {
        "overall_score": overall,
        "overall_grade": next((grade for least, grade in grades if overall >= least), "Poor"),
        "band": band,
        "estimated_ttft_overhead_ms": words // 4,
        "dimensions": dimensions,
    }


_CLASS_LIMIT = obj({"routeClass": TEXT, "limit": COUNT, "retryAfterSec": COUNT}, required=("limit", "retryAfterSec"))
_SCORED_TOO_OFTEN: Schema = {
    "anyOf": [obj({"message": TEXT, "rateLimit": _CLASS_LIMIT}, required=("message", "rateLimit")), RATE_LIMITED]
}

ROUTES = (
    Route(
        "POST",
        "/atoms/v1/prompt-scoring/score",
        score_prompt,
        "Score the prompt of a version or a draft",
        {200: data(PROMPT_SCORE), 429: _SCORED_TOO_OFTEN},
        body=obj({"versionId": ID, "draftId": TEXT}),
        refuses=(400, 404),
    ),
)
