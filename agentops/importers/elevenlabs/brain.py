"""What identifies and instructs the agent: name, tags, first message, prompt, model, variables, knowledge, timezone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agentops.importers.elevenlabs.conversion import AGENT, PROMPT, Conversion
from agentops.importers.elevenlabs.knowledge import convert_knowledge
from agentops.importers.elevenlabs.models import is_custom, proposed_models, same_model
from agentops.importers.elevenlabs.paths import Place
from agentops.importers.elevenlabs.placeholders import spoken_markup
from agentops.importers.fidelity import CHOSEN, Grade
from agentops.importers.yaml_text import literal
from agentops.spec.model.base import MOST_NAME
from agentops.spec.slug import slug

FIRST_MESSAGE_LIMIT = 500  # characters, by the platform
_VARIABLES: Place = (*AGENT, "dynamic_variables", "dynamic_variable_placeholders")


def defined_names(tree: dict[str, Any]) -> frozenset[str]:
    """The variables that the author defined, on the agent or on a tool; known before any text is rewritten."""
    found: set[str] = set()
    pending: list[Any] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            placeholders = node.get("dynamic_variable_placeholders")
            if isinstance(placeholders, dict):
                found |= {name for name in placeholders if not name.startswith("system__")}
            pending += node.values()
        elif isinstance(node, list):
            pending += node
    return frozenset(found)


def convert_identity(conversion: Conversion) -> None:
    source = conversion.source
    name = source.text("name")
    if name and len(name) > MOST_NAME:
        name = name[:MOST_NAME].strip()
        why = f"a name has at most {MOST_NAME} characters: the rest was cut off"
        grade: Grade | None = Grade.APPROXIMATED
    else:
        why, grade = "", None
    conversion.metadata["name"] = literal(name) if name else conversion.key
    source.ledger.carry(("name",), "name", conversion.metadata["name"], grade=grade, why=why)
    for index, tag in enumerate(source.items("tags")):
        if isinstance(tag, str) and slug(tag):
            conversion.tags[slug(tag)] = "yes"
            source.ledger.carry(("tags", index), ("tags", slug(tag)), "yes")


def convert_model(conversion: Conversion) -> None:
    source = conversion.source
    model = source.text(*PROMPT, "llm")
    place: Place = (*PROMPT, "llm")
    if (same := same_model(model)) is not None:
        why = "the same model" if same == model else "the dated version cannot be pinned"
        conversion.carry(place, "slmModel", same, grade=Grade.EXACT, why=why)
    else:
        proposals = proposed_models("" if is_custom(model) else model)
        was = f"the agent used {model}" if model else "the agent names no model"
        conversion.put("slmModel", conversion.choose("model", f"Which model? {was}.", proposals))
        source.ledger.carry(place, "config.slmModel", CHOSEN, grade=Grade.CHOICE)
        if not model:
            conversion.remark(Grade.CHOICE, "EL002", place, "the agent names no model", "Choose one.")
    _convert_timezone(conversion)


def _convert_timezone(conversion: Conversion) -> None:
    """The platform counts minutes from UTC and has no daylight saving time, so winter time is written."""
    place: Place = (*PROMPT, "timezone")
    name = conversion.source.text(*place)
    if not name:
        return
    try:
        winter = datetime(2026, 1, 15, tzinfo=UTC).astimezone(ZoneInfo(name)).utcoffset()
        summer = datetime(2026, 7, 15, tzinfo=UTC).astimezone(ZoneInfo(name)).utcoffset()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        conversion.source.ledger.misread(place, "the name of a timezone")
        return
    minutes = round(winter.total_seconds() / 60) if winter else 0
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    value = {"label": f"(GMT{sign}{hours}:{rest:02d}) {name}", "offset": minutes}
    grade = Grade.EXACT if winter == summer else Grade.APPROXIMATED
    why = "the offset in minutes" if winter == summer else ""
    conversion.put("timezone", value)
    conversion.source.ledger.carry(place, "config.timezone", name, grade=grade, why=why)
    conversion.placeholders.offset = f"{sign}{hours:02d}:{rest:02d}" if minutes else ""


def convert_prompt(conversion: Conversion) -> None:
    """The prompt with all sections that other parts added, then the first message and the knowledge base."""
    source, place = conversion.source, (*PROMPT, "prompt")
    text = source.text(*place)
    own = conversion.for_prompt(text)
    whole = own
    for section in conversion.sections:
        whole = f"{whole.rstrip()}\n\n{section.strip()}\n" if whole.strip() else f"{section.strip()}\n"
    grade = Grade.EXACT if whole == text else Grade.APPROXIMATED
    why = "" if whole == text else "placeholders were rewritten or sections added; the rest is unchanged"
    conversion.put("singlePromptConfig.prompt", whole)
    conversion.carry_to_prompt(place, own.strip(), grade=grade, why=why)
    if not whole.strip():
        conversion.remark(Grade.CHOICE, "EL004", place, "the agent has no prompt", "Write one in its prompt file.")
    _report_markup(conversion, place, text)
    _convert_first_message(conversion)
    convert_knowledge(conversion)


def _report_markup(conversion: Conversion, place: Place, text: str) -> None:
    for tag in spoken_markup(text):
        why = f"the text holds {tag}, which would be read aloud"
        conversion.remark(Grade.APPROXIMATED, "EL019", place, why, "Take it out, or say it in words.")


def _convert_first_message(conversion: Conversion) -> None:
    source, place = conversion.source, (*AGENT, "first_message")
    text = source.text(*place)
    if text.strip() and len(text) <= FIRST_MESSAGE_LIMIT:
        conversion.carry(place, "firstMessage", conversion.rewrite(text), grade=Grade.EXACT)
        _report_markup(conversion, place, text)
    elif text.strip():
        question = f"What does the agent say first? The old text has {len(text)} characters; {FIRST_MESSAGE_LIMIT} fit."
        conversion.put("firstMessage", conversion.choose("first_message", question, _shortened(text)))
        source.ledger.carry(place, "config.firstMessage", CHOSEN, grade=Grade.CHOICE, why="longer than fits")
    else:
        _wait_for_the_caller(conversion, place)
    if source.flag(*AGENT, "disable_first_message_interruptions"):
        muted: Place = (*AGENT, "disable_first_message_interruptions")
        conversion.carry(muted, "muteUserUntilFirstBotResponse", True)


def _shortened(text: str) -> tuple[tuple[str, str], ...]:
    cut = text[:FIRST_MESSAGE_LIMIT]
    sentence = max(cut.rfind(ending) for ending in (". ", "? ", "! "))
    return ((cut[: sentence + 1], "its first sentences"),) if sentence > 0 else ()


def _wait_for_the_caller(conversion: Conversion, place: Place) -> None:
    why = "the caller speaks first, as before; publishing needs a first message all the same"
    conversion.add("waitForUserToSpeakFirst", True, "ElevenLabs waits for the caller when there is no first message")
    question = "What does the agent say first? The old agent waited for the caller; publishing needs a sentence."
    proposals = (("Hello, how can I help you?", "a neutral opening"),)
    conversion.put("firstMessage", conversion.choose("first_message", question, proposals))
    conversion.source.ledger.carry(place, "config.firstMessage", CHOSEN, grade=Grade.CHOICE, why=why)
    if conversion.source.get(*place) is None:
        conversion.remark(Grade.CHOICE, "EL004", place, why, "Write a sentence in the choices file.")


def convert_variables(conversion: Conversion) -> None:
    source = conversion.source
    defaults: dict[str, Any] = {}
    for name, value in source.objects(*_VARIABLES).items():
        place: Place = (*_VARIABLES, name)
        if name.startswith("system__"):
            source.ledger.repeat(place, "a value that the platform fills")
            continue
        if name.startswith("secret__"):
            why = "a secret variable: the spec refers to it by a name where a header or an address needs it"
            source.ledger.hide(place, None, why, "Set the secret in each environment.")
            continue
        target = conversion.placeholders.name_of(name)
        defaults[target] = _scalar(conversion, value)
        grade = Grade.EXACT if target == name and not isinstance(value, dict | list) else Grade.APPROXIMATED
        why = "" if grade is Grade.EXACT else "renamed, or written as JSON text, since values are scalars"
        source.ledger.carry_tree(place, ("config", "defaultVariables", target), grade=grade, why=why)
    known = conversion.config.get("defaultVariables", {})
    if defaults or known:
        conversion.put("defaultVariables", {**known, **defaults})


def _scalar(conversion: Conversion, value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return literal(json.dumps(value, ensure_ascii=False))
    return conversion.rewrite(value) if isinstance(value, str) else value
