"""Reads a call script from parsed YAML; or says everything that is wrong with it, each with its place and a remedy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel, ValidationError

from agentops.calls import criteria, script
from agentops.calls.script import STEPS, Script
from agentops.closest import closest
from agentops.diagnostics import Diagnostic, Severity, Where

PlaceOf: TypeAlias = Callable[[tuple[str | int, ...]], Where | None]


def read_script(data: Any, *, file: str, place_of: PlaceOf) -> Script | list[Diagnostic]:
    """The script in `data` (parsed YAML), or everything that is wrong with it, each with its place in `file`."""
    try:
        return Script.model_validate(data)
    except ValidationError as error:
        problems = error.errors(include_url=False)
    found = []
    for problem in problems:
        loc = problem["loc"]
        # pydantic puts a step's kind into the location right after its index: `steps.2.say.say.text`.
        is_tagged = len(loc) > 2 and loc[0] == "steps" and loc[2] in STEPS
        path = (*loc[:2], *loc[3:]) if is_tagged else loc
        # What is missing has no place of its own: the nearest mapping around it has.
        where = next((w for n in range(len(path), -1, -1) if (w := place_of(path[:n])) is not None), Where(file))
        dotted = ".".join(map(str, path))
        summary, hint = _explain(problem, dotted)
        found.append(Diagnostic("call-script", Severity.ERROR, summary, hint=hint, where=where, path=dotted or None))
    return found


def _explain(problem: Any, dotted: str) -> tuple[str, str]:
    name = dotted.rpartition(".")[2]
    match problem["type"]:
        case "model_type" if not dotted:
            hint = "a call script is a mapping with `agent` and `steps`; `agentops schema call` describes it"
            return "the file holds no call script", hint
        case "extra_forbidden":
            near = closest(name, _FIELD_NAMES)
            return f"unknown field {dotted}", f"did you mean {near}?" if near else _FORMAT
        case "unknown_step":
            if isinstance(problem["input"], Mapping) and "dtmf" in problem["input"]:
                return f"{dotted}: the platform's socket takes no key presses", "say it in words, or test it by phone"
            known = [*STEPS, "dtmf"]  # so that a misspelt `dtmf` is not taken for another step
            written = [str(each) for each in problem["input"]] if isinstance(problem["input"], Mapping) else []
            near = next(filter(None, (closest(each, known) for each in written)), None)
            meant = f"did you mean {near}? " if near else ""
            return f"{dotted} is not a step", f"{meant}a step has one of these keys: {', '.join(STEPS)}"
        case "missing":
            return f"{dotted} is missing", f"add `{name}: ...`"
        case "too_short" | "string_too_short":
            return f"{dotted} is empty or not valid", "give it a value, or remove it"
        case "value_error":
            text = str(problem["ctx"]["error"])
            return (f"{dotted}: {text}" if dotted else text), _FORMAT
    return f"{dotted}: {problem['msg'][0].lower()}{problem['msg'][1:]}, got {problem['input']!r}", _FORMAT


_FORMAT = "`agentops schema call` describes what a call script holds"
_FIELD_NAMES = sorted(
    {
        field
        for module in (criteria, script)
        for model in vars(module).values()
        if isinstance(model, type) and issubclass(model, BaseModel)
        for field in model.model_fields
    }
)
