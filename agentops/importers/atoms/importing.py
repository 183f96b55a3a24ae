"""Agents of an account as a project's files, which are checked against the spec language before they are returned.

A field that the language refuses is passed through (if it is newer than this release) or left out and reported, so
that an imported project always validates.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentops.diagnostics import Diagnostic
from agentops.document import DesiredAgent, Document, ObservedAgent, path_text
from agentops.document import Path as DocumentPath
from agentops.errors import SpecError
from agentops.fields import NATURAL_KEYS
from agentops.importers.atoms.shared import SharedFiles, write_shared, write_webhooks
from agentops.importers.atoms.specs import SpecFiles, SpecWriter
from agentops.importers.files import place_files, write_files
from agentops.importers.yaml_text import to_yaml
from agentops.plan.canonical import canonical
from agentops.plan.concealment import NONE_KNOWN, KnownSecrets
from agentops.plan.diff import diff
from agentops.resources import DesiredResource, ObservedResource
from agentops.spec import Project, load_project
from agentops.spec.files import PROJECT_FILE
from agentops.spec.layout import format_yaml
from agentops.spec.model.project import ProjectSpec
from agentops.spec.slug import slug

_MOST_ROUNDS = 24  # of correcting an agent's files; each moves or leaves out at least one field
_MAX_KEY = 56
_REPLACE = "take it out in the console, and replace the secret"


@dataclass(frozen=True, slots=True)
class AtomsImport:
    """All files by project path, their agents, and the names of the agents that the project has already."""

    files: Mapping[str, str]
    agents: tuple[SpecFiles, ...]
    known: tuple[str, ...] = ()
    shared: SharedFiles = field(default_factory=SharedFiles)

    @property
    def secrets(self) -> dict[str, str]:
        """Every secret that is needed: name -> where it is used."""
        own = {name: f"{agent.key}: {where}" for agent in self.agents for name, where in agent.secrets.items()}
        return {**self.shared.secrets, **own}


@dataclass(frozen=True, slots=True)
class Present:
    """What a project has before an import: the keys of its agents, the agents' ids -> keys, and its resources."""

    keys: tuple[str, ...] = ()
    ids: Mapping[str, str] = field(default_factory=dict)
    resources: tuple[DesiredResource, ...] = ()


def import_observed(
    observed: Sequence[ObservedAgent],
    environment: str,
    *,
    keeps_defaults: bool = False,
    resources: Sequence[ObservedResource] = (),
    present: Present = Present(),
    secrets: KnownSecrets = NONE_KNOWN,
) -> AtomsImport:
    """Specs for `observed`, besides what the project has already, and files for those of `resources` that they use.

    An agent whose name or files would hold one of `secrets` is left out: a name can't be a reference.
    """
    observed, held = _without_secret_names(observed, secrets)
    shared = write_shared(observed, resources, present.resources, secrets)
    shared.refuse(errors_in(shared.files, environment))
    keys = set(present.keys)
    agents: list[SpecFiles] = []
    for agent in observed:
        key = _free_key(agent.listing.name, keys)
        keys.add(key)
        writer = SpecWriter(key, environment, keeps_defaults, notes=shared.notes)
        made = _settled(shared.with_references(agent), writer, shared.files)
        if any(secrets.hide(text) != text for text in made.files.values()):
            held.append(f"agent {agent.agent_id}: left out, since a text or name in it holds a secret: {_REPLACE}")
        else:
            agents.append(made)
    files = {path: text for agent in agents for path, text in agent.files.items()}
    shared.remarks.extend(held)
    own = {agent.agent_id: agent.key for agent in agents}
    write_webhooks(shared, {**present.ids, **own}, own, resources, present.resources, secrets)
    # A webhook may name agents that the project has already, whose specs are not among these files.
    shared.refuse(each for each in errors_in({**shared.files, **files}, environment) if each.code != "unknown-agent")
    return AtomsImport({**shared.files, **files}, tuple(agents), shared=shared)


def _without_secret_names(
    observed: Sequence[ObservedAgent], secrets: KnownSecrets
) -> tuple[list[ObservedAgent], list[str]]:
    """The agents whose names hold no secret, and why each of the others is left out. A key is made of the name."""
    held = [each for each in observed if secrets.hide(each.listing.name) != each.listing.name]
    why = f"left out, since its name holds a secret: {_REPLACE}"
    return [each for each in observed if each not in held], [f"agent {each.agent_id}: {why}" for each in held]


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


def _settled(observed: ObservedAgent, writer: SpecWriter, shared: Mapping[str, str]) -> SpecFiles:
    """The files of one agent, written again until the spec language accepts them and they say what the agent has.

    Raises SpecError for what can neither be passed through nor left out, such as a name that is too long.
    """
    made = writer.write(observed)
    for _ in range(_MOST_ROUNDS):
        project = _read({**shared, **made.files}, writer.environment)
        errors = [each for each in project.diagnostics if each.is_error]
        tried = frozenset(writer.left_out)
        moved = [_give_way(error, writer, tried) for error in errors]
        if not errors:
            moved = [_leave_out(path, writer, tried) for agent in project.agents for path in _unlike(agent, observed)]
        if not any(moved):
            if errors:
                raise SpecError(errors)
            break
        made = writer.write(observed)
    return made


def errors_in(files: Mapping[str, str], environment: str) -> list[Diagnostic]:
    """The errors that the spec language finds in `files`, if there are any files."""
    return [each for each in _read(files, environment).diagnostics if each.is_error] if files else []


def _read(made: Mapping[str, str], environment: str) -> Project:
    """The project that the files make, read from a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        files = {**made, "agentops.yaml": project_settings("import", environment, None)}
        write_files(root, place_files(root, files))
        return load_project(root, environ={}, environment=environment)


def _unlike(agent: DesiredAgent, observed: ObservedAgent) -> Iterator[str]:
    """The fields that the files and the agent have differently, such as a null, which a spec can't express."""
    live = observed.live.document if observed.live and observed.live.document else {}
    for difference in diff(canonical(live, agent.config), canonical(agent.config)):
        yield _place_of(difference.path, live)


def _place_of(path: DocumentPath, document: Any) -> str:
    """A place in canonical form as the dotted path of a spec, in which list items are named by their position."""
    places: list[str | int] = ["config"]
    for part in path:
        if isinstance(document, list):
            key = NATURAL_KEYS.get(str(places[-1]), "")
            index = next((i for i, item in enumerate(document) if isinstance(item, dict) and item.get(key) == part), 0)
            places.append(index)
            document = document[index]
        else:
            places.append(part)
            document = document.get(part) if isinstance(document, dict) else None
    return path_text(tuple(places))


def _give_way(error: Diagnostic, writer: SpecWriter, tried: frozenset[str]) -> bool:
    """Passes through or leaves out the field that an error is about; False if there is nothing left to try."""
    path = error.path
    if path is None or not path.startswith("config."):
        return False
    if error.code == "unknown-field" and path not in writer.passed:
        writer.passed.add(path)
        return True
    return _leave_out(path, writer, tried)


def _leave_out(path: str, writer: SpecWriter, tried: frozenset[str]) -> bool:
    """Leaves out the field at `path`, so that it is unmanaged. If that was `tried` already, the object around it.

    An item of a list is never left out alone: the list would be managed, and the next apply would delete the item.
    """
    while path.endswith("]") or path in tried:
        path = path.rpartition("[")[0] if path.endswith("]") else path.rpartition(".")[0]
    if not path.startswith("config."):
        return False
    writer.left_out.add(path)
    return True


def _free_key(name: str, taken: set[str]) -> str:
    base = slug(name, limit=_MAX_KEY) or "agent"
    key, number = base, 2
    while key in taken:
        key, number = f"{base}-{number}", number + 1
    return key
