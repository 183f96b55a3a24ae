"""The shapes of the answers that several routes give, for the OpenAPI document."""

from __future__ import annotations

from agentops.emulator.rest.schema import (
    ANY,
    COUNT,
    FLAG,
    ID,
    NUMBER,
    OBJECT,
    SCALAR,
    STAMP,
    TEXT,
    Schema,
    array,
    mapping,
    maybe,
    number,
    obj,
    one_of,
    text,
)

MESSAGE: Schema = obj({"message": TEXT}, required=("message",))
# The time in milliseconds, and a random part.
CALL_ID: Schema = text(pattern=r"^CALL-\d{13}-[a-f0-9]{6}$")
CAMPAIGN_STATUS: Schema = one_of("draft", "scheduled", "processing", "running", "paused", "completed", "failed")
NUMBERED_PAGE: Schema = obj(
    {"total": COUNT, "page": COUNT, "offset": COUNT, "hasMore": FLAG, "totalPages": COUNT},
    required=("total", "page", "offset", "hasMore", "totalPages"),
)
PAGE_QUERY: dict[str, Schema] = {
    "page": {"type": "integer", "minimum": 1, "default": 1},
    "offset": {"type": "integer", "minimum": 1, "default": 10, "description": "the size of a page"},
}
SLICE_QUERY: dict[str, Schema] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
    "skip": {"type": "integer", "minimum": 0, "default": 0},
}

SECURITY_CHECK: Schema = obj(
    {
        "status": one_of("queued", "passed", "failed", "errored"),
        "reason": maybe(TEXT),
        "triggeredAt": maybe(STAMP),
        "completedAt": maybe(STAMP),
    },
    required=("status",),
)

PROMPT_SCORE: Schema = obj(
    {
        "overall_score": NUMBER,
        "overall_grade": one_of("Excellent", "Good", "Needs Work", "Poor"),
        "band": one_of("lean", "normal", "heavy", "overweight"),
        "estimated_ttft_overhead_ms": NUMBER,
        "scoredAt": STAMP,
        "dimensions": array(
            obj(
                {
                    "tier": number(1, 3),
                    "level": one_of("Strong", "Adequate", "Weak", "Missing", "Not Applicable"),
                    "evidence_span": TEXT,
                    "title": TEXT,
                    "description": TEXT,
                },
                required=("tier", "level", "title"),
            )
        ),
    },
    required=("overall_score", "overall_grade", "dimensions"),
)

# One shape for revisions, v1's versions and drafts: in a draft the numbers are null, in the others the draft's fields.
REVISION: Schema = obj(
    {
        "_id": ID,
        "agent": ID,
        "status": one_of("published", "draft", "archived"),
        "branch": ID,
        "revisionNumber": maybe(COUNT),
        "versionNumber": maybe(COUNT),
        "label": maybe(text(most=200)),
        "description": maybe(text(most=2000)),
        "isPinned": FLAG,
        "publishedBy": maybe(ID),
        "publishedByName": maybe(TEXT),
        "publishedAt": maybe(STAMP),
        "activatedBy": maybe(ID),
        "activatedAt": maybe(STAMP),
        "draftId": maybe(TEXT),
        "draftName": maybe(text(most=100)),
        "draftRevision": maybe(COUNT),
        "sourceVersionId": maybe(ID),
        "sourceDraftId": maybe(TEXT),
        "parentVersion": maybe(ID),
        "blocks": mapping(ID),
        "workflowType": TEXT,
        "isActive": FLAG,
        "securityCheck": maybe(SECURITY_CHECK),
        "pendingPublish": maybe(
            obj({"state": one_of("active", "cancelled"), "startedBy": ID, "startedAt": STAMP}, required=("state",))
        ),
        "restoredFromRevisionId": maybe(ID),
        "restoredFromLabel": maybe(TEXT),
        "promptScore": maybe(PROMPT_SCORE),
        "promptScoreStale": FLAG,
        "createdBy": ID,
        "createdAt": STAMP,
        "updatedAt": STAMP,
    },
    required=("_id", "agent", "status", "blocks", "isActive", "createdAt", "updatedAt"),
)

BRANCH: Schema = obj(
    {
        "_id": ID,
        "agent": ID,
        "name": text(least=1, most=100),
        "isDefault": FLAG,
        "sourceBranchId": maybe(ID),
        "sourceRevisionId": maybe(ID),
        "headRevisionId": maybe(ID),
        "openDraftId": maybe(TEXT),
        "status": one_of("active", "archived"),
        "createdBy": ID,
        "updatedBy": ID,
        "createdAt": STAMP,
        "updatedAt": STAMP,
    },
    required=("_id", "agent", "name", "isDefault", "headRevisionId", "openDraftId", "status"),
)

# Reads of a branch wrap it; creating and renaming one answer it flat.
BRANCH_SUMMARY: Schema = obj(
    {
        "branch": BRANCH,
        "isLive": FLAG,
        "hasOpenDraft": FLAG,
        "revisionsCount": COUNT,
        "headRevisionNumber": maybe(COUNT),
        "createdByName": TEXT,
        "updatedByName": TEXT,
    },
    required=("branch", "isLive", "hasOpenDraft", "revisionsCount"),
)

DIFF: Schema = obj(
    {
        "unchangedSections": array(TEXT),
        "diffs": array(
            obj(
                {
                    "section": TEXT,
                    "changes": array(obj({"path": TEXT, "oldValue": ANY, "newValue": ANY}, required=("path",))),
                },
                required=("section", "changes"),
            )
        ),
    },
    required=("unchangedSections", "diffs"),
)

RESOLVED: Schema = mapping(OBJECT)  # section -> its fields under their stored names

# Without token, room and host when the test call is a phone call.
TEST_CALL: Schema = obj(
    {"conversationId": TEXT, "callId": CALL_ID, "token": TEXT, "roomName": TEXT, "host": TEXT},
    required=("conversationId", "callId"),
)

VARIABLES: Schema = mapping(SCALAR)

CALL_EVENT: Schema = {
    **obj(
        {"event_type": TEXT, "event_id": TEXT, "timestamp": TEXT, "call_id": TEXT}, required=("event_type", "call_id")
    ),
    "additionalProperties": True,  # each type has fields of its own
}

METRIC_TEMPLATE: Schema = obj(
    {
        "identifier": text(pattern="^[a-z0-9_]+$"),
        "dispositionMetricPrompt": TEXT,
        "dispositionMetricType": one_of("STRING", "BOOLEAN", "INTEGER", "ENUM", "DATETIME"),
    },
    required=("identifier", "dispositionMetricPrompt", "dispositionMetricType"),
)
