"""The pages about the emulator are true: every operation, switch, fault and control, and every example runs."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from textwrap import dedent

import httpx2
import pytest
from generated_docs import DOCS, PARTS, filled, platform_operations, served, shape_of

from agentops.emulator.behaviour.behaviours import read_behaviour
from agentops.emulator.control import Controls
from agentops.emulator.faults import KINDS, parse_fault
from agentops.emulator.options import Choices, EmulatorOptions
from agentops.emulator.rest.routes import ROUTES
from agentops.emulator.server import start

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


def blocks(page: str, language: str) -> list[str]:
    found = FENCE.findall((DOCS / page).read_text())
    return [dedent(block) for _, kind, block in found if kind == language]


@pytest.mark.parametrize("page", PARTS)
def test_the_generated_parts_are_up_to_date(page: str) -> None:
    assert (DOCS / page).read_text() == filled(page), "run: python tests/emulator/generated_docs.py"


def test_everything_that_is_served_is_a_known_operation_of_the_platform() -> None:
    known = {(each.method, shape_of(each.path)) for each in platform_operations()}
    assert served() <= known


def test_the_fidelity_page_has_a_row_for_every_operation() -> None:
    page = (DOCS / "emulator-fidelity.md").read_text()
    listed = re.findall(r"^\| `([A-Z]+ \S+)` \|", page, flags=re.MULTILINE)
    served = [f"{route.method} {route.path.removeprefix('/atoms/v1')}" for route in ROUTES]
    assert sorted(listed) == sorted(served)


def test_every_row_has_all_its_columns() -> None:
    for line in (DOCS / "emulator-fidelity.md").read_text().splitlines():
        if line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            assert len(cells) in (4, 5), line
            assert all(cells), line


def test_the_manual_names_every_fault_and_every_control() -> None:
    manual = (DOCS / "emulator.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", manual, flags=re.MULTILINE)) == set(KINDS)
    paths = {str(route.path) for route in Controls.routes(Controls.__new__(Controls))}  # type: ignore[attr-defined]
    for path in paths - {"/_emulator/uploads/{key:path}", "/_emulator/recordings/{name}.wav"}:
        assert path in manual


def test_the_example_of_a_seed_file_fills_an_account(tmp_path: Path) -> None:
    (example,) = blocks("emulator.md", "yaml")
    seed = tmp_path / "seed.yaml"
    seed.write_text(example)
    for _ in range(2):  # what is there already is left alone
        with (
            start(EmulatorOptions(scan_delay_s=0.0, seed_file=seed, data=tmp_path / "seed.db")) as emulator,
            httpx2.Client(base_url=emulator.base_url, headers={"Authorization": "Bearer sk_a"}) as http,
        ):
            assert [agent["name"] for agent in http.get("/atoms/v1/agent").json()["data"]["agents"]] == ["Support"]
            assert [base["description"] for base in http.get("/atoms/v1/knowledgebase").json()["data"]] == ["2026"]
            voices = {each["voiceId"]: each for each in http.get("/waves/v1/voice/get-all-models").json()["voices"]}
            assert voices["aurora"]["modelIds"] == ["lightning-v3.1-pro"]
            clones = http.get("/waves/v1/voice-cloning").json()["data"]
            assert [(each["displayName"], each["voiceId"]) for each in clones] == [("Our founder", "voice_aB3dE5fG7h")]


def test_the_examples_of_behaviour_files_are_ones(tmp_path: Path) -> None:
    examples = blocks("behaviours.md", "yaml")
    assert len(examples) == 4
    for number, example in enumerate(examples):
        path = tmp_path / f"{number}.yaml"
        path.write_text(example)
        read = read_behaviour(path)
        assert read.turns or read.callees or read.traffic


def test_the_example_in_python_runs() -> None:
    (example,) = blocks("emulator.md", "python")
    exec(compile(example, "emulator.md", "exec"), {})


def test_the_examples_of_faults_and_switches_are_taken() -> None:
    manual = (DOCS / "emulator.md").read_text()
    for line in re.findall(r"--fault '([^']+)'", manual):
        parse_fault(line)
    Choices().set(re.findall(r"--switch (\S+=\w+)", manual))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_examples_with_curl_are_answered(tmp_path: Path) -> None:
    commands = [line for block in blocks("emulator.md", "") for line in block.splitlines() if line.startswith("curl ")]
    assert len(commands) == 6
    with start(EmulatorOptions()) as emulator:
        for command in commands:
            written = command.replace("http://127.0.0.1:8765", emulator.base_url).replace(
                " .../", f" {emulator.base_url}/"
            )
            words = [*shlex.split(written), "--fail", "--silent", "--show-error"]
            done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
            assert done.returncode == 0, command + done.stderr
