"""Every command that is printed can be pasted: its verb and options are there, and it says where it is to run."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from command_line import Agentops
from printed_commands import (
    OPTION,
    commands_in,
    every_command,
    every_option,
    require_pasteable,
    takes_environment,
    takes_option,
    wrong_with,
)

from agentops import errors, workflow
from agentops.cli.streams import safe_streams
from agentops.cli.verbs import verbs
from agentops.commands import (
    WITHOUT_ENVIRONMENT,
    WITHOUT_PROJECT,
    in_environment,
    in_project,
    named_environment,
    named_project,
    quoted_path,
)
from agentops.plan.codes import CODES
from agentops.render.style import Style
from agentops.settings import read_settings
from agentops.spec.explanations import explanations

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "agentops"
GOLDEN = sorted(
    path for room in ("plan", "render", "ci", "calls") for path in (ROOT / f"tests/{room}/golden").iterdir()
)
# Words of messages that stand for what only the program knows when it prints them.
VALUES = {"verb": "plan", "path": "plan", "meant": "plan", "where": "agentops plan", "context": "1"}


@cache
def templates() -> tuple[tuple[str, str], ...]:
    """Every text of the program that may be printed, with its place; what it fills in is a word."""
    return tuple(_templates())


def _templates() -> Iterator[tuple[str, str]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        inside |= {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, documented) and ast.get_docstring(node)
        }
        for node in ast.walk(tree):
            if id(node) in inside:
                continue
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value
            elif isinstance(node, ast.JoinedStr):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", "".join(map(_filled, node.values))


def _filled(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    assert isinstance(part, ast.FormattedValue)
    name = ast.unparse(part.value)
    return VALUES.get(name.split(".")[0], "x")


@pytest.mark.slow
def test_every_command_in_a_message_can_be_run() -> None:
    wrong = {
        f"{where}: agentops {command}": problem
        for where, text in templates()
        for command in commands_in(re.sub(r"\{\w+\}", "x", text))
        if not command.startswith("x") and (problem := wrong_with(command)) is not None
    }
    assert not wrong


@pytest.mark.slow
def test_no_command_is_printed_with_what_should_have_been_filled_in() -> None:
    """A text that lacks its `f`, and that nothing formats."""
    wrong = [
        f"{where}: {command}"
        for where, text in templates()
        for command in commands_in(text)
        if "{" in command and ".format(" not in (ROOT / where.partition(":")[0]).read_text("utf-8")
    ]
    assert not wrong


@pytest.mark.slow
def test_every_command_in_a_message_is_marked_as_one() -> None:
    """What isn't in backticks is found by no test and gets no environment."""
    named = re.compile(rf"(?<!`)\bagentops ({'|'.join(verbs())}|ci) (-|[A-Z]{{3}}|--)")
    elsewhere = ("agentops/ci/scaffold.py", "agentops/cli/instead.py", "agentops/emulator/store")
    assert not [
        f"{where}: {text}" for where, text in templates() if named.search(text) and not where.startswith(elsewhere)
    ]


@pytest.mark.slow
def test_every_option_in_a_message_is_one_of_ours() -> None:
    foreign = {"--json", "--auto-approve", "--force", "--shard", "--dry-run", "--target", "--quiet", "--mainline"}
    wrong = [
        f"{where}: {option}"
        for where, text in templates()
        if not where.startswith(("agentops/emulator", "agentops/importers/clients"))
        for option in OPTION.findall(text)
        if option not in every_option() | foreign
    ]
    assert not wrong


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: f"{path.parents[1].name}/{path.name}")
def test_every_command_of_a_whole_output_says_where_it_is_to_run(path: Path) -> None:
    text = re.sub(r"\033\[[0-9;]*m", "", path.read_text("utf-8"))
    for command in commands_in(text):
        assert wrong_with(command) is None, command
        assert not takes_environment(command) or named_environment(command.split()), command


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_of_a_plan_has_a_way_out(code: str) -> None:
    assert CODES[code].way_out
    for command in commands_in(CODES[code].why + CODES[code].way_out):
        assert wrong_with(command) is None


def test_the_commands_of_the_explanations_can_be_run() -> None:
    for entry in explanations().values():
        assert not [command for command in commands_in(entry.why) if wrong_with(command)]


def test_verbs_that_take_no_environment_are_known() -> None:
    taking = {verb for verb in verbs() if takes_environment(verb)}
    assert not taking & WITHOUT_ENVIRONMENT
    for command in ("preview gc", "campaign check", "import atoms"):
        assert takes_environment(command)
    assert not takes_environment("import elevenlabs")
    for verb in set(verbs()) - taking - {"preview", "campaign", "calls", "webhook", "import", "ci"}:
        assert verb in WITHOUT_ENVIRONMENT


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("see `agentops plan`", "see `agentops plan -e prod`"),
        (
            "`agentops pull --agent x`, or `agentops plan -e staging`",
            "`agentops pull --agent x -e prod`, or `agentops plan -e staging`",
        ),
        ("`agentops explain DRIFT`", "`agentops explain DRIFT`"),
        ("pass `--ack ADOPT`", "pass `--ack ADOPT`"),
        ("`agentops import elevenlabs SOURCE`", "`agentops import elevenlabs SOURCE`"),
    ],
)
def test_the_environment_is_added_where_a_verb_takes_it(text: str, whole: str) -> None:
    assert in_environment(text, "prod") == whole


def test_an_environment_is_quoted_for_the_shell() -> None:
    assert in_environment("`agentops plan`", "a b") == "`agentops plan -e 'a b'`"


@pytest.mark.parametrize(
    "words", [["plan", "-e", "prod"], ["plan", "--env=prod"], ["-eprod"], ["--environment", "prod"]]
)
def test_the_environment_of_a_command_line_is_found(words: list[str]) -> None:
    assert named_environment(words) == "prod"


@pytest.mark.parametrize("words", [[], ["plan", "--exclude", "x"], ["plan", "-e"]])
def test_a_command_line_may_name_none(words: list[str]) -> None:
    assert named_environment(words) is None


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("`agentops history x -e prod`", "`agentops history x -e prod --project '/a b'`"),
        ("`agentops plan --project /c`, or `agentops init`", "`agentops plan --project /c`, or `agentops init`"),
        ("`agentops plan --help`, pass `--yes`", "`agentops plan --help`, pass `--yes`"),
        ("`agentops import atoms --all`", "`agentops import atoms --all`"),
    ],
)
def test_the_project_is_added_where_a_verb_takes_it(text: str, whole: str) -> None:
    assert in_project(text, "/a b") == whole


def test_verbs_that_take_no_project_are_known() -> None:
    for command in every_command():
        is_known = any(f"{command} ".startswith(f"{verb} ") for verb in WITHOUT_PROJECT)
        assert takes_option(command, "--project") != is_known, command


def test_a_path_that_begins_with_a_dash_is_no_option() -> None:
    assert quoted_path("-x.json") == "./-x.json"
    assert quoted_path("a b.json") == "'a b.json'"


@pytest.mark.parametrize(
    ("words", "folder"),
    [
        (["plan", "--project", "/p", "-e", "x"], "/p"),
        (["plan", "--project=a b"], "a b"),
        (["plan", "--project"], None),
        (["plan", "--projects", "x"], None),
    ],
)
def test_the_project_of_a_command_line_is_found(words: list[str], folder: str | None) -> None:
    assert named_project(words) == folder


def test_what_is_said_names_the_project_that_was_named(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, agentops: Agentops
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    for name in ("plan.json", "-x.json"):
        saved = agentops("plan", "-e", "local", "--project", str(project), "--out", name)
        path = quoted_path(name)
        assert f"Saved to {name}. To apply exactly this: `agentops apply {path} --project {project}`" in saved.err
        assert str(project) not in Path(name).read_text("utf-8")
    assert "--project" not in saved.out
    wrong = agentops("history", "nobody", "-e", "local", f"--project={project}")
    assert all(f"--project {project}" in command for command in commands_in(wrong.err))
    refused = agentops("rollback", "support", "--to", "99", "--project", str(project), "-e", "local", "--yes")
    assert f"--project {project}`" in refused.err


def test_what_is_read_on_a_runner_names_no_folder_of_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for is_on_runner in (True, False):
        with safe_streams(is_on_runner=is_on_runner, project=str(project)):
            sys.stderr.write("see `agentops plan`\n")
            sys.stdout.write("`agentops plan`\n")
        printed = capsys.readouterr()
        assert (str(project) in printed.err) is not is_on_runner
        assert printed.out == "`agentops plan`\n"


def test_the_next_step_on_a_terminal_names_the_project() -> None:
    assert Style(project="/p").next_step("see `agentops plan`", "  ") == ["  next: see `agentops plan --project /p`"]
    assert Style().next_step("see `agentops plan`", "  ") == ["  next: see `agentops plan`"]


def test_a_command_is_not_broken_over_lines() -> None:
    command = "`agentops pull --agent support -e prod`"
    for width in range(50, 90):
        assert command in "\n".join(
            Style(width=width).wrap(f"keep what was changed there with {command}, or not", "    ")
        )


SAYS_OTHERWISE = {
    "DefectError",  # the same for each
    "SpecError",  # each of its diagnostics does
    "LocalError",  # made by `of`, which has a remedy for every failure of the system
}


def _made(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node, node.func.id


@pytest.mark.slow
def test_every_problem_says_what_to_do() -> None:
    names = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
    silent = []
    for path in PACKAGE.rglob("*.py"):
        if "emulator" in path.parts:  # its answers are the platform's own
            continue
        for call, name in _made(ast.parse(path.read_text("utf-8"))):
            if name not in (names - SAYS_OTHERWISE) | {"Diagnostic", "Refusal"}:
                continue
            given = {keyword.arg for keyword in call.keywords}
            is_positional = name in ("Diagnostic", "Refusal") and (
                len(call.args) >= (4 if name == "Diagnostic" else 3)
                or any(isinstance(a, ast.Starred) for a in call.args)
            )
            if not given & {"hint", None} and not is_positional:
                silent.append(f"{path.relative_to(ROOT)}:{call.lineno}: {ast.unparse(call)[:100]}")
    assert not silent


@pytest.mark.parametrize("code", [code for code, entry in explanations().items() if entry.bad])
def test_every_diagnostic_of_the_files_says_what_to_do(tmp_path: Path, code: str) -> None:
    entry = explanations()[code]
    files = {
        "agentops.yaml": "project: acme\nenvironments: {local: {target: emulator}}\n",
        "agents/line.yaml": "name: Line\nconfig: {firstMessage: Hello}\n",
        **dict(entry.files),
    }
    if entry.bad.startswith("project:"):
        files["agentops.yaml"] = entry.bad
    elif entry.bad.startswith("# "):  # its first line names the file
        files[entry.bad.splitlines()[0].removeprefix("# ")] = entry.bad
    else:
        files["agents/line.yaml"] = f"name: Line\n{entry.bad}"
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    try:
        found = workflow.validating.lint(tmp_path, None, read_settings()).diagnostics
    except errors.SpecError as failure:
        found = failure.diagnostics
    assert code in {each.code for each in found}
    assert not [each for each in found if not each.hint]
    for each in found:
        require_pasteable(each.hint or "", None)
