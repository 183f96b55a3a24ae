"""Faults on request: what to break, when, and how. Matching only; `interception` does the breaking.

A fault is written as one line on the command line, as a mapping in a YAML file, or as JSON at the control endpoint:

    status PUT */draft status=503 nth=2
    lost_response POST */publish times=1
    rate_limit * */agent retry_after_s=1 times=3
"""

from __future__ import annotations

import fnmatch
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from agentops.emulator.store.database import EmulatorError

# kind -> (status it answers by default, what it does)
KINDS: dict[str, tuple[int | None, str]] = {
    "status": (500, "answers with `status` and the failure envelope, before anything takes effect"),
    "latency": (None, "answers after `latency_s`"),
    "lost_request": (None, "closes the connection before anything takes effect"),
    "lost_response": (None, "lets the request take effect, then closes the connection without an answer"),
    "truncated": (None, "lets the request take effect, then stops in the middle of the answer's body"),
    "html": (502, "answers with an HTML error page, as a gateway does"),
    "rate_limit": (429, "answers 429 with `Retry-After`"),
    "freeze": (423, "answers 423 to every versioning write, as in a maintenance freeze"),
    "plan_limit": (400, "answers 400 with a text that asks for an upgrade"),
    "gated_model": (403, "answers 403 as for a model that the organization may not use"),
    "drop_socket": (None, "drops the WebSocket after `after` messages to the client"),
    "stall_socket": (None, "lets the WebSocket fall silent after `after` messages to the client"),
}
SOCKET_KINDS = ("drop_socket", "stall_socket")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to break.

    method, path:  which requests, as globs; the path is the whole one, e.g. `/atoms/v1/agent/*/branches/*/draft`
    agent:         only requests whose path or query names this agent id
    nth:           only the nth matching request, counted from 1; None: every one
    times:         at most so often; None: without end
    after:         messages that still reach the client, for WebSocket faults
    """

    kind: str
    method: str = "*"
    path: str = "*"
    agent: str | None = None
    nth: int | None = None
    times: int | None = None
    status: int | None = None
    latency_s: float = 0.0
    retry_after_s: float = 1.0
    after: int = 0
    text: str | None = None

    @property
    def answer_status(self) -> int:
        return self.status or KINDS[self.kind][0] or 500

    def fits(self, method: str, path: str, query: str) -> bool:
        return (
            fnmatch.fnmatchcase(method.upper(), self.method.upper())
            and fnmatch.fnmatchcase(path, self.path)
            and (self.agent is None or self.agent in path or self.agent in query)
        )


@dataclass(slots=True)
class _Armed:
    fault: Fault
    seen: int = 0
    fired: int = 0


@dataclass(slots=True)
class ArmedFaults:
    """The faults that are armed, in order; each request counts for every fault it fits."""

    _armed: list[_Armed] = field(default_factory=list)

    def arm(self, fault: Fault) -> None:
        self._armed.append(_Armed(fault))

    def clear(self) -> None:
        self._armed.clear()

    def listed(self) -> list[dict[str, Any]]:
        """The armed faults with how often each was met and fired."""
        return [{**asdict(each.fault), "seen": each.seen, "fired": each.fired} for each in self._armed]

    def take(self, method: str, path: str, query: str, is_versioning_write: Callable[[str, str], bool]) -> list[Fault]:
        """The faults that happen to this request. Counts it, so it is called once for each request."""
        met = []
        for armed in self._armed:
            fault = armed.fault
            if not fault.fits(method, path, query):
                continue
            if fault.kind == "freeze" and not is_versioning_write(method, path):
                continue
            armed.seen += 1
            if fault.nth in (None, armed.seen) and (fault.times is None or armed.fired < fault.times):
                armed.fired += 1
                met.append(fault)
        return met


def parse_fault(line: str) -> Fault:
    """The fault of a command-line text: `KIND [METHOD] [PATH] [name=value ...]`. Raises EmulatorError."""
    try:
        words = shlex.split(line)
    except ValueError as failure:
        raise EmulatorError(f"{line!r} is not a fault: {failure}; close the quote, or put a \\ before it") from failure
    positional = [word for word in words if "=" not in word]
    named = dict(word.split("=", 1) for word in words if "=" in word)
    return read_fault({**dict(zip(("kind", "method", "path"), positional, strict=False)), **named})


def read_fault(entry: Any) -> Fault:
    """A fault from plain data, numbers given as text allowed. Raises EmulatorError naming what is wrong."""
    if not isinstance(entry, Mapping):
        raise EmulatorError(f"a fault is a mapping, not {entry!r}")
    known = {each.name: str(each.type) for each in fields(Fault)}
    # Compared one by one: what a file holds need not be hashable.
    if not any(entry.get("kind") == kind for kind in KINDS):
        raise EmulatorError(f"{entry.get('kind')!r} is not a kind of fault; the kinds are {', '.join(KINDS)}")
    if unknown := sorted(str(name) for name in entry if name not in known):
        raise EmulatorError(f"a fault has no {', '.join(unknown)}; it has {', '.join(known)}")
    values: dict[str, Any] = {}
    for name, value in entry.items():
        # By the annotation's text: `int | None` is a number as well.
        convert = int if "int" in known[name] else float if "float" in known[name] else str
        if value is None:  # as if it were left out
            continue
        if isinstance(value, Mapping | list):
            raise EmulatorError(f"a fault's {name} is {'text' if convert is str else 'a number'}, not {value!r}")
        try:
            values[name] = convert(value)
        except (TypeError, ValueError, OverflowError) as failure:
            raise EmulatorError(f"a fault's {name} is a number, not {value!r}") from failure
    return Fault(**values)


def read_faults(entries: Any) -> list[Fault]:
    """The faults of a file: a list of mappings or of one-line texts."""
    if not isinstance(entries, Iterable) or isinstance(entries, str | Mapping):
        raise EmulatorError("a file of faults holds a list")
    return [parse_fault(entry) if isinstance(entry, str) else read_fault(entry) for entry in entries]
