"""Which tools and playbooks calls exercised; what the platform did not tell is not known."""

from __future__ import annotations

from sample_runs import call, run

from agentops.calls.coverage import Inventory, coverage_of, inventory_of
from agentops.calls.report import ToolUse

CONFIG = {
    "singlePromptConfig": {"prompt": "x", "tools": [{"name": "end_call"}, {"type": "nameless"}]},
    "playbooks": {
        "playbooks": [
            {"id": "p1", "name": "Billing", "tools": [{"name": "refund"}, {"name": "end_call"}]},
            {"id": "p2", "name": "Old", "enabled": False, "tools": [{"name": "gone"}]},
        ]
    },
}


def test_an_agent_has_the_tools_of_its_prompt_and_its_playbooks() -> None:
    assert inventory_of(CONFIG) == Inventory(("end_call", "refund"), {"p1": "Billing"})
    assert inventory_of({}) == Inventory((), {})
    assert inventory_of({"playbooks": "odd", "singlePromptConfig": {"tools": "odd"}}) == Inventory((), {})


def test_what_was_exercised_and_by_which_script() -> None:
    made = run(call(tools=(ToolUse("refund"),), playbooks=("p1",)), call(script="other.yaml", tools=(), playbooks=()))
    rows = coverage_of(made, {"support": inventory_of(CONFIG), "uncalled": Inventory(("x",))})
    assert [(row.kind, row.name, row.scripts, row.is_known) for row in rows] == [
        ("tool", "end_call", (), True),
        ("tool", "refund", ("agents/calls/hours.yaml",), True),
        ("playbook", "Billing", ("agents/calls/hours.yaml",), True),
    ]


def test_what_was_not_told_is_not_known() -> None:
    made = run(call(tools=(ToolUse("refund"),), playbooks=()), call(script="other.yaml"))
    rows = coverage_of(made, {"support": inventory_of(CONFIG)})
    assert [(row.name, row.is_known) for row in rows] == [("end_call", False), ("refund", True), ("Billing", False)]
