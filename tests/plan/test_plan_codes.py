"""Every refusal and note is explained, and the explanations say the truth about acknowledging."""

from __future__ import annotations

import re
from pathlib import Path

import plan_cases
import pytest

from agentops.plan.codes import CODES
from agentops.plan.policy import RULES

SOURCES = Path(__file__).parents[2] / "agentops" / "plan"
_NAMED = re.compile(r'(?:code=|_note\(change, |_refusal\(change, )"([A-Za-z_-]+)"')
# raised, not part of a plan
ERRORS = {
    *("PLAN_STALE", "PLAN_FORMAT", "bad-side", "bad-selection", "unknown-agent", "unknown-tag", "empty-selection"),
    "resource-missing",
}


def named() -> set[str]:
    texts = [path.read_text("utf-8") for path in SOURCES.glob("*.py") if path.name != "codes.py"]
    limits = {"LIMIT_CHANGED", "LIMIT_ARCHIVED"}  # put together from their parts
    times = {"FREEZE", "CALM_HOURS"}  # named where times are judged
    rules = {rule.code for rule in RULES.values()}
    return {code for text in texts for code in _NAMED.findall(text)} | limits | times | rules


def test_every_code_is_explained_and_every_explanation_has_a_code() -> None:
    assert named() - ERRORS == set(CODES)


@pytest.mark.parametrize("path", plan_cases.case_files(), ids=lambda path: path.stem)
def test_what_can_be_acknowledged_is_explained_so(path: Path) -> None:
    for refusal in plan_cases.read_case(path).plan().refusals:
        assert CODES[refusal.code].acknowledged == (refusal.acknowledgement is not None)
        assert refusal.acknowledgement in (None, refusal.code)
