"""Brings tools of any shape into the documented one: nothing is dropped, and every repair is reported. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Repairs:
    """What had to be changed to read an agent, each once."""

    done: list[str] = field(default_factory=list)

    def note(self, what: str) -> None:
        if what not in self.done:
            self.done.append(what)


_KINDS = ("webhook", "client", "system", "mcp", "api_integration_webhook", "smb", "code")


def read_tool(data: Any) -> dict[str, Any] | None:
    """The body of the tool in `data`, whichever shape it has; None if `data` is not a tool."""
    if isinstance(data, dict) and isinstance(data.get("tool_config"), dict):
        data = data["tool_config"]
    if not isinstance(data, dict) or not isinstance(data.get("name"), str):
        return None
    is_known = data.get("type") in _KINDS or bool({"api_schema", "webhook_url"} & data.keys())
    return data if is_known or isinstance(data.get("parameters"), dict) else None


def read_loose_tools(data: Any) -> list[dict[str, Any]]:
    """The tools in a file that holds only tools: a list of them, `{tools: [...]}`, or one."""
    if isinstance(data, dict) and isinstance(data.get("tools"), list) and "conversation_config" not in data:
        data = data["tools"]
    candidates = data if isinstance(data, list) else [data]
    found = [tool for tool in map(read_tool, candidates) if tool is not None]
    return found if found and len(found) == len(candidates) else []


def documented_tool(tool: Any, repairs: Repairs) -> Any:
    """`tool` in the documented shape, whichever shape it has."""
    if not isinstance(tool, dict):
        return tool
    if tool.get("type") in (None, "webhook"):
        tool = _older_webhook(tool, repairs)
    if not isinstance(tool.get("api_schema"), dict):
        return tool
    schema = dict(tool["api_schema"])
    before = dict(schema)
    if _is_list(schema.get("path_params_schema")):
        schema["path_params_schema"] = by_id(schema["path_params_schema"])[0]
    if _is_list(schema.get("query_params_schema")):
        schema["query_params_schema"] = _object_schema(schema["query_params_schema"])
    if _is_list(schema.get("request_headers")):
        schema["request_headers"] = _header_map(schema["request_headers"])
    if isinstance(schema.get("request_body_schema"), dict):
        schema["request_body_schema"] = _map_properties(schema["request_body_schema"])
    if schema != before:
        repairs.note(f"tool {tool.get('name')}: lists of parameters were read as the documented maps")
    return {**tool, "api_schema": _undamaged(schema, str(tool.get("name")), repairs)}


# ---- older webhooks: `params: {url, method, ...}`, `webhook_url`, `request_body_definition`

_OLDER_NAMES = {
    "url": "url",
    "webhook_url": "url",
    "method": "method",
    "http_method": "method",
    "request_method": "method",
    "headers": "request_headers",
    "request_headers": "request_headers",
    "request_body_definition": "request_body_schema",
    "request_body_schema": "request_body_schema",
    "body_schema": "request_body_schema",
    "body_params_schema": "request_body_schema",
    "query_params_definition": "query_params_schema",
    "query_params_schema": "query_params_schema",
    "path_params_definition": "path_params_schema",
    "path_params_schema": "path_params_schema",
}


def _older_webhook(tool: dict[str, Any], repairs: Repairs) -> dict[str, Any]:
    """Moves what older shapes have in `params`, or beside the name, into `api_schema`."""
    params = tool.get("params")
    is_older = isinstance(params, dict) and bool({"url", "webhook_url", "request_body_definition"} & params.keys())
    given = dict(params) if is_older and isinstance(params, dict) else {}
    is_webhook = tool.get("type") == "webhook" or "webhook_url" in tool
    beside = {key: tool[key] for key in _OLDER_NAMES if key in tool and is_webhook}
    if not given and not beside:
        return tool
    moved = {**beside, **given}
    known = tool.get("api_schema")
    schema = dict(known) if isinstance(known, dict) else {}
    for key in [key for key in moved if key in _OLDER_NAMES]:
        schema.setdefault(_OLDER_NAMES[key], moved.pop(key))
    kept = {key: value for key, value in tool.items() if key not in beside and not (is_older and key == "params")}
    if "timeout" in kept and "response_timeout_secs" not in kept:
        kept["response_timeout_secs"] = kept.pop("timeout")
    if moved:
        kept["params"] = moved
    repairs.note(f"tool {tool.get('name')}: an older shape of webhooks was read as `api_schema`")
    return {"type": "webhook", **kept, "api_schema": schema}


# ---- names that an older command line turned from camel case or hyphens into snake case

_HYPHENATED = re.compile(
    r"(?i)x_\w+|content_type|user_agent|accept_\w+|cal_api_version|notion_version|anthropic_version|idempotency_key|"
    r"if_(?:none_)?match|api_version"
)


def _undamaged(schema: dict[str, Any], tool: str, repairs: Repairs) -> dict[str, Any]:
    """Gives properties back their names, which are still in `required`, and known headers their hyphens."""
    renamed: dict[str, str] = {}
    made = dict(schema)
    for part in ("request_body_schema", "query_params_schema"):
        if isinstance(made.get(part), dict):
            made[part] = _renamed_properties(made[part], renamed)
    headers = made.get("request_headers")
    if isinstance(headers, dict):
        wrong = [
            name
            for name in headers
            if isinstance(name, str) and "_" in name and (_HYPHENATED.fullmatch(name) or (renamed and name.islower()))
        ]
        renamed |= {name: name.replace("_", "-") for name in wrong}
        made["request_headers"] = {renamed[n] if n in wrong else n: value for n, value in headers.items()}
    for old, new in renamed.items():
        repairs.note(f"tool {tool}: {old} is called {new} again, as the service knows it; an older tool had renamed it")
    return made


def _renamed_properties(schema: dict[str, Any], renamed: dict[str, str]) -> dict[str, Any]:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return schema
    required = schema.get("required")
    missing = [
        n for n in (required if isinstance(required, list) else ()) if isinstance(n, str) and n not in properties
    ]
    names = {_snake(name): name for name in missing if _snake(name) in properties}
    renamed |= names
    inner = {
        names.get(key, key): _renamed_properties(value, renamed) if isinstance(value, dict) else value
        for key, value in properties.items()
    }
    return {**schema, "properties": inner}


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).replace("-", "_").lower()


# ---- lists where the documented shape has maps: tools that were copied from the dashboard


def _map_properties(schema: dict[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties")
    if isinstance(properties, list):
        named, required = by_id(properties)
        schema = {**schema, "properties": named}
        if required and not schema.get("required"):
            schema["required"] = required
        properties = named
    if isinstance(properties, dict):
        inner = {k: _map_properties(v) if isinstance(v, dict) else v for k, v in properties.items()}
        schema = {**schema, "properties": inner}
    if isinstance(schema.get("items"), dict):
        schema = {**schema, "items": _map_properties(schema["items"])}
    return schema


def _object_schema(entries: list[Any]) -> dict[str, Any] | list[Any]:
    if not entries:
        return entries
    named, required = by_id(entries)
    return {"properties": named, **({"required": required} if required else {})}


def by_id(entries: list[Any]) -> tuple[dict[str, Any], list[str]]:
    """The entries as a map by their ids or names, and the names of those that are required."""
    named: dict[str, Any] = {}
    required = []
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict):
            named[f"item_{index}"] = entry
            continue
        body = dict(entry)
        identifier = body.pop("id", None) or body.pop("name", None) or f"item_{index}"
        if body.get("required") is True:
            required.append(str(identifier))
        if not _is_list(body.get("required")):  # a list is that of an object's own properties, and stays
            body.pop("required", None)
        named[str(identifier)] = body
    return named, required


def _header_map(entries: list[Any]) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict):
            headers[f"item_{index}"] = entry
            continue
        name = entry.get("name") or entry.get("id") or entry.get("key") or f"item_{index}"
        for kind in ("secret_id", "variable_name"):
            if entry.get(kind):
                headers[str(name)] = {kind: entry[kind]}
                break
        else:
            headers[str(name)] = {"secret_id": "unnamed"} if entry.get("type") == "secret" else entry.get("value", "")
    return headers


def _is_list(value: Any) -> bool:
    return isinstance(value, list)
