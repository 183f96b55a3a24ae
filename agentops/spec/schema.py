"""JSON Schemas of what authors write, made from the models, for editors and independent validators.

A schema accepts what the spec language accepts: an expression where a value is expected, null for a field that is not
managed, and the `$` directives. Whether an expression gives the right value is found out by `validate`.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from agentops.resources import Kind
from agentops.spec.merge import CLEAR, MERGE, PASSTHROUGH
from agentops.spec.model.agent import AgentSpec
from agentops.spec.model.project import ProjectSpec
from agentops.spec.rendering import CHOOSE
from agentops.spec.resources import MODELS

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PARTIAL = "Partial"
_DIRECTIVES: Schema = {
    "Expression": {
        "type": "string",
        "pattern": r"^\s*\$\{\{[\s\S]*\}\}\s*$",
        "title": "Expression",
        "description": "A value that is made when the spec is deployed, such as ${{ vars.speed }}.",
    },
    "TextWithExpression": {
        "type": "string",
        "pattern": r"\$\{[{%#]",
        "title": "Text with an expression",
        "description": "A text that is made when the spec is deployed.",
    },
    "Clear": {
        "type": "object",
        "properties": {CLEAR: {"const": True, "title": "Clear", "description": "Always true."}},
        "required": [CLEAR],
        "additionalProperties": False,
        "title": "Clear",
        "description": "Empties the field on the platform.",
    },
    "KeyedMerge": {
        "type": "object",
        "title": "Keyed merge",
        "description": "Merges into the list below by this key; an item with $remove: true is taken out.",
        "properties": {
            MERGE: {"type": "string", "title": "Merge", "description": "The key that items are matched by."},
            "items": {"type": "array", "items": {"type": "object"}, "title": "Items", "description": "The items."},
        },
        "required": [MERGE, "items"],
        "additionalProperties": False,
    },
    "Choice": {
        "type": "object",
        "properties": {CHOOSE: {"type": "string", "title": "Choose", "description": "The question."}},
        "required": [CHOOSE],
        "title": "Open choice",
        "description": "A question that an import left for a person to answer.",
    },
}


def agent_schema() -> Schema:
    """A spec. One that extends a fragment may leave out what the fragment brings."""
    base = _author_schema(AgentSpec)
    full, partial = base["$defs"]["AgentSpec"], base["$defs"][f"AgentSpec{_PARTIAL}"]
    full["properties"]["environments"]["additionalProperties"] = _overlay()
    partial["properties"]["environments"]["additionalProperties"] = _overlay()
    return _document(
        "agent",
        "agentops agent",
        "One voice agent: who it is, what it is made from, and its configuration.",
        base["$defs"],
        {
            "if": {"required": ["extends"]},
            "then": {"$ref": f"#/$defs/AgentSpec{_PARTIAL}"},
            "else": {"$ref": "#/$defs/AgentSpec"},
            "examples": [
                {
                    "name": "Acme Support (${{ environment }})",
                    "config": {
                        "firstMessage": "Hi {{customer_name}}, how can I help?",
                        "singlePromptConfig": {"prompt": "${{ file('prompts/support.md') }}"},
                    },
                }
            ],
        },
    )


def fragment_schema() -> Schema:
    """A part of a spec, which others extend: nothing in it is required."""
    defs = _author_schema(AgentSpec)["$defs"]
    defs[f"AgentSpec{_PARTIAL}"]["properties"]["environments"]["additionalProperties"] = _overlay()
    return _document(
        "fragment",
        "agentops fragment",
        "A part of a spec that other specs extend.",
        defs,
        {"$ref": f"#/$defs/AgentSpec{_PARTIAL}", "examples": [{"config": {"slmModel": "gpt-4o"}}]},
    )


def project_schema() -> Schema:
    """`agentops.yaml`."""
    defs = _author_schema(ProjectSpec)["$defs"]
    example = {"project": "acme", "environments": {"local": {"target": "emulator"}}}
    return _document(
        "project",
        "agentops project",
        "The project: its environments, their variables, secrets and rules.",
        defs,
        {"$ref": "#/$defs/ProjectSpec", "examples": [example]},
    )


_RESOURCES: Mapping[Kind, tuple[str, str, Schema]] = {
    Kind.TOOL: (
        "agentops tool",
        "A tool of the account's library, which agents share.",
        {"definition": {"type": "client_tool", "name": "look_up_order", "description": "Look up an order."}},
    ),
    Kind.KNOWLEDGE: (
        "agentops knowledge base",
        "A knowledge base: the files and pages that agents answer from.",
        {"name": "Returns policy", "files": ["returns/faq.md"], "urls": ["https://acme.example/returns"]},
    ),
    Kind.WEBHOOK: (
        "agentops webhook",
        "A webhook: an endpoint, and the agents whose calls send it events.",
        {"endpoint": "https://crm.example.com/hooks", "events": {"support": ["post-conversation"]}},
    ),
}


def resource_schema(kind: Kind) -> Schema:
    """A file of `tools/`, `knowledge/` or `webhooks/`. One that extends a fragment may leave out what that brings."""
    title, description, example = _RESOURCES[kind]
    name = MODELS[kind].__name__
    defs = _author_schema(MODELS[kind])["$defs"]
    overlay = {"anyOf": [{"$ref": f"#/$defs/{name}{_PARTIAL}"}, {"type": "null"}]}
    for each in (name, f"{name}{_PARTIAL}"):
        defs[each]["properties"]["environments"]["additionalProperties"] = overlay
    body: Schema = {
        "if": {"required": ["extends"]},
        "then": {"$ref": f"#/$defs/{name}{_PARTIAL}"},
        "else": {"$ref": f"#/$defs/{name}"},
        "examples": [example],
    }
    return _document(kind.value, title, description, defs, body)


def plain_schema(name: str, title: str, description: str, schema: Schema, *, takes_expressions: bool = False) -> Schema:
    """The schema of another file of the project, such as a behaviour, with the titles and descriptions of ours.

    takes_expressions: the file is rendered before it is read, so `${{ expression }}` may stand for any whole value
    """
    body = {key: value for key, value in schema.items() if key not in ("$schema", "$defs", "title", "description")}
    defs = schema.get("$defs", {})
    for owner, each in ((title, body), *defs.items()):
        _describe(each, owner)
        _name_fields(each)
        _simplify(each)
        if takes_expressions:
            for key, field in each.get("properties", {}).items():
                each["properties"][key] = _with_expression(field)
    return _document(name, title, description, {**_DIRECTIVES, **defs} if takes_expressions else defs, body)


def _document(name: str, title: str, description: str, defs: Schema, body: Schema) -> Schema:
    used = _reachable(defs, body)
    head = {"$schema": DIALECT, "$id": f"urn:agentops:schema:{name}", "title": title, "description": description}
    return {**head, **body, "$defs": {key: defs[key] for key in sorted(defs) if key in used}}


def _reachable(defs: Schema, body: Schema) -> set[str]:
    found: set[str] = set()
    waiting = _references(body)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting |= _references(defs[name])
    return found


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"].removeprefix("#/$defs/")} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(_references(each) for each in value.values()))
    return set().union(*(_references(each) for each in value)) if isinstance(value, list) else set()


def _overlay() -> Schema:
    return {"anyOf": [{"$ref": f"#/$defs/AgentSpec{_PARTIAL}"}, {"type": "null"}]}


# ---- from a model's schema to what an author may write


def _author_schema(model: type[BaseModel]) -> Schema:
    """`{"$defs": ...}` with every model twice: as it must be in the end, and as a part of it."""
    raw = model.model_json_schema()
    defs = raw.pop("$defs", {})
    defs[model.__name__] = raw  # pydantic puts the top model outside of its $defs, but here it is referred to as well
    made: Schema = copy.deepcopy(_DIRECTIVES)
    for name, schema in defs.items():
        _describe(schema, name)
        made[name] = _object(schema, partial=False)
        made[f"{name}{_PARTIAL}"] = _object(schema, partial=True)
    return {"$defs": made}


def _object(schema: Schema, *, partial: bool) -> Schema:
    made = copy.deepcopy(schema)
    if partial:
        made.pop("required", None)
    _name_fields(made)
    for name, field in made.get("properties", {}).items():
        made["properties"][name] = _authored(field, partial=partial)
    if "properties" in made:
        made["properties"][PASSTHROUGH] = {
            "type": "object",
            "title": "Passed through",
            "description": "Fields that are newer than this release; they are sent as they are written.",
        }
        made["patternProperties"] = {r"^\$(remove|comment)$": {}}
    return made


def _authored(field: Schema, *, partial: bool) -> Schema:
    """What an author may write for a field: its value, an expression for it, null, or a directive."""
    kept: Schema = {key: field[key] for key in ("title", "description", "examples") if key in field}
    branches = [branch for branch in _branches(field) if branch != {"type": "null"}]
    if not branches or branches == [{}]:
        return kept
    written = [_inner(branch, partial=partial) for branch in branches]
    if any("const" in branch for branch in branches):
        return {**kept, **branches[0]} if len(branches) == 1 else {**kept, "anyOf": written}
    extra: list[Schema] = [{"$ref": "#/$defs/Choice"}, {"type": "null"}]
    limits = {"enum", "pattern", "maxLength", "minLength", "format"}
    if any(branch.get("type") == "string" and not set(branch) & limits for branch in branches):
        extra.insert(0, {"$ref": "#/$defs/Clear"})
    elif any(branch.get("type") == "string" for branch in branches):
        extra.insert(0, {"$ref": "#/$defs/TextWithExpression"})
    else:
        extra.insert(0, {"$ref": "#/$defs/Expression"})
    if any(branch.get("type") in ("array", "object") for branch in branches):
        extra.append({"$ref": "#/$defs/Clear"})
    for branch in written:
        if branch.get("type") == "array":
            extra.append({"$ref": "#/$defs/KeyedMerge"})
    return {**kept, "anyOf": [*written, *extra]}


def _branches(field: Schema) -> list[Schema]:
    listed: Any = field.get("anyOf")
    if listed is not None:
        return [inner for each in listed for inner in _branches(each)]
    return [{key: value for key, value in field.items() if key not in ("title", "description", "examples", "default")}]


def _inner(branch: Schema, *, partial: bool) -> Schema:
    """The branch with the same freedom inside: items of lists, values of mappings, references to parts."""
    made = {key: value for key, value in branch.items() if key != "discriminator"}
    if "items" in made:
        made["items"] = _item(made["items"], partial=partial)
    if isinstance(made.get("additionalProperties"), dict):
        made["additionalProperties"] = _authored(made["additionalProperties"], partial=partial)
    if partial and made.get("type") == "array":  # what a layer leaves out may come from the one below
        made.pop("minItems", None)
    if partial and "$ref" in made:
        made["$ref"] += _PARTIAL
    return made


def _item(item: Schema, *, partial: bool) -> Schema:
    """An item of a list: a tool by its type, or one that merges into another; an expression for the whole item."""
    branches = item.get("oneOf") or [item]
    written = [_inner(branch, partial=partial) for branch in branches]
    if partial and "oneOf" in item:
        written = [{"anyOf": written}]
    plain: Schema = {key: value for key, value in item.items() if key in ("title", "description")}
    return {**plain, "anyOf": [*written, {"$ref": "#/$defs/Expression"}, {"$ref": "#/$defs/Choice"}]}


def _with_expression(field: Schema) -> Schema:
    """The field, or an expression for the whole of it where the field doesn't take any text already."""
    kept: Schema = {key: field[key] for key in ("title", "description", "default") if key in field}
    branches = _branches(field)
    takes_text = any(branch.get("type") == "string" and not set(branch) & {"enum", "pattern"} for branch in branches)
    if takes_text or branches == [{}] or any("const" in branch for branch in branches):
        return field
    is_word = any(branch.get("type") == "string" for branch in branches)
    directive = "TextWithExpression" if is_word else "Expression"
    written = []
    for branch in branches:
        nested = {key: branch[key] for key in ("items", "additionalProperties") if isinstance(branch.get(key), dict)}
        written.append({**branch, **{key: _with_expression(value) for key, value in nested.items()}})
    return {**kept, "anyOf": [*written, {"$ref": f"#/$defs/{directive}"}]}


# ---- titles for people


def _name_fields(schema: Schema) -> None:
    """Titles as people would write them: pydantic's run the words of a name together."""
    for name, field in schema.get("properties", {}).items():
        if isinstance(field, dict):
            field["title"] = title_of(name)


def _describe(schema: Schema, owner: str) -> None:
    """A sentence for every field that has none of its own."""
    for name, field in schema.get("properties", {}).items():
        field.setdefault("description", f"{title_of(name)} of the {title_of(owner).lower()}.")


def title_of(name: str) -> str:
    """`firstMessage` and `first_message` as `First message`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name.replace("_", " ").strip("$ "))
    lowered = " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in words.split())
    return lowered[:1].upper() + lowered[1:]


def _simplify(schema: Schema) -> None:
    for field in schema.get("properties", {}).values():
        if isinstance(field, dict):
            field.pop("discriminator", None)
            if isinstance(field.get("items"), dict):
                field["items"].pop("discriminator", None)
