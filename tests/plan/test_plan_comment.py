"""The comment of a large plan: what does not fit is named, and one long prompt costs no other agent its details."""

from __future__ import annotations

import plan_cases

from agentops.render.plan.markdown import plan_markdown


def test_one_long_prompt_costs_no_other_agent_its_details() -> None:
    prompt = "\n".join(f"Line {number}: tell the caller what day {number} brings." for number in range(150))
    configs = {"a-long": prompt, **{f"b-{number}": f"Help caller {number}." for number in range(30)}}
    agents = {key: {"name": key, "config": {"singlePromptConfig": {"prompt": text}}} for key, text in configs.items()}
    before = {"singlePromptConfig": {"prompt": "Nothing yet."}}
    observed = {f"id-{key}": {"name": key, "revisions": [{"number": 2, "spec": before, "key": key}]} for key in configs}
    case = plan_cases.case_of("long", {"agents": agents, "observed": observed, "expect": {}})
    page = plan_markdown(case.plan(), limit=20_000)
    assert len(page) <= 20_000
    assert "the details of `a-long` are in the plan's text, JSON and HTML forms" in page
    for number in range(30):
        assert f"Help caller {number}." in page
