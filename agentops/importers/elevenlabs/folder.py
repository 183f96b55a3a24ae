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
from agentops.importers.fidelity import UnreadableInput

MAX_BYTES = 20_000_000
_PREFERRED_ENVIRONMENTS = ("prod", "production", "main", "default")
_NOT_AGENTS = {"agents.json", "tools.json", "tests.json"}
_NOT_AGENT_FOLDERS = {"tool_configs", "test_configs", "node_modules", ".git"}


@dataclass(slots=True)
class SourceAgents:
    """The agents that the given sources hold, the inputs that could not be read, and remarks on both."""

    agents: list[SourceAgent] = field(default_factory=list)
    refused: list[UnreadableInput] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def refuse(self, origin: Path | str, reason: str) -> None:
        self.refused.append(UnreadableInput(_shown(origin) if isinstance(origin, Path) else origin, reason))


@dataclass(frozen=True, slots=True)
class _Listed:
    """One entry of `agents.json`."""

    config: str
    agent_id: str | None
    environment: str | None
    name: str | None


def read_sources(paths: list[Path], *, environment: str | None = None) -> SourceAgents:
    """The agents in all `paths`. `environment` picks one where a folder keeps several. Raises UsageError."""
    sources = SourceAgents()
    for path in paths:
        if path.is_dir():
            _read_folder(path, environment, sources)
        elif path.is_file():
            _read_file(path, sources)
        else:
            why = "is not a regular file" if path.exists() else "does not exist"
            hint = "give a JSON file, a folder, or an agent id (with ELEVENLABS_API_KEY set)"
            raise UsageError(f"{path} {why}", hint=hint, code="no-source")
    return sources


def load_json(path: Path, sources: SourceAgents, folder: Path | None = None) -> Any:
    """The JSON in a regular file (with or without BOM) that stays inside `folder`, or None after refusing it."""
    try:
        if folder is not None and not path.resolve().is_relative_to(folder.resolve()):
            sources.refuse(path, "leads out of the folder that is imported")
            return None
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for, and a device never ends
            sources.refuse(path, "not a regular file")
            return None
        if path.stat().st_size > MAX_BYTES:
            sources.refuse(path, f"larger than {MAX_BYTES // 1_000_000} MB")
            return None
        data = json.loads(path.read_bytes().decode("utf-8-sig"), strict=False)
        # Python reads NaN and lone surrogates, which no file could be written with later.
        json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
        return data
    except json.JSONDecodeError as error:
        sources.refuse(path, f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}")
    except UnicodeDecodeError as error:
        sources.refuse(path, f"not UTF-8 text: byte {error.start}")
    except UnicodeEncodeError:
        sources.refuse(path, "holds half a character (a lone surrogate such as \\ud800), which no text can")
    except ValueError:
        sources.refuse(path, "holds a number that JSON cannot have: NaN, an infinite or an endless one")
    except RecursionError:
        sources.refuse(path, "nested too deeply to be an agent")
    except OSError as error:
        sources.refuse(path, f"can't be read: {error.strerror}")
    return None


def _read_file(path: Path, sources: SourceAgents) -> None:
    root = _cli_root(path)
    data = load_json(path, sources)
    if data is None:
        return
    if path.name == "agents.json" and _entries(data, "agents"):
        _read_folder(path.parent, None, sources)
        return
    _add_all(path, data, root, sources)


def _add_all(path: Path, data: Any, root: Path | None, sources: SourceAgents) -> None:
    """The agent of a file, or every agent of a list, each known by its place in it."""
    holds_several = isinstance(data, list) and len(data) > 1 and all(isinstance(item, dict) for item in data)
    if not holds_several or read_loose_tools(data):
        _add(path, data, root, sources)
        return
    for number, item in enumerate(data, 1):
        _add(path, item, root, sources, place=f"[{number}]")


def _add(
    path: Path, data: Any, root: Path | None, sources: SourceAgents, listed: _Listed | None = None, place: str = ""
) -> None:
    tools = _bodies(root, "tools", sources) if root else {}
    tests = _bodies(root, "tests", sources) if root else {}
    origin = _shown(path) + place
    try:
        name = (listed and listed.name) or path.stem
        agent = read_agent(data, origin, tools=tools, tests=tests, name=name)
    except NotAnAgentError as refusal:
        tools_only = read_loose_tools(data)
        names = ", ".join(str(tool["name"]) for tool in tools_only[:6])
        sources.refuse(origin, f"holds tools ({names}), not an agent" if tools_only else refusal.summary)
        return
    except RecursionError:
        sources.refuse(origin, "nested too deeply to be an agent")
        return
    if listed and listed.agent_id and "agent_id" not in agent.tree:  # the command line keeps ids in agents.json alone
        agent.tree["agent_id"] = listed.agent_id
    sources.agents.append(agent)


def _read_folder(folder: Path, environment: str | None, sources: SourceAgents) -> None:
    listing = folder / "agents.json"
    if not listing.is_file():
        _read_loose(folder, sources)
        return
    data = load_json(listing, sources)
    entries = list(_listed(data))
    for entry in _of_environment(entries, environment, sources, folder):
        path = folder / entry.config
        if not path.exists():
            sources.refuse(path, f"{listing.name} names it, but it does not exist")
        elif (config := load_json(path, sources, folder)) is not None:
            _add(path, config, folder, sources, entry)
    _remark_unattached_tests(folder, sources)
    if not entries:
        sources.remarks.append(f"{listing} lists no agents; every JSON file below it is tried")
        _read_loose(folder, sources)


def _read_loose(folder: Path, sources: SourceAgents) -> None:
    before = len(sources.agents) + len(sources.refused)
    for path in sorted(folder.rglob("*.json")):
        inside = path.relative_to(folder)
        if path.name in _NOT_AGENTS or _NOT_AGENT_FOLDERS & set(inside.parts[:-1]):
            continue
        data = load_json(path, sources, folder)
        if data is not None:
            _add_all(path, data, _cli_root(path), sources)
    if len(sources.agents) + len(sources.refused) == before:
        sources.refuse(folder, "no JSON file in it that could be an agent")


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


def _of_environment(entries: list[_Listed], wanted: str | None, sources: SourceAgents, folder: Path) -> list[_Listed]:
    """The entries of one environment: the wanted one, else production, else the first that is named."""
    names = list(dict.fromkeys(entry.environment for entry in entries if entry.environment))
    if not names:
        return entries
    if wanted is not None and wanted not in names:
        raise UsageError(f"{folder} has no environment {wanted!r}", hint=f"it has {', '.join(names)}", code="no-source")
    chosen = wanted or next((name for name in _PREFERRED_ENVIRONMENTS if name in names), names[0])
    skipped = [name for name in names if name != chosen]
    if skipped:
        sources.remarks.append(f"took the environment {chosen}; not imported: {', '.join(skipped)}")
    return [entry for entry in entries if entry.environment in (None, chosen)]


def _bodies(root: Path, kind: str, sources: SourceAgents) -> dict[str, Any]:
    """The tools or tests of a folder by id, or by the file's name where the listing gives no id."""
    quiet = SourceAgents()  # this runs once for each agent of the folder, and a bad file is to be reported once
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
        if refusal not in sources.refused:
            sources.refused.append(refusal)
    return {identifier: body for identifier, body in bodies.items() if body}


def _remark_unattached_tests(folder: Path, sources: SourceAgents) -> None:
    """Remarks on tests that are attached to no agent: there is no agent to make a script for."""
    attached = {str(test.get("id")) for agent in sources.agents for test in agent.tree.get("_imported_tests", ())}
    names = [
        str(body.get("name") or key) for key, body in _bodies(folder, "tests", sources).items() if key not in attached
    ]
    if names:
        sources.remarks.append(f"tests that are attached to no agent, so not imported: {', '.join(names)}")


def _shown(path: Path) -> str:
    """A path as a report shows it: without the folders of this machine."""
    return path.as_posix() if not path.is_absolute() else path.name


def _text(row: dict[str, Any], key: str) -> str | None:
    value = row.get(key)
    return value if isinstance(value, str) and value else None
