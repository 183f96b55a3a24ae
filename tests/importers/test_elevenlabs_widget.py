"""The website widget: left out with advice, or carried over on request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agentops.cli.app import run
from agentops.importers.elevenlabs.agent import convert
from agentops.importers.elevenlabs.conversion import Conversion
from agentops.importers.elevenlabs.reading import read_agent
from agentops.importers.elevenlabs.voices import VoiceProposals
from agentops.importers.fidelity import Grade, Item
from agentops.spec import load_project

WIDGET: dict[str, Any] = {
    "variant": "expandable",
    "placement": "top",
    "bg_color": "#0D0D0F",
    "btn_text_color": "rgb(0, 0, 0)",
    "border_radius": 80,
    "avatar": {"type": "url", "custom_url": "https://cdn.example/a.png?token=private-value"},
    "start_call_text": "Old words",
    "text_contents": {"start_call": "Call ${{us}}", "mute_microphone": "Hush"},
    "action_text": "Need help?",
    "transcript_enabled": True,
    "terms_text": "#### Terms\nElevenLabs listens.",
    "terms_html": "<h4>Terms</h4><p>ElevenLabs listens.</p>",
    "supports_text_only": True,
    "styles": {"base": "#f8fafc"},
}


def export(widget: dict[str, Any], *, text_only: bool = False) -> dict[str, Any]:
    return {
        "name": "Desk",
        "conversation_config": {
            "agent": {"first_message": "Hi.", "prompt": {"prompt": "Help.", "llm": "gpt-4o"}},
            "conversation": {"text_only": text_only},
        },
        "platform_settings": {"widget": widget, "auth": {"allowlist": [{"hostname": "shop.example"}, "b.example"]}},
    }


def ported(data: dict[str, Any], *, with_widget: bool = True) -> Conversion:
    return convert(read_agent(data, "x"), "desk", {}, VoiceProposals(), with_widget=with_widget)


def fates(conversion: Conversion) -> dict[str, Item]:
    return {
        item.source.rpartition("widget.")[2]: item for item in conversion.source.ledger.close(conversion.written())[0]
    }


def test_on_request_everything_with_a_counterpart_is_written() -> None:
    assert ported(export(WIDGET)).config["widgetConfig"] == {
        "mode": "voice",
        "size": "compact",
        "position": "bottom-right",
        "baseColor": "#0D0D0F",
        "accentColor": "#000000",
        "primaryTextColor": "#000000",
        "borderRadius": 50,
        "voiceShowTranscript": True,
        "avatarUrl": "${{ yaml('_choices.yaml')['desk'].avatar }}",
        "startButtonText": "Call ${{ '${' }}{us}}",
        "ctaName": "Need help?",
        "consentContent": "#### Terms\nElevenLabs listens.",
        "consentRequired": True,
        "allowlist": ["shop.example", "b.example"],
    }


@pytest.mark.parametrize(
    ("place", "grade", "target"),
    [
        ("variant", Grade.APPROXIMATED, "config.widgetConfig.size"),
        ("btn_text_color", Grade.UNSUPPORTED, None),
        ("avatar.type", Grade.CHOICE, "config.widgetConfig.avatarUrl"),
        ("avatar.custom_url", Grade.CHOICE, None),
        ("start_call_text", Grade.UNSUPPORTED, None),
        ("text_contents.start_call", Grade.APPROXIMATED, "config.widgetConfig.startButtonText"),
        ("text_contents.mute_microphone", Grade.UNSUPPORTED, None),
        ("terms_html", Grade.BOOKKEEPING, None),
        ("supports_text_only", Grade.APPROXIMATED, "config.widgetConfig.mode"),
        ("styles.base", Grade.UNSUPPORTED, None),
        ("platform_settings.auth.allowlist[0].hostname", Grade.APPROXIMATED, "config.widgetConfig.allowlist"),
    ],
)
def test_the_report_says_what_became_of_each(place: str, grade: Grade, target: str | None) -> None:
    item = fates(ported(export(WIDGET)))[place]
    assert (item.grade, item.target) == (grade, target)


def test_terms_that_name_the_old_service_are_pointed_out() -> None:
    assert "names ElevenLabs" in fates(ported(export(WIDGET)))["terms_text"].why


def test_terms_that_are_only_html_become_plain_text() -> None:
    page = "<style>p {}</style><h4>Terms</h4><p>You &amp; we<br>agree.</p>"
    made = ported(export({"terms_html": page}))
    assert made.config["widgetConfig"]["consentContent"] == "Terms\nYou & we\nagree."


@pytest.mark.parametrize(
    ("with_widget", "target"), [(True, "config.widgetConfig.mode"), (False, "agents/calls/desk-greeting.yaml: mode")]
)
def test_an_agent_for_text_only_chats(with_widget: bool, target: str) -> None:
    made = ported(export({}, text_only=True), with_widget=with_widget)
    assert fates(made)["conversation_config.conversation.text_only"].target == target
    assert made.config.get("widgetConfig", {}).get("mode") == ("chat" if with_widget else None)


def test_an_orb_needs_no_answer_before_a_plan() -> None:
    made = ported(export({"avatar": {"type": "orb", "color_1": "#FFB800"}}))
    assert "avatar" not in {choice.name for choice in made.choices}
    assert fates(made)["avatar.color_1"].grade is Grade.CHOICE


def imported(output: Path, *arguments: str) -> dict[str, Any]:
    source = output.parent / "export.json"
    source.write_text(json.dumps(export(WIDGET)))
    assert (
        run(
            ["import", "elevenlabs", str(source), "--output", str(output), "--no-input", "--accept-secrets", *arguments]
        )
        == 0
    )
    report: dict[str, Any] = json.loads((output / "report" / "report.json").read_text("utf-8"))
    return report


def test_the_option_decides_and_both_projects_are_valid(tmp_path: Path) -> None:
    for name, arguments in (("plain", ()), ("ported", ("--widget",))):
        imported(tmp_path / name, *arguments)
        assert [d for d in load_project(tmp_path / name, environ={}).diagnostics if d.is_error] == []
    assert "widgetConfig" not in (tmp_path / "plain" / "agents" / "desk.yaml").read_text("utf-8")
    assert "widgetConfig" in (tmp_path / "ported" / "agents" / "desk.yaml").read_text("utf-8")
    assert "Import with --widget" in (tmp_path / "plain" / "report" / "report.txt").read_text("utf-8")
    for file in (tmp_path / "ported").rglob("*.*"):
        assert "private-value" not in file.read_text("utf-8")


def test_every_form_of_the_report_counts_what_is_still_open(tmp_path: Path) -> None:
    imported(tmp_path / "x", "--widget")
    report = imported(tmp_path / "x", "--widget", "--voice", "nyah")
    assert report["choices"] == {"asked": 2, "open": 1}
    assert report["agents"][0]["open_choices"] == 1
    assert [(c["name"], c["is_open"]) for c in report["agents"][0]["choices"]] == [("voice", False), ("avatar", True)]
    for ending in ("txt", "md", "html"):
        said = (tmp_path / "x" / "report" / f"report.{ending}").read_text("utf-8")
        assert said.count("; 2 choices, 1 still open") == 2, ending
