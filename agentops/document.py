"""The nouns every part shares: documents, paths, secrets, and the state of agents here and on the platform.

Values only: nothing here reads, writes or compares. What equal means is decided in `plan.canonical`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias
from urllib.parse import quote

from agentops.diagnostics import Stretch, Where
from agentops.timing import CalmHours, Freeze
from agentops.watch_rules import WatchRule

# Configuration as plain data in the platform's write vocabulary: dicts, lists, strings, numbers, booleans and
# `Secret` leaves. Never None: the platform rejects nulls.
Document: TypeAlias = dict[str, Any]

# A place in a document, outermost first; a list item is named by its index, or by its natural key when it has one.
Path: TypeAlias = tuple[str | int, ...]


def path_text(path: Path) -> str:
    """`("singlePromptConfig", "tools", 0, "name")` as `singlePromptConfig.tools[0].name`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


class _Cleared:
    """The value of a field that the spec empties on the platform with `{$clear: true}`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "(cleared)"

    def __reduce__(self) -> str:
        return "CLEARED"  # a copy has to be the same object, since it is recognised by `is`


CLEARED = _Cleared()


class Encoding(StrEnum):
    """What a secret's value becomes for the place where it stands.

    JSON_TEXT is escaped for the inside of a JSON string. JSON_VALUE stays what it is when it is JSON, and becomes a
    JSON string otherwise. URL_PART is percent-encoded.
    """

    PLAIN = "plain"
    JSON_TEXT = "json_text"
    JSON_VALUE = "json_value"
    URL_PART = "url_part"


@dataclass(frozen=True, slots=True)
class SecretRef:
    """A secret by name. `value` is None where only the name is known (validation, a plan read from a file)."""

    name: str
    value: str | None = field(default=None, repr=False, compare=False)
    encoding: Encoding = field(default=Encoding.PLAIN, repr=False, compare=False)


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """Text that holds at least one secret, e.g. `Bearer ${{ secrets.TOKEN }}` as ("Bearer ", SecretRef("TOKEN")).

    Equality and hash go by the references, never by the values. Printing, formatting or logging one shows the
    references; only `reveal`, which the writer to the platform calls, gives the text.
    """

    parts: tuple[str | SecretRef, ...]

    def reveal(self) -> str:
        """The text with the values in place. Raises LookupError, naming the secret, when a value is not known."""
        return "".join(part if isinstance(part, str) else _value_of(part) for part in self.parts)

    @property
    def is_revealable(self) -> bool:
        return all(isinstance(part, str) or part.value is not None for part in self.parts)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(part.name for part in self.parts if isinstance(part, SecretRef))

    @property
    def reference(self) -> str:
        """The text as the spec writes it: what fingerprints, plans and people see."""
        return "".join(part if isinstance(part, str) else f"${{{{ secrets.{part.name} }}}}" for part in self.parts)

    def __str__(self) -> str:
        return self.reference

    def __repr__(self) -> str:
        return f"Secret({self.reference!r})"

    def __format__(self, spec: str) -> str:
        return format(self.reference, spec)


def _value_of(ref: SecretRef) -> str:
    value = ref.value
    if value is None:
        raise LookupError(f"the value of secret {ref.name} is not known here")
    match ref.encoding:
        case Encoding.PLAIN:
            return value
        case Encoding.JSON_TEXT:
            return json.dumps(value, ensure_ascii=False)[1:-1]
        case Encoding.JSON_VALUE:
            return value if _is_json(value) else json.dumps(value, ensure_ascii=False)
        case Encoding.URL_PART:
            return quote(value, safe="")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


# ---- what the project wants


class Verdict(StrEnum):
    """How calls end. INCONCLUSIVE: the agent could not be tried (not reached, draining, a platform error)."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"


class OnFailure(StrEnum):
    ROLLBACK = "rollback"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one apply may change. A share (`max_changed_share`, 0..1) counts only from ten agents on."""

    max_changed: int | None = None
    max_changed_share: float | None = None
    max_archived: int | None = 0
    max_archived_share: float | None = None


@dataclass(frozen=True, slots=True)
class Deploy:
    """How an environment deploys. `label` is the user's own text for the revision, already rendered.

    `coverage_floor` (0..1) is the share of tools and playbooks that a run of calls must exercise.
    `call_minutes` is the most that all calls of one apply may take together; None: as long as they take.
    `watch` are the rules for the calls of `watch_days` after a revision went live.
    """

    label: str = ""
    smoke: bool = False
    gate_preview: bool = False
    on_failure: OnFailure = OnFailure.ROLLBACK
    call_minutes: float | None = None
    coverage_floor: float | None = None
    watch: tuple[WatchRule, ...] = ()
    watch_days: float = 7.0


@dataclass(frozen=True, slots=True)
class ModelEndpoint:
    """A model behind an OpenAI-compatible address: what judges calls and speaks for callers, or what listens.

    base_url:   up to the version, e.g. https://api.example.com/v1; the key goes to its host only
    votes:      how often a judge is asked, at most; max_tokens: the most that one run may take, None: no limit
    """

    base_url: str
    model: str
    api_key: Secret | None = None
    votes: int = 3
    timeout_s: float = 30.0
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """One target with its rules.

    base_url:            None for the embedded emulator until it has been started
    hosts:               those that may get the key besides the platform's own and this machine
    protected_agents:    keys that are never changed without acknowledgement
    rules:               the project's deny rules for this environment, rule name -> its setting
    ignore_drift:        paths whose console edits are accepted
    requests_per_second: None, as for `max_in_flight`: the client decides
    judge, listen:       what decides what calls mean and speaks for simulated callers, and what hears agents
    secrets:             all that can be resolved here, whether a spec uses them or not: none of them may be shown
    requires:            the environment where the same files have to serve and have passed their calls before
    freezes, calm_hours: when it may be deployed to
    """

    project: str
    name: str
    is_emulator: bool = False
    base_url: str | None = None
    api_key: Secret | None = None
    hosts: tuple[str, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    is_protected: bool = False
    protected_agents: tuple[str, ...] = ()
    limits: Limits = Limits()
    deploy: Deploy = Deploy()
    rules: Mapping[str, Any] = field(default_factory=dict)
    ignore_drift: tuple[IgnoredDrift, ...] = ()
    requests_per_second: float | None = None
    max_in_flight: int | None = None
    judge: ModelEndpoint | None = None
    listen: ModelEndpoint | None = None
    secrets: tuple[SecretRef, ...] = ()
    requires: str | None = None
    freezes: tuple[Freeze, ...] = ()
    calm_hours: CalmHours | None = None


@dataclass(frozen=True, slots=True)
class IgnoredDrift:
    """Console edits at `path` (a dotted path or glob) are left alone; `until` is an ISO date or None."""

    path: str
    reason: str
    agent: str | None = None
    until: str | None = None


AGENT_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class DesiredAgent:
    """What one spec resolves to in one environment.

    key:        our stable name; matches `[a-z0-9][a-z0-9_-]*`, at most 64 characters
    name:       the display name on the platform
    metadata:   unversioned fields it manages, in write names (`description`, `allowInboundCall`, ...), without `name`
    config:     the versioned document; only managed fields are present; a leaf may be `Secret` or `CLEARED`
    where:      path of a value -> the place of its source (in the spec, a fragment, an overlay or a prompt file)
    lines:      path of a text of several lines -> where each of them is written
    agent_id:   the platform's id when the environment block binds one
    tags:       its grouping words; None where its spec has errors and they can't be read
    calls:      project-relative paths of its call scripts
    no_calls_reason: why it has none, where the spec says so (`calls: {none: reason}`); None: the spec does not say
    source:     project-relative path of its spec
    files:      project-relative paths of everything that was read to make it: spec, fragments, prompts, scripts
    sources:    a hash of what is in them
    """

    key: str
    name: str
    config: Document
    metadata: Document = field(default_factory=dict)
    workflow_type: str = "single_prompt"
    where: Mapping[Path, Where] = field(default_factory=dict)
    lines: Mapping[Path, tuple[Stretch, ...]] = field(default_factory=dict)
    tags: Mapping[str, str] | None = field(default_factory=dict)
    agent_id: str | None = None
    previous_names: tuple[str, ...] = ()
    previous_keys: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    no_calls_reason: str | None = None
    source: str = ""
    files: tuple[str, ...] = ()
    sources: str = ""

    def place_of(self, path: Path) -> Where | None:
        """The most specific known source position for `path`."""
        for length in range(len(path), -1, -1):
            if (where := self.where.get(path[:length])) is not None:
                return where
        return None


# ---- what the platform has


class Generation(StrEnum):
    """The platform's two versioning models: v1 drafts and versions, v2 branches and revisions."""

    V1 = "v1"
    V2 = "v2"


class ScanState(StrEnum):
    PENDING = "pending"
    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"


@dataclass(frozen=True, slots=True)
class Revision:
    """An immutable published version.

    document:      its configuration in the write vocabulary; None when the revision was only listed
    unverifiable:  write fields (dotted where nested) whose read name is not known: neither compared nor a reason to
                   restore
    restored_from: the revision it was copied from, when the platform says so
    based_on:      the revision that its draft was forked from, where the platform says so (v1)
    branch_id:     the branch it is on (v2)
    branch:        the name of that branch, where the agent has several
    activated_at:  when it last went live, where the platform says so (v1): None means published but never live
    """

    revision_id: str
    number: int | None = None
    label: str | None = None
    published_at: str | None = None
    published_by: str | None = None
    scan: ScanState = ScanState.PASSED
    scan_reason: str | None = None
    is_published: bool = True
    restored_from: str | None = None
    branch_id: str | None = None
    activated_at: str | None = None
    document: Document | None = None
    unverifiable: frozenset[str] = frozenset()
    based_on: str | None = None
    branch: str | None = None

    @property
    def name(self) -> str:
        """What people call it: its number, or its id where the platform gives it no number."""
        return str(self.number) if self.number is not None else self.revision_id


@dataclass(frozen=True, slots=True)
class LeafDifference:
    """One leaf of the platform's own diff, in its stored names: `section`, `path`, both values."""

    section: str
    path: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class Draft:
    """An open draft. `differences` is what the platform says it changes from the live revision (None: it did not say).

    `draft_revision` is the counter that compare-and-set writes name as `expectedRevision`; `based_on` the revision that
    it was forked from, when the platform says so.
    """

    draft_id: str
    draft_revision: int | None = None
    editor: str | None = None
    edited_at: str | None = None
    scan: ScanState | None = None
    scan_reason: str | None = None
    is_publishing: bool = False
    differences: tuple[LeafDifference, ...] | None = None
    document: Document | None = None
    based_on: str | None = None


@dataclass(frozen=True, slots=True)
class AgentListing:
    """One row of the account's agent list: identity and unversioned metadata, no configuration.

    `note` is what an apply noted in the description, which `metadata` has without it.
    """

    agent_id: str
    name: str
    metadata: Document
    is_archived: bool = False
    active_revision_id: str | None = None
    updated_at: str | None = None
    workflow_type: str | None = None
    note: Note | None = None


@dataclass(frozen=True, slots=True)
class ObservedAgent:
    """What the platform holds of one agent, to the extent that a plan needs it.

    live:     the revision that serves calls, with its document; None when nothing was ever published
    base:     what we last put live (the newest revision with our mark), with its document; `live` itself when that is
              marked; None when no revision carries our mark
    history:  revisions newest first, without documents; read where live is not marked by us, was restored from another
              revision, or is not the newest one (otherwise a rollback would look like an ordinary deploy)
    draft:    the open draft, if any (v2 has one slot per branch, v1 may have several: the newest)
    """

    listing: AgentListing
    live: Revision | None = None
    base: Revision | None = None
    history: tuple[Revision, ...] = ()
    draft: Draft | None = None
    branch_id: str | None = None

    @property
    def agent_id(self) -> str:
        return self.listing.agent_id


# ---- the mark that says a revision is ours

_MARK_PARTS = {"ao1": 4, "ao2": 5}  # by format, how many parts follow; old formats stay readable for ever
LABEL_LIMIT = 200  # characters the platform takes in a label
LABEL_SIGNS = " .,:;!?'()_-#"  # what it takes in addition to letters and digits


@dataclass(frozen=True, slots=True)
class Mark:
    """Who published a revision: our project, environment, agent key, and the fingerprint of the document.

    sources: the hash of the files that it was made from, where its calls were to be made; "" where nobody was to try
             it, and in marks of the first format. It says nothing about what serves, so marks are equal without it
    """

    project: str
    environment: str
    key: str
    fingerprint: str
    sources: str = field(default="", compare=False)


def build_label(text: str, mark: Mark) -> str:
    """The label of a revision: the user's `text`, cleaned and cut to fit, then the mark, which is never cut.

    The platform takes letters, digits, spaces and basic punctuation, not `+` or `/`, and 200 characters in all.
    """
    parts = (mark.project, mark.environment, mark.key, mark.fingerprint)
    stamp = ".".join(("ao2", *parts, mark.sources) if mark.sources else ("ao1", *parts))
    room = LABEL_LIMIT - len(stamp) - 1
    cleaned = "".join(c if c.isascii() and (c.isalnum() or c in LABEL_SIGNS) else " " for c in text)
    cleaned = " ".join(cleaned.split())[: max(room, 0)].rstrip()
    return f"{cleaned} {stamp}" if cleaned else stamp


def read_mark(label: str | None) -> Mark | None:
    """The mark in a label, or None when it is not ours."""
    stamp = (label or "").rsplit(" ", 1)[-1].split(".")
    if len(stamp) - 1 != _MARK_PARTS.get(stamp[0]) or not all(stamp):
        return None
    return Mark(*stamp[1:])


def label_text(label: str | None) -> str:
    """The user's part of a label."""
    if read_mark(label) is None:
        return label or ""
    return (label or "").rpartition(" ")[0]


# ---- the note that says what became of a revision


class NoteKind(StrEnum):
    """UNCALLED: what serves has not passed its calls; the revision is the one to go back to.
    UNDONE: the revision was taken back for no fault of its own, so it may be deployed again."""

    UNCALLED = "uncalled since"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Note:
    """A fact about a revision that may change: labels can't be changed, so it stands in the agent's description.

    `revision` is its number, or its id where it has none.
    """

    kind: NoteKind
    revision: str

    def __str__(self) -> str:
        return f"[ao {self.kind.value} {self.revision}]"

    def is_about(self, revision: Revision) -> bool:
        return self.revision in (revision.revision_id, str(revision.number))


_NOTE = re.compile(rf"\s{{0,9}}\[ao ({'|'.join(kind.value for kind in NoteKind)}) (\w+)\]")


def note_on(kind: NoteKind, revision: Revision) -> Note:
    return Note(kind, revision.name)


def with_note(description: str, note: Note | None) -> str:
    """A description that carries `note`."""
    return f"{description} {note}".lstrip() if note else description


def split_note(description: str) -> tuple[str, Note | None]:
    """A description without the note that it carries, wherever people have moved it, and the note."""
    found = _NOTE.search(description)
    if found is None:
        return description, None
    return _NOTE.sub("", description).lstrip(), Note(NoteKind(found.group(1)), found.group(2))


def short_digest(text: str, length: int = 16) -> str:
    """The first `length` hex characters of the SHA-256 of `text`."""
    return hashlib.sha256(text.encode()).hexdigest()[:length]
