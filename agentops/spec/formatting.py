"""`fmt` over a project: which files, in which order their keys go, and writing only what changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel

from agentops.diagnostics import Diagnostic, Severity, Where
from agentops.errors import UsageError
from agentops.files import read_bytes, write_file
from agentops.resources import Kind
from agentops.spec.files import AGENTS, PROJECT_FILE
from agentops.spec.layout import format_yaml
from agentops.spec.model.agent import AgentSpec
from agentops.spec.model.project import ProjectSpec
from agentops.spec.resources import MODELS
from agentops.spec.source_text import SourceError, decode


@dataclass(slots=True)
class Formatted:
    """`changed` are the texts before and after, by project path; `problems` are files that could not be read."""

    count: int = 0
    changed: dict[str, tuple[str, str]] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)


def format_project(root: Path, chosen: list[Path] | None, *, writes: bool) -> Formatted:
    """Formats `chosen` files, or every YAML file of the project. Without `writes` it only finds what would change."""
    result = Formatted()
    if chosen is None:
        resources = [each for kind in Kind for each in (root / kind.folder).glob("*")]
        below = (path for path in (*(root / AGENTS).rglob("*"), *resources) if path.suffix in (".yaml", ".yml"))
        chosen = [path for path in (root / PROJECT_FILE, *sorted(below)) if path.is_file()]
    for path in chosen:
        name = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
        try:
            _format_file(path, name, result, writes=writes)
        except SourceError as error:
            result.problems.append(error.diagnostic)
        except UsageError as error:
            problem = Diagnostic("missing-file", Severity.ERROR, error.summary, error.hint, Where(name))
            result.problems.append(problem)
    return result


def _format_file(path: Path, name: str, result: Formatted, *, writes: bool) -> None:
    data = read_bytes(path, name, hint="name a YAML file of the project")
    text = decode(data, name)
    formatted = format_yaml(text, name, _model_of(name))
    result.count += 1
    if formatted.encode() != data:
        result.changed[name] = (text, formatted)
        if writes:
            write_file(path, formatted)


def _model_of(name: str) -> type[BaseModel] | None:
    """The model whose field order a file follows; call scripts and behaviours keep their own."""
    if name == PROJECT_FILE:
        return ProjectSpec
    parts = name.split("/")
    if len(parts) == 2 and (kind := next((kind for kind in Kind if kind.folder == parts[0]), None)):
        return MODELS[kind]
    is_spec = parts[0] == AGENTS and parts[1:2] not in (["calls"], ["behaviours"], ["prompts"])
    return AgentSpec if is_spec else None
