"""What people see of a plan, kept as files: `python tests/plan/test_plan_golden.py` writes them anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import plan_cases
import pytest

from agentops.plan.model import Plan
from agentops.plan.plan_json import to_json
from agentops.render.plan.html import plan_html
from agentops.render.plan.markdown import COMMENT_LIMIT, plan_markdown
from agentops.render.plan.text import plan_text
from agentops.render.style import Style, columns

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


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file in FILES:
        (FOLDER / file).write_text(rendered(file), "utf-8")
