"""Data against a model: every error of pydantic as a diagnostic with place, expectation and the closest right name."""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from agentops.closest import closest
from agentops.diagnostics import Diagnostic, Severity
from agentops.document import CLEARED, Path, Secret, path_text
from agentops.fields import IDS, METADATA, WRITTEN_AT
from agentops.resources import Ref
from agentops.spec.model.base import Model
from agentops.spec.rendering import BROKEN
from agentops.spec.scalars import looks_like_number, number_of, spelling
from agentops.spec.template import has_expression
from agentops.spec.tree import Map, key_place, mark_of, value_place

ModelT = TypeVar("ModelT", bound=BaseModel)

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "list_type": "a list",
}


class _Mistake(NamedTuple):
    code: str
    summary: str
    expected: str | None
    hint: str | None


def check(
    model: type[ModelT], tree: Map, *, data: Any = None, agent: str | None = None, lenient: bool = False
) -> tuple[ModelT | None, list[Diagnostic]]:
    """`tree` as an instance of `model`, or None and everything that is wrong with it.

    `data` is what is checked when it is not the tree itself. With `lenient` the tree is a part of something that has
    not been rendered yet: expressions, nulls and directives are taken for right, and nothing is missing.
    """
    try:
        return model.model_validate(tree if data is None else data), []
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=True)
    wrong = [each for each in errors if not _is_excused(each, lenient)]
    return None, [_diagnostic(model, tree, group, agent) for group in _grouped(wrong, tree)]


def sound_part(model: type[ModelT], data: Any) -> ModelT | None:
    """What is left of `data` (plain, and changed by this) without the fields that are wrong; None when nothing is.

    For rules between fields, so that they need not wait until every field is right. A list with a wrong item goes as a
    whole: its other items would stand at other places.
    """
    for _ in range(_ROUNDS):
        try:
            return model.model_validate(data)
        except ValidationError as error:
            wrong = [(_data_path(each, data), each["type"] == "missing") for each in error.errors(include_url=False)]
        if not all(_cut(data, path[:-1] if is_missing else path) for path, is_missing in wrong):
            return None
    return None


_ROUNDS = 4  # a cut may leave something missing, which is cut in the next round


def _cut(data: Any, path: Path) -> bool:
    """Takes the field at `path` out; False when that would be everything."""
    fields = path[: next((i for i, part in enumerate(path) if isinstance(part, int)), len(path))]
    if not fields:
        return False
    for part in fields[:-1]:
        data = data.get(part) if isinstance(data, dict) else None
    if isinstance(data, dict):
        data.pop(fields[-1], None)
    return True


def _is_excused(error: Any, lenient: bool) -> bool:
    value = error["input"]
    if value is BROKEN or not lenient:
        return value is BROKEN  # reported when it was rendered
    if value is None or error["type"] in ("missing", "union_tag_not_found") or str(error["loc"][-1]).startswith("$"):
        return True
    if isinstance(value, dict):
        return any(key.startswith("$") for key in value)
    return isinstance(value, str) and has_expression(value)


def _grouped(errors: Iterable[Any], tree: Map) -> list[tuple[Path, list[Any]]]:
    """The errors by the path of the value in the data: the branches of a union complain one by one."""
    groups: dict[Path, list[Any]] = {}
    for error in errors:
        groups.setdefault(_data_path(error, tree), []).append(error)
    deeper = {path[:length] for path in groups for length in range(len(path))}
    # Where one branch of a union fits so far that the error is further down, the others were not meant.
    return [
        (path, group)
        for path, group in groups.items()
        if path not in deeper or not all(error["type"] in _EXPECTED for error in group)
    ]


def _data_path(error: Any, tree: Any) -> Path:
    """pydantic's location without the names of union branches, which are not in the data."""
    path: list[str | int] = []
    parts = error["loc"]
    for index, part in enumerate(parts):
        is_key = isinstance(tree, dict) and part in tree
        is_index = isinstance(tree, list) and isinstance(part, int) and part < len(tree)
        if is_key or is_index:
            path.append(part)
            tree = tree[part]
        elif error["type"] == "missing" and index == len(parts) - 1:
            path.append(part)
    return tuple(path)


def _diagnostic(model: type[BaseModel], tree: Map, group: tuple[Path, list[Any]], agent: str | None) -> Diagnostic:
    path, errors = group
    error = errors[0]
    name = path_text(path)
    kinds = [_EXPECTED[e["type"]] for e in errors if e["type"] in _EXPECTED]
    if error["type"] == "extra_forbidden":
        found = _unknown_field(model, error["loc"], str(path[-1]))
    elif error["type"] == "missing":
        owner = f" of {path_text(path[:-1])}" if len(path) > 1 else ""
        holder = _model_at(model, error["loc"][:-1])
        info = holder.model_fields.get(str(error["loc"][-1])) if holder is not None else None
        expected, hint = info.description if info is not None else None, f"add `{path[-1]}: ...`"
        found = _Mistake("missing-field", f"{path[-1]}{owner} is missing", expected, hint)
    elif kinds and len(kinds) == len(errors):
        found = _wrong_type(name, " or ".join(dict.fromkeys(kinds)), error["input"])
    else:
        found = _wrong_value(name, next(e for e in errors if e["type"] not in _EXPECTED))
    where = None
    if (mark := mark_of(tree, path)) is not None:
        is_about_key = error["type"] in ("extra_forbidden", "missing", "unknown_name")
        where = key_place(mark) if is_about_key else value_place(mark)
    return Diagnostic(
        found.code,
        Severity.ERROR,
        found.summary,
        hint=found.hint,
        where=where,
        expected=found.expected,
        agent=agent,
        path=name,
    )


def _unknown_field(model: type[BaseModel], location: tuple[Any, ...], name: str) -> _Mistake:
    owner = _model_at(model, location[:-1])
    if owner is not None and issubclass(owner, Model) and name in owner.REMOVED:
        return _Mistake("removed-field", f"`{name}` is no longer supported", None, owner.REMOVED[name])
    known = list(owner.model_fields) if owner is not None else []
    close = closest(name, known, cutoff=0.6)
    expected = None
    if close:
        hint = f"did you mean `{close}`? A field newer than this release goes into a `$passthrough:` block"
    elif home := _homes(model).get(name) or READ_NAMES.get(name):
        hint = f"`{name}` belongs at {home}"
    else:
        expected = "one of " + ", ".join(known[:24]) + (" ..." if len(known) > 24 else "") if known else None
        hint = "remove it; a field newer than this release goes into a `$passthrough:` block"
    return _Mistake("unknown-field", f"there is no field `{name}` here", expected, hint)


# Names that the platform uses when it answers, or for what stands outside the configuration, and where they belong.
READ_NAMES = {
    **{str(read[0]): path_text(place) for read, place in WRITTEN_AT.items() if len(read) == 1},
    **{name: f"{spec}, at the top of the spec" for name, spec in METADATA.items() if name != spec},
}


@functools.cache
def _homes(model: type[BaseModel]) -> dict[str, str]:
    """Field name -> the one dotted path where it belongs; names with several homes are left out."""
    found: dict[str, list[str]] = {}

    def visit(owner: type[BaseModel], base: str, depth: int) -> None:
        for name, info in owner.model_fields.items():
            found.setdefault(name, []).append(f"{base}{name}")
            inner = [each for each in models_in(info.annotation) if depth < 4]
            if len(inner) == 1:
                visit(inner[0], f"{base}{name}.", depth + 1)

    visit(model, "", 0)
    return {name: homes[0] for name, homes in found.items() if len(homes) == 1}


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models that an annotation can hold directly: through unions and Annotated, not through lists."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType, typing.Annotated):
        return [model for each in typing.get_args(annotation) for model in models_in(each)]
    return []


def _model_at(model: type[BaseModel], location: tuple[Any, ...]) -> type[BaseModel] | None:
    """The model whose fields belong at pydantic's `location`."""
    here: list[Any] = [model]
    for part in location:
        here = [step for annotation in here for step in step_into(annotation, part)]
    models = [found for annotation in here for found in models_in(annotation)]
    return models[0] if models else None


def step_into(annotation: Any, part: Any) -> list[Any]:
    """The annotations one step further down; the name of a union branch selects that branch.

    Nothing is below a `part` that is neither a key nor an index, such as a mapping in the place of a tool's type.
    """
    if not isinstance(part, str | int):
        return []
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType, typing.Annotated):
        branches = [b for each in arguments if not isinstance(each, str) for b in step_into(each, part)]
        tagged = [m for m in models_in(annotation) if part in (_tag(m), m.__name__)]
        return tagged or branches
    if origin is list:
        return [arguments[0]] if isinstance(part, int) else []
    if origin is dict:
        return [arguments[1]]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if part in annotation.model_fields:
            info = annotation.model_fields[part]
            return [info.annotation]
        return [annotation] if part in (_tag(annotation), annotation.__name__) else []
    return []


def _tag(model: type[BaseModel]) -> str | None:
    info = model.model_fields.get("type")
    values = typing.get_args(info.annotation) if info is not None else ()
    return values[0] if len(values) == 1 else None


def _wrong_type(name: str, expected: str, value: Any) -> _Mistake:
    if isinstance(value, Secret):
        hint = "secrets can stand in headers, URLs, parameters, request bodies and api_key"
        return _Mistake("secret-not-allowed", f"{name} can't hold a secret ({value})", expected, hint)
    if isinstance(value, Ref):
        hint = f"references stand in {', '.join(IDS)}"
        return _Mistake("reference-not-allowed", f"{name} can't hold a reference ({value.address})", expected, hint)
    return _Mistake("wrong-type", f"{name} is {_kind(value)}", expected, _type_hint(expected, value))


def _type_hint(expected: str, value: Any) -> str:
    if expected == "text" and isinstance(value, int | float) and not isinstance(value, bool):
        # Python may spell NaN and very large numbers in another way than the author did.
        return f'quote it: "{value}"' if value == value and abs(value) < 1e15 else "quote the value"
    if "true or false" in expected and isinstance(value, str):
        return "write true or false, without quotes"
    if "number" in expected and isinstance(value, str) and looks_like_number(value):
        plain = spelling(number_of(value))
        return "take the quotes off" if value == plain else f"write {plain}; {value} is a name as it is written"
    if "number" in expected and isinstance(value, str):
        return "write the number without quotes; an expression that gives text takes `| int` or `| float`"
    if value is CLEARED:
        return "leave the field out"
    return f"give {expected}"


def _kind(value: Any) -> str:
    match value:
        case None:
            return "empty (null)"
        case bool():
            return "true" if value else "false"
        case str():
            return f"the text {_short(value)}"
        case int() | float():
            return f"the number {value}"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _ if value is CLEARED:
            return "cleared"
        case _:
            return f"{type(value).__name__.lower()}"


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _wrong_value(name: str, error: Any) -> _Mistake:
    value, context, kind = error["input"], error.get("ctx", {}), error["type"]
    shown = str(value) if isinstance(value, Secret | Ref) else _short(value) if isinstance(value, str) else _kind(value)
    if kind in ("literal_error", "enum"):
        return _closest(name, shown, value, context["expected"])
    if kind == "union_tag_invalid":
        given = context["tag"]
        return _closest(f"{name}.type", repr(given), given, context["expected_tags"])
    if kind == "union_tag_not_found":
        return _Mistake("missing-field", f"type of {name} is missing", "the kind of tool", "add `type: ...`")
    if kind in ("greater_than_equal", "less_than_equal", "greater_than", "less_than"):
        bound = next(iter(context.values()))
        words = kind.replace("_than", " than").replace("_equal", " or equal to").replace("_", " ")
        return _Mistake("out-of-range", f"{name} is {value}", f"{words} {bound:g}", "choose a value in the range")
    if kind in ("string_too_long", "too_long"):
        limit, unit = context["max_length"], "characters" if kind.startswith("s") else "items"
        return _Mistake("too-long", f"{name} has {len(value)} {unit}", f"at most {limit} {unit}", "shorten it")
    if kind in ("string_too_short", "too_short"):
        limit, unit = context["min_length"], "character" if kind.startswith("s") else "item"
        count = f"{len(value)} {unit}{'' if len(value) == 1 else 's'}"
        least = f"at least {limit} {unit}s" if limit > 1 else f"at least one {unit}"
        return _Mistake(
            "too-short",
            f"{name} has {count}" if value else f"{name} is empty",
            least,
            "fill it in, or remove the field",
        )
    if kind == "unknown_name":
        close = closest(value, context["known"])
        hint = f"did you mean `{close}`?" if close else "choose one of them"
        return _Mistake("unknown-name", f"there is no {context['what']} {shown}", _one_of(context["known"]), hint)
    if kind == "wrong_format":
        hint = "refer to one of that kind" if isinstance(value, Ref) else "correct the spelling"
        return _Mistake("wrong-format", f"{name} is {shown}", context["expected"], hint)
    return _Mistake("wrong-value", f"{name}: {error['msg']}", None, "correct the value")


def _closest(name: str, shown: str, value: Any, expected: str) -> _Mistake:
    choices = [each.strip("'") for each in expected.replace(" or ", ", ").split(", ")]
    close = closest(value, choices)
    hint = f"did you mean `{close}`?" if close else "choose one of them"
    return _Mistake("wrong-value", f"{name} is {shown}", _one_of(choices), hint)


def _one_of(choices: Iterable[str]) -> str:
    return "one of " + ", ".join(choices)
