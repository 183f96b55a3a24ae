"""One import run: source agents in, the files of a project and the fidelity report out. Pure.

Choices are answered here from what the user gave; whether files are written is decided by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agentops.account import Voice
from agentops.importers.elevenlabs.agent import convert
from agentops.importers.elevenlabs.conversion import CHOICES_FILE, Conversion
from agentops.importers.elevenlabs.folder import SourceAgents
from agentops.importers.elevenlabs.paths import place_text
from agentops.importers.elevenlabs.project import CHOOSE, agent_files, choices_text, project_text
from agentops.importers.elevenlabs.sharing import SharedTools
from agentops.importers.elevenlabs.voices import DOCUMENTED, VoiceProposals
from agentops.importers.fidelity import AgentFidelity, FidelityReport, Item, OpenChoice
from agentops.spec.model.base import MOST_NAME
from agentops.spec.slug import slug

_REFERENCE = re.compile(r"\$\{\{ secrets\.([A-Z][A-Z0-9_]*) \}\}")
MAX_KEY = 56  # leaves room in a revision's label, and for the endings of file names


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the user decided beforehand.

    answers:         agent key -> choice name -> answer, from the choices file
    voice, model:    for every agent that has no answer of its own
    catalog:         the voices that are proposed
    with_widget:     port the website widget as well
    with_playbooks:  workflow graphs become multi-agent lines instead of stages of one prompt
    shares:          shared tools and knowledge become files of their own, which only the branch model can deploy
    project_name:    for `agentops.yaml`, which is written only where there is none
    """

    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    voice: str | None = None
    model: str | None = None
    catalog: tuple[Voice, ...] = DOCUMENTED
    with_widget: bool = False
    with_playbooks: bool = False
    shares: bool = True
    project_name: str = "imported"
    has_project: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """The outcome of a run.

    files:   project path -> text
    secrets: the names that the specs refer to
    exposed: the names of secrets that were in the clear in the sources -> the first place of each
    """

    files: dict[str, str]
    report: FidelityReport
    secrets: tuple[str, ...]
    exposed: Mapping[str, str]


def import_agents(sources: SourceAgents, options: ImportOptions, source: str) -> Imported:
    """Converts every agent that was found."""
    files: dict[str, str] = {}
    agents: list[AgentFidelity] = []
    conversions: list[Conversion] = []
    names: set[str] = set()
    shared = SharedTools()
    remarks = list(sources.remarks)
    for agent in sources.agents:
        key = _key(agent.tree.get("name"), {c.key for c in conversions})
        proposals = VoiceProposals(options.catalog)
        conversion = convert(
            agent,
            key,
            _answers(key, options),
            proposals,
            with_widget=options.with_widget,
            with_playbooks=options.with_playbooks,
            shares=options.shares,
        )
        if options.shares:
            conversion.secret_names = shared.take(conversion)
        _make_unique(conversion, names, remarks)
        made = agent_files(conversion, agent.origin)
        closed, additions = conversion.source.ledger.close(conversion.written())
        items = tuple(_with_names(item, conversion.secret_names) for item in closed)
        name = str(conversion.metadata["name"])
        choices = tuple(conversion.choices)
        agents.append(AgentFidelity(key, name, agent.origin, items, additions, choices, tuple(made)))
        conversions.append(conversion)
        files |= made
    files |= shared.files
    secrets = tuple(dict.fromkeys(name for text in files.values() for name in _REFERENCE.findall(text)))
    exposed = {  # reversed, so that of several places of a secret the first one stays
        conversion.secret_names.get(each.name, each.name): f"{conversion.key}: {place_text(each.place)}"
        for conversion in reversed(conversions)
        for each in reversed(conversion.exposed)
    }
    if conversions:
        choices_asked = [choice for conversion in conversions for choice in conversion.choices]
        files[f"agents/{CHOICES_FILE}"] = choices_text([*choices_asked, *_kept(options.answers, choices_asked)])
    if conversions and not options.has_project:
        files["agentops.yaml"] = project_text(options.project_name, secrets)
        files[".gitignore"] = ".agentops/\n"
    elif secrets:
        remarks.append(f"the environments of agentops.yaml need these secrets: {', '.join(secrets)}")
    report = FidelityReport(source, tuple(agents), tuple(sources.refused), tuple(remarks))
    return Imported(files, report, secrets, dict(reversed(exposed.items())))


def _key(name: Any, taken: Iterable[str]) -> str:
    base = slug(name, limit=MAX_KEY) if isinstance(name, str) else ""
    base = base or "agent"
    key, number = base, 2
    while key in taken:
        key, number = f"{base}-{number}", number + 1
    return key


def _make_unique(conversion: Conversion, names: set[str], remarks: list[str]) -> None:
    """Gives the agent a display name that no other one of the run has, since agents are found by their names."""
    name = base = str(conversion.metadata["name"])
    number = 2
    while name in names:
        ending = f" ({number})"
        name, number = f"{base[: MOST_NAME - len(ending)]}{ending}", number + 1
    if name != base:
        remarks.append(f"two agents are called {base!r}; one is {name!r} now")
        conversion.metadata["name"] = name
    names.add(name)


def _answers(key: str, options: ImportOptions) -> dict[str, Any]:
    given = {"voice": options.voice, "model": options.model}
    own = options.answers.get(key, {})
    return {**{k: v for k, v in given.items() if v}, **{k: v for k, v in own.items() if is_answer(v)}}


def is_answer(value: Any) -> bool:
    """Whether a value in the choices file is an answer, and not the question still."""
    return value is not None and not (isinstance(value, dict) and CHOOSE in value)


def _with_names(item: Item, renamed: Mapping[str, str]) -> Item:
    """The item with the names that shared tools gave their secrets."""
    pattern = "|".join(rf"\b{re.escape(name)}\b" for name in renamed)

    def named(text: Any) -> Any:
        return re.sub(pattern, lambda match: renamed[match[0]], text) if pattern and isinstance(text, str) else text

    return replace(item, todo=named(item.todo), target_value=named(item.target_value))


def _kept(answers: Mapping[str, Mapping[str, Any]], asked: list[OpenChoice]) -> list[OpenChoice]:
    """What the choices file has beyond this run's choices, such as those of agents that are not part of it."""
    known = {(choice.agent, choice.name) for choice in asked}
    kept = []
    for agent, named in answers.items():
        for name, value in named.items():
            if (agent, name) not in known:
                answer = value if is_answer(value) else None
                question = str(value.get(CHOOSE)) if isinstance(value, dict) else "Answered in an earlier import."
                kept.append(OpenChoice(agent, name, question, (), answer))
    return kept
