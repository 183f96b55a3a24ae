"""Call scripts from an agent's first message and from the tests that are attached to it.

A test becomes a script only if something in it can fail: words, tools, hanging up, or a sentence for the judge.
"""

from __future__ import annotations

import re
from typing import Any

from agentops.document import Document
from agentops.importers.elevenlabs.conditions import Demands, demands_of
from agentops.importers.elevenlabs.conversion import Conversion
from agentops.importers.elevenlabs.paths import Place, leaves_of
from agentops.importers.elevenlabs.secret_stand_ins import without_stand_ins
from agentops.importers.fidelity import Grade
from agentops.spec.slug import slug

TESTS: Place = ("_imported_tests",)
ATTACHED: Place = ("platform_settings", "testing", "attached_tests")
_MOST_WORDS = 8
_WAIT = {"min_words": 1, "within_s": 20}
_CODE = "EL022"
_ANEW = "the agent answers anew; what it answered once is no part of a test"
_UNDECIDED = "nothing in it can be decided without a model or the caller's words"


def greeting_script(conversion: Conversion) -> Document | None:
    """A call that expects the first message; None while it is still to be chosen.

    Agents for text only, and those that speak neither English nor Spanish, are tested by chat.
    """
    language = conversion.config.get("language", {}).get("default", "en")
    message = conversion.config.get("firstMessage", "")
    if message.startswith("${{"):
        message = str(conversion.answers.get("first_message") or "")
    words = recognisable(message, conversion.config.get("defaultVariables", {}))
    if not words:
        return None
    is_spoken = language in ("en", "es") and not conversion.source.flag(
        "conversation_config", "conversation", "text_only"
    )
    script: Document = {"agent": conversion.key, "name": "greets the caller", "tags": ["greeting"]}
    script["mode"] = "webcall" if is_spoken else "chat"
    waits = conversion.config.get("waitForUserToSpeakFirst")
    opening = [{"say" if is_spoken else "send_text": "Hello?"}] if waits else []
    script["steps"] = [*opening, {"expect": {"contains": words, "within_s": 15}}, {"hang_up": True}]
    return script


def recognisable(message: str, defaults: Document) -> str:
    """A few words of `message` that are the same in every call. If it consists of variables, a default's words."""
    pieces = re.split(r"\{\{.*?\}\}|\$\{\{.*?\}\}|[.!?;:…—\n]", message)
    spoken = [" ".join(piece.strip(" ,-\"'“”").split()[:_MOST_WORDS]) for piece in pieces]
    longest = max(spoken, key=lambda words: len(words.split()), default="")
    if longest:
        return longest
    filled = [defaults.get(name) for name in re.findall(r"\{\{\s*([\w.]+)\s*\}\}", message)]
    text = next((value for value in filled if isinstance(value, str) and value.strip() and "{{" not in value), "")
    return recognisable(text, {}) if text else ""


def test_scripts(conversion: Conversion) -> dict[str, Document]:
    """The attached tests as chat scripts: file stem -> script."""
    made: dict[str, Document] = {}
    for index, test in enumerate(conversion.source.items(*TESTS)):
        if isinstance(test, dict):
            name = str(test.get("name") or f"test {index + 1}")
            stem = _stem(conversion.key, name, index, made)
            if (script := _script(conversion, (*TESTS, index), test, name, stem)) is not None:
                made[stem] = script
    _settle_attached(conversion)
    return made


def _stem(key: str, name: str, index: int, made: Document) -> str:
    """The stem of the file: the agent's key, once, and the test's name."""
    named = slug(name) or f"test-{index + 1}"
    base = stem = named if named == key or named.startswith(f"{key}-") else f"{key}-{named}"
    number = 2
    while stem in made or stem == f"{key}-greeting":
        stem, number = f"{base}-{number}", number + 1
    return stem


def _script(conversion: Conversion, place: Place, test: Document, name: str, stem: str) -> Document | None:
    ledger, file = conversion.source.ledger, f"agents/calls/{stem}.yaml"
    conditions = [text for text in (_text(test, "success_condition"), *_texts(test, "success_conditions")) if text]
    good, bad = _examples(test, "success_examples"), _examples(test, "failure_examples")
    tools = [tool["name"] for tool in conversion.tools]
    demands = demands_of(" ".join(conditions), tools, good, bad)
    expected, forbidden, reasons = _expected_tools(conversion, test, demands)
    lines = [_text(entry, "message") for entry in _entries(test, "chat_history") if entry.get("role") == "user"]
    lines = [line for line in lines if line]
    sentence = _sentence(conditions, good, bad)
    last = {**demands.words, **({"meets": [sentence]} if sentence else {})}
    checks = {
        **({"tool_calls": expected} if expected else {}),
        **({"no_tool_calls": forbidden} if forbidden else {}),
        **({"ended_by": "agent"} if demands.ends_call and "end_call" in tools else {}),
    }
    if not lines or not (last or checks):
        _leave(conversion, place, name, "the test describes a caller but not their words" if not lines else _UNDECIDED)
        return None
    script: Document = {"agent": conversion.key, "name": name, "mode": "chat", "tags": ["imported"]}
    if scenario := _text(test, "simulation_scenario"):
        script["description"] = scenario
    if variables := _variables(conversion, test):
        script["variables"] = variables
    greets = [] if conversion.config.get("waitForUserToSpeakFirst") else [{"expect": dict(_WAIT)}]
    spoken: list[Document] = [step for line in lines for step in ({"send_text": line}, {"expect": dict(_WAIT)})]
    spoken[-1] = {"expect": {**(last or {"min_words": 1}), "within_s": 20}}
    script["steps"] = [*greets, *spoken, *([] if "ended_by" in checks else [{"hang_up": True}])]
    if checks:
        script["checks"] = checks
    _settle(conversion, place, test, file, len(greets) + len(spoken) - 1, script)
    for reason in reasons:
        ledger.remark(Grade.APPROXIMATED, _CODE, place, f"test {name!r}: {reason}", f"Sharpen {file}.")
    if sentence:
        why = f"test {name!r}: its condition is decided by the project's judge, and inconclusive without one"
        ledger.remark(Grade.APPROXIMATED, _CODE, place, why, "Set `judge` in agentops.yaml, or sharpen the script.")
    return script


def _sentence(conditions: list[str], good: list[str], bad: list[str]) -> str:
    """The sentence that the judge decides: the conditions, with the examples that explain them."""
    if not conditions:
        return ""
    parts = [" ".join(conditions)]
    if good:
        parts.append("Good answers are like: " + " / ".join(good[:3]))
    if bad:
        parts.append("Bad answers are like: " + " / ".join(bad[:3]))
    return "\n".join(without_stand_ins(parts))


def _leave(conversion: Conversion, place: Place, name: str, why: str) -> None:
    ledger = conversion.source.ledger
    for leaf, _ in leaves_of(conversion.source.get(*place), place):
        ledger.carry(leaf, None, grade=Grade.CHOICE, why=f"no script was written: {why}")
    todo = "Write a call script with the caller's words and what the agent must say."
    ledger.remark(Grade.CHOICE, _CODE, place, f"test {name!r} is not a script: {why}", todo)


def _settle(conversion: Conversion, place: Place, test: Document, file: str, last: int, script: Document) -> None:
    """Settles each leaf of a test at its place in the script. `last`: the step that judges the answer."""
    ledger = conversion.source.ledger
    ledger.carry((*place, "name"), (file, "name"), without_stand_ins(script["name"]))
    for key in ("type", "id"):
        ledger.carry((*place, key), None, grade=Grade.BOOKKEEPING, why="a script is told by its file")
    judged = (file, "steps", last, "expect", "meets")
    for key in ("success_condition", "success_conditions", "success_examples", "failure_examples"):
        for leaf, value in leaves_of(test.get(key), (*place, key)):
            if isinstance(value, str) and leaf[-1] != "type":
                ledger.carry(leaf, judged, without_stand_ins(value.strip()) or None)
            else:
                ledger.carry(leaf, None, grade=Grade.BOOKKEEPING, why="says which list it is in")
    if "description" in script:
        ledger.carry((*place, "simulation_scenario"), (file, "description"))
    sends = iter([index for index, step in enumerate(script["steps"]) if "send_text" in step])
    for index, entry in enumerate(_entries(test, "chat_history")):
        is_line = entry.get("role") == "user" and bool(_text(entry, "message"))
        target = (file, "steps", next(sends), "send_text") if is_line else None
        for leaf, value in leaves_of(entry, (*place, "chat_history", index)):
            if is_line and leaf[-1] == "message":
                ledger.carry(leaf, target, without_stand_ins(str(value).strip()))
            else:
                ledger.carry(leaf, None, grade=Grade.BOOKKEEPING, why=_ANEW)
    for name in script.get("variables", {}):
        for leaf, _ in leaves_of(conversion.source.get(*place, "dynamic_variables", name), ()):
            ledger.carry((*place, "dynamic_variables", name, *leaf), (file, "variables", name))
    for leaf, _ in leaves_of(test.get("tool_call_parameters"), (*place, "tool_call_parameters")):
        if script.get("checks"):
            ledger.carry(leaf, (file, "checks"))


def _settle_attached(conversion: Conversion) -> None:
    names = {
        str(test.get("id")): test.get("name") for test in conversion.source.items(*TESTS) if isinstance(test, dict)
    }
    for index, entry in enumerate(conversion.source.items(*ATTACHED)):
        identifier = entry.get("test_id") if isinstance(entry, dict) else entry
        if isinstance(identifier, str) and identifier in names:
            for leaf, _ in leaves_of(entry, (*ATTACHED, index)):
                conversion.source.ledger.repeat(leaf, f"the test {names[identifier]}")


# ---- tools


def _expected_tools(
    conversion: Conversion, test: Document, demands: Demands
) -> tuple[list[Document], list[str], list[str]]:
    """The tool calls that must and must not happen, and the reasons why some of them can't be checked."""
    expected: list[Document] = [{"name": name} for name in dict.fromkeys(demands.tools)]
    forbidden = list(demands.no_tools)
    if demands.ends_call is False and any(tool["name"] == "end_call" for tool in conversion.tools):
        forbidden.append("end_call")
    parameters = test.get("tool_call_parameters")
    if not isinstance(parameters, dict):
        return expected, list(dict.fromkeys(forbidden)), []
    reasons = [
        f"{key.replace('_', ' ')} can't be checked in a call"
        for key in ("workflow_node_transition", "guardrail_trigger")
        if parameters.get(key)
    ]
    referenced = parameters.get("referenced_tool")
    if not isinstance(referenced, dict):
        return expected, list(dict.fromkeys(forbidden)), reasons
    wanted = str(referenced.get("name") or referenced.get("id") or "")
    names = _names_here(conversion, wanted)
    if not names:
        reasons.append(f"the tool {wanted} is none of this agent's tools, so no call of it can be seen")
    elif parameters.get("verify_absence") is True:
        forbidden += names
        expected = [each for each in expected if each["name"] not in names]
    elif len(names) > 1:
        reasons.append(f"{wanted} is {len(names)} tools now; which one must be called is yours to say")
    else:
        arguments, undecided = _arguments(conversion, names[0], parameters)
        others = [each for each in expected if each["name"] != names[0]]
        expected = [*others, {"name": names[0], **({"arguments": arguments} if arguments else {})}]
        reasons += undecided
    return expected, list(dict.fromkeys(forbidden)), reasons


def _names_here(conversion: Conversion, wanted: str) -> list[str]:
    """The new names of the tool that the test names by its id or name."""
    listed = conversion.source.items("conversation_config", "agent", "prompt", "tools")
    own = next((t.get("name") for t in listed if isinstance(t, dict) and wanted in (t.get("id"), t.get("name"))), None)
    name = own if isinstance(own, str) else wanted
    names = conversion.tool_names.get(name, [name])
    return [each for each in names if any(tool["name"] == each for tool in conversion.tools)]


def _arguments(conversion: Conversion, name: str, parameters: Document) -> tuple[Document, list[str]]:
    tool = next(tool for tool in conversion.tools if tool["name"] == name)
    kinds = {p["name"]: p["type"] for p in tool.get("llmParameters", ())}
    made: Document = {}
    reasons = []
    for entry in _entries(parameters, "parameters"):
        rule = entry.get("eval")
        kind = rule.get("type") if isinstance(rule, dict) else None
        path = slug(str(entry.get("path") or "").replace(".", "_"), "_")
        here = next((each for each in kinds if path == each or path.endswith(f"_{each}")), None)
        if kind == "anything":
            continue
        if kind == "exact" and here is not None and isinstance(rule, dict):
            made[here] = _typed(str(rule.get("expected_value")), kinds[here])
        else:
            reasons.append(
                f"the argument {entry.get('path')} of {name} was judged by {kind or 'nothing that is known'}"
            )
    return made, reasons


def _typed(text: str, kind: str) -> Any:
    if kind == "boolean" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if kind == "number" and re.fullmatch(r"-?\d+(?:\.\d+)?", text):
        return float(text) if "." in text else int(text)
    return text


# ---- reading


def _variables(conversion: Conversion, test: Document) -> dict[str, Any]:
    """The test's own values, without secrets and e-mail addresses: for these the agent's defaults are used."""
    values = test.get("dynamic_variables")
    return {
        conversion.placeholders.name_of(name): value
        for name, value in (values.items() if isinstance(values, dict) else ())
        if isinstance(value, str | int | float | bool)
        and not name.startswith(("system__", "secret__"))
        and without_stand_ins(value) == value
    }


def _examples(test: Document, key: str) -> list[str]:
    found = test.get(key)
    entries = found if isinstance(found, list) else []
    texts = [entry.get("response") if isinstance(entry, dict) else entry for entry in entries]
    return [text.strip() for text in texts if isinstance(text, str) and text.strip()]


def _entries(holder: Document, key: str) -> list[Document]:
    found = holder.get(key)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _texts(holder: Document, key: str) -> list[str]:
    found = holder.get(key)
    return [text.strip() for text in found if isinstance(text, str)] if isinstance(found, list) else []


def _text(holder: Document, key: str) -> str:
    value = holder.get(key)
    return value.strip() if isinstance(value, str) else ""
