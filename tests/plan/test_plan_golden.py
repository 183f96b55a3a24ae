"""What people see of a plan, kept as files: `python tests/plan/test_plan_golden.py` writes them anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import plan_cases
import pytest

from agentops.fields import Category, Risk
from agentops.plan.model import FieldChange, Operation, Plan, ResourceAction, ResourceChange
from agentops.plan.plan_json import to_json
from agentops.render.plan.html import plan_html
from agentops.render.plan.markdown import COMMENT_LIMIT, plan_markdown
from agentops.render.plan.text import plan_text
from agentops.render.style import Style, columns
from agentops.resources import Address, Kind

FOLDER = Path(__file__).parent / "golden"
SCENES = {
    "review": "112-a-review-with-everything-in-it",
    "new": "002-a-new-agent",
    "nothing": "001-nothing-to-do",
    "rolled-back": "047-redeploying-what-was-rolled-back",
    "a-little": "140-renamed-items-and-texts-that-change-a-little",
    "shared": "141-what-several-agents-have-in-common",
}
FORMS: dict[str, Callable[[Plan], str]] = {
    "60.txt": lambda plan: plan_text(plan, Style(width=60)),
    "100.txt": lambda plan: plan_text(plan, Style(width=100)),
    "100-color.txt": lambda plan: plan_text(plan, Style(width=100, is_colored=True)),
    "md": plan_markdown,
    "html": plan_html,
    "json": to_json,
}
FILES = [f"{scene}.{form}" for scene in SCENES for form in FORMS]


def rendered(name: str) -> str:
    scene, _, form = name.partition(".")
    case = plan_cases.read_case(plan_cases.FOLDER / f"{SCENES[scene]}.yaml")
    return FORMS[form](case.plan())


@pytest.mark.parametrize("name", FILES)
def test_it_looks_as_it_did(name: str) -> None:
    assert rendered(name) == (FOLDER / name).read_text("utf-8")


@pytest.mark.parametrize("width", [60, 100])
@pytest.mark.parametrize("scene", SCENES)
def test_text_keeps_to_its_width_and_loses_nothing(scene: str, width: int) -> None:
    plan = plan_cases.read_case(plan_cases.FOLDER / f"{SCENES[scene]}.yaml").plan()
    text = plan_text(plan, Style(width=width))
    assert max(columns(line) for line in text.splitlines()) <= width
    wide = plan_text(plan, Style(width=100_000))
    assert "".join(text.split()) == "".join(wide.split())


@pytest.mark.parametrize("scene", SCENES)
def test_the_json_form_fits_its_schema(scene: str) -> None:
    schema = json.loads((Path(__file__).parents[2] / "schemas" / "plan.schema.json").read_text("utf-8"))
    jsonschema.validate(json.loads(rendered(f"{scene}.json")), schema)


def test_a_comment_that_is_too_long_says_what_it_left_out() -> None:
    plan = plan_cases.read_case(plan_cases.FOLDER / f"{SCENES['review']}.yaml").plan()
    whole = plan_markdown(plan)
    short = plan_markdown(plan, limit=2600)
    assert len(short) <= 2600 < len(whole)
    assert "the details of `support`" in short
    assert "`support`" in short.split("<details>")[0]
    assert plan.digest in short


def test_a_comment_about_hundreds_of_agents_keeps_to_its_limit() -> None:
    plan = plan_cases.read_case(plan_cases.FOLDER / f"{SCENES['review']}.yaml").plan()
    many = tuple(replace(change, key=f"{change.key}-{n}") for n in range(200) for change in plan.changes)
    refusals = tuple(replace(plan.refusals[0], summary=f"agent {n} " + "x" * 200) for n in range(200))
    short = plan_markdown(replace(plan, changes=many, refusals=refusals))
    assert len(short) <= COMMENT_LIMIT
    assert "200 refusals" in short
    assert "> - and " in short
    assert " more in the plan's" in short or "more are in the plan's" in short


@pytest.fixture(scope="module")
def many() -> Plan:
    """Fifty agents with one fragment in their prompts that changed, of which two have something of their own."""

    def prompt(number: int, rule: str) -> str:
        return f"You are agent {number}.\n\n# Rules\n- {rule}\n- Be brief.\n\nSay goodbye, {number}.\n"

    agents, observed = {}, {}
    for number in range(50):
        before = prompt(number, "Never give legal advice.")
        after = prompt(number, "Never give legal or medical advice.")
        after = after.replace("Say goodbye, 7", "Thank the caller, 7") if number == 7 else after
        greeting = "Hello there" if number == 9 else "Hi there"
        agents[f"agent-{number}"] = {
            "config": {"firstMessage": greeting, "singlePromptConfig": {"prompt": after}},
            "lines": [[1, f"agents/a{number}.yaml", 5], [3, "agents/prompts/_rules.md", 1], [6, "agents/a.yaml", 8]],
        }
        spec = {"firstMessage": "Hi there", "singlePromptConfig": {"prompt": before}}
        revision = {"number": 2, "key": f"agent-{number}", "spec": spec}
        metadata = {"telephonyProductId": [f"p{number}"]} if number % 4 == 0 else {}
        observed[f"i{number}"] = {"name": f"Agent-{number}", "metadata": metadata, "revisions": [revision]}
    data = {"agents": agents, "observed": observed, "expect": {}}
    return plan_cases.case_of("many", data).plan()


@pytest.mark.parametrize(("form", "lines"), [("100.txt", 60), ("md", 70), ("html", 220)])
def test_a_change_of_fifty_agents_is_read_once(many: Plan, form: str, lines: int) -> None:
    text = FORMS[form](many)
    assert text.count("changes 50 agents, 13 on phone numbers") == 1
    assert text.count("or medical") == 1
    assert "agents/prompts/_rules.md:2" in text.replace("<wbr>", "")
    assert "48 agents" in text
    assert len(text.splitlines()) < lines
    assert all(f"agent-{number}" in text for number in range(50))


def test_what_several_agents_share_is_told_to_programs_too(many: Plan) -> None:
    (shared,) = json.loads(to_json(many))["shared"]
    assert shared["fields"] == ["singlePromptConfig.prompt"]
    assert shared["where"] == {"file": "agents/prompts/_rules.md", "line": 2, "column": 1}
    assert (len(shared["agents"]), shared["on_phone_numbers"]) == (50, 13)


@pytest.mark.parametrize(
    ("form", "words"), [("100.txt", "by its {+order +}number"), ("md", "+ Look"), ("html", "<ins>")]
)
def test_a_shared_tool_is_read_by_what_differs_in_it(form: str, words: str) -> None:
    plan = plan_cases.read_case(plan_cases.FOLDER / f"{SCENES['nothing']}.yaml").plan()
    sides = "Look up an order by its number.", "Look up an order by its order number."
    field = FieldChange(("description",), Operation.REPLACE, *sides, Category.TOOLS, Risk.MEDIUM)
    tool = ResourceChange(Address(Kind.TOOL, "crm"), "crm", ResourceAction.REPLACE, "it differs", fields=(field,))
    assert words in FORMS[form](replace(plan, resources=(tool,)))


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("100.txt", ["! tool look_up", "high risk, at once, not versioned", "1 shared resource: 1 to update at once"]),
        (
            "md",
            ["**1 unchanged**; 1 shared resource: 1 to update at once", "(tools, high risk, at once, not versioned)"],
        ),
        ("html", ["</strong>; 1 shared resource: 1 to update at once", "high risk, at once"]),
    ],
)
def test_what_is_edited_in_place_is_seen_for_what_it_is(form: str, words: list[str]) -> None:
    plan = plan_cases.read_case(plan_cases.FOLDER / "161-a-tool-that-is-edited-in-place.yaml").plan()
    text = " ".join(FORMS[form](plan).split())
    for each in (*words, "nothing brings the old one back", "--ack IN_PLACE:tool.look_up"):
        assert each in text


def test_what_is_edited_in_place_is_told_to_programs() -> None:
    data = json.loads(
        to_json(plan_cases.read_case(plan_cases.FOLDER / "161-a-tool-that-is-edited-in-place.yaml").plan())
    )
    [tool] = data["resources"]
    assert (tool["action"], tool["reaches"], data["applyable"]) == ("update", ["support"], False)
    assert [(each["risk"], each["is_immediate"]) for each in tool["fields"]] == [("high", True)]
    assert data["refusals"][0]["acknowledgement"] == "IN_PLACE"


@pytest.mark.slow
@pytest.mark.parametrize("is_new", [True, False])
def test_a_prompt_of_a_books_length_is_never_shown_whole(is_new: bool) -> None:
    prompt = "".join(f"- Rule {number} says in so many words {'what is done, ' * 60}\n" for number in range(400))
    assert len(prompt) > 300_000
    data: dict[str, object] = {"spec": {"singlePromptConfig": {"prompt": prompt}}, "expect": {}}
    if not is_new:
        data["served"] = {"singlePromptConfig": {"prompt": prompt.replace("in so many words", "at length")}}
    plan = plan_cases.case_of("long", data).plan()
    for form in ("100.txt", "md", "html"):
        assert len(FORMS[form](plan)) < 60_000, form
    assert len(plan_text(plan, is_verbose=True)) < 60_000


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file in FILES:
        (FOLDER / file).write_text(rendered(file), "utf-8")
