"""`{$choose: question}`: a value that only a person can give, left open by an import.

An open choice is a warning while a project is written and an error as soon as it is to be deployed.
"""

from __future__ import annotations

from typing import Any

from agentops.diagnostics import Diagnostic, Severity
from agentops.document import Path, path_text
from agentops.spec.rendering import BROKEN, CHOOSE
from agentops.spec.tree import Map, Seq, value_place


def settle_choices(tree: Map | Seq, severity: Severity, agent: str | None, path: Path = ()) -> list[Diagnostic]:
    """Replaces every open choice below `tree` by `BROKEN`, in place, and reports each."""
    found: list[Diagnostic] = []
    items: Any = tree.items() if isinstance(tree, Map) else enumerate(tree)
    for key, value in list(items):
        if isinstance(value, Map) and CHOOSE in value:
            tree[key] = BROKEN
            where = value_place(value.marks[CHOOSE])
            question = value[CHOOSE] if isinstance(value[CHOOSE], str) else "a person must choose"
            summary, hint = f"not chosen yet: {question}", f"replace {{{CHOOSE}: ...}} by your answer"
            name = path_text((*path, key))
            found.append(Diagnostic("open-choice", severity, summary, hint, where, agent=agent, path=name))
        elif isinstance(value, Map | Seq):
            found += settle_choices(value, severity, agent, (*path, key))
    return found
