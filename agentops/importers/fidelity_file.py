"""Reads a fidelity report back from its JSON form, such as for a certificate."""

from __future__ import annotations

from typing import Any

from agentops.errors import UsageError
from agentops.importers.fidelity import (
    FORMAT_VERSION,
    Addition,
    AgentFidelity,
    FidelityReport,
    Grade,
    Item,
    OpenChoice,
    UnreadableInput,
)
from agentops.json_text import read_json

_AGAIN = "import again, which writes report/report.json anew"


def read_report(text: str, name: str) -> FidelityReport:
    """The report in `text`, which was read from `name`. Raises UsageError for anything else and for other formats."""
    try:
        data = read_json(text)
        if data["format_version"] != FORMAT_VERSION:
            raise UsageError(f"{name} has format {data['format_version']}, not {FORMAT_VERSION}", hint=_AGAIN)
        return FidelityReport(
            data["source"],
            tuple(_agent(agent) for agent in data["agents"]),
            tuple(UnreadableInput(each["origin"], each["reason"]) for each in data["refused"]),
            tuple(data["remarks"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{name} is not a fidelity report: {error}", hint=_AGAIN, code="no-report") from None


def _agent(data: dict[str, Any]) -> AgentFidelity:
    return AgentFidelity(
        key=data["key"],
        name=data["name"],
        origin=data["origin"],
        items=tuple(_item(item) for item in data["items"]),
        additions=tuple(Addition(each["target"], each["value"], each["why"]) for each in data["written"]),
        choices=tuple(
            OpenChoice(
                data["key"],
                each["name"],
                each["question"],
                tuple((proposal["value"], proposal["reason"]) for proposal in each["proposals"]),
                each["answer"],
            )
            for each in data["choices"]
        ),
        files=tuple(data["files"]),
    )


def _item(data: dict[str, Any]) -> Item:
    return Item(
        Grade(data["grade"]),
        data["code"],
        data["source"],
        data.get("why", ""),
        data.get("todo", ""),
        data.get("value"),
        data.get("target"),
        data.get("target_value"),
        is_leaf="value" in data,
    )
