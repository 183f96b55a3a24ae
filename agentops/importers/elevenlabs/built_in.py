"""The built-in (system) tools: hanging up, transfers, language detection, voicemail, waiting.

Exports list them under `built_in_tools`, under `tools` with type `system`, or under both; the former wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from agentops.document import Document
from agentops.importers.elevenlabs.conversion import PROMPT, Conversion
from agentops.importers.elevenlabs.leaf_ledger import PROMPT_TARGET
from agentops.importers.elevenlabs.paths import Place, leaves_of, place_text, same
from agentops.importers.elevenlabs.toolbox import TOOLS
from agentops.importers.fidelity import CHOSEN, Grade
from agentops.spec.slug import slug

BUILT_IN: Place = (*PROMPT, "built_in_tools")
E164 = re.compile(r"\+[1-9]\d{6,14}")
END_TEXT_LIMIT = 200  # characters, by the platform
_END_CALL = "End the call when the caller says goodbye or has nothing more to ask."
_SUMMARY = "Tell the person who takes over, in two sentences, who is calling and what they need."
_HOLD = "Tell the caller that they are being put through and will be with a person in a moment."
_WAIT = "If the caller asks for a moment, say one short acknowledgement and then wait silently."


def convert_built_in(conversion: Conversion) -> None:
    for kind, place in _enabled(conversion):
        if kind == "end_call":
            add_end_call(conversion, place)
        elif kind == "transfer_to_number":
            _convert_transfers(conversion, place)
        elif kind == "transfer_to_agent":
            _convert_agent_transfers(conversion, place)
        elif kind == "voicemail_detection":
            _convert_voicemail(conversion, place)
        elif kind == "skip_turn":
            conversion.sections.append(f"# When the caller needs a moment\n{_WAIT}")
            conversion.tool_names[kind] = []  # a line of the prompt takes the tool's place
            _carry_identity(conversion, place, PROMPT_TARGET, _WAIT)
        elif kind == "language_detection":
            conversion.tool_names[kind] = []  # the platform listens for the language itself; the model calls nothing
            _carry_identity(conversion, place, "config.language.switching.isEnabled", True)
        else:
            _report(conversion, kind, place)
    _settle_twins(conversion)
    if not any(tool["type"] == "end_call" for tool in conversion.tools):
        # Adding the tool unasked would make an agent hang up that never did.
        why = "the old agent could not hang up by itself, so neither can this one"
        conversion.remark(Grade.EXACT, "EL011", BUILT_IN, why, "Add an end_call tool if it should.")


def add_end_call(conversion: Conversion, place: Place) -> None:
    """Adds the tool that hangs up, once."""
    text = conversion.source.text(*place, "description").strip()
    if not any(tool["type"] == "end_call" for tool in conversion.tools):
        description = conversion.rewrite(text) or _END_CALL
        conversion.tools.append({"type": "end_call", "name": "end_call", "description": description})
    ledger, target = conversion.source.ledger, "config.singlePromptConfig.tools.end_call"
    for key in ("name", "type"):
        ledger.carry((*place, key), f"{target}.{key}", "end_call", grade=Grade.EXACT)
    ledger.carry((*place, "params", "system_tool_type"), f"{target}.type", "end_call", grade=Grade.EXACT)
    if text:
        ledger.carry((*place, "description"), f"{target}.description", conversion.rewrite(text), grade=Grade.EXACT)


def _enabled(conversion: Conversion) -> Iterator[tuple[str, Place]]:
    """Every system tool that is switched on, once: (kind, place)."""
    seen: set[str] = set()
    for name, tool in conversion.source.objects(*BUILT_IN).items():
        if isinstance(tool, dict):
            seen.add(kind_of(tool, name))
            yield kind_of(tool, name), (*BUILT_IN, name)
    for index, tool in enumerate(conversion.source.items(*TOOLS)):
        if isinstance(tool, dict) and tool.get("type") == "system":
            kind = kind_of(tool, str(tool.get("name")))
            if kind not in seen:
                seen.add(kind)
                yield kind, (*TOOLS, index)


def kind_of(tool: Document, name: str) -> str:
    params = tool.get("params")
    kind = params.get("system_tool_type") if isinstance(params, dict) else None
    return kind if isinstance(kind, str) and kind else name


def _carry_identity(conversion: Conversion, place: Place, target: str | None, value: Any = None) -> None:
    """Settles the leaves that name a built-in tool: its texts are lost, what it does is at `target`."""
    for key in ("type", "name", "description"):
        conversion.source.ledger.carry((*place, key), target, value, grade=Grade.APPROXIMATED)
    at = (*place, "params", "system_tool_type")
    conversion.source.ledger.carry(at, target, value, grade=Grade.APPROXIMATED)


def _settle_twins(conversion: Conversion) -> None:
    """Settles the system tools under `tools` that repeat one under `built_in_tools`."""
    source = conversion.source
    kinds = {kind_of(t, n): (*BUILT_IN, n) for n, t in source.objects(*BUILT_IN).items() if isinstance(t, dict)}
    for index, tool in enumerate(source.items(*TOOLS)):
        if not isinstance(tool, dict) or tool.get("type") != "system":
            continue
        twin = kinds.get(kind_of(tool, str(tool.get("name"))))
        place: Place = (*TOOLS, index)
        for leaf, value in leaves_of(tool, place) if twin else ():
            if same(value, source.get(*twin, *leaf[len(place) :])):  # type: ignore[misc]
                source.ledger.repeat(leaf, place_text(twin or ()))


def _report(conversion: Conversion, kind: str, place: Place) -> None:
    why, todo = f"the built-in tool {kind} has no counterpart", "Describe the wanted behaviour in the prompt."
    conversion.tool_names[kind] = []
    for at in (*((*place, key) for key in ("type", "name", "description")), (*place, "params", "system_tool_type")):
        conversion.source.ledger.carry(at, None, grade=Grade.UNSUPPORTED, why=why)
    conversion.remark(Grade.UNSUPPORTED, "EL011", place, why, todo)


# ---- transfers


def _convert_transfers(conversion: Conversion, place: Place) -> None:
    source, kind = conversion.source, "transfer_to_number"
    transfers = [(i, t) for i, t in enumerate(source.items(*place, "params", "transfers")) if isinstance(t, dict)]
    for index, transfer in transfers:
        at = (*place, "params", "transfers", index)
        label = kind if len(transfers) == 1 else f"transfer_{short_name(source.text(*at, 'condition')) or index + 1}"
        add_transfer(conversion, at, transfer, label, place)
    names = [tool["name"] for tool in conversion.tools if tool["type"] == "transfer_call"]
    conversion.tool_names[kind] = names
    if not transfers:
        why = "the tool names no destination"
        conversion.remark(Grade.CHOICE, "EL012", place, why, "Add a transfer_call tool with the number.")
    target = f"config.singlePromptConfig.tools.{names[0]}" if names else None
    _carry_identity(conversion, place, target)
    message = (*place, "params", "enable_client_message")
    option = f"{target}.transferOption.publicHandoffOption"
    if source.get(*message) is True and names:
        source.ledger.carry(message, option, "prompt")


def _convert_agent_transfers(conversion: Conversion, place: Place) -> None:
    """Agents can't hand calls over to each other here: each is reached by its number, which only a person knows."""
    source, kind = conversion.source, "transfer_to_agent"
    before = len(conversion.tools)
    transfers = [(i, t) for i, t in enumerate(source.items(*place, "params", "transfers")) if isinstance(t, dict)]
    for index, transfer in transfers:
        at = (*place, "params", "transfers", index)
        label = f"transfer_{short_name(source.text(*at, 'condition')) or f'agent_{index + 1}'}"
        add_agent_transfer(conversion, at, transfer, label)
    names = [tool["name"] for tool in conversion.tools[before:]]
    conversion.tool_names[kind] = names
    if names:
        _carry_identity(conversion, place, f"config.singlePromptConfig.tools.{names[0]}")
    else:
        _report(conversion, kind, place)


def add_agent_transfer(conversion: Conversion, place: Place, transfer: Document, label: str, when: str = "") -> str:
    """Makes a transfer to another agent a call to its number, which is asked for, and returns the tool's name."""
    source, ledger = conversion.source, conversion.source.ledger
    name = _free_name(conversion, label)
    target = f"config.singlePromptConfig.tools.{name}"
    description = transfer_when(conversion.rewrite(source.text(*place, "condition").strip() or when))
    agent = str(transfer.get("agent_id") or "an agent that the export does not name")
    question = f"Which phone number (+countrycode...) reaches the agent that {name} hands over to? It was {agent}."
    made: Document = {"type": "transfer_call", "name": name, "description": description}
    made["transferNumber"] = conversion.choose(f"number_{name}", question)
    made["transferOption"] = {"type": "cold_transfer"}
    made["transferOnlyIfHuman"] = False
    conversion.tools.append(made)
    ledger.carry((*place, "condition"), f"{target}.description", description, grade=Grade.EXACT)
    ledger.carry((*place, "agent_id"), f"{target}.transferNumber", CHOSEN, grade=Grade.CHOICE)
    ledger.add(f"{target}.transferOnlyIfHuman", False, "an agent answers the transfer")
    return name


def short_name(text: str) -> str:
    """A few words of a condition or label, as part of a tool's name."""
    words = [word for word in slug(text, "_", 60).split("_") if word not in _SMALL_WORDS]
    return "_".join(words[:5])[:32].strip("_")


_SMALL_WORDS = frozenset({"when", "if", "the", "a", "an", "to", "is", "for", "of", "caller", "customer", "user", "s"})


def transfer_when(condition: str) -> str:
    """A tool's description from the condition of a transfer, which may begin with a word such as "when"."""
    if not condition:
        return "Put the call through to the person or line that takes over."
    stripped = re.sub(r"^(?:transfer\s+)?(?:when(?:ever)?|if|in case)\s+", "", condition, flags=re.IGNORECASE)
    return f"Transfer when {lowered(stripped)}"


def lowered(text: str) -> str:
    """`text` for the middle of a sentence. Names and abbreviations keep their capitals."""
    first = text.split(" ", 1)[0]
    is_name = first[1:].lower() != first[1:] or first == "I" or text.startswith("{{")
    return text if is_name else text[:1].lower() + text[1:]


def add_transfer(
    conversion: Conversion, place: Place, transfer: Document, label: str, tool: Place | None, when: str = ""
) -> str:
    """Makes one destination a tool of its own, and returns its name. `when` is used where it has no condition."""
    source = conversion.source
    condition = source.text(*place, "condition").strip()
    name = _free_name(conversion, label)
    target = f"config.singlePromptConfig.tools.{name}"
    description = transfer_when(conversion.rewrite(condition or when))
    made: Document = {"type": "transfer_call", "name": name, "description": description}
    source.ledger.carry((*place, "condition"), f"{target}.description", description)
    made["transferNumber"] = _number(conversion, place, transfer, name, target)
    made["transferOption"] = _option(conversion, place, tool, target)
    made["transferOnlyIfHuman"] = False
    source.ledger.add(f"{target}.transferOnlyIfHuman", False, "ElevenLabs does not check whether a person answers")
    conversion.tools.append(made)
    return name


def _free_name(conversion: Conversion, name: str) -> str:
    taken = {tool["name"] for tool in conversion.tools}
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def _number(conversion: Conversion, place: Place, transfer: Document, name: str, target: str) -> str:
    source, ledger = conversion.source, conversion.source.ledger
    destination = transfer.get("transfer_destination")
    inner = destination if isinstance(destination, dict) else {}
    for at in ((*place, "transfer_destination", "phone_number"), (*place, "phone_number")):  # the newer field first
        found = re.sub(r"[\s().-]", "", source.text(*at))
        if E164.fullmatch(found):
            for each in ((*place, "transfer_destination", "phone_number"), (*place, "phone_number")):
                if re.sub(r"[\s().-]", "", str(source.get(*each))) == found:
                    ledger.carry(each, f"{target}.transferNumber", found, grade=Grade.EXACT)
            kind_at = (*place, "transfer_destination", "type")
            ledger.carry(kind_at, None, grade=Grade.BOOKKEEPING, why="a telephone number is the only kind there is")
            return found
    kind = str(inner.get("type") or "phone")
    old = str(inner.get("phone_number") or inner.get("sip_uri") or transfer.get("phone_number") or "")
    question = f"Which number (+countrycode...) does {name} call? The old destination was {kind} {old}".rstrip() + "."
    for leaf, _ in leaves_of(destination, (*place, "transfer_destination")):
        ledger.carry(leaf, f"{target}.transferNumber", CHOSEN, grade=Grade.CHOICE)
    ledger.carry((*place, "phone_number"), f"{target}.transferNumber", CHOSEN, grade=Grade.CHOICE)
    return conversion.choose(f"number_{name}", question)


def _option(conversion: Conversion, place: Place, tool: Place | None, target: str) -> Document:
    kind = conversion.source.text(*place, "transfer_type") or "conference"
    # A conference briefs the person who takes over while the caller waits, which is what a warm transfer does.
    warm = kind == "conference"
    option: Document = {"type": "warm_transfer" if warm else "cold_transfer"}
    why = "" if kind in ("conference", "blind") else f"{kind} has no counterpart; the caller is put through cold"
    conversion.source.ledger.carry((*place, "transfer_type"), f"{target}.transferOption.type", option["type"], why=why)
    if warm:
        option["privateHandoffOption"] = {"type": "prompt", "prompt": _SUMMARY}
        tells_caller = conversion.source.get(*tool, "params", "enable_client_message") if tool else None
        if tells_caller is not False:
            option["publicHandoffOption"] = {"type": "prompt", "prompt": _HOLD}
    return option


# ---- voicemail


def _convert_voicemail(conversion: Conversion, place: Place) -> None:
    at: Place = (*place, "params", "voicemail_message")
    text = conversion.source.text(*at).strip()
    kept = _cut(conversion.rewrite(text)) if text else "Sorry to have missed you. Goodbye."
    conversion.put("voiceMailDetectionConfig", {"enabled": True, "endText": kept})
    if text:
        cut = len(text) > END_TEXT_LIMIT
        why = f"cut to {END_TEXT_LIMIT} characters" if cut else ""
        conversion.source.ledger.carry(at, "config.voiceMailDetectionConfig.endText", kept, why=why)
    else:
        reason = "ElevenLabs hangs up silently; Atoms says a sentence in any case, so a short one is written"
        conversion.source.ledger.add("config.voiceMailDetectionConfig.endText", kept, reason)
    conversion.tool_names["voicemail_detection"] = []
    _carry_identity(conversion, place, "config.voiceMailDetectionConfig.enabled", True)


def _cut(text: str) -> str:
    """As much of `text` as fits, without half a placeholder at its end."""
    cut = text[:END_TEXT_LIMIT]
    return cut if cut.count("{{") == cut.count("}}") else cut[: cut.rfind("{{")].rstrip()
