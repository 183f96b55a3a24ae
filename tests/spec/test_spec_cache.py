"""The cache of what specs resolved to: whatever changes, a load with it gives what a load without it gives."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentops.document import Secret
from agentops.errors import UsageError
from agentops.spec import Project, load_project
from agentops.spec.cache import SpecCache, open_cache
from agentops.spec.environment import ProjectContext
from agentops.spec.resolve import SpecReader

PROJECT = """
project: shop
default_environment: local
environments:
  local: {target: emulator, variables: {voice: nyah, greeting: Hi}}
  far: {api_key: "${{ secrets.KEY }}", variables: {voice: daniel, greeting: "${{ env('GREETING', 'Hello') }}"}}
defaults: {config: {slmModel: gpt-4o}}
"""
FILES = {
    "agentops.yaml": PROJECT,
    "agents/_base.yaml": "config:\n  allowInterruptions: true\n  voiceDetectionConfig: ${{ yaml('_voice.yaml') }}\n",
    "agents/_voice.yaml": "confidence: 0.5\n",
    "agents/prompts/sell.md": "You sell things for ${{ vars.greeting }}.\n",
    "agents/calls/hello.yaml": "agent: sell\n",
    "agents/sell.yaml": """
        name: Sell
        extends: _base.yaml
        calls: [calls/hello.yaml]
        config:
          firstMessage: ${{ vars.greeting }} {{name}}
          globalPrompt: {$clear: true}
          singlePromptConfig:
            prompt: ${{ file('prompts/sell.md') }}
            tools:
              - {type: api_call, name: look, description: Looks., url: "https://x.example.com", method: GET,
                 headers: {Authorization: "Bearer ${{ secrets.TOKEN }}"}}
        """.replace("\n        ", "\n"),
    "agents/shops.yaml": """
        name: Shop ${{ each }}
        for_each: [north, south]
        config: {firstMessage: "Shop ${{ each }}, ${{ env('TOWN', 'here') }}", timezone: {label: x, offset: 1}}
        """.replace("\n        ", "\n"),
    "agents/plain.yaml": "name: Plain\nconfig: {firstMessage: 'Yes, {{nobody}}'}\n",
}
ENVIRON = {"KEY": "sk_one", "TOKEN": "tok-5f1c", "TOWN": "Bonn"}


@pytest.fixture
def root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), FILES)
        yield Path(folder)


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def revealed(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reference, value.reveal() if value.is_revealable else None
    if isinstance(value, dict):
        return {key: revealed(each) for key, each in value.items()}
    return [revealed(each) for each in value] if isinstance(value, list) else value


def said(root: Path, environ: dict[str, str], environment: str, needs: bool, cache: Path | None) -> Any:
    """Everything that a load gives: documents with their secrets' values, every place, every diagnostic."""
    try:
        project = load_project(root, environ=environ, environment=environment, needs_secrets=needs, cache=cache)
    except UsageError as error:
        return error.summary
    agents = [(agent, revealed(agent.config), dict(agent.where)) for agent in project.agents]
    return agents, project.diagnostics, project.environment


def same(root: Path, environ: dict[str, str] = ENVIRON, environment: str = "local", needs: bool = True) -> Any:
    """What a load gives, after making sure that it is the same with a cache and without one."""
    plain = said(root, environ, environment, needs, None)
    assert said(root, environ, environment, needs, root / "cache") == plain
    assert said(root, environ, environment, needs, root / "cache") == plain
    return plain


def found(project: Project, folder: Path) -> list[str]:
    """The specs that the cache knows now."""
    assert isinstance(project.context, ProjectContext)
    with open_cache(folder, project.context, 1) as cache:
        return [path for path in project.context.files.specs() if cache.find(path) is not None]


def test_a_second_load_finds_every_spec_without_errors(root: Path) -> None:
    write(root, {"agents/wrong.yaml": "name: Wrong\nconfig: {firstMesage: Hi}\n"})
    project = load_project(root, environ=ENVIRON, needs_secrets=True, cache=root / "cache")
    assert found(project, root / "cache") == ["agents/plain.yaml", "agents/sell.yaml", "agents/shops.yaml"]
    same(root)


CHANGES: dict[str, dict[str, str]] = {
    "the spec": {"agents/sell.yaml": FILES["agents/sell.yaml"].replace("Sell", "Sold")},
    "the place of its values": {"agents/sell.yaml": "# new\n" + FILES["agents/sell.yaml"]},
    "its base": {"agents/_base.yaml": "config: {allowInterruptions: false}\n"},
    "a fragment": {"agents/_voice.yaml": "confidence: 0.7\n"},
    "a prompt": {"agents/prompts/sell.md": "You give things away.\n"},
    "a variable": {"agentops.yaml": PROJECT.replace("greeting: Hi", "greeting: Hey")},
    "the defaults": {"agentops.yaml": PROJECT.replace("gpt-4o", "gpt-4.1")},
    "an error in the base": {"agents/_base.yaml": "config: {allowInteruptions: false}\n"},
    "env() of what is a secret": {
        "agentops.yaml": PROJECT.replace("{target: emulator,", "{target: emulator, secrets: {T: {env: TOWN}},")
    },
    "env() of what is a secret elsewhere": {
        "agents/plain.yaml": "name: P\nconfig: {firstMessage: '${{ secrets.TOWN }}'}\n"
    },
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_anything_that_matters_is_seen(root: Path, change: dict[str, str]) -> None:
    before = same(root)
    write(root, change)
    after = same(root)
    assert after != before
    write(root, FILES)
    assert same(root) == before


def test_the_environment_of_the_process_is_part_of_what_matters(root: Path) -> None:
    without_town = {name: value for name, value in ENVIRON.items() if name != "TOWN"}
    loaded = [same(root, {**without_town, **town})[0] for town in ({"TOWN": "Bonn"}, {"TOWN": "Ulm"}, {})]
    assert [agents[-1][0].config["firstMessage"] for agents in loaded] == [
        "Shop south, Bonn",
        "Shop south, Ulm",
        "Shop south, here",
    ]
    same(root, ENVIRON, "far")
    same(root, {**ENVIRON, "GREETING": "Ahoy"}, "far")
    same(root, {"KEY": "sk_one"}, "far")
    same(root, {"KEY": "sk_one"}, "far", needs=False)


def test_a_rotated_secret_has_its_new_value_and_is_never_in_the_file(root: Path) -> None:
    assert "tok-5f1c" in repr(revealed_tools(same(root)))
    assert "tok-new" in repr(revealed_tools(same(root, {**ENVIRON, "TOKEN": "tok-new"})))
    stored = b"".join(path.read_bytes() for path in (root / "cache").rglob("*"))
    assert b"Bearer " in stored
    assert not any(value.encode() in stored for value in ("tok-5f1c", "tok-new", "sk_one"))


def revealed_tools(loaded: Any) -> Any:
    return [config.get("singlePromptConfig") for _, config, _ in loaded[0]]


def test_a_missing_file_is_an_error_again(root: Path) -> None:
    same(root)
    for name in ("agents/calls/hello.yaml", "agents/prompts/sell.md", "agents/_base.yaml"):
        (root / name).unlink()
        codes = [each.code for each in same(root)[1]]
        assert "missing-file" in codes
        write(root, FILES)


@pytest.mark.parametrize("damage", ["nothing is there", "no database", "cut off", "a changed entry", "another schema"])
def test_a_damaged_cache_is_as_good_as_none(root: Path, damage: str) -> None:
    before = same(root)
    file = root / "cache" / "specs.db"
    if damage == "nothing is there":
        shutil.rmtree(root / "cache")
    elif damage == "no database":
        file.write_text("this is no database, although it is long enough to be looked at" * 100)
    elif damage == "cut off":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    else:
        change = "UPDATE entries SET body = replace(body, 'Sell', 'Sold')"
        with sqlite3.connect(file) as database:
            database.execute(change if damage == "a changed entry" else "ALTER TABLE entries RENAME body TO text")
        database.close()
    assert same(root) == before


def test_a_cache_that_is_busy_or_cannot_be_written_is_done_without(root: Path) -> None:
    before = same(root)
    database = sqlite3.connect(root / "cache" / "specs.db")
    database.execute("BEGIN EXCLUSIVE")
    assert said(root, ENVIRON, "local", True, root / "cache") == before
    database.close()
    (root / "file").write_text("")
    assert said(root, ENVIRON, "local", True, root / "file") == before


def test_old_entries_make_room(root: Path) -> None:
    for n in range(3):
        write(root, {"agents/plain.yaml": f"name: Plain {n}\nconfig: {{firstMessage: Hi}}\n"})
        project = load_project(root, environ=ENVIRON, cache=root / "cache")
    assert project.context is not None
    with open_cache(root / "cache", project.context, 3) as cache:
        assert isinstance(cache, SpecCache)
        cache.keep(cache.row("agents/plain.yaml", SpecReader(project.context, "agents/plain.yaml").result()))
        cache.write()
        cache.trim(2)
    with sqlite3.connect(root / "cache" / "specs.db") as database:
        assert database.execute("SELECT count(*) FROM entries").fetchone() == (2,)
    database.close()


PIECES = st.sampled_from(
    [
        "Hi",
        "{{name}}",
        "${{ vars.greeting }}",
        "${{ vars.nobody }}",
        "${{ secrets.TOKEN }}",
        "${{ env('TOWN', 'x') }}",
        "",
    ]
)
EDIT = st.one_of(
    st.builds(
        lambda name, text: {f"agents/{name}.yaml": f'name: {name}\nconfig: {{firstMessage: "{text}"}}\n'},
        st.sampled_from(["sell", "plain", "new"]),
        st.lists(PIECES, max_size=3).map("".join),
    ),
    st.builds(lambda text: {"agents/prompts/sell.md": text}, st.lists(PIECES, max_size=3).map(" ".join)),
    st.sampled_from(list(CHANGES.values())),
    st.just(FILES),
)


@settings(max_examples=25)
@given(st.lists(st.tuples(EDIT, st.sampled_from(["Bonn", "Ulm"]), st.sampled_from(["local", "far"])), max_size=5))
def test_with_and_without_the_cache_the_same_result(edits: list[tuple[dict[str, str], str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), FILES)
        same(Path(folder))
        for files, town, environment in edits:
            write(Path(folder), files)
            same(Path(folder), {**ENVIRON, "TOWN": town}, environment)
