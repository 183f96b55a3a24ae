"""Turns exports and agents of ElevenLabs into specs: reads the sources, earlier answers and voices, then converts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentops.account import Voice
from agentops.document import Secret, SecretRef
from agentops.errors import AgentopsError, UsageError
from agentops.files import read_bytes, read_text
from agentops.importers.elevenlabs.conversion import CHOICES_FILE
from agentops.importers.elevenlabs.fetching import fetch_agents, is_agent_id
from agentops.importers.elevenlabs.folder import SourceAgents, read_sources
from agentops.importers.elevenlabs.importing import Imported, ImportOptions, import_agents
from agentops.importers.elevenlabs.voices import DOCUMENTED, read_catalog
from agentops.importers.files import PlacedFile, place_files
from agentops.json_text import read_json
from agentops.remote.connect import connect
from agentops.settings import Settings
from agentops.spec.slug import slug
from agentops.spec.source_events import read_yaml
from agentops.spec.source_text import SourceError, decode
from agentops.spec.tree import to_plain
from agentops.workflow.deployment import check_host

KEY_NAME = "ELEVENLABS_API_KEY"
CHOICES = f"agents/{CHOICES_FILE}"


@dataclass(frozen=True, slots=True)
class ElevenlabsRequest:
    """What to import, and what is decided already.

    sources:     paths, or ids of agents on ElevenLabs where no such path exists
    environment: the one to take if a folder has several
    choices:     a file of answers; None is the project's own
    shares:      shared tools and knowledge become files; not on the older versioning, which can't deploy them
    catalog:     a saved answer of get_voices; None reads the account's voices
    """

    sources: tuple[str, ...]
    environment: str | None = None
    output: Path = Path()
    choices: Path | None = None
    catalog: Path | None = None
    voice: str | None = None
    model: str | None = None
    with_widget: bool = False
    with_playbooks: bool = False
    shares: bool = True


@dataclass(frozen=True, slots=True)
class Reading:
    """The agents that were read, the answers so far, and the reason if the account's voices can't be proposed."""

    sources: SourceAgents
    options: ImportOptions
    voices_problem: str = ""


async def read(request: ElevenlabsRequest, settings: Settings) -> Reading:
    """Reads everything that the conversion needs. Raises UsageError for a missing path, a file that can't be read, and
    an id without a key."""
    ids = [each for each in request.sources if not Path(each).exists() and is_agent_id(each)]
    paths = [Path(each) for each in request.sources if each not in ids]
    sources = read_sources(paths, environment=request.environment)
    if ids:
        fetched = await fetch_agents(ids, _elevenlabs_key(settings))
        sources.agents += fetched.agents
        sources.refused += fetched.refused
    problem = ""
    if request.catalog:
        catalog = _saved_catalog(request.catalog)
    else:
        catalog, problem = await _account_catalog(settings)
    own = request.output / CHOICES
    answers = read_answers(request.choices or own) if request.choices or own.is_file() else {}
    options = ImportOptions(
        answers=answers,
        voice=request.voice,
        model=request.model,
        catalog=catalog,
        project_name=slug(request.output.absolute().name) or "imported",
        has_project=(request.output / "agentops.yaml").is_file(),
        with_widget=request.with_widget,
        with_playbooks=request.with_playbooks,
        shares=request.shares,
    )
    return Reading(sources, options, problem)


def convert(request: ElevenlabsRequest, reading: Reading) -> Imported:
    """The agents as a project's files, with what became of every value."""
    return import_agents(reading.sources, reading.options, ", ".join(request.sources))


def place(files: Mapping[str, str], output: Path, *, overwrite: bool) -> tuple[PlacedFile, ...]:
    """What writing `files` would do. A choices file that says the same already stays as it was typed."""
    return place_files(
        output,
        {**files, CHOICES: _settled_choices(output, files[CHOICES])},
        overwrite=overwrite,
        mergeable=(CHOICES,),
    )


def _settled_choices(output: Path, text: str) -> str:
    """The choices file as it is, if it says the same as `text`; else `text`, which includes all its answers."""
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


def read_answers(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """The choices file: agent -> name -> answer or open question. Raises UsageError if it can't be read."""
    data = read_bytes(path, f"the choices file {path}", hint="check --choices")
    try:
        tree, _ = read_yaml(decode(data, str(path)), str(path))
    except SourceError as error:
        problem = error.diagnostic
        raise UsageError(f"{problem.where}: {problem.summary}", hint=problem.hint, code=problem.code) from None
    answers = to_plain(tree) if isinstance(tree, dict) else {}
    return {agent: named for agent, named in answers.items() if isinstance(named, dict)}


async def _account_catalog(settings: Settings) -> tuple[tuple[Voice, ...], str]:
    """The account's own voices if there is a key, else the few that are documented, with the reason if that failed."""
    if not settings.api_key:
        return DOCUMENTED, ""
    key = Secret((SecretRef("SMALLEST_API_KEY", settings.api_key),))
    try:
        check_host(settings.base_url)
        async with await connect(settings.base_url, key) as account:
            return tuple(await account.list_voices()) or DOCUMENTED, ""
    except AgentopsError as failure:
        return DOCUMENTED, failure.summary


def _saved_catalog(path: Path) -> tuple[Voice, ...]:
    hint = "save an answer of get_voices"
    text = read_text(path, f"the catalog {path}", hint=hint)
    try:
        voices = read_catalog(read_json(text))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the catalog {path} can't be read: {error}", hint=hint) from None
    if not voices:
        raise UsageError(f"the catalog {path} holds no voices", hint=hint)
    return voices
