"""The recipes of the guide, taken out of its page and run as they stand there, against the emulator."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import wave
from pathlib import Path

import httpx2
import pytest

from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import start

GUIDE = Path(__file__).parents[2] / "docs" / "migrating-from-elevenlabs.md"
MODULES = Path(sys.prefix) / "node" / "node_modules"  # where `make node` puts what Node needs
GREETING = "Good morning, this is the tea house."


def recipe(language: str) -> str:
    (code,) = re.findall(rf"^```{language}\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return str(code)


def command_for(language: str, folder: Path) -> list[str]:
    """How the recipe is started; skips the test where this machine has not what it needs."""
    file = folder / ("recipe.py" if language == "python" else "recipe.cjs")
    file.write_text(recipe(language), "utf-8")
    if language == "python":
        return [sys.executable, str(file)]
    node = shutil.which("node")
    if node is None or not (MODULES / "ws").is_dir():
        pytest.skip("needs Node and its package ws: `make node` installs it where there is npm and a network")
    return [node, str(file)]


@pytest.mark.slow
@pytest.mark.speech
@pytest.mark.parametrize("language", ["python", "javascript"])
def test_a_recipe_hears_the_agent(language: str, tmp_path: Path) -> None:
    command = command_for(language, tmp_path)
    with wave.open(str(tmp_path / "spoken.wav"), "wb") as file:
        file.setparams((1, 2, 24000, 0, "NONE", ""))
        file.writeframes(bytes(48000))
    with start(EmulatorOptions(scan_delay_s=0.0)) as emulator:
        with httpx2.Client(
            base_url=f"{emulator.base_url}/atoms/v1", headers={"Authorization": "Bearer sk_recipe"}
        ) as client:
            agent = client.post("/agent", json={"name": "Recipe", "firstMessage": GREETING}).json()["data"]
        environment = {
            **os.environ,
            "NODE_PATH": str(MODULES),
            "SMALLEST_WS": emulator.base_url.replace("http", "ws"),
            "SMALLEST_AGENT_ID": agent,
            "SMALLEST_API_KEY": "sk_recipe",
        }
        arguments = [*command, str(tmp_path / "spoken.wav"), str(tmp_path / "reply")]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "reply").stat().st_size > 24000
