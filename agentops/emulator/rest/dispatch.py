"""From an HTTP request to a handler and back: authentication, ids, bodies, envelopes, and the platform's HTML 404."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Mapping
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import Response, StreamingResponse

from agentops.emulator.rest.schema import OBJECT_ID, problems
from agentops.emulator.rest.wire import Answer, ApiError, Request, Route, Upload
from agentops.emulator.store.state import Store

# Path parameters that are object ids, by the word the platform uses for them in its error texts.
OBJECT_IDS = {"agent_id": "agent", "branch_id": "branch", "revision_id": "revision"}
RETIRED = (
    "This endpoint is deprecated under the branch model. Use the /agents/:id/branches APIs — see the versioning"
    " migration guide."
)


class _GoneError(Exception):
    """The platform no longer has this route."""


class Dispatcher:
    """Answers the requests of one route."""

    def __init__(self, store: Store, route: Route) -> None:
        self._store = store
        self._route = route

    async def respond(self, http: HttpRequest) -> Response:
        try:
            if not self._route.is_public:
                self._authenticate(http.headers.get("authorization", ""))
            request = self._read(http, await http.body())
            with self._store.transaction():  # an operation that answers an error has changed nothing
                answer = self._route.handler(self._store, request)
        except _GoneError:
            return await not_found(http)
        except ApiError as error:
            answer = error.answer()
            if self._route.path.startswith("/waves/"):  # the voice catalog has errors of its own, without the envelope
                answer = Answer(error.status, {"error": error.errors[0], "message": error.errors[0]}, error.headers)
        return to_response(answer, is_raw=self._store.options.choices.control_characters == "raw")

    def _authenticate(self, header: str) -> None:
        scheme, _, key = header.partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise ApiError(401, "Unauthorized")
        if not self._store.accepts_key(key.strip()):
            # A wrong key is documented as 401 and reported as 500.
            status = int(self._store.options.choices.wrong_key_status)
            raise ApiError(status, "Unauthorized: User not found" if status == 401 else "Internal server error")

    def _read(self, http: HttpRequest, raw: bytes) -> Request:
        """The request as handlers see it. Raises ApiError where the platform would not look at it further."""
        if self._route.is_retired and self._store.options.api == "v2":
            if self._store.options.choices.retired_status == "404":
                raise _GoneError
            error_type = "versioning_v2_migration_required"
            raise ApiError(409, RETIRED, error_type=error_type, headers={"Deprecation": "true"})
        for name, word in OBJECT_IDS.items():
            if name in http.path_params and not re.fullmatch(OBJECT_ID, http.path_params[name]):
                raise ApiError(400, f"Invalid {word} id")
        is_form = http.headers.get("content-type", "").startswith("multipart/form-data")
        fields, uploads = read_multipart(http.headers["content-type"], raw) if is_form else ({}, {})
        return Request(
            method=http.method,
            path=http.url.path,
            params=http.path_params,
            query=dict(http.query_params),
            body=None if is_form else self._read_body(raw),
            fields=fields,
            uploads=uploads,
            base_url=str(http.base_url).rstrip("/"),
        )

    def _read_body(self, raw: bytes) -> Any:
        schema = self._route.body
        try:
            body = read_json(raw) if raw.strip() else None
        except (ValueError, RecursionError) as failure:
            raise ApiError(400, "Invalid JSON in the request body") from failure
        if schema is None:
            return body
        if body is None and not self._route.is_body_required:
            return None
        body = {} if body is None else body
        if wrong := problems(schema, body):
            raise ApiError(400, *wrong)
        return body


def read_json(raw: bytes) -> Any:
    """JSON as the platform's language reads it. Raises ValueError, for NaN and numbers that are too large as well.

    Half of a surrogate pair becomes the replacement character: it could be neither kept nor sent back.
    """
    body = json.loads(raw, parse_constant=_refuse_constant, parse_float=_finite)
    if b"\\ud" in raw.lower():
        text = json.dumps(body, ensure_ascii=False)
        body = json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return body


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text} is too large")
    return value


def to_response(answer: Answer, *, is_raw: bool = False) -> Response:
    """`is_raw` leaves line breaks in JSON texts unescaped, as the live platform is reported to do at times."""
    if answer.stream is not None:
        return StreamingResponse(answer.stream, answer.status, dict(answer.headers), media_type=answer.content_type)
    if answer.content is not None:
        return Response(answer.content, answer.status, dict(answer.headers), media_type=answer.content_type)
    text = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":"))
    if is_raw:
        # Escapes are replaced one by one, so that the `n` after an escaped backslash stays one.
        text = re.sub(r"\\(.)", lambda escape: "\n" if escape[1] == "n" else escape[0], text)
    content = text.encode("utf-8", "replace")  # half of a surrogate pair must not break the answer
    return Response(content, answer.status, dict(answer.headers), media_type=answer.content_type)


def read_multipart(content_type: str, raw: bytes) -> tuple[Mapping[str, str], Mapping[str, Upload]]:
    """The text fields and the files of a multipart body."""
    # A multipart body is a MIME message but for its first header.
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + raw)
    fields: dict[str, str] = {}
    uploads: dict[str, Upload] = {}
    for part in message.iter_parts() if message.is_multipart() else ():
        name = str(part.get_param("name", "", header="content-disposition"))
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            continue
        if part.get_filename() is None:
            fields[name] = content.decode(errors="replace")
        else:
            uploads[name] = Upload(str(part.get_filename()), part.get_content_type(), content)
    return fields, uploads


async def not_found(http: HttpRequest, _failure: Exception | None = None) -> Response:
    """What the platform's web framework (Express) answers to a path it does not have: an HTML page, not JSON."""
    shown = html.escape(f"Cannot {http.method} {http.url.path}")
    page = (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n'
        f"<body>\n<pre>{shown}</pre>\n</body>\n</html>\n"
    )
    return Response(page, 404, media_type="text/html; charset=utf-8")
