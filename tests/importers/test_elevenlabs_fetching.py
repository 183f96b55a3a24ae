"""Agents fetched by id: tools and tests come along, what can't be had is refused, and the key is never told."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from agentops.cli.app import run
from agentops.document import Secret, SecretRef
from agentops.errors import ExitCode, UnauthorizedError
from agentops.importers.elevenlabs.fetching import fetch_agents, is_agent_id
from agentops.importers.elevenlabs.importing import ImportOptions, import_agents
from agentops.importers.fidelity import Grade
from agentops.importers.files import place_files, write_files
from agentops.spec import load_project

KEY = Secret((SecretRef("ELEVENLABS_API_KEY", "xi-very-secret"),))
KNOWN = {
    "knowledge_base": [
        {"type": "url", "name": "Returns", "id": "doc_00001"},
        {"type": "file", "name": "faq.pdf", "id": "doc_00002"},
        {"type": "file", "name": "gone.pdf", "id": "doc_00003"},
    ]
}
AGENT = {
    "agent_id": "agent_0123456789",
    "name": "Fetched",
    "conversation_config": {"agent": {"prompt": {"prompt": "Hi.", "tool_ids": ["tool_0001", "tool_gone1"], **KNOWN}}},
    "platform_settings": {"testing": {"attached_tests": [{"test_id": "test_0001"}]}},
}
TOOL = {
    "id": "tool_0001",
    "tool_config": {"type": "webhook", "name": "ask", "api_schema": {"url": "https://x.example"}},
}
ANSWERED = {"fetched": {"first_message": "Hello."}}
ANSWERS: dict[str, Any] = {
    "/v1/convai/agents/agent_0123456789": AGENT,
    "/v1/convai/tools/tool_0001": TOOL,
    "/v1/convai/knowledge-base/doc_00001": {"type": "url", "url": "https://acme.example/returns"},
    "/v1/convai/knowledge-base/doc_00002": {
        "type": "file",
        "extracted_inner_html": "<h2>Hours</h2><p>Nine to<br>five.</p><script>x()</script>"
        "<ul><li>Not on Sunday</li></ul>",
    },
    "/v1/convai/agent-testing/test_0001": {"name": "A test", "chat_history": []},
    "/v1/convai/agents/other_000000001": {"voice_settings": {}},
}


class Service(httpx2.AsyncBaseTransport):
    """A stand-in for the API of another company, which no emulator of ours imitates."""

    def __init__(self, key: str = "xi-very-secret") -> None:
        self.key = key
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request.url.path)
        if request.headers.get("xi-api-key") != self.key:
            return httpx2.Response(401, json={"detail": {"status": "invalid_api_key"}})
        if request.url.path not in ANSWERS:
            return httpx2.Response(404, json={"detail": {"status": "not_found", "message": "no such thing"}})
        return httpx2.Response(200, content=json.dumps(ANSWERS[request.url.path]))


@pytest.mark.slow
async def test_an_agent_comes_with_its_tools_and_tests() -> None:
    service = Service()
    found = await fetch_agents(["agent_0123456789"], KEY, transport=service)
    (agent,) = found.agents
    prompt = agent.tree["conversation_config"]["agent"]["prompt"]
    assert [tool["name"] for tool in prompt["tools"]] == ["ask"]
    assert agent.tree["_imported_tests"][0]["name"] == "A test"
    assert "/v1/convai/tools/tool_gone1" in service.asked


async def test_documents_that_can_be_had_become_a_knowledge_base(tmp_path: Path) -> None:
    found = await fetch_agents(["agent_0123456789"], KEY, transport=Service())
    made = import_agents(found, ImportOptions(voice="nyah", model="gpt-4o", answers=ANSWERED), "agent_0123456789")
    assert made.files["knowledge/fetched/faq-pdf.md"] == "## Hours\n\nNine to\nfive.\n\n- Not on Sunday\n"
    assert "urls:\n  - https://acme.example/returns\n" in made.files["knowledge/fetched.yaml"]
    assert "knowledgeBaseId: ${{ ref.knowledge.fetched }}" in made.files["agents/fetched.yaml"]
    assert "toolRefs:\n      - ${{ ref.tool.ask }}" in made.files["agents/fetched.yaml"]
    assert "name: ask" in made.files["tools/ask.yaml"]
    [gone] = [each for each in made.report.agents[0].items if each.value == "gone.pdf"]
    assert (gone.grade, gone.code) == (Grade.UNSUPPORTED, "EL013")
    assert "below knowledge/fetched/" in gone.todo
    write_files(tmp_path, place_files(tmp_path, made.files))
    project = load_project(tmp_path, environ={}, environment="local")
    assert not [each for each in project.diagnostics if each.is_error]
    older = import_agents(found, ImportOptions(shares=False), "agent_0123456789")
    assert not [path for path in older.files if path.startswith(("tools/", "knowledge/"))]
    assert "knowledge_base" in older.files["agents/_choices.yaml"]


async def test_what_is_not_there_or_no_agent_is_refused() -> None:
    found = await fetch_agents(["agent_missing01", "other_000000001"], KEY, transport=Service())
    assert found.agents == []
    assert [refused.origin for refused in found.refused] == ["agent_missing01", "other_000000001"]
    assert "not an ElevenLabs agent" in found.refused[1].reason
    assert "xi-very-secret" not in repr(found)


async def test_a_wrong_key_ends_the_import() -> None:
    with pytest.raises(UnauthorizedError) as refusal:
        await fetch_agents(["agent_0123456789"], KEY, transport=Service(key="another"))
    assert "xi-very-secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "is_id"),
    [
        ("agent_01abc234", True),
        ("J3Pbu5gP6NNKBscdCdwB", True),
        ("export.json", False),
        ("folder", False),
        ("a/b1", False),
    ],
)
def test_ids_are_told_from_paths(text: str, is_id: bool) -> None:
    assert is_agent_id(text) is is_id


@pytest.mark.slow
def test_an_agent_is_imported_by_its_id_with_the_key_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fetch = partial(fetch_agents, transport=Service())
    monkeypatch.setattr("agentops.workflow.import_elevenlabs.fetch_agents", fetch)
    monkeypatch.setenv("ELEVENLABS_API_KEY", "xi-very-secret")
    output = tmp_path / "made"
    sources = ["agent_0123456789", "agent_missing01"]
    assert run(["import", "elevenlabs", *sources, "--no-input", "--output", str(output)]) == ExitCode.PARTIAL
    told = capsys.readouterr()
    assert "1 agent imported" in told.out
    assert "refused agent_missing01: not found" in told.out
    assert "name: Fetched\n" in (output / "agents/fetched.yaml").read_text()
    written = [each.read_text() for each in output.rglob("*") if each.is_file()]
    assert not any("xi-very-secret" in text for text in (told.out, told.err, *written))
