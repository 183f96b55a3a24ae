"""What makes an environment one where the same files were tried; both formats of marks; what the hash covers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agentops.document import AgentListing, DesiredAgent, Mark, ObservedAgent, Revision, build_label, read_mark
from agentops.plan.drift import Drift
from agentops.plan.model import Action, AgentChange
from agentops.plan.promotion import refuse_untested, why_untested
from agentops.spec import load_project

LISTING = AgentListing("a1", "Line", {})
UNCHANGED = AgentChange("line", "Line", Action.UNCHANGED, "")


def served(label: str) -> ObservedAgent:
    return ObservedAgent(LISTING, live=Revision("r2", 2, label))


def mark(sources: str = "abc", environment: str = "staging") -> str:
    return build_label("abc1234", Mark("acme", environment, "line", "f" * 16, sources))


@pytest.mark.parametrize(
    ("change", "observed", "said"),
    [
        (UNCHANGED, served(mark()), None),
        (replace(UNCHANGED, action=Action.UPDATE), served(mark()), None),  # a secret or a variable of staging
        (None, None, "no such agent"),
        (UNCHANGED, ObservedAgent(LISTING), "no such agent"),
        (UNCHANGED, served("by hand"), "outside git"),
        (UNCHANGED, served(mark(environment="prod")), "outside git"),
        (replace(UNCHANGED, drift=Drift.ARCHIVED), served(mark()), "outside git"),
        (replace(UNCHANGED, uncalled_since="1"), served(mark()), "has not passed its calls"),
        (UNCHANGED, served(mark("")), "without calls, or by an older agentops"),
        (UNCHANGED, served(mark("other")), "the same configuration from other files"),
        (replace(UNCHANGED, action=Action.UPDATE), served(mark("other")), "another configuration, from other files"),
    ],
)
def test_what_counts_as_tested(change: AgentChange | None, observed: ObservedAgent | None, said: str | None) -> None:
    why = why_untested(change, observed, "abc", "staging")
    assert (why is None) == (said is None)
    assert (said or "") in (why or "")


def test_a_restored_copy_is_what_it_was_copied_from() -> None:
    tried = Revision("r1", 1, mark())
    copied = Revision("r3", 3, "Restored from 1", restored_from="r1")
    found = ObservedAgent(LISTING, live=copied, history=(copied, tried))
    assert why_untested(UNCHANGED, found, "abc", "staging") is None


def test_marks_of_both_formats_are_read_and_fit_at_their_longest() -> None:
    longest = Mark("p" * 40, "e" * 32, "k" * 64, "f" * 16, "a" * 12)
    label = build_label("x" * 200, longest)
    assert len(label) <= 200
    found = read_mark(label)
    assert found == longest
    assert found is not None
    assert found.sources == "a" * 12
    old = read_mark("text ao1.acme.staging.line.ffff")
    assert old == Mark("acme", "staging", "line", "ffff", "any")  # which files it came from says nothing of what serves
    assert old is not None
    assert old.sources == ""
    for broken in (
        "ao1.acme.staging.line.ffff.abc",
        "ao2.acme.staging.line.ffff",
        "ao2.acme.staging.line.ffff.",
        "ao3.a.b.c.d.e",
    ):
        assert read_mark(broken) is None


SPEC = """\
name: Line (${{ environment }})
extends: _base/line.yaml
config:
  firstMessage: Hi from ${{ vars.city }}
  singlePromptConfig: {prompt: "${{ file('prompts/line.md') }}"}
calls: [calls/hello.yaml]
"""
FILES = {
    "agentops.yaml": "project: acme\nenvironments:\n  a: {target: emulator, variables: {city: Rome}}\n"
    "  b: {target: emulator, variables: {city: Bonn}}\n",
    "agents/line.yaml": SPEC,
    "agents/_base/line.yaml": "config: {slmModel: gpt-4o}\n",
    "agents/prompts/line.md": "Help.\n",
    "agents/calls/hello.yaml": "agent: line\nsteps: [{say: Hello}]\n",
}


def sources_of(root: Path, changed: dict[str, str], environment: str = "a") -> str:
    for name, text in {**FILES, **changed}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    [agent] = load_project(root, environ={}, environment=environment).agents
    return agent.sources


def test_the_hash_is_of_the_files_and_not_of_what_they_make(tmp_path: Path) -> None:
    first = sources_of(tmp_path, {})
    assert len(first) == 12
    assert sources_of(tmp_path, {}, "b") == first
    assert sources_of(tmp_path, {"agents/line.yaml": f"# why\n{SPEC}"}) == first
    assert sources_of(tmp_path, {"agents/other.md": "nobody reads it"}) == first
    others = [
        sources_of(tmp_path, {name: f"{FILES[name]}{more}"})
        for name, more in (
            ("agents/line.yaml", "inbound: true\n"),
            ("agents/_base/line.yaml", "inbound: true\n"),
            ("agents/prompts/line.md", "Be kind.\n"),
            ("agents/calls/hello.yaml", "# why\n"),
            ("agentops.yaml", "defaults: {tags: {team: cx}}\n"),
        )
    ]
    assert len({first, *others}) == 6


def test_an_agent_without_a_hash_gets_a_mark_of_the_first_format() -> None:
    assert DesiredAgent("line", "Line", {}).sources == ""
    assert build_label("", Mark("acme", "prod", "line", "ffff")) == "ao1.acme.prod.line.ffff"


def test_a_refusal_names_the_way_that_there_is() -> None:
    first = refuse_untested("line", "staging serves another configuration", "staging")
    assert first.summary == "line: staging serves another configuration"
    assert first.hint == (
        "deploy it there first: `agentops apply -e staging --agent line`; if it is meant untested, pass "
        "`--ack UNTESTED:line`"
    )
    assert (first.agent, first.acknowledgement) == ("line", "UNTESTED")
    again = refuse_untested("line", "tried elsewhere", "staging", is_deployable=False)
    assert again.hint.startswith("staging has nothing to deploy, so the next change of the agent is tried there; if")
