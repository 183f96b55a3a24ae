"""The platform's JSON rows at the boundary: what each must hold to be understood, everything else ignored.

Only what agentops can't do without is required: the published schema is hand-written, and live answers lack fields
that it promises.
"""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agentops.document import Document, Revision, ScanState
from agentops.errors import PlatformError

_PlatformRow = TypeVar("_PlatformRow", bound="PlatformRow")

_PASSED = frozenset({"passed", "skipped", "not_required"})
_FAILED = frozenset({"failed", "rejected"})
_ERRORED = frozenset({"errored", "error"})


class PlatformRow(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)  # a run meets few kinds of row


class SecurityCheckRow(PlatformRow):
    status: str | None = None
    reason: str | None = None


class PendingPublishRow(PlatformRow):
    state: str | None = None


class RevisionRow(PlatformRow):
    """A published revision (v1: version) or a row of a draft; the platform uses one shape for both."""

    revision_id: str = Field(alias="_id")
    status: str | None = None
    branch: str | None = None
    revision_number: int | None = Field(None, alias="revisionNumber")
    version_number: int | None = Field(None, alias="versionNumber")
    label: str | None = None
    published_at: str | None = Field(None, alias="publishedAt")
    published_by: str | None = Field(None, alias="publishedBy")
    published_by_name: str | None = Field(None, alias="publishedByName")
    restored_from: str | None = Field(None, alias="restoredFromRevisionId")
    activated_at: str | None = Field(None, alias="activatedAt")
    is_active: bool | None = Field(None, alias="isActive")
    draft_id: str | None = Field(None, alias="draftId")
    draft_name: str | None = Field(None, alias="draftName")
    draft_revision: int | None = Field(None, alias="draftRevision")
    source_version_id: str | None = Field(None, alias="sourceVersionId")
    security_check: SecurityCheckRow | None = Field(None, alias="securityCheck")
    pending_publish: PendingPublishRow | None = Field(None, alias="pendingPublish")
    editor: str | None = Field(None, alias="lastEditorName")
    updated_at: str | None = Field(None, alias="updatedAt")

    @property
    def is_armed(self) -> bool:
        """A publish of this draft is being scanned."""
        return self.pending_publish is not None and self.pending_publish.state == "active"

    @property
    def scan(self) -> ScanState | None:
        """None: never scanned. The platform's set of states is open: an unknown one counts as pending."""
        if self.security_check is None or self.security_check.status is None:
            return None
        status = self.security_check.status.lower()
        if status in _PASSED:
            return ScanState.PASSED
        if status in _FAILED:
            return ScanState.FAILED
        return ScanState.ERRORED if status in _ERRORED else ScanState.PENDING

    @property
    def scan_reason(self) -> str | None:
        return self.security_check.reason if self.security_check else None

    def to_revision(
        self,
        *,
        branch_id: str | None = None,
        document: Document | None = None,
        unverifiable: frozenset[str] = frozenset(),
    ) -> Revision:
        """The revision. The moment when it went live is kept on v1 only, which has no branches."""
        return Revision(
            revision_id=self.revision_id,
            number=self.revision_number if self.revision_number is not None else self.version_number,
            label=self.label,
            published_at=self.published_at,
            published_by=self.published_by_name or self.published_by,
            scan=self.scan or ScanState.PASSED,
            scan_reason=self.scan_reason,
            is_published=self.status in (None, "published"),
            restored_from=self.restored_from,
            based_on=None if branch_id else self.source_version_id,
            branch_id=branch_id,
            activated_at=None if branch_id else self.activated_at,
            document=document,
            unverifiable=unverifiable,
        )


class BranchRow(PlatformRow):
    branch_id: str = Field(alias="_id")
    name: str = ""
    is_default: bool | None = Field(None, alias="isDefault")
    head_revision_id: str | None = Field(None, alias="headRevisionId")
    open_draft_id: str | None = Field(None, alias="openDraftId")
    status: str | None = None
    updated_at: str | None = Field(None, alias="updatedAt")


class BranchSummaryRow(PlatformRow):
    branch: BranchRow
    is_live: bool | None = Field(None, alias="isLive")
    has_open_draft: bool | None = Field(None, alias="hasOpenDraft")
    head_revision_number: int | None = Field(None, alias="headRevisionNumber")


class AgentRow(PlatformRow):
    agent_id: str = Field(alias="_id")
    name: str = ""
    archived: bool | None = None
    active_version_id: str | None = Field(None, alias="activeVersionId")
    version_id: str | None = Field(None, alias="versionId")
    updated_at: str | None = Field(None, alias="updatedAt")
    workflow_type: str | None = Field(None, alias="workflowType")


class ProductRow(PlatformRow):
    product_id: str = Field(alias="_id")
    agent_id: str | None = Field(None, alias="agentId")
    phone_number: str | None = Field(None, alias="phoneNumber")
    attributes: dict[str, Any] = Field(default_factory=dict)

    @property
    def number(self) -> str:
        return self.phone_number or str(self.attributes.get("phoneNumber") or "")


class VoiceTagsRow(PlatformRow):
    language: list[str] | None = None
    accent: str | None = None
    gender: str | None = None


class VoiceRow(PlatformRow):
    voice_id: str = Field(alias="voiceId")
    display_name: str | None = Field(None, alias="displayName")
    tags: VoiceTagsRow | list[str] | None = None
    language: str | None = None
    model_ids: list[str] | None = Field(None, alias="modelIds")


class NestedRow(PlatformRow):
    id_: str | None = Field(None, alias="_id")


class AudienceRow(PlatformRow):
    audience_id: str = Field(alias="_id")
    name: str = ""
    description: str | None = None
    member_count: int | None = Field(None, alias="memberCount")
    has_campaigns: bool | None = Field(None, alias="hasCampaigns")


class CampaignRow(PlatformRow):
    """A create answers with flat ids, a read with nested rows."""

    campaign_id: str = Field(alias="_id")
    name: str = ""
    status: str
    description: str | None = None
    created_at: str | None = Field(None, alias="createdAt")
    scheduled_at: str | None = Field(None, alias="scheduledAt")
    agent: NestedRow | None = None
    audience: NestedRow | None = None
    agent_id: str | None = Field(None, alias="agentId")
    audience_id: str | None = Field(None, alias="audienceId")


class ToolRow(PlatformRow):
    tool_id: str = Field(alias="toolId")
    definition: dict[str, Any] = Field(default_factory=dict)
    created_at: str | None = Field(None, alias="createdAt")
    updated_at: str | None = Field(None, alias="updatedAt")


class KnowledgeBaseRow(PlatformRow):
    base_id: str = Field(alias="_id")
    name: str = ""
    description: str | None = None


class KnowledgeItemRow(PlatformRow):
    item_id: str = Field(alias="_id")
    file_name: str | None = Field(None, alias="fileName")
    title: str | None = None
    size: int | None = None
    status: str | None = Field(None, alias="processingStatus")
    metadata: dict[str, Any] | None = None


class ScrapedPageRow(PlatformRow):
    page_id: str = Field(alias="_id")
    url: str
    status: str | None = None


class SubscriberRow(PlatformRow):
    agent_id: str = Field(alias="_id")


class SubscriptionRow(PlatformRow):
    agent: SubscriberRow | str = Field(alias="agentId")
    event: str = Field(alias="eventType")


class WebhookRow(PlatformRow):
    webhook_id: str = Field(alias="_id")
    url: str = ""
    description: str | None = None
    subscriptions: list[SubscriptionRow] = Field(default_factory=list)
    secret: str | None = Field(None, alias="decryptedSecretKey", repr=False)


def read_row(kind: type[_PlatformRow], data: Any, request: str) -> _PlatformRow:
    """`data` as a row. Raises PlatformError with the request and the fields that are wrong, without their values."""
    try:
        return kind.model_validate(data)
    except ValidationError as failure:
        fields = ", ".join(
            ".".join(str(part) for part in error["loc"]) or "the whole" for error in failure.errors()[:5]
        )
        raise unexpected(fields, request) from None


def unexpected(fields: str, request: str) -> PlatformError:
    """The error for an answer of which `fields` are not as documented."""
    return PlatformError(
        f"the platform answered in a shape that agentops does not know: {fields}",
        request=request,
        code="unexpected_answer",
        hint="is base_url the address of the Atoms API, and is there a newer agentops?",
    )


def rows_of(data: Any, *containers: str) -> list[Any]:
    """The items of a list answer: the list itself, or the member of `data` under one of the known names."""
    if isinstance(data, list):
        return data
    if isinstance(data, dict):
        for name in containers:
            if isinstance(items := data.get(name), list):
                return items
    return []
