"""What `import elevenlabs` needs from outside: sources, the choices file, the voice catalog, answers at a terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import typer

from agentops.cli.session import run_async, talk
from agentops.document import Secret, SecretRef, Voice
from agentops.errors import AgentopsError, UsageError
from agentops.importers.elevenlabs.conversion import CHOICES_FILE, slug
from agentops.importers.elevenlabs.fetching import fetch_agents, is_agent_id
from agentops.importers.elevenlabs.folder import Found, read_sources
from agentops.importers.elevenlabs.importing import ImportOptions
from agentops.importers.elevenlabs.voices import DOCUMENTED, read_catalog
from agentops.importers.fidelity import FidelityReport, OpenChoice
from agentops.remote.connect import connect
from agentops.settings import Settings, read_settings
from agentops.spec.source_events import read_yaml
from agentops.spec.source_text import SourceError, decode
from agentops.spec.tree import to_plain
from agentops.workflow.deployment import check_host

KEY_NAME = "ELEVENLABS_API_KEY"
CHOICES = f"agents/{CHOICES_FILE}"


@dataclass(frozen=True, slots=True)
class Sources:
    """The SOURCE arguments: paths, or ids of agents on ElevenLabs where no such path exists."""

    given: tuple[str, ...]
    environment: str | None = None


def gather(sources: Sources) -> Found:
    """Everything that the sources hold. Raises UsageError for a path that is not there and an id without a key."""
    ids = [each for each in sources.given if not Path(each).exists() and is_agent_id(each)]
    found = read_sources([Path(each) for each in sources.given if each not in ids], environment=sources.environment)
    if ids:
        key = _elevenlabs_key(read_settings())
        fetched = run_async(lambda: fetch_agents(ids, key))
        found.agents += fetched.agents
        found.refused += fetched.refused
    return found


def settled_choices(output: Path, text: str) -> str:
    """The choices file as it stands, when it says the same as `text`; else `text`, which holds all its answers."""
    own = output / CHOICES
    if own.is_file() and read_answers(own) == to_plain(read_yaml(text, CHOICES)[0]):
        return decode(own.read_bytes(), CHOICES)
    return text


def _elevenlabs_key(settings: Settings) -> Secret:
    value = settings.environ.get(KEY_NAME)
    if not value:
        hint = f"export {KEY_NAME}=..., or give an exported JSON file"
        raise UsageError(f"fetching agents by id needs {KEY_NAME}, which is not set", hint=hint, code="no-key")
    return Secret((SecretRef(KEY_NAME, value),))


def import_options(
    output: Path, choices: Path | None, catalog: Path | None, voice: str | None, model: str | None
) -> ImportOptions:
    """What was decided before: by options, by the choices file, by the project that is there."""
    own = output / CHOICES
    answers = read_answers(choices or own) if choices or own.is_file() else {}
    return ImportOptions(
        answers=answers,
        voice=voice,
        model=model,
        catalog=_saved_catalog(catalog) if catalog else run_async(lambda: _account_catalog(read_settings())),
        project_name=slug(output.absolute().name) or "imported",
        has_project=(output / "agentops.yaml").is_file(),
    )


def read_answers(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """The choices file: agent -> name -> answer or open question. Raises UsageError when it is not readable."""
    try:
        tree, _ = read_yaml(decode(path.read_bytes(), str(path)), str(path))
    except OSError as error:
        raise UsageError(f"the choices file {path} can't be read: {error.strerror}", hint="check --choices") from None
    except SourceError as error:
        problem = error.diagnostic
        raise UsageError(f"{problem.where}: {problem.summary}", hint=problem.hint, code=problem.code) from None
    data = to_plain(tree) if isinstance(tree, dict) else {}
    return {agent: named for agent, named in data.items() if isinstance(named, dict)}


async def _account_catalog(settings: Settings) -> tuple[Voice, ...]:
    """The account's own voices where there is a key, else the few that are documented."""
    if not settings.api_key:
        return DOCUMENTED
    key = Secret((SecretRef("SMALLEST_API_KEY", settings.api_key),))
    try:
        check_host(settings.base_url)
        async with await connect(settings.base_url, key) as account:
            return tuple(await account.list_voices()) or DOCUMENTED
    except AgentopsError as failure:
        talk(f"The account's voices can't be read ({failure.summary}); proposing from the documented ones.")
        return DOCUMENTED


def _saved_catalog(path: Path) -> tuple[Voice, ...]:
    try:
        voices = read_catalog(json.loads(path.read_text("utf-8-sig")))
    except (OSError, ValueError) as error:
        raise UsageError(f"the catalog {path} can't be read: {error}", hint="save an answer of get_voices") from None
    if not voices:
        raise UsageError(f"the catalog {path} holds no voices", hint="save an answer of get_voices")
    return voices


def ask(options: ImportOptions, report: FidelityReport) -> ImportOptions:
    """The options with what a person at the terminal answered; an empty answer leaves the choice open."""
    answers = {agent: dict(named) for agent, named in options.answers.items()}
    talk("An empty answer leaves a choice open, for the choices file.")
    for choice in report.open_choices:
        answer = _ask_one(choice)
        if answer:
            answers.setdefault(choice.agent, {})[choice.name] = answer
    return replace(options, answers=answers)


def _ask_one(choice: OpenChoice) -> str:
    talk(f"\n{choice.agent}: {choice.question}")
    for number, (value, reason) in enumerate(choice.proposals, 1):
        talk(f"  {number}. {value}  ({reason})")
    said: str = typer.prompt("Your answer", default="", show_default=False, err=True).strip()
    if said.isdigit() and 1 <= int(said) <= len(choice.proposals):
        return choice.proposals[int(said) - 1][0]
    return said
