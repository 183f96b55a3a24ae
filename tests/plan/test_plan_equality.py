"""The laws of equality: what a canonical form is, what a difference is, what is written."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from deepdiff import DeepDiff
from hypothesis import given
from hypothesis import strategies as st

from agentops.document import CLEARED, Secret, SecretRef
from agentops.plan.canonical import HIDDEN, canonical, canonical_text, fingerprint, plain
from agentops.plan.diff import apply_differences, diff, leaves, value_at
from agentops.plan.merge import merge

pytestmark = pytest.mark.slow

# A small vocabulary, so that two random documents often share and often contest the same places.
SCALARS = st.one_of(
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.5, 1.0, -0.0, 2.0**60, 1e300]),
    st.sampled_from(["", "a", "b", "line\r\nline", "line\nline", "caf\u00e9", "cafe\u0301", "__x"]),
)
NAMES = st.sampled_from(["a", "b", "__c", "_id", "defaultVariables", "headers", "it's \"]", "queryParams"])


def tool_lists(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    tool = st.builds(
        lambda name, rest: {**rest, "name": name},
        st.sampled_from(["t1", "t2", "t3"]),
        st.dictionaries(NAMES, values, max_size=2),
    )
    return st.fixed_dictionaries({"tools": st.lists(tool, max_size=3)})


VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.dictionaries(NAMES, inner, max_size=3), st.lists(inner, max_size=3), tool_lists(inner)),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=4)


@given(DOCUMENTS, DOCUMENTS)
def test_a_canonical_form_is_its_own_canonical_form(document: Any, managed: Any) -> None:
    once = canonical(document, managed)
    assert canonical(once, managed) == once
    assert canonical(canonical(document)) == canonical(document)


@given(DOCUMENTS, st.sampled_from([Secret(("Bearer ", SecretRef("TOKEN", "t"))), CLEARED, "a"]))
def test_a_document_over_its_own_paths_is_all_of_it(document: Any, leaf: Any) -> None:
    document = {**document, "a": leaf, "b": {"tools": [{"name": "t1", "c": leaf}], "headers": {"d": leaf}}}
    assert canonical(document, document) == canonical(document)


@given(DOCUMENTS, DOCUMENTS)
def test_a_difference_exists_exactly_when_the_forms_differ(one: Any, other: Any) -> None:
    a, b = canonical(one), canonical(other)
    assert (diff(a, b) == ()) == (a == b)
    assert all(d.before != d.after for d in diff(a, b))


@given(DOCUMENTS, DOCUMENTS)
def test_applying_the_differences_gives_the_other_form(one: Any, other: Any) -> None:
    a, b = canonical(one), canonical(other)
    assert apply_differences(a, diff(a, b)) == b


@given(DOCUMENTS, DOCUMENTS)
def test_fingerprints_are_equal_exactly_when_the_forms_are(one: Any, other: Any) -> None:
    a, b = canonical(one), canonical(other)
    assert (canonical_text(a) == canonical_text(b)) == (a == b)
    assert (fingerprint(one) == fingerprint(other)) == (a == b)


@given(DOCUMENTS, DOCUMENTS)
def test_deepdiff_alone_agrees_on_whether_two_plain_documents_differ(one: Any, other: Any) -> None:
    a, b = canonical(one), canonical(other)
    seen_by_oracle = DeepDiff(plain(a), plain(b), ignore_order=True, ignore_private_variables=False)
    if seen_by_oracle:
        assert diff(a, b)


@given(DOCUMENTS, DOCUMENTS)
def test_what_is_written_holds_what_was_wanted_and_keeps_the_rest(observed: Any, desired: Any) -> None:
    written = merge(observed, desired)
    assert canonical(written, desired) == canonical(desired, desired)
    assert set(written) == set(desired)


@given(DOCUMENTS)
def test_a_document_merged_over_itself_is_itself(document: Any) -> None:
    assert canonical(merge(document, document)) == canonical(document)


@given(DOCUMENTS, DOCUMENTS)
def test_comparing_leaves_its_arguments_alone(one: Any, other: Any) -> None:
    before = copy.deepcopy((one, other))
    diff(canonical(one, other), canonical(other, other))
    merge(one, other)
    assert repr((one, other)) == repr(before)


@given(DOCUMENTS)
def test_every_leaf_is_where_it_says(document: Any) -> None:
    form = canonical(document)
    assert all(value_at(form, path) == value for path, value in leaves(form))


def test_values_that_the_server_filled_in_are_no_difference() -> None:
    desired = {"synthesizer": {"voiceConfig": {"voiceId": "nyah"}}, "firstMessage": "Hi"}
    observed = {
        "synthesizer": {
            "voiceConfig": {"voiceId": "nyah", "model": "waves_lightning_v3_1", "gender": "female"},
            "speed": 1.2,
        },
        "firstMessage": "Hi",
        "slmModel": "electron",
    }
    assert canonical(observed, desired) == canonical(desired, desired)


def test_defaults_inside_a_tool_are_no_difference_but_another_tool_is() -> None:
    desired = {"singlePromptConfig": {"tools": [{"type": "end_call", "name": "end_call", "description": "Bye"}]}}
    tool = {"type": "end_call", "name": "end_call", "description": "Bye", "enabled": True, "_id": "64f0"}
    observed = {"singlePromptConfig": {"prompt": "x", "tools": [tool]}}
    assert canonical(observed, desired) == canonical(desired, desired)
    observed["singlePromptConfig"]["tools"].append({"type": "transfer_call", "name": "human"})  # type: ignore[attr-defined]
    assert [d.path for d in diff(canonical(observed, desired), canonical(desired, desired))] == [
        ("singlePromptConfig", "tools", "human")
    ]


def test_a_variable_that_the_spec_dropped_is_a_difference() -> None:
    desired = {"defaultVariables": {"name": "there"}}
    observed = {"defaultVariables": {"name": "there", "plan": ""}}
    assert [d.path for d in diff(canonical(observed, desired), canonical(desired, desired))] == [
        ("defaultVariables", "plan")
    ]


def test_true_is_not_one() -> None:
    assert canonical({"a": True}) != canonical({"a": 1})
    assert canonical({"a": 1.0}) == canonical({"a": 1})


def test_a_secret_is_compared_by_value_and_fingerprinted_by_reference() -> None:
    desired = {"preCallAPI": {"headers": {"Authorization": Secret(("Bearer ", SecretRef("TOKEN", "s3cret")))}}}
    same = {"preCallAPI": {"headers": {"Authorization": "Bearer s3cret"}}}
    rotated = {"preCallAPI": {"headers": {"Authorization": "Bearer old"}}}
    wanted = canonical(desired, desired)
    assert canonical(same, desired) == wanted
    (difference,) = diff(canonical(rotated, desired), wanted)
    assert difference.before is HIDDEN
    other_value = {"preCallAPI": {"headers": {"Authorization": Secret(("Bearer ", SecretRef("TOKEN", "new")))}}}
    assert fingerprint(desired) == fingerprint(other_value)
    assert "s3cret" not in canonical_text(wanted)


def test_a_cleared_field_equals_an_empty_or_absent_one() -> None:
    desired = {"globalPrompt": CLEARED}
    assert canonical({}, desired) == canonical(desired, desired)
    assert canonical({"globalPrompt": ""}, desired) == canonical(desired, desired)
    assert diff(canonical({"globalPrompt": "Be kind"}, desired), canonical(desired, desired))
    assert merge({"globalPrompt": "Be kind"}, desired) == {"globalPrompt": ""}


def test_what_is_kept_beside_the_desired_fields_is_without_the_databases_own() -> None:
    """However deep it stands: the platform rejects nulls, and its ids are not for anybody else to write."""
    kept = {"_id": "2", "unset": None, "list": [{"_id": "3", "a": 1, "b": None}, "text"]}
    observed = {"singlePromptConfig": {"_id": "1", "__v": 0, "prompt": "Help.", "unset": None, "other": kept}}
    written = merge(observed, {"singlePromptConfig": {"prompt": "Assist."}})
    assert written == {"singlePromptConfig": {"prompt": "Assist.", "other": {"list": [{"a": 1}, "text"]}}}
