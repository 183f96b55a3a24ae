"""Which findings a spec has switched off, with a reason, in its `lint:` block."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable

from agentops.diagnostics import Diagnostic
from agentops.spec.model.agent import Suppression

# Warnings of validation that a spec may suppress as it may a lint rule.
SUPPRESSIBLE = (
    "unknown-placeholder",
    "bad-placeholder",
    "missing-dollar",
    "unused-default",
    "reserved-variable",
    "unknown-value",
)


def matches(suppression: Suppression, diagnostic: Diagnostic) -> bool:
    """Whether the suppression is about this diagnostic: its rule, at its path or anywhere below it."""
    if suppression.rule != diagnostic.code:
        return False
    path, wanted = diagnostic.path or "", suppression.path
    if wanted is None or path == wanted or path.startswith((f"{wanted}.", f"{wanted}[")):
        return True
    return fnmatch.fnmatch(path, wanted)


def split_suppressed(
    suppressions: Iterable[Suppression], found: Iterable[Diagnostic]
) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """(what stays, what is suppressed) of the warnings of validation."""
    listed = list(suppressions)
    stays: list[Diagnostic] = []
    suppressed: list[Diagnostic] = []
    for each in found:
        is_off = each.code in SUPPRESSIBLE and any(matches(suppression, each) for suppression in listed)
        (suppressed if is_off else stays).append(each)
    return stays, suppressed
