"""The one place that writes files: whole or not at all, for whom it should be, and never waiting for a pipe."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from agentops.errors import LocalError, UsageError
from agentops.files import append_text, copy_folder, make_folder, read_text, write_file

posix = pytest.mark.skipif(sys.platform == "win32", reason="pipes, devices and limits of POSIX")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@posix
def test_where_there_is_no_room_the_file_of_before_stays(tmp_path: Path) -> None:
    import resource

    file = tmp_path / "spec.yaml"
    file.write_text("before")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(LocalError) as raised:
            write_file(file, "x" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert raised.value.summary.startswith(f"{file} can't be written: ")
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_keeps_its_rights_and_a_private_one_gets_its_own(tmp_path: Path) -> None:
    script, private = tmp_path / "run", tmp_path / "people.csv"
    for path in (script, private):
        path.write_text("before")
        path.chmod(0o755)
    write_file(script, "after")
    write_file(private, "after", is_private=True)
    write_file(tmp_path / "new", "x", is_private=True)
    assert (mode(script), mode(private), mode(tmp_path / "new")) == (0o755, 0o600, 0o600)
    assert (script.read_text(), private.read_text()) == ("after", "after")


def test_what_a_link_points_at_is_written_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write_file(tmp_path / "link", "one")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "one"


def test_what_is_to_be_new_overwrites_nothing(tmp_path: Path) -> None:
    write_file(tmp_path / "one", "1", is_new=True)
    with pytest.raises(UsageError, match="already exists"):
        write_file(tmp_path / "one", "2", is_new=True)
    assert (tmp_path / "one").read_text() == "1"


@posix
def test_a_pipe_that_nobody_reads_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LocalError, match="can't be written"):
        write_file(tmp_path / "pipe", "x")
    with pytest.raises(UsageError, match="it is not a regular file"):
        read_text(tmp_path / "pipe", hint="x")


@posix
def test_a_pipe_that_somebody_reads_gets_all_of_it(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    write_file(Path(f"/dev/fd/{writing}"), "x" * 1000)
    os.close(writing)
    with open(reading, "rb") as file:
        assert len(file.read()) == 1000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is full")
def test_a_full_device_is_told() -> None:
    for write in (write_file, append_text):
        with pytest.raises(LocalError, match="/dev/full can't be written: no space is left on the device"):
            write(Path("/dev/full"), "x" * 100_000)


def test_a_file_where_a_folder_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(LocalError, match="a file stands where a folder is needed"):
            make_folder(path)
    with pytest.raises(LocalError, match="a file stands where a folder is needed"):
        write_file(tmp_path / "file" / "below", "x")
    with pytest.raises(LocalError, match="a folder stands where a file is needed"):
        write_file(tmp_path, "x")
    with pytest.raises(UsageError, match="there is no folder"):
        write_file(tmp_path / "none" / "file", "x")


@posix
def test_a_folder_is_copied_without_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "from" / "call").mkdir(parents=True)
    (tmp_path / "from" / "call" / "events.jsonl").write_text("{}\n")
    (tmp_path / "from" / "link").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "from" / "pipe")
    copy_folder(tmp_path / "from", tmp_path / "to")
    copied = [path for path in (tmp_path / "to").rglob("*") if path.is_file()]
    assert [path.name for path in copied] == ["events.jsonl"]
    assert mode(copied[0]) == 0o600
