"""`init`: the files of a new project, by use case. Nothing is written here, and nothing is ever overwritten."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from agentops.spec.files import PROJECT_FILE, ProjectFiles
from agentops.spec.policies import FOLDER
from agentops.spec.slug import slug

# Template -> (what it is for, the key of its agent, how its call script is called).
TEMPLATES = {
    "support": ("a support line that answers questions and hands over to a person", "support", "hours"),
    "appointments": ("an appointment desk that notes a day and a time", "appointments", "booking"),
    "survey": ("an outgoing call that asks how a visit was", "survey", "rating"),
}


@dataclass(frozen=True, slots=True)
class Start:
    """What a new project is called, and what it is for."""

    project: str
    template: str

    @property
    def company(self) -> str:
        return self.project.replace("-", " ").replace("_", " ").title()


def project_files(start: Start) -> dict[str, str]:
    """Project path -> text of every file of a new project, its schemas aside."""
    _, key, script = TEMPLATES[start.template]
    folder = resources.files("agentops.spec") / "starters"
    places = {
        "spec.yaml": f"agents/{key}.yaml",
        "prompt.md": f"agents/prompts/{key}.md",
        "call.yaml": f"agents/calls/{key}-{script}.yaml",
        "behaviour.yaml": f"agents/behaviours/{key}.yaml",
    }
    made = {
        "agentops.yaml": _filled(folder / "common" / "agentops.yaml", start, key),
        "AGENTS.md": _filled(folder / "common" / "AGENTS.md", start, key),
        ".gitignore": _filled(folder / "common" / "gitignore", start, key),
    }
    return made | {place: _filled(folder / start.template / file, start, key) for file, place in places.items()}


def policy_files(pack: str) -> dict[str, str]:
    """Project path -> text of a starter pack of policies."""
    file = resources.files("agentops.spec") / "starters" / FOLDER / f"{pack}.yaml"
    return {f"{FOLDER}/{pack}.yaml": file.read_text("utf-8")}


def has_specs(folder: Path) -> bool:
    """Whether the folder is a project that has agents of its own already."""
    return (folder / PROJECT_FILE).is_file() and bool(ProjectFiles(folder).specs())


def project_name(folder: str) -> str:
    """A project name made of a folder's name: lower-case letters, digits and -."""
    return slug(folder, limit=40) or "voice-agents"


def _filled(file: Traversable, start: Start, key: str) -> str:
    text = file.read_text("utf-8")
    for place, value in (("project", start.project), ("company", start.company), ("key", key)):
        text = text.replace(f"@@{place}@@", value)
    return text
