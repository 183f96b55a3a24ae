"""What a spec gives as JSON and back, for the cache. Secrets go in by name and come out with the value of today."""

from __future__ import annotations

import json
from array import array
from typing import Any

from agentops.diagnostics import Diagnostic, Severity, Where
from agentops.document import CLEARED, DesiredAgent, Secret
from agentops.spec.resolve import SpecResult
from agentops.spec.scope import Secrets
from agentops.spec.tree import Positions

# The only key of what stands for a leaf that JSON has no form for; text with this private character is not kept.
_SIGN = "\ue003"
_ESCAPED = "\\ue003"
_TUPLES = ("previous_names", "previous_keys", "calls", "files")


def to_entry(result: SpecResult) -> str | None:
    """`result` as JSON text; None when it can't be said in JSON without doubt."""
    signs = 0

    def sign(value: Any) -> Any:
        nonlocal signs
        signs += 1
        if value is CLEARED:
            return {_SIGN: None}
        if isinstance(value, Secret):
            return {_SIGN: [part if isinstance(part, str) else [part.name] for part in value.parts]}
        raise TypeError(type(value).__name__)

    data = {
        "agents": [_agent_data(agent) for agent in result.agents],
        "problems": [_problem_data(each) for each in result.problems],
        "asked": {name: _place(where) for name, where in result.asked.items()},
        "secrets": result.secrets,
        "files": result.files,
    }
    try:
        text = json.dumps(data, default=sign, allow_nan=False)
    except (TypeError, ValueError):
        return None
    return text if text.count(_ESCAPED) == signs else None


def from_entry(text: str, secrets: Secrets) -> SpecResult:
    """The result whose JSON is `text`. Raises `TemplateError` for a secret that is needed and has no value."""

    def unsigned(value: dict[str, Any]) -> Any:
        if _SIGN not in value:
            return value
        parts = value[_SIGN]
        return (
            CLEARED if parts is None else Secret(tuple(p if isinstance(p, str) else secrets[p[0]].ref for p in parts))
        )

    data = json.loads(text, object_hook=unsigned if _ESCAPED in text else None)
    for name in data["secrets"]:
        secrets[name]  # fails, or is noted, as it would be if the spec were read
    return SpecResult(
        agents=tuple(_agent(each) for each in data["agents"]),
        problems=tuple(_problem(*each) for each in data["problems"]),
        asked={name: Where(*place) for name, place in data["asked"].items()},
        secrets=tuple(data["secrets"]),
        files=tuple(data["files"]),
    )


def _agent_data(agent: DesiredAgent) -> dict[str, Any]:
    data = {name: getattr(agent, name) for name in DesiredAgent.__slots__ if name != "where"}
    where = agent.where
    assert isinstance(where, Positions)
    extra = [(path, _place(place)) for path, place in where.extra.items()]
    return {**data, "where": (where.files, where.places.tobytes().hex(), extra)}


def _agent(data: dict[str, Any]) -> DesiredAgent:
    files, places, extra = data.pop("where")
    where = {tuple(path): Where(*place) for path, place in extra}
    for name in _TUPLES:
        data[name] = tuple(data[name])
    return DesiredAgent(**data, where=Positions(data["config"], files, array("Q", bytes.fromhex(places)), where))


def _problem_data(problem: Diagnostic) -> list[Any]:
    where = problem.where and _place(problem.where)
    return [getattr(problem, name) if name != "where" else where for name in Diagnostic.__slots__]


def _place(where: Where) -> tuple[str, int, int]:
    return where.file, where.line, where.column


def _problem(code: str, severity: str, summary: str, hint: str | None, where: Any, *more: str | None) -> Diagnostic:
    return Diagnostic(code, Severity(severity), summary, hint, where and Where(*where), *more)
