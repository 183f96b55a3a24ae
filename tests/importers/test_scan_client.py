"""The scan of client code: each thing of the old protocol is found once, with what replaces it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentops.cli.app import run
from agentops.importers.clients.fact import Fate
from agentops.importers.scan_client import Finding, scan_files, scan_text

CLIENTS = Path(__file__).parent / "clients"
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
        ("event.alignment.chars", "alignment", Fate.NOTHING, "without timing"),
        ("POST /v1/convai/agents/create", "/v1/convai/agents/create", Fate.REPLACE, "agentops apply"),
        ("/v1/convai/twilio/outbound-call", "/v1/convai/twilio/outbound-call", Fate.REPLACE, "conversation/outbound"),
        ("ElevenLabs-Signature", "ElevenLabs-Signature", Fate.REPLACE, "X-Signature"),
    ],
)
def test_what_is_found(line: str, found: str, fate: Fate, advice: str) -> None:
    (first, *_) = [f for f in scan_text(f"// a client of /convai/\n{line}", "a.js") if f.found == found]
    assert first.fate is fate
    assert advice in first.advice


@pytest.mark.parametrize("line", ["shipping.ping_pong_table()", "const mapping = 1", "the agent responded", "pingpong"])
def test_what_merely_looks_similar_is_left_alone(line: str) -> None:
    assert scan_text(f"# a client of /convai/\n{line}", "a.py") == []


@pytest.mark.parametrize("file", sorted(path.name for path in (CLIENTS / "unrelated").iterdir() if path.is_file()))
def test_a_file_that_has_nothing_to_do_with_elevenlabs_agents_has_no_findings(file: str) -> None:
    scanned = scan_files([CLIENTS / "unrelated" / file])
    assert (scanned.findings, scanned.clients) == ((), ())
    assert len(scanned.files) == 1


def found_in(file: str) -> dict[str, Finding]:
    return {finding.found: finding for finding in scan_files([CLIENTS / file]).findings}


def test_the_website_widget_is_found_with_its_script() -> None:
    found = found_in("widget.html")
    tag, script = found.values()
    assert tag.found.startswith("<elevenlabs-convai")
    assert "dashboard" in tag.advice
    assert script.found == '"https://unpkg.com/@elevenlabs/convai-widget-embed"'


def test_hooks_and_callbacks_are_found_where_a_session_is_given_them() -> None:
    findings = scan_files([CLIENTS / "hooks.tsx"]).findings
    lines = {finding.found: finding.line for finding in findings}
    assert lines["useConversation("] == 5
    assert lines["onError"] == 9  # the one of the session; that of the picture in line 19 is nobody's
    assert [finding.line for finding in findings if finding.found == "onError"] == [9]
    assert "agent_start_talking" in found_in("hooks.tsx")["isSpeaking"].advice
    assert "agent_start_talking" in found_in("hooks.tsx")["onModeChange"].advice
    assert found_in("hooks.tsx")["overrides"].fate is Fate.NOTHING


def test_python_gets_advice_in_python() -> None:
    found = found_in("talk.py")
    assert "websockets" in found["Conversation("].advice
    assert "websockets.connect" in found["start_session("].advice
    assert found["callback_user_transcript"].advice == "transcript with role `user`"
    told = " ".join(finding.advice for finding in found.values())
    assert "AtomsAgent" not in told
    assert "new WebSocket" not in told


def test_a_server_route_is_told_what_makes_tokens_and_that_the_key_stays() -> None:
    found = found_in("route.ts")
    route = found["/v1/convai/conversation/get-signed-url"]
    assert "register-call" in route.advice
    assert "must not reach the browser" in route.advice
    assert found["ELEVENLABS_API_KEY"].advice == "SMALLEST_API_KEY, on a server only"


@pytest.mark.parametrize("file", ["Phone.swift", "Phone.kt", "phone.dart", "native.tsx"])
def test_clients_without_a_package_are_pointed_to_the_raw_socket(file: str) -> None:
    first, *_ = scan_files([CLIENTS / file]).findings
    assert "raw WebSocket" in first.advice
    assert "docs/migrating-from-elevenlabs.md" in first.advice


def test_a_longer_match_hides_the_shorter_ones_inside_it() -> None:
    assert [f.found for f in scan_text(f'"{SOCKET}"', "a.py")] == [SOCKET]


def test_folders_are_read_and_installed_packages_are_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "app.ts").write_text('send("pong") // to /convai/\n')
    (tmp_path / "notes.txt").write_text("pong\n")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "x.js").write_text("pong\n")
    assert run(["scan-client", str(tmp_path), "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [(f["line"], f["found"], f["fate"]) for f in data["findings"]] == [(1, "pong", "delete")]
    assert run(["scan-client", str(tmp_path / "app.ts")]) == 0
    text = capsys.readouterr().out
    assert "app.ts:1: pong  [delete]" in text
    assert text.endswith("1 file read, 1 with ElevenLabs agents; 1 place: 1 delete\n")


def test_a_missing_file_is_a_usage_error_and_a_binary_one_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["scan-client", str(tmp_path / "no.js")]) == 64
    (tmp_path / "a.js").write_bytes(b"\xff\xfe\x00")
    assert run(["scan-client", str(tmp_path / "a.js")]) == 0
    assert "not read" in capsys.readouterr().out
