"""One call that goes wrong in a way nobody thought of is a verdict for that call; the run and its files go on."""

from __future__ import annotations

import asyncio
import base64
import errno
import json
import os
import stat
import tracemalloc
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from staged_agent import StagedAgent
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from agentops.calls.call_files import keep_in, run_json
from agentops.calls.report import CheckKind, RunReport, Verdict
from agentops.calls.run import TRACEBACK_FILE, CallResult, PreparedScript, Wiring
from agentops.calls.schedule import RunOptions, ScheduledCall, run_calls
from agentops.calls.script import Script
from agentops.calls.session import Socket, Target, dial
from agentops.cli.call_pages import write_pages
from agentops.errors import LocalError, PlatformError
from agentops.scrub import Scrubber

pytest.importorskip("numpy", reason="the speech extra is not installed")

KEY = "sk_0123456789abcdef"
SCRIPT: dict[str, Any] = {
    "agent": "a",
    "mode": "chat",
    "steps": [{"expect": "help"}, {"expect_end": {"by": "agent"}}],
}


async def greet(agent: StagedAgent) -> None:
    agent.write("How can I help?")
    agent.end()


def dialling(failure: Exception | None = None) -> Any:
    """Reaches a good agent, but for the one that is called `bad` where there is a failure."""

    async def reach(url: str, headers: Mapping[str, str]) -> Socket:
        if failure is not None and "agent_id=bad" in url:
            raise failure
        return await StagedAgent(greet).dial(url, headers)

    return reach


def scheduled(*names: str, base_url: str = "http://127.0.0.1:1", **changes: Any) -> list[ScheduledCall]:
    script = Script.model_validate(SCRIPT | changes)
    return [
        ScheduledCall(PreparedScript(script, f"agents/calls/{name}.yaml"), Target(base_url, name, KEY, "test"))
        for name in names
    ]


def check_of(run: RunReport) -> Any:
    [check] = run.scripts[0].calls[0].failures
    return check


@pytest.mark.parametrize(
    "failure",
    [ZeroDivisionError("x"), KeyError("y"), RecursionError(), MemoryError(), ExceptionGroup("g", [ValueError("z")])],
    ids=lambda failure: type(failure).__name__,
)
async def test_a_defect_ends_one_call_and_the_report_of_all_is_written(failure: Exception, tmp_path: Path) -> None:
    failure.add_note(f"while calling with {KEY}")
    wiring = Wiring(None, dialling(failure), scrubber=Scrubber([KEY]))
    run = await run_calls(scheduled("bad", "good"), wiring, RunOptions("test", keep=keep_in(tmp_path)))
    write_pages(run, tmp_path)
    assert [script.verdict for script in run.scripts] == [Verdict.INCONCLUSIVE, Verdict.PASSED]
    assert run.verdict is not Verdict.PASSED
    check = check_of(run)
    assert check.kind is CheckKind.INFRASTRUCTURE
    assert f"internal error: {type(failure).__name__}" in check.heard
    assert TRACEBACK_FILE in check.heard
    traced = tmp_path / "bad" / TRACEBACK_FILE
    assert "Traceback" in traced.read_text("utf-8")
    assert not (tmp_path / "good" / TRACEBACK_FILE).exists()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
            assert KEY not in path.read_text("utf-8")
            assert path == traced or "Traceback" not in path.read_text("utf-8"), path


async def test_a_failure_that_we_can_name_is_no_defect(tmp_path: Path) -> None:
    wiring = Wiring(None, dialling(PlatformError("the account is closed")))
    run = await run_calls(scheduled("bad", "good"), wiring, RunOptions("test", keep=keep_in(tmp_path)))
    assert check_of(run).heard == "the account is closed"
    assert not (tmp_path / "bad" / TRACEBACK_FILE).exists()


async def test_files_that_can_not_be_kept_do_not_end_the_run(tmp_path: Path) -> None:
    def keep(result: CallResult) -> Any:
        if result.report.agent_id == "bad":
            raise LocalError.of(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), tmp_path)
        return replace(result.report, folder="kept")

    run = await run_calls(scheduled("bad", "good"), Wiring(None, dialling()), RunOptions("x", keep=keep))
    first, second = run.calls
    assert first.verdict is Verdict.PASSED
    assert "no space is left" in first.notes[-1]
    assert second.folder == "kept"


@pytest.mark.real_time
async def test_audio_without_pause_over_a_real_socket_takes_bounded_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A quarter of what is allowed, so that it takes a second.
    monkeypatch.setattr("agentops.calls.protocol._MAX_SESSION_BYTES", 64 * 2**20)
    monkeypatch.setattr("agentops.calls.protocol._MAX_AHEAD_MS", 60_000)
    sent = 0

    async def pour(connection: ServerConnection) -> None:
        nonlocal sent
        created = {"type": "session.created", "session_id": "s", "call_id": "c", "sample_rate": 24_000}
        await connection.send(json.dumps(created))
        sound = json.dumps({"type": "output_audio.delta", "audio": base64.b64encode(bytes(2**21)).decode()})
        try:
            while True:
                await connection.send(sound)
                sent += len(sound)
        except ConnectionClosed:
            pass

    async with serve(pour, "127.0.0.1", 0, compression=None, max_size=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        calls = scheduled("bad", base_url=f"http://127.0.0.1:{port}", mode="webcall", steps=[{"expect": "help"}])
        tracemalloc.start()
        try:
            async with asyncio.timeout(60):
                run = await run_calls(calls, Wiring(None, dial), RunOptions("test", keep=keep_in(tmp_path)))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert {check.kind for check in run.calls[0].failures} == {CheckKind.PROTOCOL, CheckKind.INFRASTRUCTURE}
    assert (tmp_path / "bad" / "report.json").stat().st_size < 1_000_000
    assert len(run_json(run)) < 1_000_000
    assert sent < 200 * 2**20  # 86 in base64, and what was on its way when the caller hung up
    assert peak < 120 * 2**20, f"{peak / 2**20:.0f} MiB"
