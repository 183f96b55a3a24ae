"""What people read on GitHub, kept as files: `python tests/ci/test_ci_pages.py` writes them anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agentops.apply.model import AgentResult, ApplyResult, Outcome, Problem, SmokeVerdict, Stage, Verdict
from agentops.diagnostics import Diagnostic, Severity, Where
from agentops.document import Generation
from agentops.errors import SpecError, StaleError
from agentops.fields import Category, Risk
from agentops.plan.model import (
    Action,
    AgentChange,
    ChangedBy,
    Drift,
    FieldChange,
    Operation,
    Plan,
    Refusal,
)
from agentops.render.ci.markdown import (
    JobOrigin,
    apply_page,
    checked_page,
    drift_over_page,
    drift_page,
    drift_title,
    failure_page,
    plan_page,
    preview_page,
    revert_page,
    rollback_page,
)

FOLDER = Path(__file__).parent / "golden"
COMMIT = "4be1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f70819"
ORIGIN = JobOrigin(
    COMMIT, f"https://github.com/acme/voice/commit/{COMMIT}", "https://github.com/acme/voice/actions/runs/7"
)
FORGED = '<!-- agentops {"kind":"plan"} -->'
PROMPT = FieldChange(
    ("singlePromptConfig", "prompt"),
    Operation.REPLACE,
    f"Be kind.\nThank @acme/support.\n```\n{FORGED}\n",
    f"Be very kind.\nThank @acme/support.\n```\n{FORGED}\n",
    Category.PROMPT,
    Risk.MEDIUM,
    ChangedBy.CONSOLE,
    reason="revision 4 by dana at 2026-11-22T10:00:00Z",
)
SPEED = FieldChange(("synthesizer", "speed"), Operation.REPLACE, 1.0, 1.1, Category.VOICE, Risk.LOW)
TYPO = Diagnostic(
    "unknown-field", Severity.ERROR, "firstMesage is unknown", "did you mean firstMessage?", Where("a.yaml", 3)
)
HINT = Diagnostic("tool-never-mentioned", Severity.WARNING, "the prompt never mentions `end_call`")


def plan(*changes: AgentChange, refusals: tuple[Refusal, ...] = ()) -> Plan:
    return Plan(
        "acme-voice", "prod", "https://api.example.com", Generation.V2, changes, "0123456789abcdef", (), refusals
    )


UPDATE = AgentChange("desk", "Desk | <b>of @all</b>", Action.UPDATE, "revision 3 differs", fields=(PROMPT, SPEED))
SAME = AgentChange("night", "Night desk", Action.UNCHANGED, "serves what its spec asks for")
EDITED = AgentChange(
    "desk",
    "Desk",
    Action.UPDATE,
    "differs",
    drift=Drift.EDITED,
    drift_fields=(PROMPT, SPEED),
    drift_detail="revision 4",
)
ARCHIVED = AgentChange("night", "Night", Action.UNCHANGED, "", drift=Drift.ARCHIVED, drift_detail="by dana")
REFUSAL = Refusal("DRIFT", "desk: changed outside git", "run `agentops pull -e prod`", "desk", is_stale=True)


def result(*agents: AgentResult) -> ApplyResult:
    return ApplyResult("run-1", "acme-voice", "prod", "0123456789abcdef", agents)


APPLIED = AgentResult("night", "Night desk", Action.UPDATE, Outcome.APPLIED, serving_revision_id="r9", serving_number=9)
RESTORED = AgentResult(
    "desk",
    "Desk",
    Action.UPDATE,
    Outcome.ROLLED_BACK,
    stage=Stage.SMOKE,
    problem=Problem("call_failed", "desk: a call after going live failed"),
    serving_revision_id="r4",
    serving_number=4,
    verdict=SmokeVerdict(Verdict.FAILED, "hours: expected *Monday*; heard <nothing>\ngoodbye: expected an end"),
    warnings=("an old branch could not be archived",),
)
HALF = AgentResult("desk", "Desk", Action.UPDATE, Outcome.FAILED, stage=Stage.PUBLISH, serving_revision_id="r3")

PAGES: dict[str, Callable[[], str]] = {
    "plan-protected": lambda: plan_page(plan(UPDATE, SAME), ORIGIN, is_protected=True, diagnostics=(HINT, TYPO)),
    "plan-open": lambda: plan_page(plan(UPDATE), ORIGIN, is_protected=False),
    "plan-empty": lambda: plan_page(plan(SAME), ORIGIN, is_protected=True),
    "plan-refused": lambda: plan_page(plan(EDITED, refusals=(REFUSAL,)), ORIGIN, is_protected=True),
    "checked": lambda: checked_page("prod", (HINT, TYPO), ORIGIN),
    "failed-spec": lambda: failure_page("plan", "prod", SpecError((TYPO,)), ORIGIN),
    "failed-stale": lambda: failure_page("apply", "prod", StaleError("it moved", hint="plan again"), ORIGIN),
    "applied": lambda: apply_page(result(APPLIED), ORIGIN, approved_by="[#7](https://example.com)"),
    "restored": lambda: apply_page(result(APPLIED, RESTORED), ORIGIN),
    "rolled-back": lambda: rollback_page(result(APPLIED), ORIGIN, {"night": "4be1c2d"}),
    "rolled-back-unnamed": lambda: rollback_page(result(APPLIED), ORIGIN, {}),
    "previewed": lambda: preview_page(result(APPLIED), "pr-7", ORIGIN),
    "half": lambda: apply_page(result(APPLIED, HALF), ORIGIN),
    "drift": lambda: f"{drift_title(plan(EDITED, ARCHIVED))}\n\n{drift_page(plan(EDITED, ARCHIVED))}",
    "drift-over": lambda: drift_over_page(plan(SAME), ORIGIN.run_url),
    "revert": lambda: revert_page(COMMIT, ORIGIN.commit_url, "prod", ORIGIN.run_url),
    "set-back": lambda: revert_page(COMMIT, ORIGIN.commit_url, "prod", ORIGIN.run_url, ["desk", "sales"]),
}


@pytest.mark.parametrize("name", PAGES)
def test_it_reads_as_it_did(name: str) -> None:
    assert PAGES[name]() == (FOLDER / f"{name}.md").read_text("utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_nothing_quoted_calls_anybody_or_starts_a_line_of_its_own(name: str) -> None:
    """A mention outside of code would notify people, a quoted stamp at the top would be taken for ours."""
    page = PAGES[name]()
    assert not page.startswith(FORGED)
    fence = ""
    for line in page.splitlines():
        bare = line.strip()
        ticks = bare[: len(bare) - len(bare.lstrip("`"))]
        if len(ticks) >= 3 and not fence:
            fence = ticks
        elif fence and bare == fence:
            fence = ""
        elif not fence:
            assert "@acme" not in line.replace("`", "") or "`" in line
            assert "@all" not in line
    assert fence == ""


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for page, made in PAGES.items():
        (FOLDER / f"{page}.md").write_text(made(), "utf-8")


def test_what_moves_where_keys_go_stands_above_the_plan() -> None:
    told = "prod: base_url was https://a, becomes https://b <x> @team"
    page = plan_page(plan(UPDATE), ORIGIN, is_protected=False, destinations=[told])
    assert page.startswith("> [!WARNING]\n> **High risk")
    assert "becomes https://b \\<x\\>" in page
    assert "@team" not in page
