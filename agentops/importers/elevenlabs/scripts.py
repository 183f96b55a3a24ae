"""Call scripts from an agent's first message and from the tests that were attached to it."""

from __future__ import annotations

import re
from typing import Any

from agentops.document import Document
from agentops.importers.elevenlabs.conversion import Conversion, slug
from agentops.importers.elevenlabs.leaves import Place
from agentops.importers.fidelity import Grade

TESTS: Place = ("_imported_tests",)
_MOST_WORDS = 8
_JUDGED = "ElevenLabs lets a model judge the answer; a script checks words, tools and times"


def greeting_script(conversion: Conversion) -> Document:
    """A call that hears the first message. Languages that the synthesizer can't speak are tested by chat."""
    language = conversion.config.get("language", {}).get("default", "en")
    message = conversion.config.get("firstMessage", "")
    script: Document = {"agent": conversion.key, "name": "greets the caller", "tags": ["greeting"]}
    script["mode"] = "webcall" if language in ("en", "es") else "chat"
    words = recognisable(message)
    expected: Document = {"contains": words} if words else {"min_words": 2}
    waits = conversion.config.get("waitForUserToSpeakFirst")
    opening = (
        [{"say": "Hello?"}] if waits and script["mode"] == "webcall" else [{"send_text": "Hello?"}] if waits else []
    )
    script["steps"] = [*opening, {"expect": {**expected, "within_s": 15}}, {"hang_up": True}]
    return script


def recognisable(message: str) -> str:
    """A few words of `message` that are the same in every call: no placeholder, no expression."""
    if message.startswith("${{"):
        return ""
    pieces = re.split(r"\{\{.*?\}\}|\$\{\{.*?\}\}|[.!?;:…—\n]", message)
    spoken = [" ".join(piece.strip(" ,-\"'“”").split()[:_MOST_WORDS]) for piece in pieces]
    return max(spoken, key=lambda words: len(words.split()), default="") if any(spoken) else ""


def test_scripts(conversion: Conversion) -> dict[str, Document]:
    """The attached tests as chat scripts: file stem -> script."""
    made: dict[str, Document] = {}
    for index, test in enumerate(conversion.source.items(*TESTS)):
        if isinstance(test, dict):
            name = str(test.get("name") or f"test {index + 1}")
            stem = f"{conversion.key}-{slug(name) or f'test-{index + 1}'}"
            while stem in made:
                stem += "-2"
            made[stem] = _script(conversion, (*TESTS, index), test, name)
    return made


def _script(conversion: Conversion, place: Place, test: Document, name: str) -> Document:
    account = conversion.source.account
    condition = _text(test, "success_condition") or _text(test, "simulation_scenario")
    script: Document = {"agent": conversion.key, "name": name, "mode": "chat", "tags": ["imported"]}
    if condition:
        script["description"] = condition
    if variables := _variables(conversion, place, test):
        script["variables"] = variables
    script["steps"] = _steps(conversion, place, test)
    if tool := _expected_tool(conversion, place, test):
        script["checks"] = {"tool_calls": [{"name": tool}]}
    for key in ("name", "type", "id", "success_condition", "simulation_scenario"):
        account.carry((*place, key), f"calls/{slug(name)}", grade=Grade.APPROXIMATED, why=_JUDGED)
    account.remark(Grade.APPROXIMATED, "EL000", place, f"test {name!r}: {_JUDGED}", "Sharpen what the script expects.")
    return script


def _steps(conversion: Conversion, place: Place, test: Document) -> list[Document]:
    account, lines = conversion.source.account, []
    history = test.get("chat_history")
    for index, entry in enumerate(history if isinstance(history, list) else ()):
        if isinstance(entry, dict) and entry.get("role") == "user" and _text(entry, "message"):
            lines.append(_text(entry, "message"))
        for key in ("role", "message", "time_in_call_secs"):
            account.carry((*place, "chat_history", index, key), "steps", grade=Grade.APPROXIMATED, why=_SPOKEN)
    greets = not conversion.config.get("waitForUserToSpeakFirst")
    steps: list[Document] = [{"expect": {"min_words": 1, "within_s": 20}}] if greets else []
    for line in lines or ["Hello"]:
        steps += [{"send_text": line}, {"expect": {"min_words": 1, "within_s": 20}}]
    if not lines:
        todo = "Write what the caller says."
        account.remark(Grade.CHOICE, "EL000", place, "the test describes a caller but not their words", todo)
    return [*steps, {"hang_up": True}]


_SPOKEN = "what the caller says is kept, what the agent had answered is not: it answers anew"


def _expected_tool(conversion: Conversion, place: Place, test: Document) -> str:
    parameters = test.get("tool_call_parameters")
    referenced = parameters.get("referenced_tool") if isinstance(parameters, dict) else None
    if not isinstance(referenced, dict):
        return ""
    wanted = referenced.get("name") or referenced.get("id")
    for tool in conversion.source.items("conversation_config", "agent", "prompt", "tools"):
        if isinstance(tool, dict) and wanted in (tool.get("id"), tool.get("name")):
            conversion.source.account.carry_tree(
                (*place, "tool_call_parameters", "referenced_tool"), "checks.tool_calls"
            )
            return str(tool.get("name"))
    known = str(wanted or "")
    return known if any(tool["name"] == known for tool in conversion.tools) else ""


def _variables(conversion: Conversion, place: Place, test: Document) -> dict[str, Any]:
    values = test.get("dynamic_variables")
    made = {}
    for name, value in values.items() if isinstance(values, dict) else ():
        if isinstance(value, str | int | float | bool) and not name.startswith("system__"):
            made[conversion.words.name_of(name)] = value
            conversion.source.account.carry((*place, "dynamic_variables", name), "variables", value)
    return made


def _text(holder: Document, key: str) -> str:
    value = holder.get(key)
    return value.strip() if isinstance(value, str) else ""
