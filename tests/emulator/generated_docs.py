"""The generated parts of the pages about the emulator; run this file to bring them up to date.

Which operations the platform has is listed in docs/platform-operations.csv, with the vendor's clients that were seen to
use each: `mcp` its MCP server, `cli` its command line. Which of them the emulator serves is read from its own document.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from agentops.emulator.app import describe_platform
from agentops.emulator.options import SWITCHES

DOCS = Path(__file__).parents[2] / "docs"
CLIENTS = ("mcp", "cli")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the platform."""

    group: str
    method: str
    path: str
    clients: frozenset[str]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def platform_operations() -> list[Operation]:
    with (DOCS / "platform-operations.csv").open(newline="") as file:
        rows = csv.DictReader(file)
        return [Operation(row["group"], row["method"], row["path"], frozenset(row["clients"].split())) for row in rows]


def served() -> set[tuple[str, str]]:
    """(method, path without the names of its parameters) of everything that either generation of the emulator has."""
    found = set()
    for api in ("v1", "v2"):
        for path, operations in describe_platform(api, 401)["paths"].items():
            found |= {(method.upper(), shape_of(path)) for method in operations}
    return found


def shape_of(path: str) -> str:
    return re.sub(r"{\w+}", "{}", path.removeprefix("/atoms/v1"))


def operations_table() -> str:
    """How many operations of each group are served, how many of those that a client uses, and which are not."""
    has = served()
    groups: dict[str, list[Operation]] = defaultdict(list)
    for operation in platform_operations():
        groups[operation.group].append(operation)
    lines = [
        "| group | served | used by the MCP server | used by the command line | missing |",
        "|---|---|---|---|---|",
    ]
    everything: list[Operation] = []
    for group, operations in sorted(groups.items()):
        everything += operations
        lines.append(_row(group, operations, has, names=True))
    lines.append(_row("all", everything, has, names=False))
    return "\n".join(lines)


def _row(group: str, operations: list[Operation], has: set[tuple[str, str]], *, names: bool) -> str:
    is_served = {each: (each.method, shape_of(each.path)) in has for each in operations}
    cells = [group, f"{sum(is_served.values())} of {len(operations)}"]
    for client in CLIENTS:
        used = [each for each in operations if client in each.clients]
        cells.append(f"{sum(is_served[each] for each in used)} of {len(used)}" if used else "–")
    missing = ", ".join(f"`{each}`" for each in operations if not is_served[each]) if names else ""
    return f"| {' | '.join([*cells, missing or '–'])} |"


def switches_table() -> str:
    lines = ["| question | switch | answers, the emulator's first | where the first is from |", "|---|---|---|---|"]
    for switch in SWITCHES:
        answers = ", ".join(f"`{value}`" if value else "nothing" for value in switch.allowed)
        lines.append(f"| {switch.question} | `{switch.name}` | {answers} | {switch.source} |")
    return "\n".join(lines)


PARTS = {
    "emulator-fidelity.md": ("operations", operations_table),
    "platform-assumptions.md": ("switches", switches_table),
}


def filled(page: str) -> str:
    """The text of a page with its generated part as it should be."""
    name, make = PARTS[page]
    begin, end = f"<!-- {name}: generated -->\n", f"<!-- {name}: end -->"
    before, found, rest = (DOCS / page).read_text().partition(begin)
    _, closed, after = rest.partition(end)
    assert found, f"{page} has no {begin}"
    assert closed, f"{page} has no {end}"
    return f"{before}{begin}{make()}\n{end}{after}"


if __name__ == "__main__":
    for each in PARTS:
        (DOCS / each).write_text(filled(each))
