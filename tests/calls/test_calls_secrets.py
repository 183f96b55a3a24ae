"""A platform that sends back what it was given: no secret stands in anything that a call leaves behind."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from staged_agent import StagedAgent
from test_calls_run import TARGET, prepared

from agentops.calls.call_files import merge_folders, save_call
from agentops.calls.protocol import Mode, Phase, Protocol, SessionClosed
from agentops.calls.report import RunReport, ScriptReport
from agentops.calls.run import Wiring, run_call
from agentops.cli.call_pages import write_pages
from agentops.render.calls.text import call_line, run_text
from agentops.scrub import Scrubber

pytestmark = pytest.mark.slow

pytest.importorskip("numpy", reason="the speech extra is not installed")

SECRETS = ("sk_live_0123456789abcdef", 'p"ass\\wörd<b>x</b> & more')

ECHOES: dict[str, Callable[[str], str]] = {
    "plain": str,
    "json": lambda secret: json.dumps(secret)[1:-1],
    "json, not ascii": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    "url": lambda secret: quote(secret, safe=""),
    "html": html.escape,
    "upper": str.upper,
    "base64": lambda secret: base64.b64encode(f"key:{secret}".encode()).decode(),
}


@pytest.mark.parametrize("echo", ECHOES)
async def test_nothing_that_is_left_holds_what_was_echoed(echo: str, tmp_path: Path) -> None:
    said = " and ".join(ECHOES[echo](secret) for secret in SECRETS)

    async def direction(agent: StagedAgent) -> None:
        agent.emit("error", code=f"bad {said}", message=f"wrong key {said}")
        agent.emit("transcript", role="assistant", text=f"Your key is {said}.")
        agent.emit("transcript", role="user", text=said)
        agent.emit("function_call", call_id=said, name=f"tool {said}", arguments={said: [said]})
        agent.emit(f"odd {said}", more=said)
        agent.emit("transcript", role=said, text="x")
        await agent.turn()
        agent.end(f"ended {said}")

    agent = StagedAgent(direction)
    wiring = Wiring(None, agent.dial, scrubber=Scrubber(SECRETS))
    ready = prepared([{"expect": "nothing of this"}, {"say": "hi"}])
    result = await run_call(ready, replace(TARGET, environment="test"), wiring)
    report = save_call(result, tmp_path / "one")
    script = ScriptReport(report.script, report.name, report.agent, 1.0, (report,))
    run = RunReport("test", (script,), report.started_at)
    write_pages(run, tmp_path / "one")
    write_pages(merge_folders([tmp_path / "one" / "report.json"], tmp_path / "merged"), tmp_path / "merged")
    left = {path: path.read_bytes().decode("utf-8", "replace") for path in tmp_path.rglob("*") if path.is_file()}
    assert any(path.suffix == ".wav" for path in left)
    assert len(left) >= 11
    texts = [*left.values(), run_text(run), call_line(report)]
    for secret in SECRETS:
        shown = ECHOES[echo](secret)
        forms = {shown, json.dumps(shown)[1:-1], json.dumps(shown, ensure_ascii=False)[1:-1], html.escape(shown)}
        assert not [form for form in forms for text in texts if form in text]
    assert any("***" in text for text in texts)


@pytest.mark.parametrize("limit", [200, 32_000])
@pytest.mark.parametrize("more", [0, 40_000])
def test_wherever_a_long_text_is_cut_no_half_of_a_secret_is_left(limit: int, more: int) -> None:
    secret = "Zx9-Kd8_Lf7+Mg6/Nh5=Pj4!"
    for before in range(limit - len(secret), limit + 1):
        protocol = Protocol(Mode.CHAT, Phase.OPEN, scrubber=Scrubber([secret]))
        text = secret * 700 + "." * before + secret + "." * more if more else "." * before + secret
        kind = {"type": "session.closed", "reason": text} if limit == 200 else {"type": "error", "message": text}
        event = protocol.receive(json.dumps(kind), 0.0)
        told = event.reason if isinstance(event, SessionClosed) else getattr(event, "message", "")
        assert secret[:6] not in told or len(text) <= limit
        assert len(told) < limit + 50
