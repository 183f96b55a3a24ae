"""Nothing is lost silently: every leaf of any agent is in the account exactly once, and what says "exact" arrived."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from agentops.importers.elevenlabs.agent import convert
from agentops.importers.elevenlabs.conversion import Conversion
from agentops.importers.elevenlabs.mapping import row_for
from agentops.importers.elevenlabs.paths import place_text
from agentops.importers.elevenlabs.reading import read_agent
from agentops.importers.elevenlabs.rows import ROWS
from agentops.importers.elevenlabs.voices import VoiceProposals
from agentops.importers.fidelity import CHOSEN, NOT_COPIED, Grade, Item

pytestmark = pytest.mark.slow

EXPORTS = Path(__file__).parent / "exports"
PHASES = (Phase.explicit, Phase.generate)  # shrinking such trees takes minutes and tells little more
QUICK = settings(max_examples=60, phases=PHASES, deadline=None, suppress_health_check=[HealthCheck.too_slow])

names = st.text(
    st.characters(codec="utf-8", categories=["L", "N"], include_characters="_ .-[]"), min_size=1, max_size=8
)
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=30)
scalars = st.one_of(st.none(), st.booleans(), st.integers(-5, 900), st.floats(0, 2), words, st.just("{{system__time}}"))
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=6
)


def _objects(known: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Some of the known fields with fitting values, some with anything, and now and then a field nobody knows."""
    fields = {name: st.one_of(value, value, value, anything) for name, value in known.items()}
    return st.builds(lambda kept, new: {**new, **kept}, st.fixed_dictionaries({}, optional=fields), _unknown)


_unknown = st.dictionaries(st.just("brand_new"), anything, max_size=1)
_property = st.fixed_dictionaries(
    {"type": st.sampled_from(["string", "integer", "boolean", "array", "object"])},
    optional={
        "description": words,
        "enum": st.lists(words, max_size=2),
        "constant_value": words,
        "dynamic_variable": st.sampled_from(["", "caller", "system__caller_id"]),
        "is_omitted": st.booleans(),
        "items": st.fixed_dictionaries({"type": st.just("string")}),
    },
)
_schema = st.fixed_dictionaries(
    {"properties": st.dictionaries(names, _property, max_size=3)}, optional={"required": st.lists(names, max_size=2)}
)
_tool = _objects(
    {
        "type": st.sampled_from(["webhook", "client", "system", "mcp"]),
        "name": names,
        "description": words,
        "response_timeout_secs": st.integers(0, 120),
        "parameters": _schema,
        "params": st.fixed_dictionaries({"system_tool_type": st.sampled_from(["end_call", "skip_turn", "memory"])}),
        "assignments": st.lists(_objects({"dynamic_variable": names, "value_path": words}), max_size=2),
        "api_schema": _objects(
            {
                "url": st.sampled_from(["https://x.example/{id}", "{{base}}/x", ""]),
                "method": st.sampled_from(["GET", "POST"]),
                "path_params_schema": st.dictionaries(names, _property, max_size=2),
                "query_params_schema": _schema,
                "request_body_schema": _schema,
                "request_headers": st.dictionaries(
                    names, words | st.fixed_dictionaries({"secret_id": words}), max_size=2
                ),
            }
        ),
    }
)
_transfer = _objects({"condition": words, "phone_number": st.just("+14155550100"), "transfer_type": words})
_built_in = st.dictionaries(
    st.sampled_from(["end_call", "transfer_to_number", "voicemail_detection", "skip_turn", "transfer_to_agent"]),
    st.none() | _objects({"description": words, "params": _objects({"transfers": st.lists(_transfer, max_size=2)})}),
    max_size=4,
)
_node = _objects(
    {
        "type": st.sampled_from(["start", "end", "override_agent", "say", "tool", "phone_number"]),
        "label": words,
        "additional_prompt": words,
        "message": _objects({"text": words}),
        "position": st.just({"x": 1.5, "y": 2}),
    }
)
_edge = _objects(
    {"source": st.just("a"), "target": st.just("b"), "forward_condition": _objects({"type": words, "condition": words})}
)
_colour = st.sampled_from(["#ffffff", "#0D0D0F", "#abc", "red", ""])
_avatar = _objects(
    {
        "type": st.sampled_from(["orb", "url", "image"]),
        "color_1": _colour,
        "custom_url": st.sampled_from(["https://x.example/a.png", "https://x.example/a.png?token=private-value", ""]),
    }
)
_widget = _objects(
    {
        "variant": st.sampled_from(["tiny", "compact", "full", "expandable", "huge"]),
        "placement": st.sampled_from(["top", "bottom-left", "bottom-right", "middle"]),
        **dict.fromkeys(("bg_color", "btn_color", "text_color", "btn_text_color", "border_color"), _colour),
        "border_radius": st.integers(-5, 90) | st.floats(0, 60),
        **dict.fromkeys(("transcript_enabled", "supports_text_only", "text_input_enabled"), st.booleans()),
        **dict.fromkeys(("start_call_text", "end_call_text", "action_text", "terms_text", "terms_key"), words),
        "terms_html": words.map(lambda text: f"<h4>Terms</h4>{text}<br>"),
        "text_contents": _objects(dict.fromkeys(("start_call", "end_call", "input_placeholder", "mute"), words)),
        "avatar": _avatar,
        "language_presets": st.dictionaries(st.just("fr"), _objects({"text_contents": anything}), max_size=1),
        "styles": st.dictionaries(st.just("base"), _colour, max_size=1),
    }
)
_hosts = st.lists(words | _objects({"hostname": st.sampled_from(["x.example", "*.y.example"])}), max_size=3)
agents = _objects(
    {
        "name": words,
        "tags": st.lists(words, max_size=2),
        "platform_settings": _objects(
            {
                "evaluation": _objects({"criteria": st.lists(_objects({"id": words, "name": words}), max_size=2)}),
                "data_collection": st.dictionaries(names, _property, max_size=2),
                "guardrails": anything,
                "privacy": _objects({"record_voice": st.booleans(), "retention_days": st.integers(-1, 90)}),
                "widget": _widget,
                "auth": _objects({"allowlist": _hosts, "shareable_token": words}),
            }
        ),
        "workflow": _objects(
            {
                "nodes": st.dictionaries(st.sampled_from("abc"), _node, max_size=3),
                "edges": st.dictionaries(st.sampled_from(["e", "f"]), _edge, max_size=2),
            }
        ),
    }
)
brains = _objects(
    {
        "prompt": words,
        "llm": st.sampled_from(["gpt-4o", "gemini-2.5-flash", "custom-llm", ""]),
        "tools": st.lists(_tool, max_size=3),
        "built_in_tools": _built_in,
        "tool_ids": st.lists(names, max_size=2),
        "knowledge_base": st.lists(_objects({"name": words, "id": words}), max_size=2),
        "temperature": st.floats(0, 1),
    }
)
speakers = _objects(
    {
        "first_message": words,
        "language": st.sampled_from(["en", "hi", "fr", "ta", "", "pt-br"]),
        "hinglish_mode": st.booleans(),
        "dynamic_variables": st.fixed_dictionaries(
            {"dynamic_variable_placeholders": st.dictionaries(names, anything, max_size=3)}
        ),
    }
)
configs = _objects(
    {
        "tts": _objects({"voice_id": words, "speed": st.floats(0.7, 1.2), "stability": st.floats(0, 1)}),
        "turn": _objects({"turn_timeout": st.floats(-1, 40), "silence_end_call_timeout": st.integers(-1, 60)}),
        "asr": _objects({"keywords": st.lists(words, max_size=2)}),
        "conversation": _objects({"max_duration_seconds": st.integers(1, 9000), "text_only": st.booleans()}),
        "language_presets": st.dictionaries(st.sampled_from(["en", "es", "fr", "ta"]), anything, max_size=3),
    }
)


@st.composite
def exports(draw: st.DrawFn) -> dict[str, Any]:
    speaker = {**draw(speakers), "prompt": draw(brains)}
    return {**draw(agents), "conversation_config": {**draw(configs), "agent": speaker}}


def leaves(tree: Any, place: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    """Written again here, so that the account is not checked by its own counting."""
    if isinstance(tree, dict) and tree:
        return [leaf for key, value in tree.items() for leaf in leaves(value, (*place, key))]
    if isinstance(tree, list) and tree:
        return [leaf for index, value in enumerate(tree) for leaf in leaves(value, (*place, index))]
    return [(place, tree)]


def account_of(data: Any, *, with_widget: bool = False) -> tuple[Conversion, list[Item], dict[str, Any]]:
    read = read_agent(data, "x")
    conversion = convert(read, "key", {}, VoiceProposals(), with_widget=with_widget)
    items = [item for item in conversion.source.ledger.close(conversion.written())[0] if item.is_leaf]
    return conversion, items, {place_text(place): value for place, value in leaves(read.tree)}


@QUICK
@given(exports(), st.booleans())
def test_every_leaf_is_accounted_for_exactly_once(data: dict[str, Any], with_widget: bool) -> None:
    _, items, expected = account_of(data, with_widget=with_widget)
    assert sorted(item.source for item in items) == sorted(expected)


@QUICK
@given(exports(), st.booleans())
def test_a_default_is_untouched_and_everything_else_says_something(data: dict[str, Any], with_widget: bool) -> None:
    _, items, expected = account_of(data, with_widget=with_widget)
    untouched = [value for row in ROWS for value in row.untouched]
    for item in items:
        value = expected[item.source]
        if item.grade is Grade.DEFAULT:
            assert value in (None, "", [], {}) or value in untouched
        elif item.grade in (Grade.UNSUPPORTED, Grade.CHOICE):
            assert item.why, item.source
        elif item.grade in (Grade.EXACT, Grade.APPROXIMATED):
            assert item.target or item.why, item.source


@QUICK
@given(exports())
def test_reading_never_drops_what_a_plain_export_holds(data: dict[str, Any]) -> None:
    """Whatever a file in the documented shape holds is in the account under its own place."""
    _, _, expected = account_of(data)
    moved = (
        *("conversation_config.tools", "conversation_config.llm", "conversation_config.agent"),
        "platform_settings.data_collection[",
    )
    for place, value in leaves(data):
        text = place_text(place)
        if not text.startswith(moved) and "request_headers" not in text:
            assert expected[text] == value


@QUICK
@given(_widget, _hosts)
def test_a_widget_is_left_out_with_advice_or_stands_at_its_target(widget: dict[str, Any], hosts: list[Any]) -> None:
    """Without being asked for nothing of it is written; asked for, what the account names as a target was written."""
    platform = {"widget": widget, "auth": {"allowlist": hosts}}
    data = {"conversation_config": {"agent": {"first_message": "Hi."}}, "platform_settings": platform}
    plain, left, _ = account_of(data)
    assert "widgetConfig" not in plain.config
    for item in left:
        if item.source.startswith("platform_settings") and item.grade is not Grade.DEFAULT and item.value != NOT_COPIED:
            assert (item.grade, item.target) == (Grade.UNSUPPORTED, None), item
            assert "--widget" in item.todo
    ported, items, _ = account_of(data, with_widget=True)
    for item in items:
        if (item.target or "").startswith("config.widgetConfig."):
            assert _at(ported.config, str(item.target).split(".")[1:]) is not None, item
        assert "private-value" not in repr(item)


@QUICK
@given(exports(), st.booleans())
def test_a_statement_names_a_place_that_its_row_knows_and_that_was_written(
    data: dict[str, Any], with_widget: bool
) -> None:
    conversion, items, _ = account_of(data, with_widget=with_widget)
    written = str(conversion.written())
    places = {place_text(place): place for place, _ in leaves(conversion.source.tree)}
    for item in items:
        row = row_for(places[item.source])
        if item.target is not None:
            assert row is None or any(item.target.startswith(to) for to in row.to), (item, row)
            if isinstance(item.target_value, str) and item.target_value != CHOSEN:
                assert repr(item.target_value[:20])[1:-1] in written, item


def test_what_says_exact_really_stands_at_its_target() -> None:
    conversion, items, _ = account_of(json.loads((EXPORTS / "clinic.json").read_text("utf-8")))
    checked = 0
    for item in items:
        if item.grade is Grade.EXACT and (item.target or "").startswith("config.") and item.target_value is not None:
            found = _at(conversion.config, str(item.target).split(".")[1:])
            if found is not None and not str(item.target_value).startswith("("):
                assert str(item.target_value) in str(found), item
                checked += 1
    assert checked > 12


def _at(node: Any, parts: list[str]) -> Any:
    for part in parts:
        if isinstance(node, list):
            named = [i for i in node if part in (i.get("name"), i.get("identifier"), i.get("variableName"))]
            node = named[0] if named else None
        else:
            node = node.get(part) if isinstance(node, dict) else None
    return node


def test_no_row_is_written_twice() -> None:
    patterns = [place for row in ROWS for place in row.at]
    assert sorted(set(patterns)) == sorted(patterns)
