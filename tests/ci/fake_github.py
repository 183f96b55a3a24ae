"""A small GitHub for tests: comments, issues and pull requests of one repository, in memory.

It answers as GitHub documents it: pages, 403 for a missing permission, rate limits in both forms, 422 for bodies that
are too long. Every request is recorded, and a test can have one answer limited or lost.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

REPOSITORY = "acme/voice"
BOT = "github-actions[bot]"
TOKEN = "ghs_for-tests"
BODY_LIMIT = 65_536
ALL = frozenset({"pull-requests:write", "issues:write", "contents:write"})

Answer = tuple[int, Any, dict[str, str]]


@dataclass
class FakeGithub:
    """`permissions` is what the token may do; `faults` are answers that replace the next ones, oldest first."""

    permissions: frozenset[str] = ALL
    may_open_pulls: bool = True
    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    files: dict[int, list[str]] = field(default_factory=dict)
    writers: frozenset[str] = frozenset({"dana"})
    branches: dict[str, str] = field(default_factory=dict)
    faults: list[Answer] = field(default_factory=list)
    lose_next_write: bool = False
    requests: list[str] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(101))

    # ---- what a test puts there

    def add_comment(self, number: int, body: str, author: str = BOT) -> dict[str, Any]:
        row = {"id": next(self.ids), "body": body, "user": _user(author), "issue": number}
        row["html_url"] = f"https://github.com/{REPOSITORY}/pull/{number}#issuecomment-{row['id']}"
        self.comments[row["id"]] = row
        return row

    def add_pull(
        self, number: int, *, head_sha: str, base: str = "main", merge_sha: str | None = None, title: str = "Change"
    ) -> None:
        self.pulls[number] = {
            "number": number,
            "title": title,
            "state": "closed" if merge_sha else "open",
            "html_url": f"https://github.com/{REPOSITORY}/pull/{number}",
            "head": {"sha": head_sha, "ref": f"change-{number}"},
            "base": {"ref": base},
            "merged_at": "2026-11-20T10:00:00Z" if merge_sha else None,
            "merge_commit_sha": merge_sha or "f" * 40,
        }

    def limit_next(self, *, reset_at: int | None = None, retry_after: int | None = None) -> None:
        if retry_after is not None:
            told = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}
            self.faults.append((403, told, {"retry-after": str(retry_after)}))
        else:
            headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(reset_at)}
            self.faults.append((403, {"message": "API rate limit exceeded for installation ID 1."}, headers))

    def fail_next(self, status: int, message: str) -> None:
        self.faults.append((status, {"message": message}, {}))

    def comments_on(self, number: int) -> list[dict[str, Any]]:
        return [row for row in self.comments.values() if row["issue"] == number]

    # ---- the app

    def app(self) -> Starlette:
        root = f"/repos/{REPOSITORY}"
        routes: list[tuple[str, str, Callable[..., Any], str]] = [
            ("GET", "/issues/{number:int}/comments", self._list_comments, "pull-requests:read"),
            ("POST", "/issues/{number:int}/comments", self._create_comment, "pull-requests:write"),
            ("PATCH", "/issues/comments/{id:int}", self._update_comment, "pull-requests:write"),
            ("DELETE", "/issues/comments/{id:int}", self._delete_comment, "pull-requests:write"),
            ("GET", "/issues", self._list_issues, "issues:read"),
            ("POST", "/issues", self._create_issue, "issues:write"),
            ("PATCH", "/issues/{number:int}", self._update_issue, "issues:write"),
            ("GET", "/commits/{sha}/pulls", self._pulls_of, "pull-requests:read"),
            ("GET", "/pulls", self._list_pulls, "pull-requests:read"),
            ("POST", "/pulls", self._create_pull, "pull-requests:write"),
            ("GET", "/pulls/{number:int}/files", self._list_files, "pull-requests:read"),
            ("GET", "/collaborators/{login}/permission", self._read_permission, "metadata:read"),
            ("GET", "/branches/{name:path}", self._read_branch, "contents:read"),
        ]
        return Starlette(
            routes=[Route(root + path, self._guarded(do, needs), methods=[verb]) for verb, path, do, needs in routes]
        )

    def _guarded(self, do: Callable[[Request, Any], Answer], needs: str) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            body = json.loads(await request.body() or b"null")
            self.requests.append(f"{request.method} {request.url.path.removeprefix(f'/repos/{REPOSITORY}')}")
            refusal = self._refusal(request, needs, body)
            status, answer, headers = refusal or do(request, body)
            if self.lose_next_write and request.method == "POST" and not refusal:
                self.lose_next_write = False
                status, answer, headers = 502, {"message": "Bad gateway"}, {}
            return JSONResponse(answer, status_code=status, headers=headers) if status != 204 else Response(None, 204)

        return endpoint

    def _refusal(self, request: Request, needs: str, body: Any) -> Answer | None:
        if self.faults:
            return self.faults.pop(0)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"message": "Bad credentials"}, {}
        if request.headers.get("accept") != "application/vnd.github+json":
            return 415, {"message": "Unsupported 'Accept' header"}, {}
        allowed = self.permissions | {p.replace(":write", ":read") for p in self.permissions} | {"metadata:read"}
        name, level = needs.split(":")
        # GitHub takes either of the two permissions for the comments of a pull request.
        twin = f"issues:{level}" if "comments" in request.url.path and name == "pull-requests" else needs
        if needs not in allowed and twin not in allowed:
            return 403, {"message": "Resource not accessible by integration"}, {}
        if isinstance(body, dict) and len(body.get("body") or "") > BODY_LIMIT:
            return 422, {"message": "Validation Failed", "errors": [{"message": "body is too long"}]}, {}
        return None

    def _list_comments(self, request: Request, _: Any) -> Answer:
        return 200, _page(request, self.comments_on(request.path_params["number"])), {}

    def _create_comment(self, request: Request, body: Any) -> Answer:
        return 201, self.add_comment(request.path_params["number"], body["body"]), {}

    def _update_comment(self, request: Request, body: Any) -> Answer:
        row = self.comments[request.path_params["id"]]
        row["body"] = body["body"]
        return 200, row, {}

    def _delete_comment(self, request: Request, _: Any) -> Answer:
        del self.comments[request.path_params["id"]]
        return 204, None, {}

    def _list_issues(self, request: Request, _: Any) -> Answer:
        label = request.query_params.get("labels")
        rows = [row for row in self.issues.values() if row["state"] == request.query_params["state"]]
        rows += [
            {**row, "body": "", "user": _user("someone"), "labels": [], "pull_request": {}}
            for row in self.pulls.values()
        ]
        return 200, _page(request, [r for r in rows if not label or label in [x["name"] for x in r["labels"]]]), {}

    def _create_issue(self, _: Request, body: Any) -> Answer:
        number = next(self.ids)
        labels = [{"name": name} for name in body.get("labels", ())]
        row = {"number": number, "state": "open", "user": _user(BOT), "labels": labels}
        row |= {
            "title": body["title"],
            "body": body["body"],
            "html_url": f"https://github.com/{REPOSITORY}/issues/{number}",
        }
        self.issues[number] = row
        return 201, row, {}

    def _update_issue(self, request: Request, body: Any) -> Answer:
        row = self.issues[request.path_params["number"]]
        row |= body
        return 200, row, {}

    def _pulls_of(self, request: Request, _: Any) -> Answer:
        sha = request.path_params["sha"]
        rows = [row for row in self.pulls.values() if sha in (row["merge_commit_sha"], row["head"]["sha"])]
        return 200, _page(request, rows), {}

    def _list_pulls(self, request: Request, _: Any) -> Answer:
        branch = request.query_params["head"].partition(":")[2]
        rows = [row for row in self.pulls.values() if row["state"] == "open" and row["head"]["ref"] == branch]
        return 200, _page(request, rows), {}

    def _create_pull(self, _: Request, body: Any) -> Answer:
        if not self.may_open_pulls:
            told = "GitHub Actions is not permitted to create or approve pull requests."
            return 403, {"message": told}, {}
        number = next(self.ids)
        self.add_pull(number, head_sha="a" * 40, base=body["base"], title=body["title"])
        self.pulls[number] |= {"body": body["body"], "head": {"sha": "a" * 40, "ref": body["head"]}}
        return 201, self.pulls[number], {}

    def _list_files(self, request: Request, _: Any) -> Answer:
        rows = [{"filename": name} for name in self.files.get(request.path_params["number"], [])]
        return 200, _page(request, rows), {}

    def _read_permission(self, request: Request, _: Any) -> Answer:
        login = request.path_params["login"]
        return 200, {"permission": "write" if login in self.writers else "read", "user": _user(login)}, {}

    def _read_branch(self, request: Request, _: Any) -> Answer:
        name = request.path_params["name"]
        if name not in self.branches:
            return 404, {"message": "Branch not found"}, {}
        return 200, {"name": name, "commit": {"sha": self.branches[name]}}, {}


def _user(login: str) -> dict[str, str]:
    return {"login": login, "type": "Bot" if login.endswith("[bot]") else "User"}


def _page(request: Request, rows: list[Any]) -> list[Any]:
    size, page = int(request.query_params.get("per_page", 30)), int(request.query_params.get("page", 1))
    return rows[size * (page - 1) : size * page]


@contextmanager
def serving(fake: FakeGithub) -> Iterator[str]:
    """The fake on a free port of this machine, for the processes that a test starts."""
    server = uvicorn.Server(uvicorn.Config(fake.app(), host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    socket = server.config.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        socket.close()
