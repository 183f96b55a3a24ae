"""Whatever an agent holds, its imported spec says nothing else: the plan after an import is empty."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentops.document import AgentListing, DesiredAgent, ObservedAgent, Revision
from agentops.importers.atoms.importing import AtomsImport, import_observed, project_settings
from agentops.importers.files import place_files, write_files
from agentops.plan.canonical import canonical
from agentops.plan.diff import diff
from agentops.spec import load_project

pytestmark = pytest.mark.slow

TEXTS = st.sampled_from(
    ["", " ", "Hello.", "one\r\ntwo\r\n", "a\rb", "# no comment", "0042", "${{ vars.x }}", "{{name}}", "é"]
)
NAMES = st.sampled_from(["a", "b", "c d", "0"])
BODIES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=5,
)
TOOL = st.fixed_dictionaries(
    {"type": st.just("api_call"), "name": st.sampled_from(["look_up", "book", "cancel"]), "description": TEXTS},
    optional={
        "url": st.just("https://crm.example/x"),
        "method": st.sampled_from(["GET", "POST", "HEAD"]),
        "requestBody": st.dictionaries(NAMES, BODIES, max_size=2),
        "headers": st.dictionaries(NAMES, TEXTS, max_size=2),
    },
)
MEASURES = st.fixed_dictionaries(
    {"identifier": NAMES, "dispositionMetricPrompt": TEXTS, "dispositionMetricType": TEXTS}
)
CONFIGS = st.fixed_dictionaries(
    {"firstMessage": TEXTS},
    optional={
        "singlePromptConfig": st.fixed_dictionaries({"prompt": TEXTS, "tools": st.lists(TOOL, max_size=2)}),
        "defaultVariables": st.dictionaries(NAMES, TEXTS | st.none(), max_size=2),
        "postCallAnalyticsConfig": st.fixed_dictionaries({"dispositionMetrics": st.lists(MEASURES, max_size=2)}),
        "backgroundSound": TEXTS | st.none(),
        "brandNewField": BODIES,
        "interruptionBackoffTimer": st.integers(-2, 2) | TEXTS,
    },
)


def imported(config: dict[str, Any]) -> tuple[AtomsImport, DesiredAgent]:
    """The import of an agent with this configuration, and what its spec asks for."""
    agent = ObservedAgent(AgentListing("0" * 24, "Some Agent", {}), Revision("1" * 24, document=config))
    made = import_observed([agent], "prod")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        files = {**made.files, "agentops.yaml": project_settings("import", "prod", None)}
        write_files(root, place_files(root, files))
        project = load_project(root, environ={}, environment="prod")
    assert not [each for each in project.diagnostics if each.is_error]
    [desired] = project.agents
    return made, desired


def differences(config: dict[str, Any], desired: DesiredAgent) -> list[object]:
    return [*diff(canonical(config, desired.config), canonical(desired.config))]


@given(CONFIGS)
@settings(max_examples=60, deadline=None)
def test_the_plan_after_an_import_is_empty(config: dict[str, Any]) -> None:
    made, desired = imported(config)
    assert differences(config, desired) == [], made.files


def tool(**fields: Any) -> dict[str, Any]:
    return {
        "type": "api_call",
        "name": "book",
        "description": "Books.",
        "url": "https://x.example",
        "method": "GET",
        **fields,
    }


@pytest.mark.parametrize(
    ("config", "left_out"),
    [
        ({"singlePromptConfig": {"prompt": "Hi", "tools": [tool(), tool(name="ask", description="")]}}, "tools"),
        ({"singlePromptConfig": {"prompt": "Hi", "tools": [tool(requestBody={"a": None, "b": 1})]}}, "requestBody"),
    ],
)
def test_what_a_spec_can_not_hold_stays_unmanaged_and_is_said(config: dict[str, Any], left_out: str) -> None:
    made, desired = imported(config)
    assert differences(config, desired) == []
    [remark] = made.agents[0].remarks
    assert f"{left_out}: left out" in remark or f".{left_out}." in remark
    tools = desired.config["singlePromptConfig"].get("tools")
    assert tools is None or len(tools) == len(config["singlePromptConfig"]["tools"])
