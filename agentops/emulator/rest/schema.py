"""Shapes of JSON as JSON Schema: short functions to write them, and a check that answers in the platform's phrases.

One schema serves both the check of a request and the emulator's OpenAPI document, so they cannot disagree. The check
knows the keywords that these functions produce, no more. The phrases are those of the zod library, which the platform's
error texts show (`"agentId: Required"`, `"Expected boolean, received null"`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

OBJECT_ID = "^[a-f0-9]{24}$"
ANY: Schema = {}
FLAG: Schema = {"type": "boolean"}
TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
COUNT: Schema = {"type": "integer", "minimum": 0}
OBJECT: Schema = {"type": "object"}
STAMP: Schema = {"type": "string", "format": "date-time"}
ID: Schema = {"type": "string", "pattern": OBJECT_ID}


def text(*, least: int = 0, most: int | None = None, pattern: str | None = None) -> Schema:
    return {
        "type": "string",
        **({"minLength": least} if least else {}),
        **({"maxLength": most} if most is not None else {}),
        **({"pattern": pattern} if pattern else {}),
    }


def number(least: float | None = None, most: float | None = None, *, whole: bool = False) -> Schema:
    return {
        "type": "integer" if whole else "number",
        **({"minimum": least} if least is not None else {}),
        **({"maximum": most} if most is not None else {}),
    }


def one_of(*values: Any) -> Schema:
    return {"enum": list(values)}


def array(items: Schema = ANY, *, least: int = 0, most: int | None = None) -> Schema:
    return {
        "type": "array",
        "items": items,
        **({"minItems": least} if least else {}),
        **({"maxItems": most} if most is not None else {}),
    }


def obj(properties: Mapping[str, Schema], *, required: Sequence[str] = (), closed: bool = False) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        **({"required": list(required)} if required else {}),
        **({"additionalProperties": False} if closed else {}),
    }


def mapping(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


def maybe(schema: Schema) -> Schema:
    """The schema or null; used for answers only, since the platform refuses nulls in requests."""
    return {"anyOf": [schema, {"type": "null"}]}


def opened(schema: Any) -> Any:
    """The schema, allowing in every object keys that it does not name."""
    if isinstance(schema, Sequence) and not isinstance(schema, str):
        return [opened(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    room = {"additionalProperties": True} if "properties" in schema else {}
    return {name: opened(each) for name, each in schema.items()} | room


SCALAR: Schema = {"type": ["string", "number", "boolean"]}


def problems(schema: Schema, value: Any, path: str = "") -> list[str]:
    """What is wrong with `value`, one phrase each (`"synthesizer.speed: Number must be …"`); empty when it fits."""
    return list(_problems(schema, value, path))


def _problems(schema: Schema, value: Any, path: str) -> Iterator[str]:
    wrong = _wrong_type(schema, value)
    if wrong:
        yield _at(path, wrong)
    elif "enum" in schema:
        options = schema["enum"]
        # Python takes True for 1, JSON doesn't.
        if not any(value == option and isinstance(value, bool) == isinstance(option, bool) for option in options):
            listed = " | ".join(f"'{option}'" for option in options)
            yield _at(path, f"Invalid enum value. Expected {listed}, received '{value}'")
    elif isinstance(value, str):
        yield from _check_text(schema, value, path)
    elif isinstance(value, dict):
        yield from _check_object(schema, value, path)
    elif isinstance(value, list):
        yield from _check_array(schema, value, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if value < schema.get("minimum", value):
            yield _at(path, f"Number must be greater than or equal to {schema['minimum']}")
        if value > schema.get("maximum", value):
            yield _at(path, f"Number must be less than or equal to {schema['maximum']}")


def _wrong_type(schema: Schema, value: Any) -> str | None:
    expected = schema.get("type")
    if expected is None:
        return None
    allowed = [expected] if isinstance(expected, str) else expected
    name = _type_name(value)
    if name in allowed or ("number" in allowed and name == "integer"):
        return None
    shown = "number" if name == "integer" else name  # zod has one word for all numbers
    return f"Expected {' | '.join(allowed)}, received {shown}"


def _type_name(value: Any) -> str:
    if value is None:
        return "null"
    for kind, name in ((bool, "boolean"), (int, "integer"), (str, "string"), (list, "array"), (dict, "object")):
        if isinstance(value, kind):
            return name
    return "integer" if float(value).is_integer() else "number"


def _check_text(schema: Schema, value: str, path: str) -> Iterator[str]:
    if len(value) < schema.get("minLength", 0):
        yield _at(path, f"String must contain at least {schema['minLength']} character(s)")
    if len(value) > schema.get("maxLength", len(value)):
        yield _at(path, f"String must contain at most {schema['maxLength']} character(s)")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield _at(path, "Invalid")
    if schema.get("format") == "uri" and not re.match(r"^[a-zA-Z][a-zA-Z0-9+.-]*:\S+$", value):
        yield _at(path, "Invalid url")


def _check_array(schema: Schema, value: list[Any], path: str) -> Iterator[str]:
    if len(value) < schema.get("minItems", 0):
        yield _at(path, f"Array must contain at least {schema['minItems']} element(s)")
    if len(value) > schema.get("maxItems", len(value)):
        yield _at(path, f"Array must contain at most {schema['maxItems']} element(s)")
    for index, item in enumerate(value):
        yield from _problems(schema.get("items", ANY), item, f"{path}.{index}" if path else str(index))


def _check_object(schema: Schema, value: dict[str, Any], path: str) -> Iterator[str]:
    known = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield _at(f"{path}.{name}" if path else name, "Required")
    rest = schema.get("additionalProperties", ANY)
    for name, item in value.items():
        inner = f"{path}.{name}" if path else name
        if name not in known and rest is False:
            yield _at(inner, "Unrecognized key")
        else:
            yield from _problems(known.get(name, rest), item, inner)


def _at(path: str, phrase: str) -> str:
    return f"{path}: {phrase}" if path else phrase
