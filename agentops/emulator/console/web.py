"""The console's addresses: reads what a page needs and answers with it."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from agentops.emulator.console import pages
from agentops.emulator.console.editing import Editor, Entry, edit_page
from agentops.emulator.interception import RequestLog
from agentops.emulator.rest.versioning import versions
from agentops.emulator.rest.wire import ApiError
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import Grant, Store

STATIC = {
    "console.css": "text/css",
    "icon.svg": "image/svg+xml",
    "talk.js": "text/javascript",
    "capture.js": "text/javascript",
}
POLICY = (
    "default-src 'self'; connect-src 'self' ws: wss:; media-src 'self'; form-action 'self'; frame-ancestors 'none';"
    " base-uri 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


class Console:
    """The handlers, over the store and the request log."""

    def __init__(self, store: Store, log: RequestLog) -> None:
        self._store, self._log = store, log

    def routes(self) -> list[BaseRoute]:
        agent = "/console/agents/{agent_id}"
        return [
            Route("/", self.agents),
            Route(agent, self.agent),
            Route(f"{agent}/diff", self.diff),
            Route(f"{agent}/revisions/{{revision_id}}", self.revision),
            Route(f"{agent}/edit", self.edit, methods=["GET"]),
            Route(f"{agent}/edit", self.change, methods=["POST"]),
            Route(f"{agent}/revisions/{{revision_id}}/activate", self.activate, methods=["POST"]),
            Route(f"{agent}/talk", self.talk),
            Route(f"{agent}/session", self.open_session, methods=["POST"]),
            Route("/console/calls", self.calls),
            Route("/console/calls/{call_id}", self.call),
            Route("/console/requests", self.requests),
            Route("/console/static/{name}", static_file),
        ]

    async def agents(self, _http: Request) -> Response:
        return _page(pages.agents_page(self._store))

    async def agent(self, http: Request) -> Response:
        return self._with_agent(http, lambda agent: _page(pages.agent_page(self._store, agent)))

    async def revision(self, http: Request) -> Response:
        def show(agent: Body) -> Response:
            revision = self._side(agent, http.path_params["revision_id"])
            return _page(pages.revision_page(self._store, agent, revision)) if revision else _missing("revision")

        return self._with_agent(http, show)

    async def diff(self, http: Request) -> Response:
        """Of two revisions or drafts, by id."""

        def show(agent: Body) -> Response:
            before, after = (self._side(agent, http.query_params.get(name, "")) for name in ("a", "b"))
            if before is None or after is None:
                return _missing("revision")
            return _page(pages.diff_page(self._store, agent, before, after))

        return self._with_agent(http, show)

    def _side(self, agent: Body, key: str) -> Body | None:
        """The agent's revision or draft with this id."""
        side = self._store.database.get("revision", key) or self._store.database.get("draft", key)
        return side if side and side["agent"] == agent["_id"] else None

    async def edit(self, http: Request) -> Response:
        def show(agent: Body) -> Response:
            editor = Editor(self._store, agent)
            return _page(edit_page(agent, editor, editor.entry()))

        return self._with_agent(http, show)

    async def change(self, http: Request) -> Response:
        """Saves, publishes or discards, by the button that was pressed."""
        raw = await http.body()
        pressed = parse_qs(raw.decode("utf-8", "replace")).get("do", ["save"])[-1]

        def do(agent: Body) -> Response:
            editor, entry = Editor(self._store, agent), Entry.of_form(raw)
            try:
                with self._store.transaction():
                    if pressed == "discard":
                        editor.discard()
                    elif pressed == "publish":
                        editor.publish(entry)
                    else:
                        editor.save(entry)
            except ApiError as error:
                # The form as it was sent, so that nothing typed is lost.
                fresh = Editor(self._store, agent)
                form = _page(edit_page(agent, fresh, entry, error.errors))
                form.status_code = error.status
                return form
            return RedirectResponse(f"/console/agents/{agent['_id']}", 303)

        return self._with_agent(http, do)

    async def activate(self, http: Request) -> Response:
        def do(agent: Body) -> Response:
            try:
                with self._store.transaction():
                    Editor(self._store, agent).activate(http.path_params["revision_id"])
            except ApiError as error:
                return HTMLResponse(pages.refused_page(error.errors), error.status, headers=HEADERS)
            return RedirectResponse(f"/console/agents/{agent['_id']}", 303)

        return self._with_agent(http, do)

    async def calls(self, _http: Request) -> Response:
        return _page(pages.calls_page(self._store))

    async def call(self, http: Request) -> Response:
        call = self._store.call(http.path_params["call_id"])
        return _page(pages.call_page(self._store, call)) if call else _missing("call")

    async def requests(self, _http: Request) -> Response:
        return _page(pages.requests_page(list(self._log.entries)))

    async def talk(self, http: Request) -> Response:
        return self._with_agent(http, lambda agent: _page(pages.talk_page(agent)))

    async def open_session(self, http: Request) -> Response:
        """A session token for the page to talk. Only as JSON, which another site's page can't send."""
        if http.headers.get("content-type") != "application/json":
            return JSONResponse({"error": "send JSON"}, 415)
        mode = (await http.json()).get("mode")
        if mode not in ("chat", "webcall"):
            return JSONResponse({"error": "mode is chat or webcall"}, 400)

        def mint(agent: Body) -> Response:
            return JSONResponse({"token": self._store.add_token(Grant(agent["_id"], mode))})

        return self._with_agent(http, mint)

    def _with_agent(self, http: Request, answer: Callable[[Body], Response]) -> Response:
        agent = self._store.database.get("agent", http.path_params["agent_id"])
        if agent is None:
            return _missing("agent")
        with self._store.transaction():
            versions.finish_scans(self._store, agent["_id"])
        return answer(agent)


async def static_file(http: Request) -> Response:
    name = http.path_params["name"]
    if name not in STATIC:
        return Response("not found", 404)
    content: Any = (files("agentops.emulator.console") / "static" / name).read_bytes()
    return Response(content, media_type=STATIC[name], headers={"X-Content-Type-Options": "nosniff"})


def _page(html: str) -> Response:
    return HTMLResponse(html, headers=HEADERS)


def _missing(what: str) -> Response:
    return HTMLResponse(pages.missing_page(what), 404, headers=HEADERS)
