"""Every verb that takes a path, given what is no such file: it says so at once, names it, and says what to give it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_line import Agentops

from agentops.cli.app import run

ROOT = Path(__file__).parents[2]
FILE = "WRONG"
SCRIPT = "agents/calls/support-goodbye.yaml"

KINDS: dict[str, Callable[[Path], object]] = {
    "missing": lambda path: None,
    "a folder": Path.mkdir,
    "empty": Path.touch,
    "binary": lambda path: path.write_bytes(bytes(range(256))),
    "something else's YAML": lambda path: shutil.copy(ROOT / "agentops.yaml", path),
    "something else's JSON": lambda path: path.write_text('{"format_version": 1, "kind": "other"}'),
    "deep": lambda path: path.write_text("[" * 100_000),
    "a pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
}
VERBS = {
    "apply": ("apply", FILE, "--yes"),
    "merge reports": ("merge", "reports", FILE, "--output", "merged"),
    "smoke": ("smoke", FILE),
    "smoke --baseline": ("smoke", SCRIPT, "--baseline", FILE),
    "smoke --replay": ("smoke", SCRIPT, "--replay", FILE),
    "smoke --rejudge": ("smoke", SCRIPT, "--rejudge", FILE),
    "fmt": ("fmt", "--check", FILE),
    "import elevenlabs": ("import", "elevenlabs", FILE, "--output", "imported"),
    "import elevenlabs --choices": ("import", "elevenlabs", "agent.json", "--choices", FILE, "--output", "imported"),
    "import elevenlabs --catalog": ("import", "elevenlabs", "agent.json", "--catalog", FILE, "--output", "imported"),
    "import certificate": ("import", "certificate", "support", "--old", FILE),
    "emulator --seed": ("emulator", "--port", "0", "--data", "own.db", "--seed", FILE),
    "emulator --faults": ("emulator", "--port", "0", "--data", "own.db", "--faults", FILE),
    "emulator --behaviour": ("emulator", "--port", "0", "--data", "own.db", "--behaviour", FILE),
    "emulator --like": ("emulator", "--port", "0", "--data", "own.db", "--like", FILE),
    "emulator --data": ("emulator", "--port", "0", "--data", FILE),
    "plan --project": ("plan", "--project", FILE),
    "init": ("init", FILE),
}
# Where that kind is what is asked for: an empty seed plants nothing, and any text can be client code or be formatted.
FITTING = {
    ("emulator --seed", "empty"),
    ("emulator --faults", "empty"),
    ("emulator --behaviour", "empty"),
    ("emulator --data", "missing"),
    ("emulator --data", "empty"),
    *(("import elevenlabs --choices", kind) for kind in ("empty", "something else's YAML", "something else's JSON")),
    *(("fmt", kind) for kind in ("empty", "something else's YAML", "something else's JSON")),
    ("init", "missing"),
    ("init", "a folder"),
    ("plan --project", "a folder"),  # of the project
}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One project for all: none of these commands changes anything."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "agents", folder / "agents")
    shutil.copy(ROOT / "agentops.yaml", folder)
    (folder / "agent.json").write_text('{"name": "Desk", "conversation_config": {"agent": {"first_message": "Hi"}}}')
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in ("SMALLEST_API_KEY", "CI"):
            patch.delenv(name, raising=False)
        assert run(["apply", "-e", "local", "--yes", "--no-smoke", "--agent", "support"]) == 0
        yield folder


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("verb", "kind"), [(verb, kind) for verb in VERBS for kind in KINDS if (verb, kind) not in FITTING]
)
def test_a_wrong_file_is_named_with_what_to_give_instead(
    verb: str, kind: str, deployed: Path, agentops: Agentops
) -> None:
    name = f"given-{kind.replace(' ', '-').replace(chr(39), '')}.yaml"
    wrong = deployed / name
    if not os.path.lexists(wrong):
        KINDS[kind](wrong)
    ended = agentops(*(name if each == FILE else each for each in VERBS[verb]))
    assert ended.code in (1, 64), ended.out + ended.err
    said = ended.out + ended.err
    assert name in said
    assert "next:" in said or "hint:" in said, said
