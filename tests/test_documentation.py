"""What the documentation says is true: links lead somewhere, commands and hooks are as they are written."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer import TyperException

from agentops.cli.main import load_verb
from agentops.cli.schemas import schema_files
from agentops.cli.verbs import verbs

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)#:]+)(#[^)]*)?\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^    (agentops .*)$", re.MULTILINE)
SPAN = re.compile(r"`(agentops [^`\n]+)`")
SHELL = ("", "sh", "bash", "console", "shell")


def commands_of(page: Path) -> Iterator[tuple[str, bool]]:
    """Every `agentops ...` command line on a page, and whether it is whole: in a block it is, in a sentence it may be a
    verb alone."""
    text = page.read_text()
    for language, block in FENCE.findall(text):
        for line in block.replace("\\\n", "").splitlines() if language in SHELL else ():
            line = line.strip().removeprefix("$ ").partition("  #")[0].strip()
            if line.startswith("agentops "):
                yield line, True
    prose = FENCE.sub("", text)
    yield from ((line, True) for line in INDENTED.findall(prose))
    yield from ((line, False) for line in SPAN.findall(prose))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target, _ in LINK.findall(FENCE.sub("", page.read_text())):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_are_written_as_they_are(page: Path) -> None:
    """Verb, options, choices and the number of arguments, as the command line itself judges them."""
    for line, is_whole in commands_of(page):
        words = shlex.split(re.split(r" [|>&;]|\$\(", line)[0])[1:]
        if not words or words[0] in ("--help", "--version", "--install-completion", "help", "version", "VERB"):
            continue
        assert words[0] in verbs(), f"{page.name}: {line}"
        name, command = words[0], load_verb(words[0], verbs()[words[0]][0])
        rest = words[1:]
        while rest and (inner := getattr(command, "commands", {})):
            assert rest[0] in inner, f"{page.name}: {line}: none of {', '.join(inner)}"
            name, command, rest = rest[0], inner[rest[0]], rest[1:]
        try:
            command.make_context(name, rest)
        except TyperException as wrong:
            if is_whole or type(wrong).__name__ not in ("MissingParameter", "NoArgsIsHelpError"):
                pytest.fail(f"{page.name}: {line}: {wrong.format_message()}")


def test_schemas_that_an_editor_is_pointed_to_are_there() -> None:
    named = set(re.findall(r"schemas/([a-z]+\.schema\.json)", ROOT.joinpath("docs/editors.md").read_text()))
    assert named >= {"project.schema.json", "agent.schema.json", "fragment.schema.json"}
    assert named <= set(schema_files())


def test_hooks_run_for_a_projects_files_and_are_commands_as_they_are() -> None:
    hooks = YAML(typ="safe").load(ROOT / ".pre-commit-hooks.yaml")
    page = ROOT.joinpath("docs/editors.md").read_text()
    assert re.findall(r"- id: (\S+)", page) == [hook["id"] for hook in hooks]
    for hook in hooks:
        assert hook["pass_filenames"] is False  # the whole project, which a change anywhere in it can break
        verb = hook["entry"].removeprefix("agentops ")
        load_verb(verb, verbs()[verb][0]).make_context(verb, [])
        for path in ("agentops.yaml", "voice/agentops.yaml", "agents/support.yaml", "voice/agents/calls/hours.yaml"):
            assert re.search(hook["files"], path), (hook["id"], path)
        assert not re.search(hook["files"], "docs/agents.yaml")
        assert re.search(hook["files"], "agents/prompts/support.md") or verb == "fmt"


CODE = re.compile(r"`([a-z_]+(?:\.\w+)+)`")
MODULE_PATH = re.compile(r"`([a-z_]+(?:/[a-z_]+)+)(?:\.py)?`")
AREAS = {path.stem for path in (ROOT / "agentops").iterdir() if path.is_dir() or path.suffix == ".py"}


def defines(dotted: str) -> bool:
    """Whether `plan.build.Planner.conclude` is a module of ours, or something that is defined in one."""
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        folder = ROOT.joinpath("agentops", *parts[:end])
        file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
        if file.exists():
            body: list[ast.stmt] = ast.parse(file.read_text()).body
            for name in parts[end:]:
                found = next((node for node in body if getattr(node, "name", None) == name), None)
                if found is None:
                    return False
                body = getattr(found, "body", [])
            return True
    return False


def test_the_architecture_page_names_what_there_is() -> None:
    text = FENCE.sub("", (ROOT / "docs" / "architecture.md").read_text())
    named = [name for name in CODE.findall(text) if name.partition(".")[0] in AREAS]
    modules = [path for path in MODULE_PATH.findall(text) if path.partition("/")[0] in AREAS]
    assert len(named) > 20  # the walk is there
    assert [name for name in named if not defines(name)] == []
    assert [path for path in modules if not defines(path.replace("/", "."))] == []
