"""What an import comes to, over the exports and clients that the tests have: nothing false, lost or leaked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_measuring_command_finds_nothing_wrong_in_the_exports_of_the_tests() -> None:
    command = [sys.executable, "-m", "bench.migration"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    measured = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [row["bench"] for row in measured if not row["holds"]] == [], done.stdout
    assert any(row["bench"].startswith("false statements of") for row in measured)


@pytest.mark.slow
def test_the_measuring_command_finds_what_is_wrong(tmp_path: Path) -> None:
    """A client file without anything of ElevenLabs in which the scan would find something: made by hand here."""
    code = (
        "import sys, bench.migration as m\n"
        "m.scan_files = lambda paths: type('S', (), {'findings': [type('F', (), "
        "{'file': 'x', 'line': 1, 'found': 'ping'})()]})()\n"
        "m.main(sys.argv[1:])\n"
    )
    (tmp_path / "a.js").write_text("ping\n")
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert "false finding: x:1: ping" in done.stdout, done.stderr
