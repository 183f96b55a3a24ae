"""What people read about calls, kept as files. `UPDATE_GOLDEN=1` writes them anew: then read the difference."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import sample_runs

from agentops.render.calls.junit import junit_xml
from agentops.render.calls.markdown import run_markdown
from agentops.render.calls.text import run_text
from agentops.render.style import Style

GOLDEN = Path(__file__).parent / "golden"
PAGES = {
    "run-80.txt": lambda: run_text(sample_runs.mixed(), Style(width=80)),
    "run-120-color.txt": lambda: run_text(sample_runs.mixed(), Style(width=120, is_colored=True)),
    "run.md": lambda: run_markdown(sample_runs.mixed()),
    "run.xml": lambda: junit_xml(sample_runs.mixed()),
}


@pytest.mark.parametrize("name", PAGES)
def test_it_reads_as_before(name: str) -> None:
    path, text = GOLDEN / name, PAGES[name]()
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")
