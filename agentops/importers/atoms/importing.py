"""Agents of an account as a project's files, each checked by the spec language before it is handed out.

What the language refuses is passed through (a field newer than this release) or left out and said, so that an
imported project always validates.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentops.diagnostics import Diagnostic
from agentops.document import Document, ObservedAgent
from agentops.importers.atoms.specs import SpecFiles, SpecWriter
from agentops.importers.files import place_files, write_files
from agentops.importers.yaml_text import to_yaml
from agentops.spec import load_project
from agentops.spec.files import PROJECT_FILE
from agentops.spec.layout import format_yaml
from agentops.spec.model.project import ProjectSpec

_MOST_ROUNDS = 8
_MAX_KEY = 56


@dataclass(frozen=True, slots=True)
class AtomsImport:
    """All files by project path, the agents behind them, and the names of those that the project has already."""

    files: Mapping[str, str]
    agents: tuple[SpecFiles, ...]
    known: tuple[str, ...] = ()

    @property
    def secrets(self) -> dict[str, str]:
        """Every secret that is needed, by name, with where it is used."""
        return {name: f"{agent.key}: {where}" for agent in self.agents for name, where in agent.secrets.items()}


def import_observed(
    observed: Sequence[ObservedAgent], environment: str, *, taken: Iterable[str] = (), keeps_defaults: bool = False
) -> AtomsImport:
    """Specs for `observed`. `taken` are keys that the project has already."""
    keys = set(taken)
    agents: list[SpecFiles] = []
    for agent in observed:
        key = _free_key(agent.listing.name, keys)
        keys.add(key)
        agents.append(_settled(agent, SpecWriter(key, environment, keeps_defaults)))
    files = {path: text for agent in agents for path, text in agent.files.items()}
    return AtomsImport(files, tuple(agents))


def project_settings(name: str, environment: str, base_url: str | None) -> str:
    """`agentops.yaml` for a project that has none yet."""
    target: Document = {"api_key": "${{ secrets.SMALLEST_API_KEY }}"}
    if base_url:
        target["base_url"] = base_url
    local: Document = {"target": "emulator"}
    data = {"project": name, "default_environment": environment, "environments": {"local": local, environment: target}}
    comments = {
        "environments.local": "The embedded emulator: no key, no network, nothing to start.",
        f"environments.{environment}": "The account that the agents were imported from.",
    }
    text = to_yaml(data, comments, header="yaml-language-server: $schema=schemas/project.schema.json")
    return format_yaml(text, PROJECT_FILE, ProjectSpec)


def _settled(observed: ObservedAgent, writer: SpecWriter) -> SpecFiles:
    """The files of one agent, written again until the spec language takes them."""
    made = writer.write(observed)
    for _ in range(_MOST_ROUNDS):
        errors = _errors(made, writer.environment)
        moved = [_give_way(error, writer) for error in errors]
        if not any(moved):
            break
        made = writer.write(observed)
    return made


def _errors(made: SpecFiles, environment: str) -> list[Diagnostic]:
    """What the spec language says about the files, in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        files = {**made.files, "agentops.yaml": project_settings("import", environment, None)}
        write_files(root, place_files(root, files))
        project = load_project(root, environ={}, environment=environment)
        return [diagnostic for diagnostic in project.diagnostics if diagnostic.is_error]


def _give_way(error: Diagnostic, writer: SpecWriter) -> bool:
    """Moves or leaves out the field that an error is about; False when that was tried already."""
    path = error.path
    if path is None or not path.startswith("config."):
        return False
    target = writer.passed if error.code == "unknown-field" else writer.left_out
    if path in target:
        target = writer.left_out
    if path in target:
        path = path.rpartition(".")[0]
    if path in target or not path.startswith("config."):
        return False
    target.add(path)
    return True


def _free_key(name: str, taken: set[str]) -> str:
    base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_MAX_KEY].strip("-") or "agent"
    key, number = base, 2
    while key in taken:
        key, number = f"{base}-{number}", number + 1
    return key
