"""The built-in (system) tools: hanging up, transfers, language detection, voicemail, waiting.

They stand in `built_in_tools`, in `tools` with type `system`, or in both; the former counts where both speak.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentops.document import Document
from agentops.importers.elevenlabs.conversion import PROMPT, Conversion, slug
from agentops.importers.elevenlabs.leaves import Place, leaves_of, place_text, same
from agentops.importers.elevenlabs.toolbox import TOOLS
from agentops.importers.fidelity import Grade

BUILT_IN: Place = (*PROMPT, "built_in_tools")
E164 = re.compile(r"\+[1-9]\d{6,14}")
END_TEXT_LIMIT = 200
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
        elif kind == "voicemail_detection":
            _convert_voicemail(conversion, place)
        elif kind == "skip_turn":
            conversion.sections.append(f"# When the caller needs a moment\n{_WAIT}")
            _carry_identity(conversion, place, "the prompt", Grade.APPROXIMATED)
        elif kind == "language_detection":
            _carry_identity(conversion, place, "config.language.switching", Grade.APPROXIMATED)
        else:
            _report(conversion, kind, place)
    _settle_twins(conversion)
    if not any(tool["type"] == "end_call" for tool in conversion.tools):
        why = "the old agent could not hang up by itself, so neither can this one"
        conversion.remark(Grade.EXACT, "EL011", BUILT_IN, why, "Add an end_call tool if it should.")


def add_end_call(conversion: Conversion, place: Place) -> None:
    """Adds the tool that hangs up, once."""
    text = conversion.source.text(*place, "description").strip()
    if not any(tool["type"] == "end_call" for tool in conversion.tools):
        description = conversion.rewrite(text) or _END_CALL
        conversion.tools.append({"type": "end_call", "name": "end_call", "description": description})
    _carry_identity(conversion, place, "config.singlePromptConfig.tools.end_call", Grade.EXACT)


def _enabled(conversion: Conversion) -> Iterator[tuple[str, Place]]:
    """Every system tool that is on, once: (kind, where it stands)."""
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


def _carry_identity(conversion: Conversion, place: Place, target: str, grade: Grade) -> None:
    for key in ("type", "name", "description"):
        conversion.source.account.carry((*place, key), target, grade=grade)
    conversion.source.account.carry((*place, "params", "system_tool_type"), target, grade=grade)


def _settle_twins(conversion: Conversion) -> None:
    """A system tool in `tools` that says what `built_in_tools` says already."""
    source = conversion.source
    kinds = {kind_of(t, n): (*BUILT_IN, n) for n, t in source.objects(*BUILT_IN).items() if isinstance(t, dict)}
    for index, tool in enumerate(source.items(*TOOLS)):
        if not isinstance(tool, dict) or tool.get("type") != "system":
            continue
        twin = kinds.get(kind_of(tool, str(tool.get("name"))))
        place: Place = (*TOOLS, index)
        for leaf, value in leaves_of(tool, place) if twin else ():
            if same(value, source.get(*twin, *leaf[len(place) :])):  # type: ignore[misc]
                source.account.repeat(leaf, place_text(twin or ()))


def _report(conversion: Conversion, kind: str, place: Place) -> None:
    grade = Grade.CHOICE if kind == "transfer_to_agent" else Grade.UNSUPPORTED
    if kind == "transfer_to_agent":
        why, todo = "a single-prompt agent cannot hand over to another agent", _TRANSFER_TODO
    else:
        why, todo = f"the built-in tool {kind} has no counterpart", "Describe the wanted behaviour in the prompt."
    for key in ("type", "name", "description"):
        conversion.source.account.carry((*place, key), None, grade=grade, why=why)
    conversion.source.account.carry((*place, "params", "system_tool_type"), None, grade=grade, why=why)
    conversion.remark(grade, "EL011", place, why, todo)


_TRANSFER_TODO = "Merge the prompts, or add a transfer_call to the other agent's phone number."


# ---- transfers


def _convert_transfers(conversion: Conversion, place: Place) -> None:
    source = conversion.source
    transfers = source.items(*place, "params", "transfers")
    for index, transfer in enumerate(transfers):
        if isinstance(transfer, dict):
            add_transfer(conversion, (*place, "params", "transfers", index), transfer, index + 1, place)
    if not transfers:
        why = "the tool names no destination"
        conversion.remark(Grade.CHOICE, "EL012", place, why, "Add a transfer_call tool with the number.")
    _carry_identity(conversion, place, "config.singlePromptConfig.tools", Grade.APPROXIMATED)
    message = (*place, "params", "enable_client_message")
    if source.get(*message) is True and transfers:
        source.account.carry(message, "config.singlePromptConfig.tools.transferOption.publicHandoffOption", "prompt")


def add_transfer(
    conversion: Conversion, place: Place, transfer: Document, number: int, tool: Place | None, label: str = ""
) -> None:
    """One destination as a tool of its own. `label` names it where the destination has no condition."""
    source = conversion.source
    condition = source.text(*place, "condition").strip()
    name = _free_name(conversion, "_".join(filter(None, (f"transfer_{number}", slug(condition or label, "_", 30)))))
    target = f"config.singlePromptConfig.tools.{name}"
    when = conversion.rewrite(condition)
    description = (
        f"Transfer when {when[:1].lower() + when[1:]}"
        if when
        else f"Transfer the call{f' to {label}' if label else ''}."
    )
    made: Document = {"type": "transfer_call", "name": name, "description": description}
    source.account.carry((*place, "condition"), f"{target}.description", description)
    made["transferNumber"] = _number(conversion, place, transfer, name, target)
    made["transferOption"] = _option(conversion, place, transfer, tool, target)
    made["transferOnlyIfHuman"] = False
    source.account.add(f"{target}.transferOnlyIfHuman", False, "ElevenLabs does not check whether a person answers")
    conversion.tools.append(made)


def _free_name(conversion: Conversion, name: str) -> str:
    taken = {tool["name"] for tool in conversion.tools}
    while name in taken:
        name += "_"
    return name


def _number(conversion: Conversion, place: Place, transfer: Document, name: str, target: str) -> str:
    source, account = conversion.source, conversion.source.account
    destination = transfer.get("transfer_destination")
    inner = destination if isinstance(destination, dict) else {}
    for at in ((*place, "transfer_destination", "phone_number"), (*place, "phone_number")):
        found = re.sub(r"[\s().-]", "", source.text(*at))
        if E164.fullmatch(found):
            account.carry(at, f"{target}.transferNumber", found, grade=Grade.EXACT)
            account.carry((*place, "transfer_destination", "type"), f"{target}.transferNumber", grade=Grade.EXACT)
            return found
    kind = str(inner.get("type") or "phone")
    told = str(inner.get("phone_number") or inner.get("sip_uri") or transfer.get("phone_number") or "")
    question = f"Which number (+countrycode...) does {name} call? The old destination was {kind} {told}".rstrip() + "."
    for leaf, _ in leaves_of(destination, (*place, "transfer_destination")):
        account.carry(leaf, f"{target}.transferNumber", "(your choice)", grade=Grade.CHOICE)
    account.carry((*place, "phone_number"), f"{target}.transferNumber", "(your choice)", grade=Grade.CHOICE)
    return conversion.choose(f"number_{name}", question)


def _option(conversion: Conversion, place: Place, transfer: Document, tool: Place | None, target: str) -> Document:
    kind = conversion.source.text(*place, "transfer_type") or "conference"
    warm = kind == "conference"
    option: Document = {"type": "warm_transfer" if warm else "cold_transfer"}
    why = "" if kind in ("conference", "blind") else f"{kind} has no counterpart; the caller is put through cold"
    conversion.source.account.carry((*place, "transfer_type"), f"{target}.transferOption.type", option["type"], why=why)
    if warm:
        option["privateHandoffOption"] = {"type": "prompt", "prompt": _SUMMARY}
        told = conversion.source.get(*tool, "params", "enable_client_message") if tool else None
        if told is not False:
            option["publicHandoffOption"] = {"type": "prompt", "prompt": _HOLD}
    return option


# ---- voicemail


def _convert_voicemail(conversion: Conversion, place: Place) -> None:
    at: Place = (*place, "params", "voicemail_message")
    text = conversion.source.text(*at).strip()
    kept = conversion.rewrite(text)[:END_TEXT_LIMIT] if text else "Sorry to have missed you. Goodbye."
    conversion.put("voiceMailDetectionConfig", {"enabled": True, "endText": kept})
    if text:
        cut = len(text) > END_TEXT_LIMIT
        why = f"cut to {END_TEXT_LIMIT} characters" if cut else ""
        conversion.source.account.carry(at, "config.voiceMailDetectionConfig.endText", kept, why=why)
    else:
        reason = "ElevenLabs hangs up silently; Atoms says a sentence in any case, so a short one is written"
        conversion.source.account.add("config.voiceMailDetectionConfig.endText", kept, reason)
    _carry_identity(conversion, place, "config.voiceMailDetectionConfig.enabled", Grade.APPROXIMATED)
