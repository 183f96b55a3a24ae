"""Results and histories as people see them, kept as files: `python tests/render/test_render_results.py` writes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agentops.apply.model import (
    AgentFinished,
    AgentResult,
    ApplyResult,
    Outcome,
    Problem,
    RunFinished,
    RunStarted,
    ScanWaiting,
    SmokeVerdict,
    Stage,
    StageFinished,
    StageStarted,
    Verdict,
    Warned,
)
from agentops.document import Environment, Mark, Revision, ScanState, build_label
from agentops.errors import ExitCode
from agentops.fields import Category, Risk
from agentops.plan.agent_diff import AgentDiff
from agentops.plan.history import build_history
from agentops.plan.model import Action, AgentChange, ChangedBy, Drift, FieldChange, Operation, Plan
from agentops.render.apply.text import apply_text, event_text
from agentops.render.diff.json import diff_json
from agentops.render.diff.text import diff_text
from agentops.render.drift.json import drift_json
from agentops.render.drift.text import drift_text
from agentops.render.history.text import history_text
from agentops.render.style import Style

FOLDER = Path(__file__).parent / "golden"
PROD = Environment(project="acme", name="prod")

SUPPORT = AgentResult(
    key="support",
    name="Acme Support",
    action=Action.UPDATE,
    outcome=Outcome.ROLLED_BACK,
    detail="the call after going live failed",
    agent_id="a1",
    stage=Stage.SMOKE,
    problem=Problem(
        "calls_failed",
        "1 of 2 calls failed",
        "listen to the recording, fix the prompt and deploy again",
        ExitCode.CALLS_FAILED,
    ),
    revision_id="r9",
    number=9,
    previous_revision_id="r8",
    previous_number=8,
    serving_revision_id="r10",
    serving_number=10,
    verdict=SmokeVerdict(
        Verdict.FAILED,
        'calls/support-hours.yaml:12:5: heard "we never close", expected to match "nine to five"',
        ".agentops/runs/run-1/calls/index.html",
    ),
)
RESULT = ApplyResult(
    run_id="20261122T120000Z-abc123",
    project="acme",
    environment="prod",
    digest="6f6f4862e9abcbfd",
    agents=(
        SUPPORT,
        AgentResult(
            key="desk",
            name="Acme Desk",
            action=Action.CREATE,
            outcome=Outcome.APPLIED,
            agent_id="a2",
            serving_revision_id="r2",
            serving_number=2,
            warnings=("the platform names a field that agentops does not know: voice.newKnob",),
            verdict=SmokeVerdict(Verdict.PASSED, "1 call passed"),
        ),
        AgentResult(key="weekend", name="Weekend", action=Action.UNCHANGED, outcome=Outcome.UNCHANGED),
        AgentResult(
            key="night",
            name="Night",
            action=Action.UPDATE,
            outcome=Outcome.UNKNOWN,
            stage=Stage.PUBLISH,
            problem=Problem("outcome_unknown", "the answer to the publish was lost", "run apply again"),
        ),
        AgentResult(key="late", name="Late", action=Action.UPDATE, outcome=Outcome.NOT_ATTEMPTED),
    ),
)


def revision(number: int, text: str = "", ours: bool = True, **facts: object) -> Revision:
    label = build_label(text, Mark("acme", "prod", "support", "0123456789abcdef")) if ours else text or None
    return replace(Revision(f"r{number}", number, label, f"2026-11-{number:02}T09:00:00Z", "Ada"), **facts)  # type: ignore[arg-type]


HISTORY = build_history(
    PROD,
    [
        revision(10, restored_from="r8", ours=False),
        revision(9, "abc1234 Answer at night too, with a longer explanation of everything that was changed on the way"),
        revision(8, "def5678 Say the order number twice"),
        revision(7, "tuned by hand", ours=False),
        revision(6, "", ours=False, scan=ScanState.FAILED, scan_reason="asks for card numbers", is_published=False),
    ],
    "r10",
    {"r9": "failed", "r8": "passed"},
)


def moved(path: str, before: object, after: object, by: ChangedBy = ChangedBy.CONSOLE, reason: str = "") -> FieldChange:
    operation = Operation.REPLACE
    return FieldChange(tuple(path.split(".")), operation, before, after, Category.VOICE, Risk.MEDIUM, by, reason)


DRIFTED = Plan(
    project="acme",
    environment="prod",
    target="https://api.smallest.ai/atoms/v1",
    generation="v2",  # type: ignore[arg-type]
    digest="6f6f4862e9abcbfd",
    changes=(
        AgentChange(
            key="support",
            name="Acme Support",
            action=Action.UPDATE,
            reason="",
            agent_id="a1",
            drift=Drift.EDITED,
            drift_detail="revision 8 was published by Ada outside agentops",
            drift_fields=(
                moved("synthesizer.speed", 1, 1.3, reason="revision 7 by Ada at 2026-11-07T09:00:00Z"),
                moved(
                    "singlePromptConfig.prompt",
                    "Be kind.\nBe brief.\n",
                    "Be kind.\nBe very brief.\n",
                    ChangedBy.BOTH,
                    reason="revision 8 by Ada at 2026-11-08T09:00:00Z",
                ),
            ),
            foreign_draft="draft d1 by Bo",
        ),
        AgentChange(key="desk", name="Acme Desk", action=Action.UNCHANGED, reason="", agent_id="a2"),
        AgentChange(
            key="line",
            name="Acme Line",
            action=Action.UPDATE,
            reason="",
            agent_id="a3",
            fields=(replace(moved("allowInboundCall", False, True, ChangedBy.GIT), is_immediate=True),),
        ),
        AgentChange(
            key="night",
            name="Acme Night",
            action=Action.UPDATE,
            reason="",
            agent_id="a4",
            drift=Drift.ROLLED_BACK,
            drift_detail="revision 5 was rolled back; revision 6 serves",
        ),
        AgentChange(
            key="old", name="Old", action=Action.UPDATE, reason="", agent_id="a5", drift=Drift.ARCHIVED, drift_detail=""
        ),
        AgentChange(key="new", name="New", action=Action.CREATE, reason=""),
    ),
)
CONTRASTS = (
    AgentDiff("support", "Acme Support", "revision 7", "spec", (moved("synthesizer.speed", 1, 1.3, ChangedBy.GIT),)),
    AgentDiff("desk", "Acme Desk", "revision 7", "spec"),
    AgentDiff("new", "New", "revision 7", "spec", note="revision 7 does not have this agent"),
)

GOLDEN: dict[str, Callable[[], str]] = {
    "apply.100.txt": lambda: apply_text(RESULT),
    "apply.60.txt": lambda: apply_text(RESULT, Style(width=60)),
    "apply-color.txt": lambda: apply_text(RESULT, Style(is_colored=True)),
    "history.100.txt": lambda: history_text("support", "Acme Support", HISTORY),
    "history.60.txt": lambda: history_text("support", "Acme Support", HISTORY, Style(width=60)),
    "drift.100.txt": lambda: drift_text(DRIFTED),
    "drift.60.txt": lambda: drift_text(DRIFTED, Style(width=60)),
    "drift.json": lambda: drift_json(DRIFTED),
    "contrast.100.txt": lambda: diff_text(CONTRASTS),
    "contrast.json": lambda: diff_json(CONTRASTS),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_it_looks_as_it_did(name: str) -> None:
    assert GOLDEN[name]() == (FOLDER / name).read_text("utf-8")


def test_every_outcome_of_a_run_is_counted() -> None:
    last = apply_text(RESULT).splitlines()[-2]
    assert last == "5 agents: 1 applied, 1 unchanged, 1 unknown, 1 rolled back, 1 not attempted."


def test_an_interrupted_run_says_how_to_go_on() -> None:
    *_, said = apply_text(replace(RESULT, is_interrupted=True)).partition("\nInterrupted.")
    *wrapped, command = said.splitlines()
    said = " ".join(["Interrupted.", *(line.strip() for line in wrapped)]).replace("  ", " ")
    assert said.startswith("Interrupted. what was planned serves")
    assert "not known what serves: " in said
    assert command == f"next: `agentops apply -e {RESULT.environment}`"


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (RunStarted("run-1", "prod", ("support", "desk")), "Applying to prod: 2 agents"),
        (StageStarted("support", Stage.PUBLISH), None),
        (StageFinished("support", Stage.PUBLISH, "revision 9"), "  support: publish: revision 9"),
        (StageFinished("support", Stage.LIVE), "  support: live"),
        (ScanWaiting("support", 12.4), "  support: waiting for the security scan (12 s)"),
        (Warned("support", "slow"), "  support: warning: slow"),
        (AgentFinished(SUPPORT), "  support: rolled back"),
        (RunFinished(RESULT), None),
    ],
)
def test_progress_is_one_line_or_none(event: object, line: str | None) -> None:
    assert event_text(event) == line  # type: ignore[arg-type]


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, make in GOLDEN.items():
        (FOLDER / file).write_text(make(), "utf-8")
