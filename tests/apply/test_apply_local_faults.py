"""What this machine refuses is told as that: what can't be written, where, and what to do; and what was changed."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest
from deploy_world import World, agent

from agentops.apply.journal import Journal, environment_lock
from agentops.apply.model import Outcome, StageFinished
from agentops.apply.model import Stage as RunStage
from agentops.cli.app import run
from agentops.clock import SystemClock
from agentops.errors import LocalError
from agentops.scrub import Scrubber
from agentops.state import state_folder


class FullDisk:
    """A file on which there is room for `lines` more lines."""

    def __init__(self, lines: int) -> None:
        self.lines = lines

    def write(self, data: bytes) -> int:
        self.lines -= 1
        if self.lines < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return len(data)

    def fileno(self) -> int:
        raise OSError(errno.EINVAL, "no file")

    def close(self) -> None: ...


async def test_a_run_whose_journal_can_not_be_begun_changes_nothing(world: World, tmp_path: Path) -> None:
    plan = await world.plan([agent()])
    with Journal(tmp_path, "run-1", world.clock) as journal:
        journal._file.close()
        journal._file = FullDisk(0)  # type: ignore[assignment]
        with pytest.raises(LocalError, match=r"journal .*run-1.jsonl can't be written: no space is left"):
            await world.apply(plan, record=journal)
    assert (await world.plan([agent()])).changes[0].action == plan.changes[0].action


async def test_a_journal_that_is_lost_does_not_end_the_run(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    monkeypatch.setattr(FullDisk, "fileno", lambda self: 0)
    plan = await world.plan([agent()])
    with Journal(tmp_path, "run-1", world.clock) as journal:
        journal._file.close()
        journal._file = FullDisk(2)  # type: ignore[assignment]
        result = await world.apply(plan, record=journal)
    assert result.agents[0].outcome is Outcome.APPLIED
    assert journal.lost is not None
    assert "no space is left" in journal.lost.summary


def test_what_a_run_leaves_is_its_owners_alone(tmp_path: Path) -> None:
    (tmp_path / ".agentops").mkdir(mode=0o755)
    with environment_lock(tmp_path, "prod", SystemClock()), Journal(tmp_path, "run-1", SystemClock(), Scrubber([])):
        pass
    assert stat.S_IMODE((tmp_path / ".agentops").stat().st_mode) == 0o700
    for name in ("runs/run-1.jsonl", "locks/prod.lock"):
        assert stat.S_IMODE((tmp_path / ".agentops" / name).stat().st_mode) == 0o600


def test_no_secret_is_in_a_journal_whoever_quotes_it(tmp_path: Path) -> None:
    with Journal(tmp_path, "run-1", SystemClock(), Scrubber(['hunter"2"hunter'])) as journal:
        journal.write(StageFinished("k", RunStage.SCAN, 'refused: "hunter\\"2\\"hunter"'))
    assert "hunter" not in journal.path.read_text()


def test_a_state_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / ".agentops").write_text("x")
    with pytest.raises(LocalError, match="a file stands where a folder is needed") as raised:
        state_folder(tmp_path)
    assert str(tmp_path / ".agentops") in raised.value.summary
    assert "move that file away" in (raised.value.hint or "")


PROJECT = "project: p\ndefault_environment: local\nenvironments: {local: {target: emulator}}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "agents").mkdir()
    (tmp_path / "agentops.yaml").write_text(PROJECT)
    (tmp_path / "agents" / "desk.yaml").write_text("name: Desk\nconfig: {firstMessage: Hi}\n")
    return tmp_path


def said_of(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert run(arguments) not in (0, 2)
    said = "".join(capsys.readouterr())
    assert "internal error" not in said
    assert "defect" not in said
    return said


def test_every_verb_tells_what_can_not_be_written(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / ".agentops").write_text("x")
    for verb in ("plan", "apply", "drift", "history"):
        extra = ["--yes"] if verb == "apply" else []
        said = said_of([verb, "--project", str(project), *extra], capsys)
        assert ".agentops can't be made: a file stands where a folder is needed" in said
        assert "next: move that file away" in said


def test_a_pipe_among_the_specs_is_not_waited_for(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(project / "agents" / "pipe.yaml")
    assert "agents/pipe.yaml is not a regular file" in said_of(["validate", "--project", str(project)], capsys)


def test_a_working_folder_that_is_gone_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    said = said_of(["plan"], capsys)
    monkeypatch.chdir(tmp_path)
    assert "the working folder can't be used: it isn't there" in said


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT, errno.EMFILE, errno.EIO])
def test_every_refusal_of_the_system_has_a_next_step(number: int) -> None:
    error = LocalError.of(OSError(number, os.strerror(number), "/x/y"))
    assert error.summary.startswith("/x/y can't be used: ")
    assert error.hint
    assert error.exit_code == 1
