"""What can go wrong, as one tree, and the exit codes it ends in.

    AgentopsError
    ├── DefectError              1  a defect of ours that ended one agent of a run
    ├── UsageError              64  the command itself: unknown environment, missing key, options that do not fit
    ├── SpecError                1  the project's files; carries every problem found, with positions
    ├── LocalError               1  this machine: a file or folder that can't be read or written
    ├── RefusedError             4  a safety rule refuses; names the acknowledgement that would allow it
    ├── StaleError               5  the world moved since the plan, or somebody else's work is in the way
    └── PlatformError            1  the platform answered no, or did not answer
        ├── InvalidRequestError        400 and 422: the request itself
        ├── UnauthorizedError          401: no key, wrong key (the platform is reported to say 500 at times)
        ├── ForbiddenError             403: a gated model, a role, a rule of the branch model
        ├── NotFoundError              404, and the 400 "No agent found"
        ├── ConflictError           5  409; `flavour` says which; of the API's generation: 1
        ├── FrozenError                423: maintenance freeze
        ├── RateLimitedError           429 after all retries
        ├── PlanLimitError             400 whose text asks for an upgrade
        ├── UnavailableError           not reachable, 5xx, time-out: nothing was changed
        └── OutcomeUnknownError        a write whose answer was lost: read before anything is repeated

No message ever contains a secret: values that are secret travel as `document.Secret`, which prints its name.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentops.diagnostics import Diagnostic


class ExitCode(IntEnum):
    """The command line's exit codes. Where several are true, the first of 130, 6, 5, 4, 3, 1."""

    DONE = 0
    FAILED = 1
    CHANGES = 2
    PARTIAL = 3
    REFUSED = 4
    STALE = 5
    CALLS_FAILED = 6
    USAGE = 64
    INTERRUPTED = 130


class AgentopsError(Exception):
    """A failure that a user can act on: what happened, and what to do next.

    `code` is stable and greppable, `hint` is the next step; the command line prints both and no traceback.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, summary: str, *, hint: str | None = None, code: str | None = None) -> None:
        super().__init__(summary)
        self.summary = summary
        self.hint = hint
        self.code = code or type(self).__name__.removesuffix("Error").lower()


class UsageError(AgentopsError):
    exit_code = ExitCode.USAGE


class DefectError(AgentopsError):
    """A defect of ours: its kind and its place. Its text may quote anything, so it is left out."""

    def __init__(self, bug: Exception) -> None:
        package = __file__.removesuffix("errors.py")
        place, step = "", bug.__traceback__
        while step is not None:
            file = step.tb_frame.f_code.co_filename
            if file.startswith(package):
                place = f" in agentops/{file.removeprefix(package)}, line {step.tb_lineno}"
            step = step.tb_next
        super().__init__(
            f"internal error: {type(bug).__name__}{place}; this is a bug in agentops, not in your files",
            hint="report that with the output of `agentops --version`",
            code="defect",
        )


class LocalError(AgentopsError):
    """This machine refuses: which file or folder, why, and what to do."""

    @classmethod
    def of(cls, failure: OSError, path: object = None, *, doing: str = "can't be used") -> LocalError:
        """What the system's `failure` on `path` (else the file that it names) means to a person."""
        why, hint = _REMEDIES.get(failure.errno or 0, (failure.strerror or str(failure), ""))
        what = path or failure.filename or ("the working folder" if failure.errno == errno.ENOENT else "a file")
        return cls(
            f"{what} {doing}: {why}",
            hint=hint or "see to that file or folder, then run the same command again",
            code="local",
        )


_AGAIN = "then run the same command again"
_REMEDIES: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("no space is left on the device", f"free some, {_AGAIN}"),
    errno.EDQUOT: ("the quota of disk space is used up", f"free some, {_AGAIN}"),
    errno.EROFS: ("the file system is read-only", f"work in a folder that can be written, or mount it so, {_AGAIN}"),
    errno.EACCES: ("permission denied", f"give yourself the right to it, {_AGAIN}"),
    errno.EPERM: ("permission denied", f"give yourself the right to it, {_AGAIN}"),
    errno.ENOENT: ("it isn't there", f"make it, or go into a folder that is there, {_AGAIN}"),
    errno.EEXIST: ("a file stands where a folder is needed", f"move that file away, {_AGAIN}"),
    errno.ENOTDIR: ("a file stands where a folder is needed", f"move that file away, {_AGAIN}"),
    errno.EISDIR: ("a folder stands where a file is needed", f"move that folder away, {_AGAIN}"),
    errno.EMFILE: ("too many files are open", f"raise the limit with `ulimit -n 4096`, {_AGAIN}"),
}


class SpecError(AgentopsError):
    """The project's files have errors; `diagnostics` holds all of them (and the warnings found beside them)."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        errors = [d for d in diagnostics if d.is_error]
        super().__init__(f"{len(errors)} problem{'s' if len(errors) != 1 else ''} in the project's files")
        self.diagnostics = tuple(diagnostics)


class RefusedError(AgentopsError):
    """A safety rule refuses; `acknowledgement` is the CODE that `--ack CODE` takes, when one exists."""

    exit_code = ExitCode.REFUSED

    def __init__(
        self, summary: str, *, hint: str | None = None, code: str | None = None, acknowledgement: str | None = None
    ) -> None:
        super().__init__(summary, hint=hint, code=code)
        self.acknowledgement = acknowledgement


class StaleError(AgentopsError):
    exit_code = ExitCode.STALE


class PlatformError(AgentopsError):
    """An answer of the platform that is not a success.

    `status` is the HTTP status (None when there was no answer), `request` is "METHOD /path" without query or body,
    `request_id` the platform's `x-request-id` when it gave one.
    """

    def __init__(
        self,
        summary: str,
        *,
        status: int | None = None,
        request: str = "",
        request_id: str | None = None,
        hint: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(summary, hint=hint, code=code)
        self.status = status
        self.request = request
        self.request_id = request_id


class InvalidRequestError(PlatformError): ...


class UnauthorizedError(PlatformError): ...


class ForbiddenError(PlatformError): ...


class NotFoundError(PlatformError): ...


class ConflictFlavour(StrEnum):
    """The kinds of 409 the platform is known to answer; anything else is GENERIC."""

    MIGRATION_REQUIRED = "versioning_v2_migration_required"
    DRAFT_CONFLICT = "draft_conflict"
    BASE_REVISION_UNAVAILABLE = "base_revision_unavailable"
    BRANCH_NAME_EXISTS = "branch_name_exists"
    SOURCE_HAS_NO_COMMIT = "source_has_no_commit"
    SOURCE_SCANNING = "source_scanning"
    PUBLISH_IN_PROGRESS = "publish_in_progress"
    NO_COMMITTED_REVISION = "no_committed_revision"
    ARCHIVE = "archive"
    GENERIC = "conflict"


class ConflictError(PlatformError):
    """409. `flavour` says which, `fields` lists the leaves in conflict (stored names) when the platform names them."""

    def __init__(
        self,
        summary: str,
        *,
        flavour: ConflictFlavour,
        fields: Sequence[str] = (),
        status: int | None = 409,
        request: str = "",
        request_id: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(summary, status=status, request=request, request_id=request_id, hint=hint, code=flavour.value)
        self.flavour = flavour
        self.fields = tuple(fields)
        # This one is about the API's generation; any other means that somebody else was at work on the same thing.
        if flavour is not ConflictFlavour.MIGRATION_REQUIRED:
            self.exit_code = ExitCode.STALE


class FrozenError(PlatformError): ...


class RateLimitedError(PlatformError): ...


class PlanLimitError(PlatformError): ...


class UnavailableError(PlatformError): ...


class OutcomeUnknownError(PlatformError): ...
