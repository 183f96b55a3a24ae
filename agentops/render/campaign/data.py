"""A campaign's results for programs: JSON, and CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from agentops.campaigns.checks import CampaignReport
from agentops.campaigns.results import Results

FORMAT_VERSION = 1
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def report_json(report: CampaignReport) -> str:
    return json.dumps(asdict(report), ensure_ascii=False, indent=2, default=datetime.isoformat)


def progress_json(name: str, status: str, results: Results) -> str:
    """How far a campaign has come, on one line."""
    facts = {"called": results.called, "people": results.people, "reached": results.reached, "calls": results.calls}
    return json.dumps({"name": name, "status": status, **facts})


def results_json(name: str, status: str, results: Results) -> str:
    return json.dumps({"format_version": FORMAT_VERSION, "name": name, "status": status, **asdict(results)}, indent=2)


def results_csv(results: Results) -> str:
    """One figure a line: what it is, of which kind, how many."""
    rows: list[tuple[str, str, Any]] = []
    for figure, value in asdict(results).items():
        if not isinstance(value, Mapping):
            rows.append((figure, "", value))
            continue
        for name, counted in value.items():
            inner = counted.items() if isinstance(counted, Mapping) else [("", counted)]
            rows += [(figure, f"{name}={each}" if each else name, count) for each, count in inner]
    return _csv(("figure", "of", "count"), rows)


def people_csv(people: Sequence[Mapping[str, Any]]) -> str:
    """The platform's rows about people, for the file that the user named."""
    columns = list(dict.fromkeys(name for row in people for name in row))
    return _csv(columns, ([row.get(name, "") for name in columns] for row in people))


def _csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow([_neutral(cell) for cell in header])
    writer.writerows([_neutral(cell) for cell in row] for row in rows)
    return target.getvalue()


def _neutral(cell: Any) -> Any:
    """A text that a spreadsheet would take for a formula begins with an apostrophe; a telephone number, too."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
