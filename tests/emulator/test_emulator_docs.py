"""The page on fidelity lists every operation there is, and no other; the manual names every kind of fault."""

from __future__ import annotations

import re
from pathlib import Path

from agentops.emulator.control import Controls
from agentops.emulator.faults import KINDS
from agentops.emulator.rest.routes import ROUTES

DOCS = Path(__file__).parents[2] / "docs"


def test_the_fidelity_page_has_a_row_for_every_operation() -> None:
    page = (DOCS / "emulator-fidelity.md").read_text()
    listed = re.findall(r"^\| `([A-Z]+ \S+)` \|", page, flags=re.MULTILINE)
    served = [f"{route.method} {route.path.removeprefix('/atoms/v1')}" for route in ROUTES]
    assert sorted(listed) == sorted(served)


def test_every_row_has_all_four_columns() -> None:
    for line in (DOCS / "emulator-fidelity.md").read_text().splitlines():
        if line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            assert len(cells) == 4, line
            assert all(cells), line


def test_the_manual_names_every_fault_and_every_control() -> None:
    manual = (DOCS / "emulator.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", manual, flags=re.MULTILINE)) == set(KINDS)
    paths = {str(route.path) for route in Controls.routes(Controls.__new__(Controls))}  # type: ignore[attr-defined]
    for path in paths - {"/_emulator/uploads/{key:path}", "/_emulator/recordings/{name}.wav"}:
        assert path in manual
