"""Filling a new account from a YAML file, and reading a file of faults.

What the account already has by name is left alone, so the same file can be given at every start.
"""

from __future__ import annotations

from pathlib import Path

from agentops.emulator.faults import Fault, read_faults
from agentops.emulator.rest.account import numbers
from agentops.emulator.rest.agents.agent import add_agent
from agentops.emulator.rest.library import knowledge, voices
from agentops.emulator.rest.library.voice_catalog import PRO, STANDARD
from agentops.emulator.rest.schema import COUNT, OBJECT, TEXT, array, obj, one_of, problems, text
from agentops.emulator.rest.versioning import configuration, publishing, versions
from agentops.emulator.rest.wire import ApiError
from agentops.emulator.store.database import Body, EmulatorError
from agentops.emulator.store.state import Store
from agentops.emulator.yaml_files import read_yaml

_A_SEED = "a seed is a YAML mapping with agents, phone_numbers and so on; docs/emulator.md has one"
_REVISION = obj({"label": TEXT, "config": OBJECT}, required=("config",), closed=True)
_AGENT = obj(
    {"name": text(least=1), "description": TEXT, "config": OBJECT, "revisions": array(_REVISION)},
    required=("name",),
    closed=True,
)
_VOICE = obj(
    {
        "id": text(least=1, pattern=voices.WELL_FORMED.pattern),
        "gender": one_of("male", "female"),
        "accent": TEXT,
        "languages": array(TEXT),
        "models": array(one_of(STANDARD, PRO), least=1),
    },
    required=("id",),
    closed=True,
)
_CLONE = obj({"id": text(pattern="^voice_[A-Za-z0-9]{10}$"), "name": text(least=1)}, required=("name",), closed=True)
_KNOWLEDGE = obj({"name": text(least=1, most=40), "description": TEXT}, required=("name",), closed=True)
SEED = obj(
    {
        "agents": array(_AGENT),
        "phone_numbers": array(text(pattern=r"^\+\d{7,15}$")),
        "knowledge_bases": array(_KNOWLEDGE),
        "voices": array(_VOICE),
        "cloned_voices": array(_CLONE),
        "agent_limit": COUNT,
    },
    closed=True,
)


def seed_account(store: Store, path: Path) -> None:
    """Adds what the file lists to the account. Raises EmulatorError, with nothing added, when the file is wrong."""
    content = read_yaml(path, _A_SEED) or {}
    if wrong := problems(SEED, content):
        raise EmulatorError(f"{path}: {'; '.join(wrong)}", _A_SEED)
    with store.transaction():
        try:
            _add_all(store, content)
        except ApiError as error:
            raise EmulatorError(f"{path}: {'; '.join(error.errors)}", _A_SEED) from error


def _add_all(store: Store, content: Body) -> None:
    if "agent_limit" in content:
        store.database.put("setting", "agent_limit", {"value": content["agent_limit"]})
    for voice in content.get("voices", []):
        row = {"gender": "female", "accent": "", "languages": ["english"], "models": [STANDARD], **voice}
        store.database.put("voice", voice["id"], {"voiceId": row.pop("id"), **row})
    cloned = {clone["displayName"] for clone in store.database.all("clone")}
    for clone in content.get("cloned_voices", []):
        if clone["name"] not in cloned:
            voice_id = {"voiceId": clone["id"]} if "id" in clone else {}
            voices.put_clone(store, {"displayName": clone["name"], **voice_id})
    known = {product["attributes"]["phoneNumber"] for product in store.database.all("product")}
    for number in content.get("phone_numbers", []):
        if number not in known:
            numbers.add_phone_number(store, number)
    names = {base["name"] for base in store.database.all("knowledge_base")}
    for entry in content.get("knowledge_bases", []):
        if entry["name"] not in names:
            knowledge.add_knowledge_base(store, entry["name"], entry.get("description", ""))
    existing = {agent["name"] for agent in store.database.all("agent")}
    for entry in content.get("agents", []):
        if entry["name"] not in existing:
            _add_agent(store, entry)


def _add_agent(store: Store, entry: Body) -> None:
    metadata: Body = {name: entry[name] for name in ("name", "description") if name in entry}
    choices = store.options.choices
    config = configuration.new_config({}, choices)
    listed = [{"config": entry["config"]}] if entry.get("config") else []
    for index, revision in enumerate([*listed, *entry.get("revisions", [])]):  # oldest first
        patch = publishing.check_write(store, revision["config"], f"{entry['name']}: no recognised config fields")
        config = configuration.merge(config, patch, choices)
        if index == 0:  # an agent comes with a first revision, so that one is its creation
            agent = add_agent(store, metadata, config)
        else:
            branch = versions.default_branch(store, agent["_id"])
            versions.commit(store, branch, config, label=publishing.check_label(revision))
    if not entry.get("config") and not entry.get("revisions"):
        add_agent(store, metadata, config)


def read_fault_file(path: Path) -> tuple[Fault, ...]:
    """The faults of a YAML file. Raises EmulatorError."""
    hint = "a file of faults is a YAML list; docs/emulator.md lists what each may say"
    content = read_yaml(path, hint) or []
    try:
        return tuple(read_faults(content))
    except EmulatorError as failure:
        raise EmulatorError(f"{path}: {failure}", hint) from None
