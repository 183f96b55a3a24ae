"""Files that mean harm, or were never meant for us: a diagnostic in bounded time, never a traceback."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from spec_projects import MINIMAL, Loader

from agentops.spec import source_events
from agentops.spec.hidden import hidden_characters
from agentops.spec.lint import lint_errors
from agentops.spec.source_events import MAX_NODES, read_yaml
from agentops.spec.source_text import SourceError, decode

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)
)
HOSTILE: dict[str, tuple[bytes, str]] = {
    "deep flow": (b"a: " + b"[" * 50_000, "yaml-too-deep"),
    "deep block": (b"".join(b" " * i + b"a:\n" for i in range(500)), "yaml-too-deep"),
    "deep dashes": (b"- " * 20_000, "yaml-too-deep"),
    "an alias bomb": (BOMB.encode(), "yaml-too-large"),
    "many values": (b"a: [" + b"1," * (MAX_NODES + 1) + b"]", "yaml-too-large"),
    "a huge file": (b"a: " + b"x" * 1_000_001, "file-too-large"),
    "a duplicate key": (b"name: a\nname: b\n", "duplicate-key"),
    "a NUL": (b"name: a\0b\n", "yaml-syntax"),
    "a control character": (b"name: a\x07b\n", "yaml-syntax"),
    "bad UTF-8": (b"name: caf\xe9\n", "bad-encoding"),
    "UTF-16": ("name: x\n".encode("utf-16"), "bad-encoding"),
    "a tab": (b"name: x\nconfig:\n\ta: 1\n", "yaml-syntax"),
    "a merge key": (b"<<: {name: x}\n", "yaml-merge-key"),
    "a Python object": (b"name: !!python/object/apply:os.system [ls]\n", "yaml-tag"),
    "a number without end": (b"config: {synthesizer: {speed: " + b"9" * 5_000 + b"}}\n", "yaml-number"),
    "an overflowing float": (b"config: {synthesizer: {speed: 1e999}}\n", "yaml-number"),
    "an escaped surrogate": (b'name: "\\ud800"\n', "yaml-syntax"),
    "two documents": (b"name: a\n---\nname: b\n", "yaml-documents"),
    "nothing": (b"", "not-a-mapping"),
    "only a comment": (b"# nothing here", "not-a-mapping"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_gets_a_diagnostic_in_time(load: Loader, name: str) -> None:
    data, code = HOSTILE[name]
    started = time.process_time()
    found = load.diagnostics({"agents/line.yaml": data, "agents/good.yaml": MINIMAL})
    assert time.process_time() - started < 5
    assert code in [each.code for each in found]
    assert all(each.where is not None and each.where.file == "agents/line.yaml" for each in found if each.is_error)


def test_a_byte_order_mark_and_windows_line_ends_are_fine(load: Loader) -> None:
    text = "\ufeffname: Line\r\nconfig:\r\n  firstMessage: |\r\n    Hello\r\n    there\r\n"
    project = load({"agents/line.yaml": text.encode()})
    assert project.diagnostics == ()
    assert project.agents[0].config["firstMessage"] == "Hello\nthere\n"


def test_old_booleans_are_text_with_a_warning() -> None:
    tree, warnings = read_yaml("a: no\nb: On\non: true\nc: 'yes'\n", "x.yaml")
    assert tree == {"a": "no", "b": "On", "on": True, "c": "yes"}
    assert [str(each.where) for each in warnings] == ["x.yaml:1:4", "x.yaml:2:4"]


def test_scalars_are_read_by_yaml_1_2_and_numbers_in_their_own_spelling_only() -> None:
    tree, warnings = read_yaml(
        "- 1\n- -2\n- 1.5\n- 1.0\n- ~\n- null\n- True\n- '1'\n- 1_000\n- 1:30\n- 2026-11-22\n", "x.yaml"
    )
    assert tree == [1, -2, 1.5, 1.0, None, None, True, "1", "1_000", "1:30", "2026-11-22"]
    assert warnings == []
    names = ["0042", "010", "0x1f", "0o17", ".5", "5.", "1.10", "1e3", "1e10", "+1", "-0", "+14155550199", "007.0"]
    tree, warnings = read_yaml("".join(f"- {each}\n" for each in names), "x.yaml")
    assert tree == names
    assert [each.code for each in warnings] == ["yaml-number-text"] * len(names)
    assert all(f'quote it: "{name}"' in str(each.hint) for name, each in zip(names, warnings, strict=True))


def test_aliases_repeat_values() -> None:
    tree, _ = read_yaml("a: &x {b: [1, 2]}\nc: *x\n", "x.yaml")
    assert tree == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}}


def test_the_c_parser_is_the_one_that_is_used() -> None:
    assert source_events.CParser.__module__.endswith("_ruamel_yaml")


def test_links_and_folders_do_not_lead_out(load: Loader, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside.md"
    outside.write_text("secret")
    load.write({"agents/prompts/x.md": "x"})
    (load.root / "agents/prompts/link.md").symlink_to(outside)
    spec = "name: L\nconfig: {{firstMessage: Hi, singlePromptConfig: {{prompt: \"${{{{ file('{}') }}}}\"}}}}\n"
    for path in ("prompts/link.md", "../../x.md", "/etc/passwd", "prompts\\x.md", "C:\\x"):
        codes = [each.code for each in load.spec(spec.format(path.replace("\\", "\\\\\\\\")))]
        assert codes == ["bad-path"], path
    assert [each.code for each in load.spec(spec.format("prompts"))] == ["missing-file"]
    outside.unlink()


YAML_PIECES = [
    "a",
    "b: ",
    "- ",
    "\n",
    "  ",
    "\t",
    "{",
    "}",
    "[",
    "]",
    ", ",
    ": ",
    "#",
    "&a ",
    "*a",
    "!t ",
    "|",
    ">",
    "'",
]
SPEC_PIECES = ["${{ ", " }}", "${% ", " %}", "${#", "{{x}}", "name: L", "config: ", "firstMessage: ", "vars.", "<<: "]
ODD_PIECES = [
    '"',
    "---\n",
    "...\n",
    "null",
    "true",
    "0x",
    "1e9",
    "é",
    "😀",
    "\\",
    "%",
    "? ",
    "@",
    "`",
    "\r",
    "secrets.TOKEN",
]
PIECES = st.sampled_from([*YAML_PIECES, *SPEC_PIECES, *ODD_PIECES])


@pytest.mark.slow
@given(text=st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=60).map("".join)))
@example("? {")
@example("a: &a\n  b: *a\n")
@example("- &a - *a")
@settings(max_examples=200, deadline=None)
def test_any_text_is_data_or_a_diagnostic(text: str) -> None:
    try:
        read_yaml(text, "x.yaml")
    except SourceError as error:
        where = error.diagnostic.where
        assert where is not None
        assert where.line <= text.count("\n") + text.count("\r") + 2 + text.count("\x85") + text.count("\u2028")


@given(data=st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_text_or_a_diagnostic(data: bytes) -> None:
    try:
        read_yaml(decode(data, "x.yaml"), "x.yaml")
    except SourceError as error:
        problem = error.diagnostic
    else:
        return
    assert problem.code
    assert problem.hint


@pytest.mark.slow
@given(spec=st.lists(PIECES, max_size=50).map("".join), prompt=st.lists(PIECES, max_size=30).map("".join))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_project_loads_or_is_diagnosed(load: Loader, spec: str, prompt: str) -> None:
    head = "name: L\nconfig:\n  firstMessage: Hi\n  singlePromptConfig: {prompt: \"${{ file('prompts/p.md') }}\"}\n"
    found = load.diagnostics(
        {"agents/line.yaml": (head + spec).encode(), "agents/prompts/p.md": prompt.encode("utf-8")}
    )
    assert all(each.summary and each.code for each in found)


@pytest.mark.parametrize(
    ("text", "is_hidden"),
    [
        ("plain text,\n\ttabs and lines", False),
        ("caf\u00e9 \u00a0 \u4e2d\u6587", False),
        ("\u0928\u094d\u200d\u092f \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", False),
        ("\U0001f469\u200d\U0001f4bb \u2764\ufe0f \U0001f469\U0001f3fd\u200d\u2695\ufe0f 1\ufe0f\u20e3", False),
        ("a\u200db", True),
        ("a\u200bb", True),
        ("a\u202eb", True),
        ("a\u2066b", True),
        ("a\ufeffb", True),
        ("a\u00adb", True),
        ("a\U000e0041b", True),
        ("a\ufe0fb", True),
        ("a\U000e0100b", True),
        ("a\u3164b", True),
        ("a\x1b[2Kb", True),
        ("a\x9bb", True),
        ("a\rb", True),
    ],
)
def test_hidden_characters_are_found_and_spelling_is_not(text: str, is_hidden: bool) -> None:
    assert bool(list(hidden_characters(text))) is is_hidden


def test_a_text_that_is_allowed_to_hide_something_says_why(load: Loader) -> None:
    spec = """
        name: Line
        config: {firstMessage: "How can I\\u200b help?"}
        """
    allowed = spec + "        lint: [{rule: hidden-text, reason: a soft break for the reader}]\n"
    assert [each.code for each in lint_errors(load({"agents/line.yaml": spec}))] == ["hidden-text"]
    assert lint_errors(load({"agents/line.yaml": allowed})) == ()


@pytest.mark.parametrize("path", ["../.git/config", "../.agentops/journal", "../.env", "../.env.prod", "x/.env/y"])
def test_what_holds_keys_or_history_is_not_read(load: Loader, path: str) -> None:
    for file in (".git/config", ".agentops/journal", ".env", ".env.prod", "agents/x/.env/y"):
        load.write({file: "KEY=1"})
    assert load.problems(
        {"agents/line.yaml": f"name: L\nconfig: {{firstMessage: \"${{{{ file('{path}') }}}}\"}}\n"}
    ) == ["agents/line.yaml:2:35 bad-path"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(load: Loader) -> None:
    load.write({"agents/line.yaml": "name: L\nconfig: {firstMessage: \"${{ file('pipe.md') }}\"}\n"})
    os.mkfifo(load.root / "agents/pipe.md")
    os.mkfifo(load.root / "agents/pipe.yaml")
    found = load.diagnostics({})
    assert [(each.code, str(each.where)) for each in found] == [
        ("bad-path", "agents/line.yaml:2:35"), ("bad-path", "agents/pipe.yaml:1:1"),
    ]  # fmt: skip
