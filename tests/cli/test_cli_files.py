"""Files from the command line: those that are not what a verb was to read, and those that this machine won't write.

Each verb says at once which file it is and what to do, and none says that it is a defect.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_line import Agentops

from agentops.cli.app import run

pytestmark = pytest.mark.slow

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


# Every verb that writes files, and what each needs to get that far.
WRITERS = {
    "init": ("init", "new"),
    "init --github": ("init", ".", "--github"),
    "schema": ("schema", "--output", "schemas"),
    "fmt": ("fmt", "agents/_untidy.yaml"),
    "plan --out": ("plan", "--out", "plan.json"),
    "history --ledger": ("history", "--ledger", "ledger.jsonl"),
    "import elevenlabs": ("import", "elevenlabs", "agent.json", "--output", "new"),
    "forget": ("forget", "bilingual", "--yes"),
    "record": ("record", "CALL", "--output", "recorded.yaml"),
    "smoke": ("smoke", SCRIPT, "--output", "reports"),
    "merge reports": ("merge", "reports", "made/report.json", "--output", "reports"),
    "ci files": ("ci", "files"),
}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One project for all, with an agent that was called: none of these commands changes anything."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "agents", folder / "agents")
    shutil.copy(ROOT / "agentops.yaml", folder)
    (folder / "agent.json").write_text('{"name": "Desk", "conversation_config": {"agent": {"first_message": "Hi"}}}')
    (folder / "agents" / "_untidy.yaml").write_text("config: {firstMessage: Hi}\nname: Desk\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in ("SMALLEST_API_KEY", "CI"):
            patch.delenv(name, raising=False)
        assert run(["apply", "-e", "local", "--yes", "--no-smoke", "--agent", "support"]) == 0
        assert run(["smoke", SCRIPT, "--output", "made"]) == 0
        yield folder


@pytest.mark.timeout(60)
@pytest.mark.parametrize("verb", VERBS)
def test_a_wrong_file_is_named_with_what_to_give_instead(verb: str, deployed: Path, agentops: Agentops) -> None:
    for kind in KINDS:
        if (verb, kind) in FITTING:
            continue
        name = f"given-{kind.replace(' ', '-').replace(chr(39), '')}.yaml"
        if not os.path.lexists(deployed / name):
            KINDS[kind](deployed / name)
        ended = agentops(*(name if each == FILE else each for each in VERBS[verb]))
        said = ended.out + ended.err
        assert ended.code in (1, 64), said
        assert name in said, kind
        assert "next:" in said or "hint:" in said, said


def refused(number: int) -> Callable[..., None]:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.mark.parametrize("verb", WRITERS)
def test_a_file_that_can_not_be_written_is_named_with_what_to_do(
    verb: str, deployed: Path, agentops: Agentops, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = json.loads((deployed / "made" / "report.json").read_text())["scripts"][0]["calls"][0]["call_id"]
    before = {path: path.read_bytes() for path in deployed.glob("agents/**/*.*")}
    for number, why in ((errno.ENOSPC, "no space is left"), (errno.EROFS, "the file system is read-only")):
        monkeypatch.setattr("agentops.files._replace", refused(number))
        ended = agentops(*(call if each == "CALL" else each for each in WRITERS[verb]))
        assert ended.code == 1, ended.out + ended.err
        assert f"can't be written: {why}" in ended.err
        assert "next: " in ended.err
        assert "defect" not in ended.err
    assert before == {path: path.read_bytes() for path in deployed.glob("agents/**/*.*")}


def test_calls_are_told_although_their_report_can_not_be_written(
    deployed: Path, agentops: Agentops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentops.files._replace", refused(errno.ENOSPC))
    ended = agentops("smoke", SCRIPT, "--output", "reports")
    assert "PASSED: 1 passed" in ended.out
    assert "report.json can't be written: no space is left" in ended.err
    assert ended.code == 1
