"""Audiences, campaigns, the do-not-call list and call records: the requests of outbound campaigns.

None of these is versioned, and neither an audience nor a campaign can be changed once it exists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agentops.errors import PlatformError
from agentops.remote.port import StoredAudience, StoredCampaign
from agentops.remote.requests import API, FilePart, Requests, form
from agentops.remote.rows import AudienceRow, CampaignRow, read_row, rows_of

_PAGE = 100
_LARGEST_PAGE = 500  # of call records and of the do-not-call list, by the platform
_BALANCE = "/payment/v1/credits/balance"  # billing is not below /atoms/v1


class CampaignRequests(Requests):
    """Implements `port.Campaigns`."""

    # -- audiences

    async def list_audiences(self) -> Sequence[StoredAudience]:
        return [_audience(row) for row in rows_of(await self._get("/audience"))]

    async def create_audience(self, name: str, *, description: str, phone_column: str, csv: bytes) -> StoredAudience:
        fields = {"name": name, "description": description, "phoneNumberColumnName": phone_column}
        path = f"{API}/audience"
        body = form(fields, FilePart("file", "audience.csv", "text/csv", csv))
        answer = await self.http.request("POST", path, body=body, is_repeatable=False)
        return _audience(self._unwrapped(answer, f"POST {path}"))

    async def delete_audience(self, audience_id: str) -> None:
        await self._write("DELETE", f"/audience/{audience_id}", is_repeatable=True)

    # -- campaigns

    async def list_campaigns(self) -> Sequence[StoredCampaign]:
        found: list[Any] = []
        page, has_more = 1, True
        while has_more:
            data = await self._get("/campaign", page=page, offset=_PAGE)
            rows = rows_of(data, "campaigns")
            found += rows
            has_more = bool(rows) and _has_more(data)
            page += 1
        return [_campaign(row) for row in found]

    async def read_campaign(self, campaign_id: str) -> StoredCampaign:
        data = await self._get(f"/campaign/{campaign_id}")
        return _campaign(data.get("campaign", data), data.get("metrics"))

    async def create_campaign(self, body: Mapping[str, Any]) -> str:
        data = await self._write("POST", "/campaign", dict(body))
        campaign_id = data.get("_id") if isinstance(data, dict) else data
        if not isinstance(campaign_id, str) or not campaign_id:
            raise PlatformError(
                "the platform created a campaign without saying its id",
                request="POST /campaign",
                hint="run it again: it looks for the campaign before it creates one",
            )
        return campaign_id

    async def delete_campaign(self, campaign_id: str) -> None:
        await self._write("DELETE", f"/campaign/{campaign_id}", is_repeatable=True)

    async def start_campaign(self, campaign_id: str) -> None:
        await self._write("POST", f"/campaign/{campaign_id}/start")

    async def pause_campaign(self, campaign_id: str) -> None:
        await self._write("POST", f"/campaign/{campaign_id}/pause")

    async def list_campaign_calls(self, campaign_id: str) -> Sequence[Mapping[str, Any]]:
        """Every call of the campaign, retries included, as the platform's rows."""
        found: list[Mapping[str, Any]] = []
        page, has_more = 1, True
        while has_more:
            query = {"page": page, "limit": _LARGEST_PAGE, "campaignIds": campaign_id, "callAttemptFilter": "all"}
            data = await self._get("/conversation", **query)
            rows = rows_of(data, "logs")
            found += rows
            has_more = bool(rows) and _has_more(data)
            page += 1
        return found

    async def export_members(self, campaign_id: str) -> Sequence[Mapping[str, Any]]:
        """The people of the campaign with what became of each."""
        return rows_of(await self._get(f"/campaign/{campaign_id}/export/by-audience-member", format="json"))

    # -- what is checked before anything dials

    async def list_not_to_call(self) -> frozenset[str]:
        """The numbers on the account's do-not-call list."""
        found: set[str] = set()
        page, has_more = 1, True
        while has_more:
            data = await self._get("/dnc", page=str(page), offset=str(_LARGEST_PAGE))
            rows = rows_of(data, "entries")
            found |= {str(row.get("phoneNumber")) for row in rows}
            has_more = bool(rows) and _has_more(data)
            page += 1
        return frozenset(found)

    async def read_free_slots(self, agent_id: str) -> int | None:
        """How many outbound calls of the agent the account has room for; None where it doesn't say."""
        data = await self._get("/concurrency")
        free = data.get("unreservedPool") if isinstance(data, dict) else None
        if not isinstance(free, int):
            return None
        reserved = [row.get("outbound") for row in data.get("agents") or () if row.get("agentId") == agent_id]
        return free + sum(slots for slots in reserved if isinstance(slots, int))

    async def read_credits(self) -> float | None:
        """What the account has left; None where it doesn't say or pays by invoice."""
        data = self._unwrapped(await self.http.request("GET", _BALANCE), f"GET {_BALANCE}")
        if not isinstance(data, dict) or data.get("isEnterprise") is True:
            return None
        left = data.get("creditBalance")
        return float(left) if isinstance(left, int | float) else None


def _has_more(data: Any) -> bool:
    """Whether the platform says that another page follows; the condition beside it ends a list of empty pages."""
    pagination = data.get("pagination") if isinstance(data, dict) else None
    return isinstance(pagination, dict) and pagination.get("hasMore") is True


def _audience(data: Any) -> StoredAudience:
    row = read_row(AudienceRow, data, "GET /audience")
    return StoredAudience(row.audience_id, row.name, row.description or "", row.member_count, row.has_campaigns)


def _campaign(data: Any, metrics: Any = None) -> StoredCampaign:
    row = read_row(CampaignRow, data, "GET /campaign")
    agent = row.agent.id_ if row.agent else row.agent_id
    audience = row.audience.id_ if row.audience else row.audience_id
    people = metrics.get("total_participants") if isinstance(metrics, dict) else None
    return StoredCampaign(
        row.campaign_id,
        row.name,
        row.status,
        row.description,
        row.created_at,
        agent,
        audience,
        people,
        row.scheduled_at,
    )
