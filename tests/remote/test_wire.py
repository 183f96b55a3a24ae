"""Read names back to write names, whichever section or shape they come in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agentops.document import LeafDifference
from agentops.emulator.rest.versioning.configuration import changed_leaves
from agentops.errors import PlatformError
from agentops.fields import SECTIONS, WRITTEN_AT
from agentops.remote import wire

STORED: dict[str, Any] = {
    "workflow_prompt": {"prompt": "Help.", "globalPrompt": ""},
    "workflow_tools": {"tools": [{"type": "end_call", "name": "end", "url": None}]},
    "llm": {"modelName": "gpt-4o"},
    "voice": {
        "synthesizerType": "waves_lightning_v3_1",
        "synthesizerArgs": {"voiceId": "nyah", "gender": "female", "consistency": 0.5},
        "synthesizerSpeed": 1.2,
        "synthesizerSampleRate": 16000,
    },
    "language": {"defaultLanguage": "en", "supportedLanguages": ["en"], "languageSwitching": {"isEnabled": False}},
    "call_handling": {"firstMessage": "Hi", "preCallAPI": None},
    "playbooks": {"playbooks": {"router": {}}},
    "workflow_graph": {"workflowGraph": None},
}
WRITTEN = {
    "singlePromptConfig": {"prompt": "Help.", "tools": [{"type": "end_call", "name": "end"}]},
    "globalPrompt": "",
    "slmModel": "gpt-4o",
    "synthesizer": {
        "voiceConfig": {"model": "waves_lightning_v3_1", "voiceId": "nyah", "gender": "female"},
        "consistency": 0.5,
        "speed": 1.2,
        "sampleRate": 16000,
    },
    "language": {"default": "en", "supported": ["en"], "switching": {"isEnabled": False}},
    "firstMessage": "Hi",
    "playbooks": {"router": {}},
}


def test_sections_become_the_written_document() -> None:
    assert wire.from_stored(STORED)[0] == WRITTEN


def test_the_flat_form_means_the_same() -> None:
    assert wire.from_stored(wire.flat_fields(STORED))[0] == WRITTEN


def test_voice_arguments_may_be_nested() -> None:
    document, _ = wire.from_stored({"synthesizerArgs": {"voiceConfig": {"voiceId": "nyah"}}})
    assert document == {"synthesizer": {"voiceConfig": {"voiceId": "nyah"}}}


def test_a_field_that_is_stored_twice_is_what_it_is_by_itself() -> None:
    both = {"synthesizerArgs": {"speed": 1.0, "voiceConfig": {"voiceId": "nyah"}, "voiceId": "old"}}
    document, _ = wire.from_stored({**both, "synthesizerSpeed": 1.2})
    assert document["synthesizer"] == {"speed": 1.2, "voiceConfig": {"voiceId": "nyah"}}
    odd, _ = wire.from_stored({"synthesizerArgs": {"voiceConfig": "nyah", "voiceId": "old"}})
    assert odd["synthesizer"]["voiceConfig"]["voiceId"] == "old"


def test_nulls_are_left_out_however_deep_and_items_of_lists_are_not() -> None:
    stored = {"tools": [None, {"name": "a", "url": None, "headers": [{"key": "k", "value": None}]}], "gone": None}
    document, _ = wire.from_stored(stored)
    assert document == {"singlePromptConfig": {"tools": [None, {"name": "a", "headers": [{"key": "k"}]}]}}


def test_fields_whose_read_name_is_unknown_are_unverifiable_unless_seen() -> None:
    assert "globalKnowledgeBaseId" in wire.from_stored({})[1]
    assert "globalKnowledgeBaseId" not in wire.from_stored({"globalKnowledgeBaseId": "kb"})[1]


@pytest.mark.parametrize(
    ("section", "path", "written"),
    [
        ("workflow_prompt", "prompt", ("singlePromptConfig", "prompt")),
        ("workflow_prompt", "workflow_prompt.globalPrompt", ("globalPrompt",)),
        ("workflow_tools", "tools[0].name", ("singlePromptConfig", "tools", 0, "name")),
        ("voice", "synthesizerSampleRate", ("synthesizer", "sampleRate")),
        ("voice", "synthesizerArgs.voiceId", ("synthesizer", "voiceConfig", "voiceId")),
        ("voice", "synthesizerArgs.voiceConfig.voiceId", ("synthesizer", "voiceConfig", "voiceId")),
        ("voice", "synthesizerArgs.voiceConfig.speed", ("synthesizer", "speed")),
        ("voice", "synthesizerArgs.voiceId.parts[0]", ("synthesizer", "voiceConfig", "voiceId", "parts", 0)),
        ("voice", "synthesizerArgs.warmth", ("synthesizer", "warmth")),
        ("voice", "synthesizerArgs", ("synthesizer",)),
        ("detection", "voiceMailDetectionConfig.endText", ("voiceMailDetectionConfig", "endText")),
        ("language", "language", ("language",)),
        ("workflow_graph", "workflowGraph.nodes", None),
        ("llm", "", None),
    ],
)
def test_leaves_of_the_platforms_diff_are_mapped(section: str, path: str, written: Any) -> None:
    assert wire.written_path(LeafDifference(section, path)) == written


def test_leaves_that_no_known_field_holds_are_named_and_change_nothing() -> None:
    leaves = [LeafDifference("llm", "modelName", "a", "b"), LeafDifference("llm", "", None, 1)]
    leaves.append(LeafDifference("workflow_graph", "workflowGraph.nodes", None, []))
    document = {"slmModel": "a", "firstMessage": "Hi"}
    changed = {"slmModel": "b", "firstMessage": "Hi"}
    assert wire.with_leaves(document, leaves) == (changed, ["llm.", "workflow_graph.workflowGraph.nodes"])


def test_both_shapes_of_a_comparison_are_read() -> None:
    by_change = {"diffs": [{"section": "llm", "changes": [{"path": "modelName", "oldValue": "a", "newValue": "b"}]}]}
    by_section = {
        "hasChanges": True,
        "sections": {
            "llm": {"changed": True, "before": {"modelName": "a"}, "after": {"modelName": "b"}},
            "voice": {"changed": False, "before": {"x": 1}, "after": {"x": 1}},
        },
    }
    expected = (LeafDifference("llm", "modelName", "a", "b"),)
    assert wire.read_differences(by_change) == wire.read_differences(by_section) == expected
    assert wire.read_differences(None) == ()


def test_a_comparison_by_section_names_what_differs() -> None:
    sections = {
        "llm": {
            "before": {"modelName": "a", "temperature": 1, "gone": 2},
            "after": {"modelName": "b", "temperature": 1},
        },
        "voice": {"changed": True, "before": None, "after": {"x": 1}},
        "language": {"changed": True, "before": {"y": 1}},
        "detection": "unchanged",
    }
    assert wire.read_differences({"sections": sections}) == (
        LeafDifference("llm", "gone", 2, None),
        LeafDifference("llm", "modelName", "a", "b"),
        LeafDifference("voice", "x", None, 1),
        LeafDifference("language", "y", 1, None),
    )


@pytest.mark.parametrize(
    "answer",
    [
        {"diffs": [None]},
        {"diffs": ["llm"]},
        {"diffs": {"llm": {}}},
        {"diffs": [{"section": "llm", "changes": "modelName"}]},
        {"diffs": [{"section": "llm", "changes": [None]}]},
        {"sections": {"llm": {"changed": True, "before": ["a"], "after": {}}}},
    ],
)
def test_a_comparison_that_is_not_understood_is_no_equality(answer: Any) -> None:
    with pytest.raises(PlatformError, match="in a shape that agentops does not know"):
        wire.read_differences(answer)


def test_a_comparison_by_change_may_leave_something_out() -> None:
    changes = {"diffs": [{"section": "llm", "changes": None}, {"changes": [{}]}], "sections": None}
    assert wire.read_differences(changes) == (LeafDifference("", "", None, None),)
    assert wire.read_differences({"diffs": None}) == wire.read_differences([]) == ()


@pytest.mark.parametrize(
    ("path", "after", "expected"),
    [
        ("firstMessage", "Bye", {"firstMessage": "Bye", "tools": [{"name": "a"}, {"name": "b"}]}),
        ("tools[1].name", "c", {"firstMessage": "Hi", "tools": [{"name": "a"}, {"name": "c"}]}),
        ("tools[1]", None, {"firstMessage": "Hi", "tools": [{"name": "a"}]}),
        ("tools[2].name", "c", {"firstMessage": "Hi", "tools": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}),
        ("firstMessage", None, {"tools": [{"name": "a"}, {"name": "b"}]}),
        ("a.b", 1, {"firstMessage": "Hi", "tools": [{"name": "a"}, {"name": "b"}], "a": {"b": 1}}),
        ("a[1].b", 1, {"firstMessage": "Hi", "tools": [{"name": "a"}, {"name": "b"}], "a": [{"b": 1}]}),
        ("firstMessage.b", 1, {"firstMessage": {"b": 1}, "tools": [{"name": "a"}, {"name": "b"}]}),
        ("firstMessage[0]", "b", {"firstMessage": ["b"], "tools": [{"name": "a"}, {"name": "b"}]}),
        ("tools[0].name[0]", "c", {"firstMessage": "Hi", "tools": [{"name": ["c"]}, {"name": "b"}]}),
        ("tools[0][0]", "c", {"firstMessage": "Hi", "tools": [["c"], {"name": "b"}]}),
        ("x.firstMessage", "Bye", {"firstMessage": "Bye", "tools": [{"name": "a"}, {"name": "b"}]}),
        ("x", 1, {"firstMessage": "Hi", "tools": [{"name": "a"}, {"name": "b"}], "x": 1}),
        ("tools.name", "c", {"firstMessage": "Hi", "tools": {"name": "c"}}),
        ("[0].a", 1, {"firstMessage": "Hi", "tools": [{"name": "a"}, {"name": "b"}], 0: {"a": 1}}),
        ("", "c", {"firstMessage": "Hi", "tools": [{"name": "a"}, {"name": "b"}]}),
    ],
)
def test_a_draft_is_its_base_with_the_comparison_applied(path: str, after: Any, expected: Any) -> None:
    base = {"firstMessage": "Hi", "tools": [{"name": "a"}, {"name": "b"}]}
    assert wire.with_differences(base, [LeafDifference("x", path, None, after)]) == expected
    assert base == {"firstMessage": "Hi", "tools": [{"name": "a"}, {"name": "b"}]}


def test_a_field_that_is_called_like_its_section_is_not_taken_for_the_section() -> None:
    base = {"playbooks": {"playbooks": {"router": 1}}, "firstMessage": "Hi"}
    leaf = LeafDifference("playbooks", "playbooks.router", 1, 2)
    assert wire.with_differences(base, [leaf]) == {"playbooks": {"router": 2}, "firstMessage": "Hi"}
    assert wire.written_path(leaf) == ("playbooks", "router")
    assert wire.with_leaves({"playbooks": {"router": 1}}, [leaf]) == ({"playbooks": {"router": 2}}, [])


def test_what_is_taken_out_of_a_document_leaves_no_shell_behind() -> None:
    document = {"language": {"default": "en"}, "playbooks": {}, "singlePromptConfig": {"tools": [{"name": "a"}]}}
    leaves = [
        LeafDifference("language", "defaultLanguage", "en", None),
        LeafDifference("workflow_tools", "tools[0].name", "a", None),
    ]
    assert wire.with_leaves(document, leaves) == ({"playbooks": {}}, [])
    assert document["language"] == {"default": "en"}


def test_a_field_of_the_document_is_known_whether_or_not_it_is_documented() -> None:
    leaf = LeafDifference("llm", "someNewField.deep", None, {"a": None, "b": 1})
    assert wire.with_leaves({}, [leaf]) == ({}, ["llm.someNewField.deep"])
    inner = LeafDifference("detection", "endText", None, "Bye")
    assert wire.with_leaves({}, [inner]) == ({}, ["detection.endText"]), "it is a field of another one, not of its own"
    assert wire.with_leaves({"someNewField": {}}, [leaf]) == ({"someNewField": {"deep": {"b": 1}}}, [])


PART = st.text("ab", min_size=1, max_size=2)
DOCUMENTS = st.dictionaries(
    PART,
    st.recursive(
        st.integers(0, 2) | st.just("x") | st.just({}) | st.just([]),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PART, inner, max_size=3),
        max_leaves=8,
    ),
)


@pytest.mark.slow
@given(before=DOCUMENTS, after=DOCUMENTS)
@example(before={"t": [{"n": "a", "h": [{"k": 1}, {"k": 2}]}, {"n": "b"}]}, after={"t": [{"n": "b"}]})
def test_whatever_was_changed_the_leaves_lead_from_the_one_to_the_other(before: Any, after: Any) -> None:
    """What is taken out of a list is reported leaf by leaf; nothing of it may stay, such as a shell without content."""
    [changes] = changed_leaves({"s": before}, {"s": after}).values() or [[]]
    leaves = [LeafDifference("s", each["path"], each.get("oldValue"), each.get("newValue")) for each in changes]
    assert wire.with_differences(before, leaves) == after


STORED_NAMES = sorted({str(place[0]) for place in WRITTEN_AT})
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from([*STORED_NAMES, *SECTIONS, "firstMessage"]), json_values))
def test_no_stored_shape_is_too_strange(stored: dict[str, Any]) -> None:
    document, unverifiable = wire.from_stored(stored)
    assert not any(value is None for value in document.values())
    assert not unverifiable & document.keys()


@given(st.text(max_size=12), json_values)
def test_no_comparison_is_too_strange(path: str, after: Any) -> None:
    leaf = LeafDifference("section", path, None, after)
    wire.written_path(leaf)
    wire.with_differences({"tools": [{"name": "a"}]}, [leaf])
