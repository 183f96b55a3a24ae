"""What travels between HTTP and the emulated platform: requests, answers, errors, and the routes as a table.

No server and no state here: a route's handler is a plain function from the store and a request to an answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from agentops.emulator.rest.schema import COUNT, TEXT, Schema, array, obj, one_of

if TYPE_CHECKING:
    from agentops.emulator.store.state import Store

_CONFLICT: Schema = obj(
    {"expectedRevision": COUNT, "latestRevision": COUNT, "diffs": array(obj({"section": TEXT}, required=("section",)))},
    required=("expectedRevision", "latestRevision", "diffs"),
)
FAILURE: Schema = obj(
    {"status": one_of(False), "errors": array(TEXT), "error_type": TEXT, "data": obj({"conflict": _CONFLICT})},
    required=("status", "errors"),
)
# The account's limit of requests: the envelope, and beside it the fields of the platform's page on rate limits.
RATE_LIMITED: Schema = obj(
    {"status": one_of(False), "errors": array(TEXT), "error": TEXT, "code": TEXT, "retry_after": COUNT},
    required=("status", "errors", "code", "retry_after"),
)


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart request."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Request:
    """One request as a handler sees it: `params` from the path, `body` parsed JSON (None: there was none)."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    fields: Mapping[str, str] = field(default_factory=dict)
    uploads: Mapping[str, Upload] = field(default_factory=dict)
    base_url: str = ""

    def whole(self, name: str, default: int, *, least: int = 1, most: int | None = None) -> int:
        """A query parameter as a whole number, clamped; `default` where it is missing or no number."""
        try:
            value = int(self.query.get(name, default))
        except ValueError:
            value = default
        value = max(least, value)
        return value if most is None else min(most, value)

    def moment(self, name: str) -> datetime | None:
        """A query parameter as a time, UTC unless it has another zone; None where it is missing.

        Raises ApiError 400 for anything but a time of this century.
        """
        written = self.query.get(name, "")
        if not written:
            return None
        try:
            moment: datetime | None = datetime.fromisoformat(written.replace("Z", "+00:00"))
        except ValueError:
            moment = None
        if moment is None or not 2000 <= moment.year < 2100:
            raise ApiError(400, f"{name}: Invalid date")
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def listed(self, name: str) -> set[str]:
        """A comma-separated query parameter as a set."""
        return {part.strip() for part in self.query.get(name, "").split(",") if part.strip()}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: JSON `body`, or `content` or a `stream` with a content type of its own."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    stream: AsyncIterator[bytes] | None = None
    content_type: str = "application/json; charset=utf-8"


class ApiError(Exception):
    """An operation of the platform fails; becomes the envelope `{status: false, errors: [...]}` with this status."""

    def __init__(
        self,
        status: int,
        *errors: str,
        error_type: str | None = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {errors}")
        self.status, self.errors, self.error_type, self.data = status, errors, error_type, data
        self.headers = headers or {}

    def answer(self) -> Answer:
        body: dict[str, Any] = {"status": False, "errors": list(self.errors)}
        if self.error_type:
            body["error_type"] = self.error_type
        if self.data is not None:
            body["data"] = self.data
        return Answer(self.status, body, self.headers)


Handler: TypeAlias = "Callable[[Store, Request], Answer]"


@dataclass(frozen=True, slots=True)
class Route:
    """One operation: where it is, what it takes, what it answers, and which generation has it.

    answers:    status -> schema of the whole body of a success, or of a failure with a shape of its own
    refuses:    statuses of the other failures it can answer, besides 401 and 429
    generation: "v1" or "v2" where only one has it; a v1 route that `is_retired` answers 409 on v2
    media:      content type of a success that is not JSON
    is_public:  answers without a key
    """

    method: str
    path: str
    handler: Handler
    summary: str
    answers: Mapping[int, Schema]
    query: Mapping[str, Schema] = field(default_factory=dict)
    body: Schema | None = None
    is_body_required: bool = True
    multipart: Schema | None = None
    refuses: tuple[int, ...] = (400,)
    generation: str | None = None
    is_retired: bool = False
    is_versioning_write: bool = False
    media: str | None = None
    is_public: bool = False
    failure: Schema = field(default_factory=lambda: FAILURE)


def data(schema: Schema | None = None) -> Schema:
    """The main family's envelope: `{status: true, data: …}`; without a schema `data` is absent or anything."""
    if schema is None:
        return obj({"status": one_of(True)}, required=("status",))
    return obj({"status": one_of(True), "data": schema}, required=("status", "data"))


def success(schema: Schema) -> Schema:
    """The second family's envelope: `{success: true, data: …}`."""
    return obj({"success": one_of(True), "data": schema}, required=("success", "data"))


def answer(value: Any, status: int = 200) -> Answer:
    """A success of the main family."""
    return Answer(status, {"status": True, "data": value})


def succeeded(value: Any, status: int = 200) -> Answer:
    """A success of the second family."""
    return Answer(status, {"success": True, "data": value})


def done(status: int = 200) -> Answer:
    """A success without data."""
    return Answer(status, {"status": True})
