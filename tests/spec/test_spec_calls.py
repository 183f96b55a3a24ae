"""The call scripts that specs name: each calls an agent of the spec that names it, or it is an error."""

from __future__ import annotations

import pytest
from spec_projects import Loader

from agentops.spec.lint import lint_errors
from agentops.workflow.scripts import check_scripts

SCRIPT = "agent: {}\nmode: chat\nsteps:\n  - say: Hello\n  - expect_end: {{}}\n"
SPEC = "name: {}\nconfig: {{firstMessage: How can I help.}}\ncalls: [calls/hello.yaml]\n"
MATRIX = "name: Acme ${{ each }}\nfor_each: [ber, muc]\nconfig: {firstMessage: Hi}\ncalls: [calls/hello.yaml]\n"


@pytest.mark.parametrize(
    ("specs", "called", "words"),
    [
        ({"line": SPEC.format("Line")}, "line", []),
        ({"line": SPEC.format("Line")}, "lien", ["write `agent: line`"]),
        ({"line": SPEC.format("Line"), "copy": SPEC.format("Copy")}, "line", ["agents/copy.yaml names it for copy"]),
        ({"store": MATRIX}, "store-muc", []),
        ({"store": MATRIX}, "store", ["names it for store-ber, store-muc"]),
        ({"line": SPEC.format("Line"), "broken": "name: Broken\n" + SPEC.format("${{ nope }}")}, "line", []),
    ],
)
def test_a_script_calls_an_agent_of_the_spec_that_names_it(
    load: Loader, specs: dict[str, str], called: str, words: list[str]
) -> None:
    files: dict[str, str | bytes] = {f"agents/{name}.yaml": text for name, text in specs.items()}
    found = check_scripts(load({**files, "agents/calls/hello.yaml": SCRIPT.format(called)}))
    assert [(each.code, str(each.where)) for each in found] == [
        ("call-agent", "agents/calls/hello.yaml:1:8") for _ in words
    ]
    for each, word in zip(found, words, strict=True):
        assert word in f"{each.summary}; {each.hint}"


def test_what_lint_calls_an_error_is_there_for_a_plan(load: Loader) -> None:
    spec = """
        name: Line
        config:
          firstMessage: Call with sk_live_abcdefghij0123456789 please?
          singlePromptConfig: {prompt: "  "}
        """
    found = lint_errors(load({"agents/line.yaml": spec}))
    assert {(each.code, each.agent) for each in found} == {("secret-in-text", "line"), ("prompt-empty", "line")}
    allowed = "lint:\n  - {rule: secret-in-text, reason: a key from the manual}\n"
    off = "project: a\nenvironments: {l: {target: emulator}}\nlint: {rules: {prompt-empty: warning}}\n"
    files = {"agents/line.yaml": "name: Line\n" + spec.split("Line\n")[1].replace("        ", "") + allowed}
    assert lint_errors(load({**files, "agentops.yaml": off})) == ()
