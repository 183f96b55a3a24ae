"""A call record becomes a script that can be read again and says the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentops.calls.from_record import script_of_record
from agentops.calls.script import Script
from agentops.calls.script_reader import read_script
from agentops.errors import UsageError
from agentops.render.calls.script import script_yaml
from agentops.spec.source_events import read_yaml

RECORD: dict[str, Any] = {
    "callId": "CALL-1-abc",
    "type": "webcall",
    "transcript": [
        {"role": "agent", "content": "Hello: how can I help?"},
        {"role": "user", "content": "Where is my order?"},
        {"role": "user", "content": "It is 427."},
        {"role": "assistant", "content": "On its way, no?"},
    ],
    "variables": {"customer_name": "Ada", "call_id": "CALL-1-abc", "nested": {"a": 1}},
    "disconnectionReason": "agent_hangup",
    "events": [
        {"event_type": "tool_call_start", "function_name": "look_up", "context": {"order_number": "427"}},
        {"event_type": "tool_call_end", "function_name": "look_up"},
    ],
}


def reread(script: dict[str, Any]) -> Any:
    return read_yaml(script_yaml(script), "call.yaml")[0]


def test_what_the_caller_said_is_said_again_and_the_answers_are_expected() -> None:
    script = read_script(reread(script_of_record(RECORD, "support")), file="call.yaml", place_of=lambda _: None)
    assert isinstance(script, Script)
    assert [speech.text for speech in script.speeches] == ["Where is my order? It is 427."]
    assert script.variables == {"customer_name": "Ada"}
    assert script.checks.tool_calls[0].arguments == {"order_number": "427"}
    assert script.model_dump()["steps"][-1] == {"expect_end": {"by": "agent", "reason": None, "within_s": 15.0}}


def test_a_call_without_a_caller_is_no_script() -> None:
    with pytest.raises(UsageError, match="no caller"):
        script_of_record({"callId": "C", "transcript": [{"role": "agent", "content": "Hello?"}]}, "support")


scalars = st.one_of(
    st.booleans(), st.integers(-999, 999), st.text(st.characters(exclude_categories=["C"]), max_size=12)
)
texts = st.text(st.characters(exclude_categories=["C"]), max_size=30)
names = st.from_regex(r"[a-z][a-z_0-9]{0,8}", fullmatch=True)
steps = st.lists(
    st.one_of(
        st.fixed_dictionaries({"say": texts}),
        st.fixed_dictionaries({"expect": st.fixed_dictionaries({"similar": st.fixed_dictionaries({"to": texts})})}),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.slow
@given(
    st.fixed_dictionaries({"agent": names, "variables": st.dictionaries(names, scalars, max_size=5), "steps": steps})
)
def test_any_script_survives_being_written(script: dict[str, Any]) -> None:
    assert reread(script) == script
