"""Tools, knowledge bases and webhooks as files: what they give, and what is said of a wrong one."""

from __future__ import annotations

import pytest
from spec_projects import MINIMAL, Loader

from agentops.resources import Kind, Ref
from agentops.spec import Project
from agentops.spec.formatting import format_project
from agentops.spec.lint import lint_project

AGENT = """
name: Line
config:
  firstMessage: Hello there.
  singlePromptConfig: {prompt: You answer., toolRefs: ["${{ ref.tool.look_up }}"]}
  globalKnowledgeBaseId: ${{ ref.knowledge.returns }}
"""
TOOL = """
definition:
  type: api_call
  name: look_up
  description: Look up the order.
  url: https://${{ environment }}.example.com/orders
  method: GET
  headers: {X-Token: "${{ secrets.TOKEN }}"}
environments:
  prod: {definition: {timeout: 9000}}
"""
KNOWLEDGE = "name: Returns\nfiles: [returns/policy.md]\nurls: [https://acme.example/returns]\n"
WEBHOOK = "endpoint: https://crm.example.com/hooks\nevents: {line: [post-conversation]}\n"
FILES = {
    "agents/line.yaml": AGENT,
    "tools/look_up.yaml": TOOL,
    "knowledge/returns.yaml": KNOWLEDGE,
    "knowledge/returns/policy.md": "# Returns\n\nThirty days.\n",
    "webhooks/crm.yaml": WEBHOOK,
}


def by_kind(project: Project) -> dict[Kind, object]:
    return {resource.kind: resource for resource in project.resources}


def test_each_file_is_a_resource_and_agents_refer_to_it_by_key(load: Loader) -> None:
    project = load(FILES, environment="prod", environ={"TOKEN": "s3cret-value"})
    assert project.diagnostics == ()
    tool, knowledge, webhook = project.resources
    assert (str(tool.address), tool.name, tool.content["timeout"]) == ("tool look_up", "look_up", 9000)
    assert tool.content["url"] == "https://prod.example.com/orders"
    assert [each.name for each in knowledge.files] == ["returns-policy.pdf"]
    assert webhook.content == {"endpoint": "https://crm.example.com/hooks", "events": {"line": ["post-conversation"]}}
    [agent] = project.agents
    assert agent.config["singlePromptConfig"]["toolRefs"] == [Ref(Kind.TOOL, "look_up")]
    assert agent.config["globalKnowledgeBaseId"] == Ref(Kind.KNOWLEDGE, "returns")
    assert {"tools/look_up.yaml", "knowledge/returns.yaml", "knowledge/returns/policy.md"} <= set(agent.files)


@pytest.mark.parametrize(
    ("file", "fields", "content"),
    [
        ("webhooks/crm.yaml", "headers: {$clear: true}\n", {"headers": {}}),
        ("webhooks/crm.yaml", "headers: {X: {$clear: true}}\n", {"headers": {"X": ""}}),
        ("webhooks/crm.yaml", "description: {$clear: true}\n", {"description": ""}),
        ("knowledge/faq.yaml", "urls: [https://a.example]\nfiles: {$clear: true}\n", {"files": {}}),
        ("knowledge/faq.yaml", "files: [returns/policy.md]\nurls: {$clear: true}\n", {"urls": []}),
    ],
)
def test_what_is_cleared_is_empty(load: Loader, file: str, fields: str, content: dict[str, object]) -> None:
    beginning = WEBHOOK if file.startswith("webhooks") else "name: FAQ\n"
    project = load({**FILES, file: beginning + fields}, environ={"TOKEN": "s3cret-value"})
    assert project.diagnostics == ()
    [found] = [each for each in project.resources if each.source == file]
    assert {name: found.content[name] for name in content} == content


def test_the_values_of_secrets_are_in_no_resource(load: Loader) -> None:
    project = load(FILES, environ={"TOKEN": "s3cret-value"}, environment="prod")
    assert "s3cret-value" not in repr(project.resources)


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("agents/line.yaml", MINIMAL.replace("Hello there.", "${{ ref.tool.look_upp }}"), "3:30 undefined-variable"),
        ("agents/line.yaml", AGENT.replace("ref.knowledge.returns", "ref.tool.look_up"), "5:26 wrong-format"),
        ("agents/line.yaml", AGENT.replace("Hello there.", "Hi ${{ ref.tool.look_up }}"), "3:33 bad-expression"),
        ("tools/look_up.yaml", TOOL.replace("api_call", "end_call"), "2:3 wrong-value"),
        ("tools/Look-Up.yaml", TOOL, "1:1 bad-key"),
        ("tools/look_up.yaml", TOOL.replace("  method: GET\n", ""), "1:1 missing-field"),
        ("tools/look_up.yaml", "", "1:1 not-a-mapping"),
        ("knowledge/returns.yaml", KNOWLEDGE.replace("policy.md", "policies.md"), "2:9 missing-file"),
        ("knowledge/returns.yaml", KNOWLEDGE.replace("returns/policy.md", "../../etc/passwd"), "2:9 bad-path"),
        ("knowledge/returns.yaml", KNOWLEDGE.replace("https://acme", "ftp://acme"), "3:8 bad-url"),
        ("knowledge/returns.yaml", KNOWLEDGE.replace("https://acme.example", "http://localhost"), "3:8 bad-url"),
        ("knowledge/returns.yaml", "name: " + "x" * 41 + "\nurls: [https://a.example]\n", "1:7 too-long"),
        ("webhooks/crm.yaml", WEBHOOK.replace("https", "http"), "1:11 insecure-endpoint"),
        ("webhooks/crm.yaml", WEBHOOK.replace("[post-conversation]", "[]"), "2:16 too-short"),
        ("webhooks/crm.yaml", WEBHOOK.replace("post-", "mid-"), "2:17 wrong-value"),
        ("webhooks/crm.yaml", WEBHOOK + "headers: {'a b': c}\n", "3:18 wrong-format"),
        ("webhooks/crm.yaml", WEBHOOK + f"headers: {{X: {'y' * 1025}}}\n", "3:14 too-long"),
        ("webhooks/audit.yaml", WEBHOOK, "1:11 duplicate-resource"),
        ("webhooks/audit.yaml", WEBHOOK.replace("crm", "audit"), "2:10 shared-agent"),
        ("webhooks/crm.yaml", WEBHOOK.replace("line:", "lien:"), "2:10 unknown-agent"),
        ("webhooks/crm.yaml", WEBHOOK.replace("on]", "on, post-conversation]"), "2:36 duplicate-event"),
        ("webhooks/crm.yaml", WEBHOOK.replace("crm.example.com", ""), "1:11 bad-url"),
        ("webhooks/crm.yaml", WEBHOOK.replace("[post-conversation]", "post-conversation"), "2:16 wrong-type"),
        ("webhooks/crm.yaml", WEBHOOK + "environments: {prod: {evnets: {}}}\n", "3:23 unknown-field"),
        ("webhooks/crm.yaml", WEBHOOK + "environments: {porduction: {}}\n", "3:16 unknown-environment"),
        ("agents/line.yaml", AGENT.replace("ref.tool.look_up", "ref.knowledge.returns"), "4:56 wrong-format"),
        ("agents/line.yaml", AGENT.replace("ref.knowledge.returns", "ref.webhook.crm"), "5:34 undefined-variable"),
        ("tools/look_up.yml", TOOL, "1:1 duplicate-resource"),
        ("tools/look_up.yaml", TOOL + "definition: {}\n", "10:1 duplicate-key"),
        ("tools/look_up.yaml", TOOL + "extends: look_up.yaml\n", "10:10 file-cycle"),
        ("tools/look_up.yaml", TOOL.replace("Look up the", "${{ ref.tool.look_up }}"), "4:29 reference-cycle"),
        (
            "tools/look_up.yaml",
            TOOL.replace("  method", "  llmParameters: [{name: n, description: Which., type: enum}]\n  method"),
            "6:19 enum-values",
        ),
        ("knowledge/returns.yaml", "name: Returns\nurls: {$clear: true}\n", "1:1 empty-knowledge"),
        ("knowledge/returns.yaml", KNOWLEDGE.replace("acme.example", "10.0.0.3"), "3:8 bad-url"),
        ("knowledge/returns.yaml", KNOWLEDGE.replace("acme.example", "wiki.local"), "3:8 bad-url"),
        ("knowledge/returns.yaml", KNOWLEDGE.replace("Returns", "'  '"), "1:7 wrong-format"),
        ("knowledge/returns.yaml", KNOWLEDGE.replace("policy.md", "policy.docx"), "2:9 unsupported-file"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(load: Loader, file: str, text: str, said: str) -> None:
    wrong = load.problems({**FILES, file: text}, environ={"TOKEN": "s3cret-value"})
    place, code = said.split()
    if file == "webhooks/audit.yaml":  # said of the second of two by name
        file = "webhooks/crm.yaml"
    assert f"{file}:{place} {code}" in wrong, wrong


@pytest.mark.parametrize(
    ("file", "text", "hint"),
    [
        ("knowledge/returns.yaml", KNOWLEDGE.replace("returns/policy", "a/b"), "relative to knowledge/"),
        ("knowledge/returns.yaml", KNOWLEDGE.replace("returns/policy", "/etc/b"), "relative to knowledge/"),
        ("agents/line.yaml", AGENT.replace("ref.knowledge.returns", "ref.returns"), "write ref.knowledge.returns"),
        ("agents/line.yaml", AGENT.replace("ref.knowledge.returns", "ref.webhook.crm"), "names its agents itself"),
        ("agents/line.yaml", AGENT.replace("tool.look_up", "knowledge.returns"), "refer to one of that kind"),
        ("webhooks/crm.yaml", WEBHOOK.replace("line:", "zzz:"), "environments: {local: {events: {zzz: null}}}"),
    ],
)
def test_a_mistake_says_the_way_out(load: Loader, file: str, text: str, hint: str) -> None:
    [found] = load.diagnostics({**FILES, file: text}, environ={"TOKEN": "s3cret-value"})
    assert hint in (found.hint or "")


CLEAN = AGENT.replace("there.", "there?\n  redactionConfig: {isEnabled: true}").replace("You answer.", "'Use look_up.'")


def linted(load: Loader, files: dict[str, str | bytes]) -> list[str]:
    """What lint says beside what the project itself has, as `file:line:column code`."""
    project = load({**FILES, "agents/line.yaml": CLEAN, **files})
    return [f"{each.where} {each.code}" for each in lint_project(project)]


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("tools/b.yaml", TOOL.replace("look_up", "b"), ["tools/b.yaml:1:1 unused-resource"]),
        ("knowledge/b.yaml", "name: B\nurls: [https://b.example]\n", ["knowledge/b.yaml:1:1 unused-resource"]),
        ("tools/look_up.yaml", TOOL.replace("Look up the order.", "Orders."), ["4:16 vague-tool-description"]),
        ("tools/look_up.yaml", TOOL.replace("${{ secrets.TOKEN }}", "abcd1234"), ["7:22 secret-in-header"]),
        ("tools/look_up.yaml", TOOL.replace("/orders", "/orders?api_key=abc1"), ["5:62 secret-in-text"]),
        ("tools/look_up.yaml", TOOL.replace("/orders", "/orders?api_key=${{ secrets.TOKEN }}"), []),
        ("webhooks/crm.yaml", WEBHOOK + "headers: {X-Token: abcd1234}\n", ["3:20 secret-in-header"]),
        ("webhooks/crm.yaml", WEBHOOK.replace("/hooks", "/hooks?token=abc1"), ["1:47 secret-in-text"]),
        (
            "knowledge/returns/policy.md",
            "Pay by 4111 1111 1111 1111.\n",
            ["knowledge/returns/policy.md:1:8 card-number"],
        ),
        (
            "knowledge/returns/policy.md",
            "Say `![a](b)`:\n\nThe map.\n\n![map](map.png)\n",
            ["knowledge/returns/policy.md:5:1 picture-in-knowledge"],
        ),
        ("knowledge/returns/policy.md", "# Returns\n\nShoes\n---\n", []),
        ("knowledge/returns/policy.md", "# Returns\n\n---\n", ["knowledge/returns.yaml:2:9 knowledge-without-text"]),
        ("knowledge/returns/faq.md", "Ask us.\n", ["knowledge/returns/faq.md:1:1 stray-file"]),
        ("tools/old/find.yaml", TOOL, ["tools/old/find.yaml:1:1 stray-file"]),
        ("tools/_base.yaml", "definition: {}\n", []),
    ],
)
def test_lint_finds_what_hurts_in_shared_files(load: Loader, file: str, text: str, said: list[str]) -> None:
    assert linted(load, {file: text}) == [each if "/" in each else f"{file}:{each}" for each in said]


def test_a_folder_called_tools_that_is_for_something_else_is_left_alone(load: Loader) -> None:
    files = {"agents/line.yaml": MINIMAL.replace("there.", "there?"), "tools/build.sh": "make\n"}
    assert "stray-file" not in [each.code for each in lint_project(load(files))]


def test_a_file_suppresses_a_rule_with_a_reason(load: Loader) -> None:
    unused = TOOL.replace("look_up", "b") + "lint: [{rule: unused-resource, reason: for the next agent}]\n"
    assert linted(load, {"tools/b.yaml": unused}) == []
    assert linted(load, {"tools/b.yaml": unused, "agents/line.yaml": AGENT.replace("ref.tool.look_up", "ref.tool.b")})


@pytest.mark.parametrize(
    ("prompt", "tool", "said"),
    [
        ("Use look_up.", "", []),
        ("Say {{day}} from look_up.", "  responseVariables: [{variableName: day, jsonPath: $.day}]\n", []),
        ("Help them.", "", ["tool-never-mentioned"]),
        ("Use look_pu.", "", ["unknown-tool-mentioned", "tool-never-mentioned"]),
        ("Use look_up.", '  requestBody: \'{"n": "{{number}}"}\'\n', ["unknown-placeholder"]),
    ],
)
def test_an_agent_is_checked_together_with_its_shared_tools(
    load: Loader, prompt: str, tool: str, said: list[str]
) -> None:
    agent = CLEAN.replace("Use look_up.", prompt)
    written = TOOL.replace("  method: GET\n", f"  method: POST\n{tool}")
    found = linted(load, {"agents/line.yaml": agent, "tools/look_up.yaml": written})
    assert len(found) == len(said)
    assert all(any(each.endswith(wanted) for each in found) for wanted in said), found


def test_a_webhook_on_this_machine_needs_no_https(load: Loader) -> None:
    assert (
        load.problems({**FILES, "webhooks/crm.yaml": WEBHOOK.replace("https://crm.example.com", "http://localhost:9")})
        == []
    )


def test_a_file_that_is_too_large_is_named(load: Loader) -> None:
    files = {"knowledge/returns/policy.pdf": b"%PDF-1.7" + b" x" * 10_000_000}
    written = KNOWLEDGE.replace("policy.md", "policy.pdf")
    [found] = load.diagnostics({**FILES, **files, "knowledge/returns.yaml": written})
    assert (found.code, found.summary) == ("file-size", "knowledge/returns/policy.pdf is larger than 20 MB")


def test_a_mistake_in_a_resource_is_no_mistake_of_the_agent(load: Loader) -> None:
    project = load({**FILES, "tools/look_up.yaml": TOOL.replace("GET", "FETCH")})
    assert [agent.key for agent in project.agents] == ["line"]
    assert [(each.code, str(each.where)) for each in project.diagnostics] == [
        ("wrong-value", "tools/look_up.yaml:6:11")
    ]


def test_fmt_orders_the_keys_of_resources(load: Loader) -> None:
    load(
        {**FILES, "webhooks/crm.yaml": "events: {line: [post-conversation]}\nendpoint: https://crm.example.com/hooks\n"}
    )
    assert "webhooks/crm.yaml" in format_project(load.root, None, writes=True).changed
    assert (load.root / "webhooks/crm.yaml").read_text() == WEBHOOK


@pytest.mark.slow
def test_every_drawn_character_is_in_the_fonts() -> None:
    """What `validate` lets through must be in the fonts, in every style that Markdown can ask for."""
    import fontpkg_fira_sans
    import fontpkg_hind
    from fontTools.ttLib import TTFont

    from agentops.pdf import PLAIN
    from agentops.spec.knowledge import is_drawn

    def letters(path: object) -> set[int]:
        with TTFont(path) as font:
            return set(font.getBestCmap())

    latin = [
        letters(fontpkg_fira_sans.ROOT / "files" / f"FiraSans-{s}.ttf")
        for s in ("Regular", "Bold", "Italic", "BoldItalic")
    ]
    hindi = [letters(fontpkg_hind.ROOT / "files" / f"Hind-{s}.ttf") for s in ("Regular", "Bold")]
    known = set.intersection(*latin) | set.intersection(*hindi) | set(map(ord, "\t\n"))
    assert [
        hex(code) for code in range(0x110000) if is_drawn(chr(code)) and ord(chr(code).translate(PLAIN)) not in known
    ] == []
