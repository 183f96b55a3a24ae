"""What must hold of every plan, whatever was edited where."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentops.document import (
    AgentListing,
    DesiredAgent,
    Environment,
    Generation,
    Mark,
    ObservedAgent,
    Revision,
    build_label,
    read_mark,
)
from agentops.plan.build import Planner, PlanOptions, World
from agentops.plan.canonical import canonical, fingerprint, plain
from agentops.plan.diff import ABSENT, value_at
from agentops.plan.identity import Matching, match_agents
from agentops.plan.merge import merge
from agentops.plan.model import Action, AgentChange, ChangedBy, Plan

pytestmark = pytest.mark.slow

PROD = Environment(project="acme", name="prod")
TEXTS = st.sampled_from(["Hi", "Ahoy", "Yo"])
CONFIGS = st.fixed_dictionaries(
    {"firstMessage": TEXTS},
    optional={
        "slmModel": st.sampled_from(["electron", "gpt-4o"]),
        "synthesizer": st.fixed_dictionaries(
            {},
            optional={"speed": st.sampled_from([1.0, 1.5]), "voiceConfig": st.fixed_dictionaries({"voiceId": TEXTS})},
        ),
        "defaultVariables": st.dictionaries(st.sampled_from(["a", "b"]), TEXTS, max_size=2),
        "singlePromptConfig": st.fixed_dictionaries(
            {"prompt": TEXTS},
            optional={
                "tools": st.lists(
                    st.fixed_dictionaries({"name": st.sampled_from(["t", "u"]), "description": TEXTS}),
                    max_size=2,
                    unique_by=lambda tool: tool["name"],
                )
            },
        ),
    },
)
DEFAULTS = {"slmModel": "electron", "synthesizer": {"speed": 1.2, "sampleRate": 16000}, "backgroundSound": ""}


def filled(config: dict[str, Any]) -> dict[str, Any]:
    """What the server holds of a configuration: with its own defaults in it."""
    return merge(DEFAULTS, {**DEFAULTS, **config})


def agent(config: dict[str, Any]) -> DesiredAgent:
    return DesiredAgent(key="support", name="Support", config=config)


def ours(number: int, config: dict[str, Any]) -> Revision:
    label = build_label("deploy", Mark("acme", "prod", "support", fingerprint(config)))
    return Revision(f"r{number}", number, label, document=filled(config))


def build(matching: Matching, seen: dict[str, ObservedAgent], target: str = "https://x", **options: Any) -> Plan:
    planner = Planner(PROD, World(Generation.V2, target, matching, {}, len(seen)), PlanOptions(**options))
    return planner.conclude(
        planner.plan_agent(match, seen[match.listing.agent_id] if match.listing else None) for match in matching.matches
    )


def plan(config: dict[str, Any], live: Revision, base: Revision, **options: Any) -> Plan:
    listing = AgentListing("a1", "Support", {})
    observed = ObservedAgent(listing, live=live, base=base, history=(live, base) if live is not base else (live,))
    matching = match_agents(PROD, [agent(config)], [listing])
    return build(matching, {"a1": observed}, **options)


def only(made: Plan) -> AgentChange:
    (change,) = made.changes
    return change


@given(CONFIGS)
def test_what_was_deployed_is_what_is_wanted(config: dict[str, Any]) -> None:
    made = plan(config, ours(2, config), ours(2, config))
    assert made.is_empty
    assert not made.refusals


@given(CONFIGS, CONFIGS)
def test_a_change_in_git_alone_is_no_drift(was: dict[str, Any], now: dict[str, Any]) -> None:
    base = ours(2, was)
    change = only(plan(now, base, base))
    assert not change.is_drifted
    assert all(field.changed_by is ChangedBy.GIT for field in change.fields)


@given(CONFIGS, CONFIGS, CONFIGS)
def test_whoever_came_first_agreement_is_no_drift(
    was: dict[str, Any], git: dict[str, Any], console: dict[str, Any]
) -> None:
    """A field drifted exactly when it left the value we put live and did not arrive at the one git wants."""
    live = Revision("r3", 3, "by hand", document=filled(console))
    change = only(plan(git, live, ours(2, was)))
    forms = {name: canonical(doc, git) for name, doc in (("base", filled(was)), ("live", filled(console)))}
    wanted = canonical(git, git)
    for field in change.drift_fields:
        assert value_at(forms["base"], field.path) != value_at(forms["live"], field.path)
        assert value_at(wanted, field.path) != value_at(forms["live"], field.path)
    drifted = {field.path for field in change.drift_fields}
    for field in change.fields:
        moved = value_at(forms["base"], field.path) != value_at(forms["live"], field.path)
        assert (field.changed_by is not ChangedBy.GIT) == moved
        assert not moved or any(
            path[: len(field.path)] == field.path or field.path[: len(path)] == path for path in drifted
        )


@given(CONFIGS, CONFIGS)
def test_the_fields_lead_from_what_serves_to_what_is_wanted(was: dict[str, Any], now: dict[str, Any]) -> None:
    """Every field's two values are those of the two sides, and writing what is wanted leaves nothing to do."""
    base = ours(2, was)
    change = only(plan(now, base, base))
    serving, wanted = canonical(filled(was), now), canonical(now, now)
    for field in change.fields:
        for form, value in ((serving, field.before), (wanted, field.after)):
            held = value_at(form, field.path)
            assert (None if held is ABSENT else plain(held)) == value
    written = {**filled(was), **merge(filled(was), now)}
    assert only(plan(now, Revision("r3", 3, base.label, document=written), base)).action is Action.UNCHANGED


@given(CONFIGS, CONFIGS)
def test_a_rolled_back_configuration_is_never_deployed_again_by_itself(
    good: dict[str, Any], bad: dict[str, Any]
) -> None:
    live = Revision("r4", 4, None, document=filled(good), restored_from="r2")
    history = (live, ours(3, bad), ours(2, good))
    listing = AgentListing("a1", "Support", {})
    observed = ObservedAgent(listing, live=live, base=history[2], history=history)
    matching = match_agents(PROD, [agent(bad)], [listing])
    made = build(matching, {"a1": observed})
    is_same = fingerprint(good) == fingerprint(bad)
    assert made.is_empty or is_same or [refusal.code for refusal in made.refusals] == ["REDEPLOY"]
    assert not only(made).is_drifted


@settings(max_examples=40)
@given(st.lists(CONFIGS, min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_the_digest_is_about_the_intention_and_the_world(configs: list[dict[str, Any]], chance: random.Random) -> None:
    """The order of specs and listings, labels' texts and the port of a local emulator are outside it."""
    agents = [DesiredAgent(key=f"a{n}", name=f"A{n}", config=config) for n, config in enumerate(configs)]
    observed = {}
    for n, config in enumerate(configs[1:], start=1):
        label = build_label(f"text {n}", Mark("acme", "prod", f"a{n}", fingerprint(config)))
        live = Revision(f"r{n}", n, label, document=filled(config))
        observed[f"id{n}"] = ObservedAgent(AgentListing(f"id{n}", f"A{n}", {}), live=live, base=live)

    def digest(order: list[DesiredAgent], target: str, text: str) -> str:
        seen = {
            key: ObservedAgent(each.listing, live=relabelled(each.live, text), base=relabelled(each.live, text))
            for key, each in observed.items()
        }
        matching = match_agents(PROD, order, [each.listing for each in seen.values()])
        return build(matching, seen, target).digest

    shuffled = list(agents)
    chance.shuffle(shuffled)
    assert digest(agents, "http://127.0.0.1:1", "one") == digest(shuffled, "http://localhost:9", "two")
    assert digest(agents, "http://127.0.0.1:1", "one") != digest(agents, "https://api.smallest.ai", "one")
    changed = [DesiredAgent(key="a0", name="A0", config={**configs[0], "slmModel": "other"}), *agents[1:]]
    assert digest(agents, "http://127.0.0.1:1", "one") != digest(changed, "http://127.0.0.1:1", "one")


def relabelled(revision: Revision | None, text: str) -> Revision | None:
    if revision is None:
        return None
    mark = read_mark(revision.label)
    assert mark is not None
    return Revision(revision.revision_id, revision.number, build_label(text, mark), document=revision.document)
