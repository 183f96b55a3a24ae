"""What people see of an import, kept as files: `python tests/importers/test_fidelity_golden.py` writes them anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agentops.importers.elevenlabs.folder import SourceAgents
from agentops.importers.elevenlabs.importing import ImportOptions, import_agents
from agentops.importers.elevenlabs.reading import read_agent
from agentops.importers.fidelity import FidelityReport, UnreadableInput
from agentops.render.fidelity.html import fidelity_html
from agentops.render.fidelity.json import fidelity_json
from agentops.render.fidelity.markdown import fidelity_markdown
from agentops.render.fidelity.text import fidelity_text
from agentops.render.style import Style

FOLDER = Path(__file__).parent / "golden"
RENDERERS: dict[str, Callable[[FidelityReport], str]] = {
    "report-100.txt": fidelity_text,
    "report-60-colour.txt": lambda report: fidelity_text(report, Style(width=60, is_colored=True)),
    "report.md": fidelity_markdown,
    "report.html": fidelity_html,
    "report.json": fidelity_json,
}
AGENT = {
    "agent_id": "agent_1",
    "name": "Tea | House <1>",
    "conversation_config": {
        "asr": {"keywords": ["oolong", "sencha"]},
        "turn": {"turn_timeout": 9.5, "mode": "turn"},
        "tts": {"voice_id": "21m00Tcm4TlvDq8ikWAM", "speed": 1.0},
        "conversation": {"max_duration_seconds": 9000},
        "agent": {
            "first_message": "Hello {{name}}.",
            "dynamic_variables": {"dynamic_variable_placeholders": {"name": "there"}},
            "prompt": {"prompt": "Pour `tea`.\nIt is {{system__time}}.", "llm": "gemini-2.5-flash", "temperature": 0.7},
        },
    },
    "platform_settings": {"auth": {"shareable_token": "tok_hidden"}},
    "strange": {"thing": True},
}


def report() -> FidelityReport:
    found = SourceAgents(
        agents=[read_agent(AGENT, "tea.json")], refused=[UnreadableInput("other.json", "not an ElevenLabs agent")]
    )
    return import_agents(found, ImportOptions(), "exports").report


@pytest.mark.parametrize("name", RENDERERS)
def test_reports_look_as_kept(name: str) -> None:
    assert RENDERERS[name](report()) == (FOLDER / name).read_text("utf-8")


def test_no_form_shows_a_secret() -> None:
    for render in RENDERERS.values():
        assert "tok_hidden" not in render(report())


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, render in RENDERERS.items():
        (FOLDER / file).write_text(render(report()), "utf-8")
