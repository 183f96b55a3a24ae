"""What agents share and refer to: tools, knowledge bases, webhooks; and the reference that names one in a document.

Values only, as in `document`. Which one on the platform is whose is decided in `plan.resources`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from agentops.diagnostics import Where
from agentops.document import Document, Path, short_digest

MARK_FORMAT = "ao1"
SOURCES_LENGTH = 12  # hex characters of a fingerprint that a mark holds


class Kind(StrEnum):
    TOOL = "tool"
    KNOWLEDGE = "knowledge"
    WEBHOOK = "webhook"

    @property
    def folder(self) -> str:
        """The project's folder with one file for each resource of this kind."""
        return "knowledge" if self is Kind.KNOWLEDGE else f"{self.value}s"


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """A resource's stable name: the stem of its file."""

    kind: Kind
    key: str

    def __str__(self) -> str:
        return f"{self.kind.value} {self.key}"

    @property
    def name(self) -> str:
        """How a command line names it, as in `--ack CODE:tool.look_up_order`."""
        return f"{self.kind.value}.{self.key}"

    @property
    def file(self) -> str:
        return f"{self.kind.folder}/{self.key}.yaml"


@dataclass(frozen=True, slots=True)
class Ref:
    """A leaf of a document that names a resource: its key, and the fingerprint of what it means.

    Equality goes by both, so that a changed resource is a changed document, and the same in every account.
    `resource_id` is the account's id where the document was read from there; what is written gets its id from the
    writer.
    """

    kind: Kind
    key: str
    fingerprint: str = ""
    resource_id: str | None = field(default=None, compare=False, repr=False)

    @property
    def address(self) -> Address:
        return Address(self.kind, self.key)

    @property
    def reference(self) -> str:
        """As the spec writes it."""
        return f"${{{{ ref.{self.kind.value}.{self.key} }}}}"

    def __str__(self) -> str:
        return f"{self.address} ({self.fingerprint[:8]})" if self.fingerprint else str(self.address)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of a knowledge base: its project path, the name it is uploaded under, the SHA-256 of what is in git.

    size: of a PDF, in bytes; None for Markdown, whose PDF is made when it is uploaded
    """

    path: str
    name: str
    digest: str
    size: int | None = None


@dataclass(frozen=True, slots=True)
class DesiredResource:
    """What one file of `tools/`, `knowledge/` or `webhooks/` resolves to in one environment.

    name:        the display name; a tool's is the one that its definition has
    content:     all that counts, as a document: a tool's definition; name, files (by digest) and urls of a knowledge
                 base; endpoint, headers, description and events (by agent key) of a webhook. A leaf may be `Secret`
    is_in_place: a change edits it where live revisions refer to it, instead of making a new one
    files:       of a knowledge base
    where:       path of a value -> the place of its source
    """

    address: Address
    name: str
    content: Document
    is_in_place: bool = False
    files: tuple[SourceFile, ...] = ()
    where: Mapping[Path, Where] = field(default_factory=dict)
    source: str = ""

    @property
    def kind(self) -> Kind:
        return self.address.kind

    @property
    def key(self) -> str:
        return self.address.key

    def place_of(self, path: Path) -> Where | None:
        """The most specific known source position for `path`."""
        found = (self.where.get(path[:length]) for length in range(len(path), -1, -1))
        return next((where for where in found if where is not None), None)


# ---- what the platform has


class PartState(StrEnum):
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Part:
    """A file or a page of a knowledge base. `name` is the file's name or the page's address; `size` in bytes."""

    part_id: str
    name: str
    state: PartState
    size: int | None = None
    is_page: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ObservedResource:
    """A resource of the account.

    content:     a tool's definition; a webhook's `endpoint` and `events` (agent id -> event types); empty for knowledge
    description: with our mark in it, where it has one
    parts:       of a knowledge base; None when they were not read
    edited_at:   when it was changed after it was made; None where it was not, or the platform does not say
    """

    kind: Kind
    resource_id: str
    name: str
    content: Document = field(default_factory=dict)
    description: str = ""
    parts: tuple[Part, ...] | None = None
    edited_at: datetime | None = None

    @property
    def mark(self) -> ResourceMark | None:
        return read_resource_mark(self.description)


# ---- the mark that says a resource is ours


@dataclass(frozen=True, slots=True)
class ResourceMark:
    """Stands in a description: `ao1.<owner>.<sources>`, and for knowledge `.<listing>` once everything is there.

    owner:   12 hex characters of project, environment, kind and key
    sources: 12 of the fingerprint of what it was made from
    listing: 8 of the names and sizes that were read back after the last upload; None while it is being made
    """

    owner: str
    sources: str
    listing: str | None = None

    def __str__(self) -> str:
        return ".".join((MARK_FORMAT, self.owner, self.sources, *([self.listing] if self.listing else [])))


_MARK = re.compile(rf"(?:^|\s){MARK_FORMAT}\.([0-9a-f]{{12}})\.([0-9a-f]{{12}})(?:\.([0-9a-f]{{8}}))?(?=\s|$)")


def read_resource_mark(description: str) -> ResourceMark | None:
    found = _MARK.search(description)
    return ResourceMark(*found.groups()) if found else None


def without_resource_mark(description: str) -> str:
    """The user's part of a description."""
    return _MARK.sub("", description).strip()


def owner_of(project: str, environment: str, address: Address) -> str:
    return short_digest("\n".join((project, environment, address.kind.value, address.key)), 12)


def listing_of(parts: Iterable[Part]) -> str:
    """A digest of the files and pages of a knowledge base, names and sizes: all that can be read back of them."""
    return short_digest("\n".join(sorted(f"{part.name} {part.size if not part.is_page else ''}" for part in parts)), 8)
