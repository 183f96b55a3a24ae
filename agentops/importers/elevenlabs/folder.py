"""Reads ElevenLabs agents from files: one export, a folder of them, or the folder that its command line keeps.

What can't be read is refused with the reason; nothing raises for the content of a file.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentops.errors import UsageError
from agentops.importers.elevenlabs.reading import NotAnAgentError, SourceAgent, read_agent
from agentops.importers.elevenlabs.tool_shapes import read_loose_tools, read_tool
from agentops.importers.fidelity import Refused

MAX_BYTES = 20_000_000
_PREFERRED_ENVIRONMENTS = ("prod", "production", "main", "default")
_NOT_AGENTS = {"agents.json", "tools.json", "tests.json"}
_NOT_AGENT_FOLDERS = {"tool_configs", "test_configs", "node_modules", ".git"}


@dataclass(slots=True)
class Found:
    """Everything that the given sources hold."""

    agents: list[SourceAgent] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def refuse(self, origin: Path | str, reason: str) -> None:
        self.refused.append(Refused(_shown(origin) if isinstance(origin, Path) else origin, reason))


@dataclass(frozen=True, slots=True)
class _Listed:
    """One entry of `agents.json`."""

    config: str
    agent_id: str | None
    environment: str | None
    name: str | None


def read_sources(paths: list[Path], *, environment: str | None = None) -> Found:
    """The agents in all `paths`. `environment` picks one where a folder keeps several. Raises UsageError."""
    found = Found()
    for path in paths:
        if path.is_dir():
            _read_folder(path, environment, found)
        elif path.is_file():
            _read_file(path, found)
        else:
            why = "is no regular file" if path.exists() else "does not exist"
            hint = "give a JSON file, a folder, or an agent id (with ELEVENLABS_API_KEY set)"
            raise UsageError(f"{path} {why}", hint=hint, code="no-source")
    return found


def load_json(path: Path, found: Found, folder: Path | None = None) -> Any:
    """The JSON in a regular file (with or without BOM) that stays inside `folder`, or None after refusing it."""
    try:
        if folder is not None and not path.resolve().is_relative_to(folder.resolve()):
            found.refuse(path, "leads out of the folder that is imported")
            return None
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for, and a device never ends
            found.refuse(path, "no regular file")
            return None
        if path.stat().st_size > MAX_BYTES:
            found.refuse(path, f"larger than {MAX_BYTES // 1_000_000} MB")
            return None
        data = json.loads(path.read_bytes().decode("utf-8-sig"), strict=False)
        json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
        return data
    except json.JSONDecodeError as error:
        found.refuse(path, f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}")
    except UnicodeDecodeError as error:
        found.refuse(path, f"not UTF-8 text: byte {error.start}")
    except UnicodeEncodeError:
        found.refuse(path, "holds half a character (a lone surrogate such as \\ud800), which no text can")
    except ValueError:
        found.refuse(path, "holds a number that JSON cannot have: NaN, an infinite or an endless one")
    except RecursionError:
        found.refuse(path, "nested too deeply to be an agent")
    except OSError as error:
        found.refuse(path, f"can't be read: {error.strerror}")
    return None


def _read_file(path: Path, found: Found) -> None:
    root = _cli_root(path)
    data = load_json(path, found)
    if data is None:
        return
    if path.name == "agents.json" and _entries(data, "agents"):
        _read_folder(path.parent, None, found)
        return
    _add_all(path, data, root, found)


def _add_all(path: Path, data: Any, root: Path | None, found: Found) -> None:
    """The agent of a file, or every agent of a list, each known by its place in it."""
    holds_several = isinstance(data, list) and len(data) > 1 and all(isinstance(item, dict) for item in data)
    if not holds_several or read_loose_tools(data):
        _add(path, data, root, found)
        return
    for number, item in enumerate(data, 1):
        _add(path, item, root, found, place=f"[{number}]")


def _add(
    path: Path, data: Any, root: Path | None, found: Found, listed: _Listed | None = None, place: str = ""
) -> None:
    tools = _bodies(root, "tools", found) if root else {}
    tests = _bodies(root, "tests", found) if root else {}
    origin = _shown(path) + place
    try:
        name = (listed and listed.name) or path.stem
        agent = read_agent(data, origin, tools=tools, tests=tests, name=name)
    except NotAnAgentError as refusal:
        tools_only = read_loose_tools(data)
        names = ", ".join(str(tool["name"]) for tool in tools_only[:6])
        found.refuse(origin, f"holds tools ({names}), not an agent" if tools_only else refusal.summary)
        return
    except RecursionError:
        found.refuse(origin, "nested too deeply to be an agent")
        return
    if listed and listed.agent_id and "agent_id" not in agent.tree:
        agent.tree["agent_id"] = listed.agent_id
    found.agents.append(agent)


def _read_folder(folder: Path, environment: str | None, found: Found) -> None:
    listing = folder / "agents.json"
    if not listing.is_file():
        _read_loose(folder, found)
        return
    data = load_json(listing, found)
    entries = list(_listed(data))
    for entry in _of_environment(entries, environment, found, folder):
        path = folder / entry.config
        if not path.exists():
            found.refuse(path, f"{listing.name} names it, but it does not exist")
        elif (config := load_json(path, found, folder)) is not None:
            _add(path, config, folder, found, entry)
    _tell_unattached(folder, found)
    if not entries:
        found.remarks.append(f"{listing} lists no agents; every JSON file below it is tried")
        _read_loose(folder, found)


def _read_loose(folder: Path, found: Found) -> None:
    before = len(found.agents) + len(found.refused)
    for path in sorted(folder.rglob("*.json")):
        inside = path.relative_to(folder)
        if path.name in _NOT_AGENTS or _NOT_AGENT_FOLDERS & set(inside.parts[:-1]):
            continue
        data = load_json(path, found, folder)
        if data is not None:
            _add_all(path, data, _cli_root(path), found)
    if len(found.agents) + len(found.refused) == before:
        found.refuse(folder, "no JSON file in it that could be an agent")


def _cli_root(path: Path) -> Path | None:
    """The folder of the ElevenLabs command line around a file, if there is one."""
    for parent in list(path.absolute().parents)[:4]:
        if (parent / "tools.json").is_file() or (parent / "agents.json").is_file():
            return parent
    return None


def _entries(data: Any, key: str) -> list[dict[str, Any]]:
    rows = data.get(key) if isinstance(data, dict) else None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _listed(data: Any) -> Iterator[_Listed]:
    for row in _entries(data, "agents"):
        name = row["name"] if isinstance(row.get("name"), str) else None
        environments = row.get("environments")
        if isinstance(environments, dict):
            for environment, inner in environments.items():
                if isinstance(inner, dict) and isinstance(inner.get("config"), str):
                    yield _Listed(inner["config"], _text(inner, "id"), environment, name)
        elif isinstance(row.get("config"), str):
            environment = _text(row, "env") or _text(row, "environment")
            yield _Listed(row["config"], _text(row, "id"), environment, name)


def _of_environment(entries: list[_Listed], wanted: str | None, found: Found, folder: Path) -> list[_Listed]:
    """One environment's entries: the wanted one, else production, else the first that is named."""
    names = list(dict.fromkeys(entry.environment for entry in entries if entry.environment))
    if not names:
        return entries
    if wanted is not None and wanted not in names:
        raise UsageError(f"{folder} has no environment {wanted!r}", hint=f"it has {', '.join(names)}", code="no-source")
    chosen = wanted or next((name for name in _PREFERRED_ENVIRONMENTS if name in names), names[0])
    skipped = [name for name in names if name != chosen]
    if skipped:
        found.remarks.append(f"took the environment {chosen}; not imported: {', '.join(skipped)}")
    return [entry for entry in entries if entry.environment in (None, chosen)]


def _bodies(root: Path, kind: str, found: Found) -> dict[str, Any]:
    """Tools or tests of a folder by their ids; one that the listing gives no id goes by its file's name."""
    quiet = Found()
    listing = root / f"{kind}.json"
    rows = _entries(load_json(listing, quiet), kind) if listing.is_file() else []
    named = {root / str(row.get("config") or ""): _text(row, "id") for row in rows}
    files = [*named, *sorted((root / f"{kind.removesuffix('s')}_configs").glob("*.json"))]
    bodies: dict[str, Any] = {}
    for path in dict.fromkeys(files):
        body = load_json(path, quiet, root) if path.is_file() else None
        if isinstance(body, dict):
            bodies[named.get(path) or path.name] = read_tool(body) if kind == "tools" else body
    for refusal in quiet.refused:
        if refusal not in found.refused:
            found.refused.append(refusal)
    return {identifier: body for identifier, body in bodies.items() if body}


def _tell_unattached(folder: Path, found: Found) -> None:
    """Tests that no agent of the folder has attached belong to nobody, so no script is made of them."""
    attached = {str(test.get("id")) for agent in found.agents for test in agent.tree.get("_imported_tests", ())}
    names = [
        str(body.get("name") or key) for key, body in _bodies(folder, "tests", found).items() if key not in attached
    ]
    if names:
        found.remarks.append(f"tests that are attached to no agent, so not imported: {', '.join(names)}")


def _shown(path: Path) -> str:
    """A path as a report names it: without the folders of this machine."""
    return path.as_posix() if not path.is_absolute() else path.name


def _text(row: dict[str, Any], key: str) -> str | None:
    value = row.get(key)
    return value if isinstance(value, str) and value else None
