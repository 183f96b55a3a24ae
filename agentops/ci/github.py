"""The part of GitHub's REST interface that agentops uses: one method for each read or write, with values in and out.

The modules that call it decide which comment or issue is whose, and whether to write at all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from agentops.ci.dialect import DIALECT, naming_permission
from agentops.ci.event import GithubRun
from agentops.ci.model import Comment, Issue, Pull
from agentops.errors import PlatformError, UsageError
from agentops.net import Http, NetOptions

_PAGE = 100
_MOST_PAGES = 30  # GitHub lists no more than 3000 files of a pull request either
_OPTIONS = NetOptions(requests_per_second=8.0, max_in_flight=4)


class Github:
    """One repository. All methods raise `PlatformError` and its kinds; a missing permission is named."""

    def __init__(self, http: Http, repository: str) -> None:
        self._http = http
        self._root = f"/repos/{repository}"
        self.repository = repository

    async def comments(self, number: int) -> list[Comment]:
        """The comments of an issue or pull request, oldest first."""
        rows = await self._pages(f"/issues/{number}/comments", needs="pull-requests: read")
        return [_comment(row) for row in rows]

    async def create_comment(self, number: int, body: str) -> Comment:
        path = f"/issues/{number}/comments"
        return _comment(await self._ask("POST", path, {"body": body}, needs="pull-requests: write"))

    async def update_comment(self, comment_id: int, body: str) -> Comment:
        path = f"/issues/comments/{comment_id}"
        return _comment(await self._ask("PATCH", path, {"body": body}, needs="pull-requests: write"))

    async def delete_comment(self, comment_id: int) -> None:
        await self._ask("DELETE", f"/issues/comments/{comment_id}", needs="pull-requests: write")

    async def permission_of(self, login: str) -> str:
        """What somebody may do: "admin", "write", "read" or "none". GitHub maps every other role to one of these."""
        path = f"/collaborators/{quote(login, safe='')}/permission"
        facts = await self._ask("GET", path, needs="metadata: read")
        return str(facts.get("permission") or "none")

    async def pulls_of_commit(self, sha: str) -> list[Pull]:
        rows = await self._pages(f"/commits/{sha}/pulls", needs="pull-requests: read")
        return [_pull(row) for row in rows]

    async def open_pulls_from(self, branch: str) -> list[Pull]:
        head = f"{self.repository.partition('/')[0]}:{branch}"
        rows = await self._pages("/pulls", {"state": "open", "head": head}, needs="pull-requests: read")
        return [_pull(row) for row in rows]

    async def changed_files(self, number: int) -> list[str]:
        rows = await self._pages(f"/pulls/{number}/files", needs="pull-requests: read")
        return [str(row["filename"]) for row in rows]

    async def branch_head(self, branch: str) -> str:
        """The commit that a branch points at."""
        branch_facts = await self._ask("GET", f"/branches/{quote(branch, safe='/')}", needs="contents: read")
        return str(branch_facts["commit"]["sha"])

    async def create_pull(self, *, title: str, body: str, head: str, base: str) -> Pull:
        fields = {"title": title, "body": body, "head": head, "base": base}
        return _pull(await self._ask("POST", "/pulls", fields, needs="pull-requests: write"))

    async def open_issues(self, label: str | None = None) -> list[Issue]:
        query = {"state": "open"} | ({"labels": label} if label else {})
        rows = await self._pages("/issues", query, needs="issues: read")
        return [_issue(row) for row in rows if "pull_request" not in row]  # GitHub lists pull requests as issues, too

    async def create_issue(self, *, title: str, body: str, labels: Sequence[str]) -> Issue:
        fields = {"title": title, "body": body, "labels": list(labels)}
        return _issue(await self._ask("POST", "/issues", fields, needs="issues: write"))

    async def update_issue(self, number: int, fields: Mapping[str, str]) -> Issue:
        return _issue(await self._ask("PATCH", f"/issues/{number}", dict(fields), needs="issues: write"))

    async def comment_issue(self, number: int, body: str) -> None:
        await self._ask("POST", f"/issues/{number}/comments", {"body": body}, needs="issues: write")

    async def _pages(self, path: str, query: Mapping[str, Any] | None = None, *, needs: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for page in range(1, _MOST_PAGES + 1):
            found = await self._ask("GET", path, query={**(query or {}), "per_page": _PAGE, "page": page}, needs=needs)
            rows += found
            if len(found) < _PAGE:
                break
        return rows

    async def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, Any] | None = None,
        needs: str,
    ) -> Any:
        repeatable = method != "POST"  # the others set a state, and setting it twice changes nothing more
        try:
            answer = await self._http.request(
                method, self._root + path, body=body, query=query, is_repeatable=repeatable
            )
        except PlatformError as error:
            raise naming_permission(error, needs) from None
        return answer.body


@asynccontextmanager
async def open_github(run: GithubRun) -> AsyncIterator[Github]:
    """A connection for the repository of `run`. Raises UsageError if the job was given no token."""
    if run.token is None:
        raise UsageError(
            "this job has no GITHUB_TOKEN",
            hint="the composite action passes it on: `github-token: ${{ github.token }}`",
        )
    async with Http(run.api_url, api_key=run.token, options=_OPTIONS, dialect=DIALECT) as http:
        yield Github(http, run.repository)


def _comment(row: Mapping[str, Any]) -> Comment:
    author = (row.get("user") or {}).get("login") or ""
    return Comment(int(row["id"]), author, row.get("body") or "", row.get("html_url") or "")


def _pull(row: Mapping[str, Any]) -> Pull:
    return Pull(
        number=int(row["number"]),
        head_sha=row["head"]["sha"],
        base_ref=row["base"]["ref"],
        title=row.get("title") or "",
        url=row.get("html_url") or "",
        merge_sha=row.get("merge_commit_sha") if row.get("merged_at") else None,
        is_merged=bool(row.get("merged_at")),
    )


def _issue(row: Mapping[str, Any]) -> Issue:
    author = (row.get("user") or {}).get("login") or ""
    return Issue(int(row["number"]), author, row.get("title") or "", row.get("body") or "", row.get("html_url") or "")
