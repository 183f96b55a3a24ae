"""Importing a folder reads regular files inside of it, whatever else is named `*.json`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from agentops.importers.elevenlabs.folder import read_sources

AGENT = {
    "name": "Ann",
    "conversation_config": {"agent": {"first_message": "Hi.", "prompt": {"prompt": "Be kind.", "llm": "gpt-4o"}}},
}


def reasons(folder: Path) -> dict[str, str]:
    return {refused.origin: refused.reason for refused in read_sources([folder]).refused}


def test_pipes_devices_and_links_that_lead_out_are_refused(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    (tmp_path / "outside.json").write_text(json.dumps(AGENT))
    (inside / "agent.json").write_text(json.dumps(AGENT))
    os.mkfifo(inside / "pipe.json")
    (inside / "zero.json").symlink_to("/dev/zero")
    (inside / "link.json").symlink_to(tmp_path / "outside.json")
    (inside / "near.json").symlink_to(inside / "agent.json")
    (inside / "folder.json").mkdir()
    found = read_sources([inside])
    assert len(found.agents) == 2
    said = {refused.origin.rpartition("/")[2]: refused.reason for refused in found.refused}
    assert said == {
        "pipe.json": "not a regular file",
        "folder.json": "not a regular file",
        "zero.json": "leads out of the folder that is imported",
        "link.json": "leads out of the folder that is imported",
    }


@pytest.mark.parametrize("config", ["../outside.json", "a/../../outside.json"])
def test_a_listing_names_files_of_its_folder_only(tmp_path: Path, config: str) -> None:
    inside = tmp_path / "in"
    (inside / "a").mkdir(parents=True)
    (tmp_path / "outside.json").write_text(json.dumps(AGENT))
    (inside / "agents.json").write_text(json.dumps({"agents": [{"name": "Ann", "config": config}]}))
    found = read_sources([inside])
    assert not found.agents
    assert [refused.reason for refused in found.refused] == ["leads out of the folder that is imported"]


@pytest.mark.parametrize("count", [1, 2, 300])
@pytest.mark.parametrize("is_folder", [True, False])
def test_a_list_of_agents_is_read_whatever_its_length(count: int, is_folder: bool, tmp_path: Path) -> None:
    (tmp_path / "all.json").write_text(json.dumps([{**AGENT, "name": f"Ann {number}"} for number in range(count)]))
    found = read_sources([tmp_path if is_folder else tmp_path / "all.json"])
    assert [agent.tree["name"] for agent in found.agents] == [f"Ann {number}" for number in range(count)]
    assert not found.refused


def test_what_is_no_agent_in_a_list_is_refused_by_its_place(tmp_path: Path) -> None:
    (tmp_path / "all.json").write_text(json.dumps([AGENT, {"name": "a menu"}, AGENT]))
    found = read_sources([tmp_path / "all.json"])
    assert len(found.agents) == 2
    assert [refused.origin.rpartition("/")[2] for refused in found.refused] == ["all.json[2]"]
