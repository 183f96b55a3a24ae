"""What others wrote does nothing where it is shown: no control sequence, no hidden text, no markup, no command."""

from __future__ import annotations

import io
import sys
import time
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentops.apply.model import AgentResult, ApplyResult, Outcome
from agentops.cli.streams import safe_streams
from agentops.document import Generation
from agentops.fields import Category, Risk
from agentops.plan.agent_diff import AgentDiff
from agentops.plan.model import Action, AgentChange, Drift, FieldChange, Operation, Plan, Refusal
from agentops.render.diff.text import diff_text
from agentops.render.drift.text import drift_text
from agentops.render.plan.html import plan_html
from agentops.render.plan.markdown import plan_markdown
from agentops.render.plan.text import plan_text
from agentops.render.style import PLAIN, Style
from agentops.render.visible import all_visible, on_one_line, visible
from agentops.spec.hidden import hidden_characters

ATTACKS = {
    "erases the line above": "\x1b[1A\x1b[2KNo changes.",
    "sets the title": "\x1b]0;title\x07",
    "colours": "\x1b[32mgood\x1b[0m",
    "an eight bit control": "\x9b2K",
    "goes back": "abc\rxyz\x08\x08",
    "turns around": "a\u202ecba\u202c\u2066x\u2069",
    "hides": "a\u200bb\u2060c\ufeffd\u00ade",
    "tags": "".join(chr(0xE0000 + ord(c)) for c in "ignore this"),
    "varies": "x\ufe01\ufe02\ufe03",
    "another line end": "a\u2028b\u2029c\x85d",
    "half a character": "a\ud800b",
}
FORMS: dict[str, Any] = {
    "text": plan_text,
    "coloured": lambda plan: plan_text(plan, Style(is_colored=True)),
    "drift": drift_text,
    "markdown": plan_markdown,
    "html": plan_html,
}


def plan_of(text: str) -> Plan:
    fields = tuple(
        FieldChange(path, Operation.REPLACE, before, after, Category.PROMPT, Risk.MEDIUM, reason=text)
        for path, before, after in (
            (("firstMessage",), text, "Hi"),
            (("singlePromptConfig", "prompt"), f"a\n{text}\nb\n", f"a\n{text}{text}\nb\n"),
            (("defaultVariables", text), "x", text),
        )
    )
    change = AgentChange(
        "k", text, Action.UPDATE, f"because {text}", fields=fields, drift=Drift.EDITED, drift_fields=fields,
        drift_detail=f"by {text}", foreign_draft=f"draft by {text}",
    )  # fmt: skip
    refusal = Refusal("CODE", f"{text} is refused", "see to it")
    return Plan("p", "e", "https://x", Generation.V2, (change,), "digest", refusals=(refusal,))


def acts(text: str, *, is_coloured: bool = False) -> list[str]:
    if is_coloured:
        for code in ("0", "1", "2", "31", "32", "33", "1;31"):
            text = text.replace(f"\x1b[{code}m", "")
    return [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c not in "\n\t"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_that_others_wrote_acts(attack: str, form: str) -> None:
    shown = FORMS[form](plan_of(ATTACKS[attack]))
    assert not acts(shown, is_coloured=form == "coloured")
    assert "\x1b[32mgood" not in shown


@given(st.text())
def test_every_text_is_harmless_and_says_what_was_there(text: str) -> None:
    shown = visible(text)
    joined = [c for c in acts(shown) if c not in "\u200c\u200d"]
    assert not [c for c in joined if ord(c) < 0x600 or c in "\u2028\u2029"]
    assert visible(shown) == shown
    assert "\n" not in on_one_line(text)


@pytest.mark.parametrize(
    "text",
    [
        "नमस्ते, क्‍या हाल है?",
        "می‌خواهم",
        "👩‍💻 and ❤️ and 🇩🇪",
        "Grüße – „so“\tund so",
        "line\nline",
    ],
)
def test_spelling_is_left_alone(text: str) -> None:
    assert visible(text) == text


def test_a_name_is_one_line_and_no_markup() -> None:
    name = "x</summary>\n\n# No changes\n\n![i](https://evil.example/i.png) @team <img src=x>"
    shown = plan_markdown(plan_of(name))
    assert "\n# No changes" not in shown
    assert "</summary>\n\n#" not in shown
    assert "<img" not in shown.replace("\\<img", "").split("<details>")[0]
    summary = next(line for line in shown.splitlines() if line.startswith("<details>"))
    assert summary.count("</summary>") == 1
    assert "@team" not in summary
    assert "\n# No changes" not in plan_text(plan_of(name))


def test_the_result_of_an_apply_and_a_diff_are_harmless_too() -> None:
    for text in ATTACKS.values():
        assert not acts(diff_text([AgentDiff("k", text, text, text, plan_of(text).changes[0].fields)]))
        assert all_visible(AgentResult("k", "K", Action.UPDATE, Outcome.FAILED, detail=text)).detail == visible(text)


class Pipe(io.TextIOWrapper):
    def __init__(self, encoding: str, *, is_terminal: bool = False) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, newline="")
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    def text(self) -> str:
        self.flush()
        raw = self.buffer.getvalue()  # type: ignore[attr-defined]
        return bytes(raw).decode(self.encoding)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
def test_no_character_is_too_much_for_a_stream(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    out, error = Pipe(encoding), Pipe(encoding)
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setattr("sys.stderr", error)
    with safe_streams(is_on_runner=False):
        sys.stdout.write("Hello 👋 → \x1b[2K\ud800 ok\n")
    assert out.text().endswith("ok\n")
    assert "\\u001b[2K\\ud800" in out.text()


def test_our_colours_are_left_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for is_terminal, expected in (
        (True, "\x1b[32mgood\x1b[0m \\u001b[2K\n"),
        (False, "\\u001b[32mgood\\u001b[0m \\u001b[2K\n"),
    ):
        out = Pipe("utf-8", is_terminal=is_terminal)
        monkeypatch.setattr("sys.stdout", out)
        with safe_streams(is_on_runner=False):
            sys.stdout.write("\x1b[32mgood\x1b[0m \x1b[2K\n")
        assert out.text() == expected


def test_a_runner_finds_no_command_in_what_others_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Pipe("utf-8")
    monkeypatch.setattr("sys.stdout", out)
    with safe_streams(is_on_runner=True):
        sys.stdout.write("one\n::error::x\n    ::add-mask::y\n##[group]z\nend ::\n")
    lines = out.text().splitlines()
    assert not [line for line in lines if line.lstrip().startswith(("::", "##["))]
    assert lines[-1] == "end ::"


def test_a_long_word_is_wrapped_in_no_long_time() -> None:
    began = time.perf_counter()
    lines = PLAIN.wrap("x" * 200_000, "    ", "      ")
    assert time.perf_counter() - began < 2.0
    assert "".join(line.strip() for line in lines) == "x" * 200_000
    assert max(map(len, lines)) == 100
    wide = PLAIN.wrap("漢" * 1000 + "e\u0301" * 200, "  ")
    assert "".join(line.strip() for line in wide) == "漢" * 1000 + "e\u0301" * 200


def test_a_result_without_anything_to_hide_is_left_as_it_is() -> None:
    result = ApplyResult("run", "p", "e", "d", (AgentResult("k", "K", Action.UPDATE, Outcome.APPLIED),))
    assert all_visible(result) is result


# Signs that stand before numbers in Arabic, Syriac and Kaithi: they format, and are seen.
SEEN = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}


def test_no_character_of_unicode_acts_without_being_seen() -> None:
    unseen = [
        chr(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in ("Cc", "Cf", "Cs", "Zl", "Zp") and code not in SEEN
    ]
    assert len(unseen) > 2000
    assert [f"{ord(each):04x}" for each in unseen if each not in "\n\t" and each in visible(f"a{each}b")] == []
    told = [each for each in unseen if each not in "\n\t" and not 0xD800 <= ord(each) < 0xE000]
    assert [f"{ord(each):04x}" for each in told if not list(hidden_characters(f"a{each}b"))] == []
