"""Lists of revisions that are longer than a page, on a platform that answers as it is told to."""

from __future__ import annotations

from typing import Any

import pytest

from agentops.net import Http
from agentops.remote.drafts import Drafts

VERSIONS = [{"_id": f"v{number}", "status": "published", "versionNumber": number} for number in range(250, 0, -1)]


class Listing(Drafts):
    """An account whose one list has 250 versions; `is_deaf` makes it ignore `skip`."""

    def __init__(self, *, is_deaf: bool) -> None:
        super().__init__(Http("https://platform.example"))
        self.asked: list[dict[str, Any]] = []
        self._is_deaf = is_deaf

    async def _get(self, path: str, **query: Any) -> Any:
        self.asked.append(query)
        assert len(self.asked) < 10, "it asks again and again"
        start = 0 if self._is_deaf else query.get("skip", 0)
        return {"versions": VERSIONS[start : start + query["limit"]], "total": len(VERSIONS)}


@pytest.mark.anyio
@pytest.mark.parametrize(("limit", "requests"), [(20, 1), (100, 1), (150, 2), (1000, 3)])
async def test_as_many_as_there_are_and_no_request_too_many(limit: int, requests: int) -> None:
    account = Listing(is_deaf=False)
    found = await account.list_revisions("a1", limit=limit)
    assert [revision.number for revision in found] == list(range(250, max(250 - limit, 0), -1))
    assert len(account.asked) == requests


@pytest.mark.anyio
async def test_a_platform_that_ignores_the_place_gives_one_page() -> None:
    account = Listing(is_deaf=True)
    assert len(await account.list_revisions("a1", limit=1000)) == 100
    assert len(account.asked) == 2
