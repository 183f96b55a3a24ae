"""The parameters of a webhook: which the model fills in, which are fixed, and where they go in the request.

A property's value comes from a constant, from a variable, or from the model; the latter becomes an `llmParameter`.
"""

from __future__ import annotations

from typing import Any

from agentops.credentials import is_credential
from agentops.document import Document
from agentops.importers.elevenlabs.conversion import Conversion, slug
from agentops.importers.elevenlabs.leaves import Place
from agentops.importers.fidelity import Grade
from agentops.importers.yaml_text import literal

_TYPES = {"string": "text", "integer": "number", "number": "number", "boolean": "boolean"}
_AS_JSON = "as JSON text"


class Parameters:
    """Collects the parameters of one tool: `asked` are those that the model fills in."""

    def __init__(self, conversion: Conversion, target: str) -> None:
        self._conversion = conversion
        self._target = target
        self.asked: list[Document] = []

    def path(self, place: Place) -> dict[str, str]:
        """Path parameter -> what stands for it in the URL."""
        named = self._conversion.source.objects(*place)
        return {name: self._text(self._value((*place, name), schema, name, True)) for name, schema in named.items()}

    def query(self, place: Place) -> list[Document]:
        schema = self._conversion.source.get(*place)
        if not isinstance(schema, dict):
            return []
        properties = schema.get("properties", schema)
        at = (*place, "properties") if "properties" in schema else place
        required = self._required(place, schema)
        made = []
        for name, inner in properties.items() if isinstance(properties, dict) else ():
            if not _is_omitted(inner):
                value = self._text(self._value((*at, name), inner, name, name in required))
                made.append({"key": name, "value": value})
            else:
                self._settle_omitted((*at, name), inner)
        return made

    def body(self, place: Place) -> Any:
        """The body's template; None when the tool has none."""
        schema = self._conversion.source.get(*place)
        if not isinstance(schema, dict) or not (schema.get("properties") or schema.get("items")):
            return None
        self._settle(place, "description", f"{self._target}.requestBody")
        return self._value(place, schema, "", True)

    def ask(self, name: str, schema: Document | None = None, *, required: bool = True) -> str:
        """Makes the model fill in `name`; gives the placeholder for it."""
        unique = self._unique(slug(name, "_") or "value")
        schema = schema or {}
        made: Document = {"name": unique, "description": str(schema.get("description") or name.replace("_", " "))}
        made["description"] = literal(self._conversion.words.rewrite(made["description"]))
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
        """What stands for one property: a literal, a placeholder, or an object of them."""
        if not isinstance(schema, dict):
            return self._shorthand(place, schema, name, required)
        constant, variable = schema.get("constant_value"), schema.get("dynamic_variable")
        if isinstance(constant, str) and is_credential(name, constant):
            return self._hidden(place, name)
        if constant not in (None, ""):
            self._settle(place, "constant_value", self._target, constant)
            return literal(constant) if isinstance(constant, str) else constant
        if isinstance(variable, str) and variable:
            made = self._conversion.words.variable(variable)
            self._settle(place, "dynamic_variable", self._target, made)
            self._settle_asked(place, schema, self._target, Grade.BOOKKEEPING)
            return made
        if isinstance(schema.get("properties"), dict) and schema["properties"]:
            return self._object(place, schema, name)
        return self._asked(place, schema, name, required)

    def _hidden(self, place: Place, name: str) -> str:
        reference = self._conversion.secret(self._target.rsplit(".", 1)[1], name)
        why, todo = "a credential was written into the file itself", f"Give each environment {reference}."
        self._conversion.source.account.hide((*place, "constant_value"), self._target, why, todo)
        return reference

    def _object(self, place: Place, schema: Document, name: str) -> Document:
        required, made = self._required(place, schema), {}
        for key, inner in schema["properties"].items():
            at: Place = (*place, "properties", key)
            if _is_omitted(inner):
                self._settle_omitted(at, inner)
            else:
                made[literal(key)] = self._value(at, inner, f"{name}_{key}" if name else key, key in required)
        self._settle(place, "type", f"{self._target}.requestBody", "object")
        self._settle(place, "description", f"{self._target}.requestBody", "(the object's shape)")
        return made

    def _asked(self, place: Place, schema: Document, name: str, required: bool) -> str:
        kind = str(schema.get("type"))
        described = dict(schema)
        if kind in ("array", "object"):
            items = schema.get("items")
            inner = f" of {items.get('description') or items.get('type')}" if isinstance(items, dict) else ""
            text = schema.get("description") or name.replace("_", " ")
            described = {"description": f"{text} ({kind}{inner}, {_AS_JSON})"}
        placeholder = self.ask(name or "body", described, required=required)
        target = f"{self._target}.llmParameters.{self.asked[-1]['name']}"
        self._settle_asked(place, schema, target, Grade.APPROXIMATED if kind in ("array", "object") else None)
        return placeholder

    def _settle_asked(self, place: Place, schema: Document, target: str, grade: Grade | None) -> None:
        kind = self.asked[-1]["type"] if self.asked and target.endswith(f".{self.asked[-1]['name']}") else None
        widened = Grade.APPROXIMATED if schema.get("type") == "integer" else Grade.EXACT
        self._settle(place, "type", target, kind, grade or widened)
        for key in ("description", "value_type"):
            self._settle(place, key, target, None, grade or Grade.EXACT)
        account = self._conversion.source.account
        for key in ("enum", "items"):
            if key in schema:
                account.carry_tree((*place, key), target, grade=grade or Grade.EXACT)

    def _shorthand(self, place: Place, schema: Any, name: str, required: bool) -> str:
        """A property that hand-written files give as a bare type or description."""
        kind = {"type": schema} if isinstance(schema, str) and schema in _TYPES else {"description": str(schema)}
        placeholder = self.ask(name, kind, required=required)
        self._conversion.source.account.carry_tree(place, f"{self._target}.llmParameters.{self.asked[-1]['name']}")
        return placeholder

    def _required(self, place: Place, schema: Document) -> frozenset[str]:
        names = schema.get("required")
        for index, name in enumerate(names if isinstance(names, list) else ()):
            at: Place = (*place, "required", index)
            self._conversion.source.account.carry(at, f"{self._target}.llmParameters", name, grade=Grade.EXACT)
        return frozenset(str(name) for name in names) if isinstance(names, list) else frozenset()

    def _settle(self, place: Place, key: str, target: str, value: Any = None, grade: Grade | None = None) -> None:
        self._conversion.source.account.carry((*place, key), target, value, grade=grade)

    def _settle_omitted(self, place: Place, schema: Any) -> None:
        why = "left out of the request, as before"
        self._conversion.source.account.carry_tree(place, None, grade=Grade.EXACT, why=why)

    @staticmethod
    def _text(value: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        return value if isinstance(value, str) else str(value)


def _is_omitted(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("is_omitted") is True
