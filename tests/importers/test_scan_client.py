"""The scan of client code: each thing of the old protocol is found once, with what replaces it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentops.cli.app import run
from agentops.importers.scan_client import Fate, scan_text

SOCKET = "wss://api.elevenlabs.io/v1/convai/conversation"


@pytest.mark.parametrize(
    ("line", "found", "fate", "advice"),
    [
        (f'new WebSocket("{SOCKET}?agent_id=x")', SOCKET, Fate.REPLACE, "agent/connect"),
        ('headers={"xi-api-key": key}', "xi-api-key", Fate.REPLACE, "Authorization: Bearer"),
        (
            "fetch('/v1/convai/conversation/get-signed-url')",
            "/v1/convai/conversation/get-signed-url",
            Fate.REPLACE,
            "wct_",
        ),
        (
            'import { Conversation } from "@elevenlabs/client";',
            "@elevenlabs/client",
            Fate.REPLACE,
            "@smallest-ai/agent-sdk",
        ),
        (
            "ws.send(JSON.stringify({user_audio_chunk: b64}))",
            "user_audio_chunk",
            Fate.REPLACE,
            "input_audio_buffer.append",
        ),
        ('{"type": "contextual_update"}', "contextual_update", Fate.NOTHING, "before the call"),
        ('case "ping":', "ping", Fate.DELETE, "delete the handler"),
        ('if event["type"] == "agent_response":', "agent_response", Fate.CHANGE, "assistant"),
        ("agent_response_correction", "agent_response_correction", Fate.CHANGE, "only what was heard"),
        ('"tentative_user_transcript"', "tentative_user_transcript", Fate.CHANGE, "cumulative"),
        ('event["audio_event"]', "audio_event", Fate.REPLACE, "output_audio.delta"),
        ('"client_tool_call"', "client_tool_call", Fate.CHANGE, "function_call"),
        ("alignment.chars", "alignment", Fate.NOTHING, "without timing"),
        ("POST /v1/convai/agents/create", "/v1/convai/agents/create", Fate.REPLACE, "agentops apply"),
        ("/v1/convai/twilio/outbound-call", "/v1/convai/twilio/outbound-call", Fate.REPLACE, "conversation/outbound"),
        ("ElevenLabs-Signature", "ElevenLabs-Signature", Fate.REPLACE, "X-Signature"),
    ],
)
def test_what_is_found(line: str, found: str, fate: Fate, advice: str) -> None:
    (first, *_) = [f for f in scan_text(line, "a.js") if f.found == found]
    assert first.fate is fate
    assert advice in first.advice


@pytest.mark.parametrize("line", ["shipping.ping_pong_table()", "const mapping = 1", "the agent responded", "pingpong"])
def test_what_merely_looks_similar_is_left_alone(line: str) -> None:
    assert scan_text(line, "a.py") == []


def test_a_longer_match_hides_the_shorter_ones_inside_it() -> None:
    assert [f.found for f in scan_text(f'"{SOCKET}"', "a.py")] == [SOCKET]


def test_folders_are_read_and_installed_packages_are_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "app.ts").write_text('send("pong")\n')
    (tmp_path / "notes.txt").write_text("pong\n")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "x.js").write_text("pong\n")
    assert run(["scan-client", str(tmp_path), "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [(f["line"], f["found"], f["fate"]) for f in data["findings"]] == [(1, "pong", "delete")]
    assert run(["scan-client", str(tmp_path / "app.ts")]) == 0
    text = capsys.readouterr().out
    assert "app.ts:1: pong  [delete]" in text
    assert text.endswith("1 file read; 1 places: 1 delete\n")


def test_a_missing_file_is_a_usage_error_and_a_binary_one_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["scan-client", str(tmp_path / "no.js")]) == 64
    (tmp_path / "a.js").write_bytes(b"\xff\xfe\x00")
    assert run(["scan-client", str(tmp_path / "a.js")]) == 0
    assert "not read" in capsys.readouterr().out
