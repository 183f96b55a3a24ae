"""Rules between fields, which no single field's type can hold."""

from __future__ import annotations

from agentops.diagnostics import Diagnostic
from agentops.spec.model.agent import AgentSpec
from agentops.spec.tree import Map


def check_rules(spec: AgentSpec, tree: Map, key: str) -> list[Diagnostic]:
    return []
