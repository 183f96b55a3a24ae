"""What a lint rule is, and the table that the rules enter themselves into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from agentops.diagnostics import Severity
from agentops.document import Path
from agentops.spec.lint_target import LintTarget


class LintFinding(NamedTuple):
    """One thing that a rule found at `path`; `needle` is the piece of text it is about."""

    path: Path
    summary: str
    hint: str
    needle: str | None = None


Check = Callable[[LintTarget], Iterator[LintFinding]]


@dataclass(frozen=True, slots=True)
class LintRule:
    """A rule by its id. What it is for, with a bad and a good example, is in `explanations.yaml`."""

    code: str
    severity: Severity
    check: Check


RULES: dict[str, LintRule] = {}

# Thresholds that a project can change under `lint.settings`, with what they are without.
SETTINGS: dict[str, float] = {
    "greeting_seconds": 12,
    "words_per_minute": 160,
    "prompt_tokens": 4000,
    "tool_seconds": 8,
    "pre_call_seconds": 5,
    "tool_count": 15,
}


def rule(code: str, severity: Severity = Severity.WARNING) -> Callable[[Check], Check]:
    """Enters the decorated check into the table."""

    def enter(check: Check) -> Check:
        assert code not in RULES, f"two rules are called {code}"
        RULES[code] = LintRule(code, severity, check)
        return check

    return enter


def setting(target: LintTarget, name: str) -> float:
    """The threshold `name`, as the project sets it."""
    value = target.settings.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else SETTINGS[name]
