"""What a lint rule is, and the table that the rules enter themselves into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from agentops.diagnostics import Severity
from agentops.document import Path
from agentops.spec.lint_target import FileTarget, FolderTarget, LintTarget, ResourceTarget


class LintFinding(NamedTuple):
    """One thing that a rule found at `path`; `needle` is the piece of text it is about."""

    path: Path
    summary: str
    hint: str
    needle: str | None = None


T = TypeVar("T", FileTarget, LintTarget, ResourceTarget, FolderTarget)
Check = Callable[[T], Iterator[LintFinding]]


@dataclass(frozen=True, slots=True)
class LintRule:
    """A rule by its id, and what it looks at. What it is for, with a bad and a good example, is in
    `explanations.yaml`."""

    code: str
    severity: Severity
    check: Check[Any]
    of: type[FileTarget] | type[FolderTarget]


RULES: dict[str, LintRule] = {}

# Thresholds that a project can change under `lint.settings`, with what they are without.
SETTINGS: dict[str, float] = {
    "greeting_seconds": 12,
    "words_per_minute": 160,
    "prompt_tokens": 4000,
    "tool_seconds": 8,
    "pre_call_seconds": 5,
    "tool_count": 15,
    "knowledge_words": 20000,
}


def rule(code: str, severity: Severity = Severity.WARNING) -> Callable[[Check[LintTarget]], Check[LintTarget]]:
    """Enters the decorated check of agents into the table."""
    return rule_of(code, LintTarget, severity)


def rule_of(code: str, of: type[T], severity: Severity = Severity.WARNING) -> Callable[[Check[T]], Check[T]]:
    """Enters the decorated check of all targets of a type into the table."""

    def enter(check: Check[T]) -> Check[T]:
        assert code not in RULES, f"two rules are called {code}"
        RULES[code] = LintRule(code, severity, check, of)
        return check

    return enter


def setting(target: FileTarget, name: str) -> float:
    """The threshold `name`, as the project sets it."""
    value = target.settings.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else SETTINGS[name]
