"""Tools that call out: webhooks become `api_call` tools, client tools become declarations for the client.

Built-in tools are in `built_in`. A tool that is listed twice is converted once: the first body of a name wins.
"""

from __future__ import annotations

import re
from typing import Any

from agentops.document import Document
from agentops.importers.elevenlabs.addresses import is_address, is_scaffold
from agentops.importers.elevenlabs.conversion import PROMPT, Conversion
from agentops.importers.elevenlabs.parameters import Parameters
from agentops.importers.elevenlabs.paths import Place, leaves_of, place_text, same
from agentops.importers.elevenlabs.reading import shared_ids
from agentops.importers.elevenlabs.secret_stand_ins import has_stand_in, secret_names_in
from agentops.importers.fidelity import CHOSEN, Grade
from agentops.importers.yaml_text import literal
from agentops.spec.slug import slug

TOOLS: Place = (*PROMPT, "tools")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_TIMEOUT_S = (1.0, 30.0)  # what the platform allows
_DEFAULT_TIMEOUT_S = 20  # ElevenLabs' own
_SINGLE_BRACE = re.compile(r"(?<![{$}])\{([A-Za-z_][A-Za-z0-9_]*)\}(?!\})")


def convert_tools(conversion: Conversion) -> None:
    """Every webhook and client tool; system tools are left for `built_in`."""
    source = conversion.source
    seen: dict[str, int] = {}
    named_ids = set(shared_ids(source.tree))
    for index, tool in enumerate(source.items(*TOOLS)):
        place: Place = (*TOOLS, index)
        if not isinstance(tool, dict) or _kind(tool) == "system":
            continue
        name = tool_name(tool, index)
        if isinstance(tool.get("name"), str) and tool["name"] != name:
            conversion.tool_names[tool["name"]] = [name]
        if name in seen:
            _settle_repeat(conversion, place, tool, seen[name])
        elif _kind(tool) == "webhook":
            seen[name] = index
            conversion.tools.append(_api_call(conversion, place, tool, name))
            if _has_id(tool) and tool["id"] in named_ids:
                conversion.shared_ids[name] = tool["id"]
        elif _kind(tool) == "client":
            seen[name] = index
            _client_tool(conversion, place, tool, name)
        else:
            conversion.tool_names[name] = []
            why, todo = f"the tool {name} is of a kind that has no counterpart ({tool.get('type')})", _REBUILD
            conversion.remark(Grade.UNSUPPORTED, "EL010", place, why, todo)
    _settle_ids(conversion, seen)


_REBUILD = "Rebuild it as an api_call tool against the service's own HTTP API."


def tool_name(tool: Document, index: int = 0) -> str:
    """The tool's name as the platform allows it: no spaces, and only the characters of words."""
    name = tool.get("name")
    made = re.sub(r"[^\w-]+", "_", name.strip()).strip("_") if isinstance(name, str) else ""
    return made or f"tool_{index + 1}"


def _kind(tool: Document) -> str:
    kind = tool.get("type")
    if isinstance(kind, str) and kind in ("webhook", "client", "system"):
        return kind
    if kind is None:
        return "webhook" if "api_schema" in tool or "webhook_url" in tool else "client"
    return "other"


def _settle_repeat(conversion: Conversion, place: Place, tool: Document, first: int) -> None:
    source = conversion.source
    for leaf, value in leaves_of(tool, place):
        twin = source.get(*TOOLS, first, *leaf[len(place) :])
        if same(value, twin):
            source.ledger.repeat(leaf, place_text((*TOOLS, first)))


def _settle_ids(conversion: Conversion, seen: dict[str, int]) -> None:
    """Ids beside tools that are written out usually name the same tools, unless there are more ids than tools."""
    source = conversion.source
    known = {tool["id"]: tool for tool in source.items(*TOOLS) if isinstance(tool, dict) and _has_id(tool)}
    ids = {index: i for index, i in enumerate(source.items(*PROMPT, "tool_ids")) if isinstance(i, str) and i}
    inline = len(seen) - len(known)
    fits = len(set(ids.values()) - set(known)) <= inline
    for index, tool_id in ids.items():
        place: Place = (*PROMPT, "tool_ids", index)
        if tool_id in known:
            source.ledger.repeat(place, f"the tool {known[tool_id].get('name')}")
        elif fits:
            why = f"taken for one of the {inline} tools that are written out; the input does not say which"
            source.ledger.carry(place, None, grade=Grade.APPROXIMATED, why=why)
        else:
            source.ledger.carry(place, None, why=f"tool {tool_id} is not defined in the input")


def _has_id(tool: Document) -> bool:
    return isinstance(tool.get("id"), str) and bool(tool["id"])


# ---- webhooks


def _api_call(conversion: Conversion, place: Place, tool: Document, name: str) -> Document:
    source = conversion.source
    target = f"config.singlePromptConfig.tools.{name}"
    made: Document = {"type": "api_call", "name": name, "description": _description(conversion, place, tool, name)}
    source.ledger.carry((*place, "type"), f"{target}.type", "api_call")
    is_same = tool.get("name") == name
    source.ledger.carry((*place, "name"), f"{target}.name", name, grade=None if is_same else Grade.APPROXIMATED)
    source.ledger.repeat((*place, "id"), f"the tool {name}")
    parameters = Parameters(conversion, target)
    made["url"] = _url(conversion, place, parameters, target)
    made["method"] = _method(conversion, place, target)
    made["timeout"] = _timeout(conversion, place, target)
    if headers := _headers(conversion, place, name, target):
        made["headers"] = headers
    schema = (*place, "api_schema")
    if query := parameters.query((*schema, "query_params_schema")):
        made["queryParams"] = query
    if (body := parameters.body((*schema, "request_body_schema"))) is not None:
        made["requestBody"] = body
    if parameters.asked:
        made["llmParameters"] = parameters.asked
    if variables := _assignments(conversion, place, target):
        made["responseVariables"] = variables
    _placeholders(conversion, place)
    return made


def _description(conversion: Conversion, place: Place, tool: Document, name: str) -> str:
    source = conversion.source
    text = conversion.rewrite(source.text(*place, "description")).strip()
    target = f"config.singlePromptConfig.tools.{name}.description"
    made = text or f"Calls {name.replace('_', ' ')} and tells what came back."
    if text:
        is_same = text == source.text(*place, "description").strip()
        grade = Grade.EXACT if is_same else Grade.APPROXIMATED
        source.ledger.carry((*place, "description"), target, text.rstrip("."), grade=grade)
    forced = [key for key in ("force_pre_tool_speech", "pre_tool_speech") if tool.get(key) in (True, "force")]
    if forced:
        made = f"{made.rstrip('.')}. {_SPEAK_FIRST}"
        for key in forced:
            source.ledger.carry((*place, key), target, _SPEAK_FIRST)
    return made


_SPEAK_FIRST = "Tell the caller that you are checking before you call this."


def _url(conversion: Conversion, place: Place, parameters: Parameters, target: str) -> str:
    source = conversion.source
    at: Place = (*place, "api_schema", "url")
    url = source.text(*at)
    path = parameters.path((*place, "api_schema", "path_params_schema"))
    name = target.rsplit(".", 1)[1]
    # An address that the platform would refuse, or that reaches nobody, has to be asked for.
    why = (
        "the export has no address"
        if not url
        else "its host is not fixed"
        if not is_address(url)
        else "the address is a placeholder that was never replaced, or only reached from one machine"
        if is_scaffold(url)
        else ""
    )
    if why:
        source.ledger.carry(at, f"{target}.url", CHOSEN, grade=Grade.CHOICE, why=why)
        if not url:
            conversion.remark(Grade.CHOICE, "EL010", at, f"{name}: {why}", "Name the address in the choices file.")
        question = f"Which address does the tool {name} call? The old one was {url or 'not in the export'}."
        return conversion.choose(f"url_{slug(name, '_')}", literal(question))
    made = literal(conversion.placeholders.outside_the_model(url))
    # ElevenLabs writes path parameters in single braces; the model fills in those that no schema describes.
    made = _SINGLE_BRACE.sub(lambda m: path.get(m[1]) or parameters.ask(m[1]), made)
    source.ledger.carry(at, f"{target}.url", made, grade=Grade.EXACT)
    return made


def _method(conversion: Conversion, place: Place, target: str) -> str:
    """The request's method; GET is ElevenLabs' default."""
    at: Place = (*place, "api_schema", "method")
    found = conversion.source.text(*at).upper()
    if found in _METHODS:
        conversion.source.ledger.carry(at, f"{target}.method", found)
        return found
    return "GET"


def _timeout(conversion: Conversion, place: Place, target: str) -> int:
    source, at = conversion.source, (*place, "response_timeout_secs")
    seconds = source.number(*at)
    if seconds is None:
        source.ledger.add(f"{target}.timeout", 20000, "ElevenLabs waits 20 s for a tool, Atoms 5 s")
        conversion.default_waits.append(target.rsplit(".", 1)[1])
        return 20000
    if seconds == _DEFAULT_TIMEOUT_S:
        conversion.default_waits.append(target.rsplit(".", 1)[1])
    kept = min(max(seconds, _TIMEOUT_S[0]), _TIMEOUT_S[1])
    grade = Grade.EXACT if kept == seconds else Grade.APPROXIMATED
    why = "in milliseconds" if kept == seconds else f"{seconds:g} s was brought into the allowed 1 to 30 s"
    source.ledger.carry(at, f"{target}.timeout", int(kept * 1000), grade=grade, why=why)
    return int(kept * 1000)  # a tool's timeout is in milliseconds, unlike that of preCallAPI


def _headers(conversion: Conversion, place: Place, tool: str, target: str) -> dict[str, str]:
    at: Place = (*place, "api_schema", "request_headers")
    path = tuple(target.split("."))
    return {
        name: header(conversion, (*at, name), (tool, name), value, (*path, "headers", name))
        for name, value in conversion.source.objects(*at).items()
    }


def header(conversion: Conversion, place: Place, words: tuple[str, ...], value: Any, target: Place) -> str:
    """The value of one header: plain text is kept, a variable becomes a placeholder, anything secret a reference."""
    ledger = conversion.source.ledger
    if isinstance(value, dict) and isinstance(value.get("variable_name"), str):
        made = conversion.placeholders.variable(value["variable_name"])
        if has_stand_in(made):
            why, todo = "a secret variable", f"Give each environment {', '.join(secret_names_in(made))}."
            ledger.hide((*place, "variable_name"), target, why, todo)
            return made
        ledger.carry((*place, "variable_name"), target, made, grade=Grade.EXACT)
        return literal(made)
    if isinstance(value, dict):
        made = conversion.secret(*words)
        todo = f"Give each environment {', '.join(secret_names_in(made))}."
        for leaf, _ in leaves_of(value, place):
            ledger.hide(leaf, target, "a stored secret never leaves ElevenLabs", todo)
        return made
    made = conversion.placeholders.outside_the_model(str(value))
    ledger.carry(place, target, made, grade=Grade.EXACT)
    return literal(made)


def _assignments(conversion: Conversion, place: Place, target: str) -> list[Document]:
    source, made = conversion.source, []
    for index, entry in enumerate(source.items(*place, "assignments")):
        at: Place = (*place, "assignments", index)
        if not isinstance(entry, dict) or not isinstance(entry.get("dynamic_variable"), str):
            continue
        name = conversion.placeholders.name_of(entry["dynamic_variable"])
        path = json_path(str(entry.get("value_path") or ""))
        made.append({"variableName": name, "jsonPath": path})
        shown = (*target.split("."), "responseVariables", name)
        source.ledger.carry((*at, "dynamic_variable"), shown, name)
        source.ledger.carry((*at, "value_path"), shown, path)
    return made


def json_path(dotted: str) -> str:
    """`data.0.id` as `$.data[0].id`."""
    parts = [part for part in re.split(r"[.\[\]]+", dotted.removeprefix("$")) if part]
    return "$" + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in parts)


def _placeholders(conversion: Conversion, place: Place) -> None:
    at: Place = (*place, "dynamic_variables", "dynamic_variable_placeholders")
    defaults = conversion.config.setdefault("defaultVariables", {})
    for name, value in conversion.source.objects(*at).items():
        if name.startswith(("secret__", "system__")):
            continue
        if isinstance(value, str | int | float | bool):
            target = conversion.placeholders.name_of(name)
            kept = conversion.rewrite(value) if isinstance(value, str) else value
            defaults.setdefault(target, kept)  # of two tools the first wins, and the agent's own value over both
            conversion.source.ledger.carry((*at, name), ("config", "defaultVariables", target))
    if not defaults:
        conversion.config.pop("defaultVariables")


# ---- client tools


def _client_tool(conversion: Conversion, place: Place, tool: Document, name: str) -> None:
    source, side = conversion.source, (conversion.client_tools_file, "tools", name)
    made: Document = {"name": name, "description": source.text(*place, "description") or f"Calls {name}."}
    made["parameters"] = _plain_schema(source.objects(*place, "parameters") or {"type": "object", "properties": {}})
    made["expectsResponse"] = bool(tool.get("expects_response"))
    seconds = source.number(*place, "response_timeout_secs") or 15.0
    made["timeout_ms"] = int(min(max(seconds, 1.0), 60.0) * 1000)
    conversion.client_tools.append(made)
    for key in ("name", "type", "description", "expects_response", "response_timeout_secs"):
        source.ledger.carry((*place, key), side, grade=Grade.APPROXIMATED, why=_CLIENT_WHY)
    source.ledger.carry_tree((*place, "parameters"), side)
    source.ledger.repeat((*place, "id"), f"the tool {name}")
    _placeholders(conversion, place)
    conversion.remark(Grade.UNSUPPORTED, "EL010", place, f"client tool {name}: {_CLIENT_WHY}", _CLIENT_TODO)


_CLIENT_WHY = "not part of an Atoms agent; each WebSocket client declares it, and it cannot work on phone calls"
_CLIENT_TODO = "Send the declaration in the side file from your client, with session.update."
_SCHEMA_KEYS = frozenset({"type", "properties", "required", "items", "enum", "description"})


def _plain_schema(schema: Any) -> Any:
    """The parameters as plain JSON Schema, without the keys that only ElevenLabs knows."""
    if not isinstance(schema, dict):
        return schema
    made = {key: value for key, value in schema.items() if key in _SCHEMA_KEYS and value not in (None, "")}
    if isinstance(made.get("properties"), dict):
        made["properties"] = {name: _plain_schema(inner) for name, inner in made["properties"].items()}
    if "items" in made:
        made["items"] = _plain_schema(made["items"])
    return made
