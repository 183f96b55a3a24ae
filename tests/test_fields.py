"""The table of the platform's fields against the model of a spec: each field of the one is in the other."""

from __future__ import annotations

import typing
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from agentops.document import Path
from agentops.fields import (
    BY_PATH,
    FIELDS,
    IDS,
    METADATA,
    NATURAL_KEYS,
    SECTIONS,
    Category,
    Entries,
    Reference,
    category_of,
    empty_value,
    is_clearable,
    reference_of,
    risk_of,
)
from agentops.remote import wire
from agentops.resources import Kind
from agentops.spec.model.agent import AgentSpec
from agentops.spec.model.config import AgentConfig

# What a spec says to agentops and not to the platform, and what the configuration and its environments are in.
OURS = {"key", "extends", "for_each", "agent_id", "previous_names", "previous_keys", "tags", "environments", "calls"}
NOT_FIELDS = OURS | {"lint", "config"}


def kinds_in(annotation: Any, kind: type) -> Iterator[Any]:
    """The annotations in `annotation` whose origin is `kind`: through unions and Annotated."""
    if typing.get_origin(annotation) is kind:
        yield annotation
    elif typing.get_origin(annotation) is not list and typing.get_origin(annotation) is not dict:
        for inner in typing.get_args(annotation):
            yield from kinds_in(inner, kind)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in typing.get_args(annotation):
        yield from models_in(inner)


def fields_of(model: type[BaseModel], base: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every field of a model with its annotation, those of nested objects and of lists' items too."""
    for name, info in model.model_fields.items():
        yield (*base, name), typing.Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
        for inner in models_in(info.annotation):
            yield from fields_of(inner, (*base, name))


MODEL = dict(fields_of(AgentConfig))
CONFIG_ROWS = [row for row in FIELDS if row.spec is None and not row.server_owned]
STORED_IN_PARTS = {row.path[:n] for row in FIELDS if row.read or row.section for n in range(1, len(row.path))}
NEED_A_ROW = [
    path
    for path, annotation in MODEL.items()
    if len(path) == 1
    or (path[:-1] in STORED_IN_PARTS and path not in STORED_IN_PARTS)
    or any(next(models_in(item), None) for item in kinds_in(annotation, list))
    or any(True for _ in kinds_in(annotation, dict))
]


def test_no_field_has_two_rows() -> None:
    assert [path for path, count in Counter(row.path for row in FIELDS).items() if count > 1] == []


@pytest.mark.parametrize("path", NEED_A_ROW, ids=".".join)
def test_every_field_of_a_configuration_has_a_row(path: Path) -> None:
    """Fields of their own name in the stored configuration, lists of objects and free maps: what has no row can't be
    compared or written as it should."""
    twin = [row for row in FIELDS if row.path[-1] == path[-1] and (row.key or row.entries)]
    assert path in BY_PATH or twin, f"add a row for {'.'.join(map(str, path))} to agentops/fields.py"


@pytest.mark.parametrize("row", CONFIG_ROWS, ids=lambda row: row.name)
def test_every_row_of_a_configuration_is_in_the_model(row: Any) -> None:
    assert row.path in MODEL, f"add {row.name} to agentops/spec/model"


def test_every_unversioned_field_of_a_spec_has_a_row() -> None:
    rows = {row.spec for row in FIELDS if row.spec is not None}
    assert rows == set(AgentSpec.model_fields) - NOT_FIELDS
    assert len(rows) == sum(row.spec is not None for row in FIELDS)


@pytest.mark.parametrize("row", CONFIG_ROWS, ids=lambda row: row.name)
def test_rows_say_of_lists_and_maps_what_the_model_says(row: Any) -> None:
    annotation = MODEL[row.path]
    items = [model for each in kinds_in(annotation, list) for model in models_in(each)]
    assert bool(row.key) == bool(items)
    for item in items:
        assert row.key in item.model_fields
        assert item.model_fields[row.key].is_required()
    assert (row.entries is not None) == any(True for _ in kinds_in(annotation, dict))
    if row.unordered:
        assert any(True for _ in kinds_in(annotation, list))
        assert not items


def test_a_name_means_one_thing_wherever_it_occurs() -> None:
    keys = {(row.path[-1], row.key) for row in FIELDS if row.key}
    assert len(keys) == len(NATURAL_KEYS)


def test_an_empty_value_is_of_the_fields_type() -> None:
    for row in CONFIG_ROWS:
        if is_clearable(row.path):
            kind = type(empty_value(row.path))
            expected = MODEL[row.path]
            assert kind in (str, dict, list)
            found = {typing.get_origin(each) or each for each in _plain_kinds(expected)}
            assert kind in found, row.name


def _plain_kinds(annotation: Any) -> Iterator[Any]:
    if typing.get_origin(annotation) in (list, dict) or annotation is str:
        yield annotation
        return
    for inner in typing.get_args(annotation):
        yield from _plain_kinds(inner)


@pytest.mark.parametrize(
    ("path", "category"),
    [
        (("singlePromptConfig", "prompt"), Category.PROMPT),
        (("singlePromptConfig", "tools", "order_status", "url"), Category.TOOLS),
        (("singlePromptConfig", "tools", "human", "transferNumber"), Category.TELEPHONY),
        (("playbooks", "playbooks", "billing", "tools", "human", "transferOption", "type"), Category.TELEPHONY),
        (("playbooks", "playbooks", "billing", "prompt"), Category.PROMPT),
        (("synthesizer", "warmth"), Category.VOICE),
        (("voiceMailDetectionConfig", "endText"), Category.TELEPHONY),
        (("somethingNew", "inner"), Category.OTHER),
    ],
)
def test_a_field_is_what_it_is_part_of(path: Path, category: Category) -> None:
    assert category_of(path) is category


def test_every_category_has_a_risk() -> None:
    assert {risk_of(category) for category in Category}


@pytest.mark.parametrize(
    ("path", "reference"),
    [
        (("telephonyProductId", 0), Reference.PHONE_NUMBER),
        (("telephonyProductId",), Reference.PHONE_NUMBER),
        (("synthesizer", "voiceConfig", "voiceId"), Reference.VOICE),
        (("synthesizer", "voiceConfig", "model"), Reference.VOICE),
        (("globalKnowledgeBaseId",), Reference.KNOWLEDGE_BASE),
        (("singlePromptConfig", "toolRefs", 0), Reference.TOOL),
        (("playbooks", "globalToolRefs", 0), Reference.TOOL),
        (("playbooks", "verifications", "birthday", "toolRefs", 0), Reference.TOOL),
        (("preCallAPI", "body", "toolRefs"), None),
        (("singlePromptConfig", "tools", "kb", "knowledgeBaseId"), Reference.KNOWLEDGE_BASE),
        (("playbooks", "playbooks", "billing", "tools", 0, "knowledgeBaseId"), Reference.KNOWLEDGE_BASE),
        (("preCallAPI", "body", "knowledgeBaseId"), None),
        (("preCallAPI", "body", "model"), None),
        (("firstMessage",), None),
        ((0,), None),
        ((), None),
    ],
)
def test_a_value_that_names_something_of_the_account_is_known(path: Path, reference: Reference | None) -> None:
    assert reference_of(path) is reference


ALLOWED = {Kind.TOOL: Reference.TOOL, Kind.KNOWLEDGE: Reference.KNOWLEDGE_BASE}


def references_allowed(annotation: Any) -> Iterator[Reference]:
    for each in getattr(annotation, "__metadata__", ()):
        if isinstance(kind := getattr(each, "kind", None), Kind):
            yield ALLOWED[kind]
    for inner in typing.get_args(annotation):
        yield from references_allowed(inner)


@pytest.mark.parametrize("path", MODEL, ids=".".join)
def test_a_reference_stands_where_the_table_knows_of_one(path: Path) -> None:
    """What the model lets a reference into and the table does not know would be written as it is, and its resource
    swept away as one that nothing needs."""
    (found,) = set(references_allowed(MODEL[path])) or {None}
    assert IDS.get(str(path[-1])) is found
    if found is not None:
        assert reference_of(path) is found


@pytest.mark.parametrize(
    ("path", "empty"),
    [
        (("globalPrompt",), ""),
        (("defaultVariables",), {}),
        (("defaultVariables", "name"), ""),
        (("preCallAPI", "headers", "Authorization"), ""),
        (("preCallAPI", "body", "id"), None),
        (("singlePromptConfig", "tools", 0, "queryParams", 1), None),
        (("slmModel",), None),
        (("headers",), None),
    ],
)
def test_what_empties_a_field(path: Path, empty: Any) -> None:
    assert is_clearable(path) is (empty is not None)
    if empty is not None:
        assert empty_value(path) == empty
    else:
        with pytest.raises(LookupError):
            empty_value(path)


def test_an_empty_value_is_nobodys_but_the_one_who_asked() -> None:
    empty_value(("defaultVariables",))["name"] = "Ada"
    assert empty_value(("defaultVariables",)) == {}


@pytest.mark.parametrize("row", [row for row in FIELDS if row.read], ids=lambda row: row.name)
def test_a_field_is_read_back_where_it_was_written(row: Any) -> None:
    for name in row.read:
        stored: Any = {"model": 1} if name == "synthesizerArgs" else 1
        for part in reversed(name.split(".")):
            stored = {part: stored}
        document, _ = wire.from_stored(stored)
        for part in row.path:
            document = document[str(part)]
        assert document == ({"voiceConfig": {"model": 1}} if name == "synthesizerArgs" else 1)


def test_metadata_is_not_versioned() -> None:
    assert not METADATA.keys() & {str(path[0]) for path in MODEL}
    assert not METADATA.keys() & SECTIONS
    assert {entry.value for entry in Entries} == {"texts", "json"}


def test_what_an_author_changes_at_once_goes_by_the_specs_names() -> None:
    assert METADATA["allowInboundCall"] == "inbound"
    assert METADATA["telephonyProductId"] == "phone_numbers"
    assert "workflowType" not in METADATA, "it is fixed when the agent is created"


def test_what_the_platform_owns_is_no_configuration_and_what_it_may_not_give_back_is_not_compared() -> None:
    own = {"_id": "5", "__v": 1, "createdAt": "x", "updatedAt": "x", "workflowGraph": {}, "workflowType": "y"}
    document, unseen = wire.from_stored({**own, "firstMessage": "Hi"})
    assert document == {"firstMessage": "Hi"}
    assert unseen == {"customLLMWebSocketUrl", "globalKnowledgeBaseId", "singlePromptConfig.toolRefs"}
    document, unseen = wire.from_stored({"globalKnowledgeBaseId": "kb1"})
    assert document == {"globalKnowledgeBaseId": "kb1"}
    assert "globalKnowledgeBaseId" not in unseen, "it was given back under its own name"
