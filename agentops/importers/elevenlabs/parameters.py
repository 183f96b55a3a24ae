"""The parameters of a webhook: which the model fills in, which are fixed, and where they go in the request.

A property's value comes from a constant, from a variable, or from the model; the last becomes an `llmParameter`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from agentops.document import Document
from agentops.importers.elevenlabs.conversion import Conversion
from agentops.importers.elevenlabs.paths import Place
from agentops.importers.fidelity import Grade
from agentops.importers.yaml_text import literal
from agentops.spec.slug import slug

# The platform knows no integers apart from numbers, and no lists and objects: those are text with JSON in it.
_TYPES = {"string": "text", "integer": "number", "number": "number", "boolean": "boolean"}
# The body is a template of text, and a variable in it is filled in as it is. So the placeholder of a value that is not
# text is wrapped like this until the body is JSON, and then loses its quotes.
_BARE = re.compile(r'"⟨(\{\{\w+\}\})⟩"')


class Parameters:
    """Collects the parameters of one tool. `asked`: those that the model fills in."""

    def __init__(self, conversion: Conversion, target: str) -> None:
        self._conversion = conversion
        self._target = target
        self.asked: list[Document] = []
        self._asked_at: dict[Place, str] = {}

    def path(self, place: Place) -> dict[str, str]:
        """Path parameter -> what takes its place in the URL."""
        named = self._conversion.source.objects(*place)
        return {name: _text(self._value((*place, name), schema, name, True)) for name, schema in named.items()}

    def query(self, place: Place) -> list[Document]:
        schema = self._conversion.source.get(*place)
        if not isinstance(schema, dict):
            return []
        properties = schema.get("properties", schema)
        at = (*place, "properties") if "properties" in schema else place
        required = _required(schema)
        made = []
        for name, inner in properties.items() if isinstance(properties, dict) else ():
            if not _is_omitted(inner):
                value = _text(self._value((*at, name), inner, name, name in required))
                made.append({"key": name, "value": value})
            else:
                self._settle_omitted((*at, name))
        self._settle_required(place, schema, at)
        return made

    def body(self, place: Place) -> str | None:
        """The template of the body, which is JSON once its variables are filled in; None if the tool has no body."""
        schema = self._conversion.source.get(*place)
        if not isinstance(schema, dict) or not (schema.get("properties") or schema.get("items")):
            return None
        template = json.dumps(self._value(place, schema, "", True), ensure_ascii=False, indent=2)
        return _BARE.sub(r"\1", template)

    def ask(self, name: str, schema: Document | None = None, *, required: bool = True) -> str:
        """Makes the model fill in `name`, and returns the placeholder for it."""
        spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
        unique = self._unique(slug(spaced, "_") or "value")
        schema = schema or {}
        made: Document = {"name": unique, "description": str(schema.get("description") or name.replace("_", " "))}
        made["description"] = literal(self._conversion.placeholders.rewrite(made["description"]))
        options = schema.get("enum")
        if isinstance(options, list) and options:
            made |= {"type": "enum", "values": [str(option) for option in options]}
        else:
            made["type"] = _TYPES.get(str(schema.get("type")), "text")
        self.asked.append({**made, "required": required})
        return "{{" + unique + "}}"

    def _unique(self, name: str) -> str:
        taken = {parameter["name"] for parameter in self.asked}
        candidate, number = name, 2
        while candidate in taken:
            candidate, number = f"{name}_{number}", number + 1
        return candidate

    def _value(self, place: Place, schema: Any, name: str, required: bool) -> Any:
        """The value of one property in the template: a literal, a placeholder, or an object of these."""
        if not isinstance(schema, dict):
            return self._shorthand(place, schema, name, required)
        constant, variable = schema.get("constant_value"), schema.get("dynamic_variable")
        if constant not in (None, ""):
            shown = _text(constant)
            # Escaped in the JSON of the body, the text could not be found there when the claim is checked.
            is_escaped = json.dumps(shown, ensure_ascii=False) != f'"{shown}"'
            self._settle(place, "constant_value", self._target, None if is_escaped else literal(shown))
            self._settle_kind(place, schema, self._target, Grade.BOOKKEEPING)
            return literal(constant) if isinstance(constant, str) else constant
        if isinstance(variable, str) and variable:
            made = self._conversion.placeholders.variable(variable)
            self._settle(place, "dynamic_variable", self._target, made)
            self._settle_kind(place, schema, self._target, Grade.BOOKKEEPING)
            return made
        if isinstance(schema.get("properties"), dict) and schema["properties"]:
            return self._object(place, schema, name)
        return self._asked(place, schema, name, required)

    def _object(self, place: Place, schema: Document, name: str) -> Document:
        required, made = _required(schema), {}
        for key, inner in schema["properties"].items():
            at: Place = (*place, "properties", key)
            if _is_omitted(inner):
                self._settle_omitted(at)
            else:
                made[literal(key)] = self._value(at, inner, f"{name}_{key}" if name else key, key in required)
        self._settle_required(place, schema, (*place, "properties"))
        self._settle(place, "type", f"{self._target}.requestBody")
        if schema.get("description"):
            why = "the whole object is described nowhere; its properties are"
            ledger = self._conversion.source.ledger
            ledger.carry((*place, "description"), None, grade=Grade.BOOKKEEPING, why=why)
        return made

    def _asked(self, place: Place, schema: Document, name: str, required: bool) -> str:
        """A parameter that the model fills in. Lists and objects are filled in as JSON, and are always required: the
        body would be invalid without them."""
        kind = str(schema.get("type"))
        described, is_json = dict(schema), kind in ("array", "object")
        if is_json:
            inner = _shape(schema.get("items"))
            text = schema.get("description") or name.replace("_", " ")
            empty = "[]" if kind == "array" else "{}"
            described = {"description": f"{text} (JSON {kind}{inner}; {empty} when there is nothing)"}
        placeholder = self.ask(name or "body", described, required=required or is_json)
        self._asked_at[place] = self.asked[-1]["name"]
        target = f"{self._target}.llmParameters.{self.asked[-1]['name']}"
        widened = Grade.APPROXIMATED if kind in ("array", "object", "integer") else Grade.EXACT
        self._settle_kind(place, schema, target, widened, self.asked[-1]["type"])
        # An optional number keeps its quotes: left out, it would leave invalid JSON behind.
        is_bare = is_json or (required and kind in ("integer", "number", "boolean"))
        return f"⟨{placeholder}⟩" if is_bare else placeholder

    def _settle_kind(self, place: Place, schema: Document, target: str, grade: Grade, kind: str | None = None) -> None:
        """Settles what a property says about itself, apart from its value."""
        self._settle(place, "type", target, kind, grade)
        self._settle(place, "description", target, None, grade)
        ledger, why = self._conversion.source.ledger, "says where the value comes from, which the request shows"
        ledger.carry((*place, "value_type"), None, grade=Grade.BOOKKEEPING, why=why)
        for key in ("enum", "items"):
            if key in schema:
                self._conversion.source.ledger.carry_tree((*place, key), target, grade=grade)

    def _shorthand(self, place: Place, schema: Any, name: str, required: bool) -> str:
        """A property for which a hand-written file has only a type or a description."""
        kind = {"type": schema} if isinstance(schema, str) and schema in _TYPES else {"description": str(schema)}
        placeholder = self.ask(name, kind, required=required)
        self._asked_at[place] = self.asked[-1]["name"]
        self._conversion.source.ledger.carry_tree(place, f"{self._target}.llmParameters.{self.asked[-1]['name']}")
        return placeholder

    def _settle_required(self, place: Place, schema: Document, properties: Place) -> None:
        names = schema.get("required")
        ledger = self._conversion.source.ledger
        for index, name in enumerate(names if isinstance(names, list) else ()):
            at: Place = (*place, "required", index)
            asked = self._asked_at.get((*properties, str(name)))
            if asked is not None:
                ledger.carry(at, f"{self._target}.llmParameters.{asked}.required", True, grade=Grade.EXACT)
            else:
                why = "the model fills in no such parameter: its value is fixed, made of parts, or it is not there"
                ledger.carry(at, None, grade=Grade.BOOKKEEPING, why=why)

    def _settle(self, place: Place, key: str, target: str, value: Any = None, grade: Grade | None = None) -> None:
        self._conversion.source.ledger.carry((*place, key), target, value, grade=grade)

    def _settle_omitted(self, place: Place) -> None:
        why = "left out of the request, as before"
        self._conversion.source.ledger.carry_tree(place, None, grade=Grade.EXACT, why=why)


def _text(value: Any) -> str:
    """A value in an address or a query."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.strip("⟨⟩") if isinstance(value, str) else str(value)


def _shape(items: Any) -> str:
    """The members of a list, described in a few words for the model."""
    if not isinstance(items, dict):
        return ""
    properties = items.get("properties")
    if isinstance(properties, dict) and properties:
        kinds = [f"{name} ({p.get('type', 'string')})" for name, p in properties.items() if isinstance(p, dict)]
        return f" of objects with {', '.join(kinds)}"
    return f" of {items.get('description') or items.get('type')}"


def _required(schema: Document) -> frozenset[str]:
    names = schema.get("required")
    return frozenset(str(name) for name in names) if isinstance(names, list) else frozenset()


def _is_omitted(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("is_omitted") is True
