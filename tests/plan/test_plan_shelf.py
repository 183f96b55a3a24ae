"""Which tool or knowledge base of the account is whose, what becomes of it, and when it goes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agentops.document import DesiredAgent, Environment
from agentops.fields import Category, Risk
from agentops.plan.canonical import fingerprint
from agentops.plan.concealment import KnownSecrets
from agentops.plan.holdings import Holdings, ResourcePlan, Uploaded, Uses
from agentops.plan.model import Action, AgentChange, Drift, FieldChange, Operation, ResourceAction, ResourceChange
from agentops.plan.resources import (
    doubtful_tools,
    held,
    identify,
    is_reworded,
    match_resources,
    needs_history,
    needs_others,
    reworded,
    sweep,
    versions_of,
)
from agentops.resources import (
    Address,
    DesiredResource,
    Kind,
    ObservedResource,
    Part,
    PartState,
    Ref,
    ResourceMark,
    SourceFile,
    listing_of,
    owner_of,
)

ENVIRONMENT = Environment("acme", "prod")
TOOL, BASE = Address(Kind.TOOL, "look_up"), Address(Kind.KNOWLEDGE, "returns")


def tool(description: str = "Find it.", **facts: Any) -> DesiredResource:
    content = {"type": "client_tool", "name": "look_up", "description": description}
    return DesiredResource(TOOL, "look_up", content, **facts)


def tool_there(resource_id: str, description: str = "Find it.", name: str = "look_up") -> ObservedResource:
    content = {"type": "client_tool", "name": name, "description": description, "createdBy": "Ada"}
    return ObservedResource(Kind.TOOL, resource_id, name, content)


def base(*files: SourceFile, urls: tuple[str, ...] = (), name: str = "Returns", **facts: Any) -> DesiredResource:
    content = {"name": name, "files": {each.name: each.digest for each in files}, "urls": sorted(urls)}
    return DesiredResource(BASE, name, content, files=files, **facts)


POLICY, TERMS = SourceFile("knowledge/policy.md", "policy.pdf", "d1"), SourceFile("knowledge/t.pdf", "t.pdf", "d2", 9)
PARTS = (Part("p1", "policy.pdf", PartState.READY, 12), Part("p2", "t.pdf", PartState.READY, 9))
WANTED = base(POLICY, TERMS)


def marked(of: DesiredResource, parts: tuple[Part, ...], *, sealed: Any = None, environment: str = "prod") -> str:
    listing = None if sealed is False else listing_of(parts if sealed is None else sealed)
    return str(ResourceMark(owner_of("acme", environment, of.address), fingerprint(of.content)[:12], listing))


def base_there(
    resource_id: str,
    of: DesiredResource = WANTED,
    parts: tuple[Part, ...] = PARTS,
    *,
    name: str = "Returns",
    **mark: Any,
) -> ObservedResource:
    return ObservedResource(Kind.KNOWLEDGE, resource_id, name, description=marked(of, parts, **mark), parts=parts)


def agent(key: str = "desk", *refs: Ref, **config: Any) -> DesiredAgent:
    return DesiredAgent(key, key, {"toolRefs": list(refs), **config})


REFERS = agent("desk", Ref(Kind.TOOL, "look_up"), globalKnowledgeBaseId=Ref(Kind.KNOWLEDGE, "returns"))


def shared(*resources: DesiredResource, there: tuple[ObservedResource, ...] = (), **facts: Any) -> Holdings:
    addresses = frozenset(each.address for each in resources)
    facts = {"agents": (REFERS,), "addresses": addresses, **facts}
    return Holdings(ENVIRONMENT, resources, there, KnownSecrets(), **facts)


def uses(*live: str, before: tuple[str, ...] = (), **facts: Any) -> Uses:
    return Uses(live={"desk": frozenset(live)}, before={"desk": frozenset(before)} if before else {}, **facts)


def matched(holdings: Holdings, used: Uses = Uses(), *, overwrites: bool = False) -> ResourcePlan:  # noqa: B008 - frozen
    found = ResourcePlan()
    match_resources(holdings, identify(holdings), used, found, overwrites)
    return found


def one(holdings: Holdings, used: Uses = Uses()) -> ResourceChange:  # noqa: B008 - frozen
    [change] = matched(holdings, used).changes
    return change


# ---- tools


def test_a_tool_of_ours_is_the_one_that_serves() -> None:
    twins = (tool_there("t1"), tool_there("t2"), tool_there("t3"))
    for serving in ("t1", "t2", "t3"):
        change = one(shared(tool(), there=twins), uses(serving))
        assert (change.action, change.resource_id) == (ResourceAction.UNCHANGED, serving)
        assert change.observed is not None
        assert change.observed.resource_id == serving
    idle = one(shared(tool(), there=twins), uses(older=frozenset({"t2"})))
    assert (idle.resource_id, idle.observed) == ("t1", twins[0])


def test_what_serves_is_what_a_reference_means() -> None:
    holdings = shared(tool(), there=(tool_there("t1"), tool_there("t2")))
    for serving in ("t1", "t2"):
        references = identify(holdings)
        match_resources(holdings, references, uses(serving), ResourcePlan(), False)
        assert references.ids == {Ref(Kind.TOOL, "look_up", fingerprint(tool().content)): serving}
    new = identify(shared(tool()))
    match_resources(shared(tool()), new, uses(), ResourcePlan(), False)
    assert new.ids == {}


def test_of_several_that_serve_the_first_is_compared() -> None:
    there = (tool_there("t1", "Old."), tool_there("t2", "Older."))
    change = one(shared(tool(), there=there), uses("t1", "t2"))
    assert (change.resource_id, change.observed, change.fields[0].before) == ("t1", there[0], "Old.")


def test_webhooks_are_planned_elsewhere() -> None:
    hook = DesiredResource(Address(Kind.WEBHOOK, "a"), "a", {"endpoint": "https://a.example", "events": {}})
    there = (tool_there("t0", "Old."), tool_there("t1"))
    holdings, used = shared(hook, tool(), there=there), uses("t1", older=frozenset({"t0"}))
    assert [each.key for each in matched(holdings, used).changes] == ["tool look_up"]
    assert swept(holdings, used) == [("look_up", "t0", False)]


def test_what_serves_on_agents_of_others_is_no_tool_of_ours() -> None:
    twins = (tool_there("t1"), tool_there("t2"))
    assert one(shared(tool(), there=twins), uses(others=frozenset({"t1"}))).resource_id == "t2"
    assert one(shared(tool(), there=twins), uses("t1", others=frozenset({"t1"}))).resource_id == "t1"
    found = matched(shared(tool(), there=twins[:1]), uses(others=frozenset({"t1"})))
    assert found.changes[0].action is ResourceAction.CREATE
    assert [each.summary for each in found.refusals] == [
        "tool look_up: t1, called 'look_up', is used by others of this account"
    ]


def test_a_changed_tool_of_ours_is_replaced() -> None:
    there = (tool_there("t0", "Very old."), tool_there("t1", "Old."))
    change = one(shared(tool(), there=there), uses("t1", before=("t0",)))
    assert (change.action, change.resource_id, change.reaches) == (ResourceAction.REPLACE, "t1", ("desk",))
    assert [(each.path, each.before, each.after) for each in change.fields] == [(("description",), "Old.", "Find it.")]
    assert {(each.category, each.risk, each.is_immediate) for each in change.fields} == {
        (Category.TOOLS, Risk.MEDIUM, False)
    }
    idle = one(shared(tool(), there=there), uses(older=frozenset({"t1"})))
    assert (idle.action, idle.resource_id) == (ResourceAction.REPLACE, "t1")


@pytest.mark.parametrize(
    ("ids", "summary"),
    [
        (("t1",), "tool look_up: t1 is called 'look_up' and was never deployed by agentops"),
        (("t2", "t1"), "tool look_up: t1 and t2 are called 'look_up' and were never deployed by agentops"),
    ],
)
def test_a_tool_that_nobody_of_ours_uses_is_somebodys(ids: tuple[str, ...], summary: str) -> None:
    there = tuple(tool_there(each, "By hand.") for each in ids)
    found = matched(shared(tool(), there=(*there, tool_there("t9", name="other"))), uses())
    assert [each.action for each in found.changes] == [ResourceAction.CREATE]
    assert found.changes[0].reason == "the account has no tool of ours called 'look_up'"
    assert [(each.code, each.summary) for each in found.refusals] == [("ADOPT", summary)]
    assert matched(shared(tool(), there=(tool_there("t9", name="other"),))).refusals == []


def test_a_name_is_taken_where_the_account_takes_it_once() -> None:
    there = (tool_there("t2", "Old."), tool_there("t1", "Older."), tool_there("t9", name="other"))
    once = shared(tool(), there=there, takes_namesakes=False)
    [refusal] = matched(once, uses("t2", older=frozenset({"t1"}))).refusals
    assert refusal.code == "TOOL_NAME_TAKEN"
    assert "called 'look_up', and t1 and t2 has that name" in refusal.summary
    assert refusal.hint.startswith("set `in_place: true` in tools/look_up.yaml, or give its definition another name")
    new = matched(shared(tool(), there=there[:1], takes_namesakes=False), uses()).refusals
    assert [each.code for each in new] == ["ADOPT", "TOOL_NAME_TAKEN"]
    assert new[1].hint.startswith("give its definition another name")
    assert matched(shared(tool(), there=there), uses("t2", older=frozenset({"t1"}))).refusals == []
    assert matched(shared(tool(), there=(there[2],), takes_namesakes=False)).refusals == []
    assert matched(shared(tool(), there=(tool_there("t1"),), takes_namesakes=False), uses("t1")).refusals == []


def test_a_tool_that_is_edited_in_place_stays_where_it_is() -> None:
    there = (tool_there("t1", "Old."),)
    environment = replace(ENVIRONMENT, protected_agents=("desk", "other"))
    holdings = replace(shared(tool(is_in_place=True), there=there), environment=environment)
    found = matched(holdings, uses("t1", others=frozenset({"t1"})))
    assert [(each.action, each.resource_id) for each in found.changes] == [(ResourceAction.UPDATE, "t1")]
    assert {(each.is_immediate, each.risk) for each in found.changes[0].fields} == {(True, Risk.HIGH)}
    assert [each.code for each in found.refusals] == ["IN_PLACE", "FOREIGN_RESOURCE", "PROTECTED_AGENT"]
    assert "edited at once, without a version to go back to; used by desk" in found.refusals[0].summary
    alone = matched(replace(shared(tool(is_in_place=True), there=there), agents=()), uses("t1")).refusals
    assert ["used by no agent" in each.summary for each in alone] == [True]
    references = identify(holdings)
    assert list(references.by_id.values()) == [Ref(Kind.TOOL, "look_up", fingerprint(tool().content))]
    both = identify(shared(tool(is_in_place=True), there=(*there, tool_there("t0", "Older."))))
    assert len({ref.fingerprint for ref in both.by_id.values()}) == 2


@pytest.mark.parametrize(
    ("used", "is_drift"),
    [
        (uses("t1", settled=frozenset({"desk"})), True),
        (uses("t1", settled=frozenset({"other"})), False),
        (uses("t1", edited=frozenset({"t1"})), True),
        (uses("t1", edited=frozenset({"t2"})), False),
        (uses("t1"), False),
        (uses(older=frozenset({"t1"}), settled=frozenset({"desk"})), False),
    ],
)
def test_who_changed_a_tool_follows_from_the_agents_that_use_it(used: Uses, is_drift: bool) -> None:
    holdings = shared(tool(), there=(tool_there("t1", "Old."),))
    found = matched(holdings, used)
    assert [each.code for each in found.refusals] == ["DRIFT"] * is_drift
    assert (found.changes[0].drift is Drift.EDITED) is is_drift
    assert found.changes[0].drift_detail == ("its definition was changed outside git" if is_drift else "")
    assert matched(holdings, used, overwrites=True).refusals == []


# ---- knowledge


def test_a_knowledge_base_is_ours_by_its_mark() -> None:
    assert one(shared(WANTED, there=(base_there("k1"),)), uses("k1")).action is ResourceAction.UNCHANGED
    other = matched(shared(WANTED, there=(base_there("k1", environment="staging"),)), uses())
    assert [each.action for each in other.changes] == [ResourceAction.CREATE]
    assert other.changes[0].reason == "the account has no knowledge base of ours called 'Returns'"
    assert [each.code for each in other.refusals] == ["FOREIGN_RESOURCE"]


@pytest.mark.parametrize(
    ("found", "detail"),
    [
        (
            base_there("k1", sealed=PARTS[:1]),
            "changed outside git: a file has another size than the one that was uploaded",
        ),
        (base_there("k1", parts=PARTS[:1], sealed=PARTS), "changed outside git: t.pdf is gone"),
        (
            base_there("k1", parts=(*PARTS, Part("p3", "more.pdf", PartState.READY, 1)), sealed=PARTS),
            "changed outside git: more.pdf was added",
        ),
        (
            base_there("k1", parts=(PARTS[0], replace(PARTS[1], size=10)), sealed=PARTS),
            "changed outside git: t.pdf has 10 bytes instead of 9",
        ),
        (
            base_there("k1", parts=(replace(PARTS[0], size=10), PARTS[1]), sealed=PARTS),
            "changed outside git: a file has another size than the one that was uploaded",
        ),
        (base_there("k1", name="Mine"), "it was renamed outside git: it is called 'Mine' now"),
        (base_there("k1", base(POLICY), sealed=PARTS[:1]), "its files were changed outside git"),
        (base_there("k1", base(POLICY)), ""),
        (base_there("k1", base(POLICY), name="Mine"), ""),
        (base_there("k1", sealed=False), ""),
    ],
)
def test_what_somebody_did_to_knowledge_is_told(found: ObservedResource, detail: str) -> None:
    change = one(shared(replace(WANTED, is_in_place=True), there=(found,)), uses("k1"))
    assert change.drift_detail == detail
    assert change.action is ResourceAction.UPDATE


def test_the_platform_trims_a_name() -> None:
    there = (base_there("k1", base(POLICY, TERMS, name=" Returns "), name="Returns"),)
    assert (
        one(shared(base(POLICY, TERMS, name=" Returns "), there=there), uses("k1")).action is ResourceAction.UNCHANGED
    )


def test_what_an_earlier_run_began_is_gone_on_with() -> None:
    begun = base_there("k2", parts=(), sealed=False)
    change = one(shared(WANTED, there=(base_there("k1", base(POLICY)), begun)), uses("k1"))
    assert (change.action, change.resource_id, change.observed) == (ResourceAction.CREATE, "k2", begun)
    assert change.reason == "an earlier run began it and did not come to the end"
    of_another = base_there("k2", base(TERMS), parts=(), sealed=False)
    assert one(shared(WANTED, there=(base_there("k1", base(POLICY)), of_another)), uses("k1")).resource_id == "k1"
    serving = one(shared(replace(WANTED, is_in_place=True), there=(begun,)), uses("k2"))
    assert serving.action is ResourceAction.UPDATE


PAGES = base(urls=("https://a.example", "https://b.example"))


def pages(*names: str, **facts: Any) -> ObservedResource:
    parts = tuple(Part(f"p{name}", name, PartState.READY, is_page=True) for name in names)
    return ObservedResource(Kind.KNOWLEDGE, "k1", "Returns", **{"parts": parts, **facts})


@pytest.mark.parametrize(
    ("wanted", "found", "is_known"),
    [
        (PAGES, pages("https://b.example", "https://a.example"), True),
        (PAGES, pages(), False),
        (PAGES, pages(parts=None), False),
        (PAGES, pages(parts=(*PARTS,)), False),
        (base(POLICY, urls=("https://a.example",)), pages("https://a.example"), False),
    ],
)
def test_knowledge_of_pages_alone_is_known_by_its_name(
    wanted: DesiredResource, found: ObservedResource, is_known: bool
) -> None:
    assert versions_of(shared(wanted, there=(found,)), wanted) == ([found] if is_known else [])
    if is_known:
        assert held(wanted, found) == fingerprint(wanted.content)
        assert held(wanted, pages("https://a.example")) != fingerprint(wanted.content)


def test_what_is_held_is_the_wanted_fingerprint_exactly_when_it_is_that() -> None:
    wanted = fingerprint(WANTED.content)
    assert held(WANTED, base_there("k1")) == wanted
    assert held(WANTED, base_there("k1", name="Mine")) == f"{wanted[:12]}-{listing_of(PARTS)}"
    assert held(WANTED, base_there("k1", sealed=False)) == f"{wanted[:12]}-unfinished"
    assert (
        held(WANTED, base_there("k1", base(POLICY))) == f"{fingerprint(base(POLICY).content)[:12]}-{listing_of(PARTS)}"
    )
    assert held(WANTED, replace(base_there("k1"), parts=None)) != wanted
    assert held(WANTED, replace(base_there("k1"), description="")) == ""
    assert held(tool(), tool_there("t1")) == fingerprint(tool().content)
    assert held(tool(), tool_there("t1", "Old.")) == held(tool(), tool_there("t2", "Old."))
    assert held(tool(), tool_there("t1", "Old.")) != held(tool(), tool_there("t1", "Older."))


def test_knowledge_without_its_mark_is_found_by_the_agent_that_refers_to_it() -> None:
    lost = replace(base_there("k1"), description="")
    settled = uses("k1", "t1", settled=frozenset({"desk"}))
    holdings = shared(WANTED, tool(), there=(lost, tool_there("t1")))

    def of_knowledge(holdings: Holdings, used: Uses) -> ResourceChange:
        return matched(holdings, used).changes[0]

    change = of_knowledge(holdings, settled)
    assert (change.action, change.resource_id) == (ResourceAction.REPLACE, "k1")
    assert change.drift_detail == "its description, where our mark was, was changed outside git"
    assert of_knowledge(holdings, uses("k1", "t1")).action is ResourceAction.CREATE
    assert of_knowledge(replace(holdings, agents=(agent("desk"),)), settled).action is ResourceAction.CREATE
    others = (agent("night"), REFERS)
    assert of_knowledge(replace(holdings, agents=others), settled).resource_id == "k1", "whoever comes before it"
    named = agent(
        "desk",
        Ref(Kind.TOOL, "look_up"),
        globalKnowledgeBaseId=Ref(Kind.KNOWLEDGE, "returns"),
        x={"knowledgeBaseId": "k1"},
    )
    assert of_knowledge(replace(holdings, agents=(named,)), settled).action is ResourceAction.CREATE
    two = replace(holdings, observed=(lost, replace(lost, resource_id="k2"), tool_there("t1")))
    both = uses("k1", "k2", "t1", settled=frozenset({"desk"}))
    assert of_knowledge(two, both).action is ResourceAction.CREATE, "which of the two is not known"
    assert of_knowledge(two, settled).resource_id == "k1"


def test_words_are_shown_where_other_sources_are_wanted() -> None:
    change = one(shared(WANTED, there=(base_there("k1", base(POLICY)),)), uses("k1"))
    assert is_reworded(change)
    assert not is_reworded(replace(change, action=ResourceAction.UNCHANGED))
    assert not is_reworded(replace(change, address=TOOL))
    assert not is_reworded(replace(change, observed=None))
    assert not is_reworded(one(shared(WANTED, there=(base_there("k1", sealed=PARTS[:1]),)), uses("k1")))


def test_words_of_a_file_are_shown_with_the_place_of_its_lines() -> None:
    new = replace(POLICY, digest="d9")
    wanted = base(new, TERMS, is_in_place=True)
    change = one(shared(wanted, there=(base_there("k1"),)), uses("k1"))
    uploaded = Uploaded(WANTED, {"d1": "# Old\nThirty days.\n", "d9": "# Old\nSixty days.\n"})
    [told] = reworded(shared(wanted, there=(base_there("k1"),)), change, uploaded).fields
    assert (told.path, told.before, told.after) == (("files", "policy.pdf"), *uploaded.texts.values())
    assert (str(told.where), told.is_immediate, told.risk) == ("knowledge/policy.md:2:1", True, Risk.HIGH)
    moving = replace(change, action=ResourceAction.REPLACE)
    assert not reworded(shared(wanted), moving, uploaded).fields[0].is_immediate
    sized = replace(uploaded, texts={})
    assert sized.shown(replace(TERMS, digest="0123456789abcdef")) == "knowledge/t.pdf, 9 bytes, SHA-256 0123456789ab"
    unknown = reworded(shared(wanted), change, Uploaded(why_not="git has it no more")).fields
    assert [each.after for each in unknown] == ["content changed; no words are shown: git has it no more"]


def test_files_and_pages_are_shown_by_name() -> None:
    old = base(POLICY, urls=("https://a.example",))
    parts = (
        *PARTS[:1],
        Part("p3", "gone.pdf", PartState.READY, 5),
        Part("p4", "broken.pdf", PartState.FAILED, 5),
        Part("p5", "https://a.example", PartState.READY, is_page=True),
    )
    wanted = base(POLICY, TERMS, urls=("https://b.example",), name="New")
    change = one(shared(wanted, there=(base_there("k1", old, parts),)), uses("k1"))
    assert [(each.path, each.operation, each.before, each.after) for each in change.fields] == [
        (("files", "t.pdf"), Operation.ADD, None, "knowledge/t.pdf"),
        (("name",), Operation.REPLACE, "Returns", "New"),
        (("urls",), Operation.REPLACE, ["https://a.example"], ["https://b.example"]),
        (("files", "gone.pdf"), Operation.REMOVE, "(not in git)", None),
    ]
    new = one(shared(WANTED), uses())
    assert {each.operation for each in new.fields} == {Operation.ADD}


# ---- what has to be asked


def test_older_revisions_are_asked_where_something_could_go() -> None:
    def asks(*there: ObservedResource, **facts: Any) -> bool:
        holdings = shared(tool(), there=there, **facts)
        return needs_history(holdings)

    assert not asks(tool_there("t1"))
    assert not asks()
    assert asks(tool_there("t1", "Old."))
    assert asks(tool_there("t1"), tool_there("t2"))
    assert asks(tool_there("t1"), prunes=True)
    assert not asks(tool_there("t1", "Old."), is_all=False)
    assert not asks(tool_there("t1"), prunes=True, is_all=False)


def test_agents_of_others_are_asked_where_a_tool_may_be_theirs() -> None:
    def asks(*there: ObservedResource, used: Uses = Uses(), **facts: Any) -> bool:  # noqa: B008 - frozen
        return needs_others(shared(tool(**facts), there=there), used)

    assert asks(tool_there("t1"))
    assert not asks(tool_there("t1"), used=uses("t1"))
    assert not asks(tool_there("t1"), tool_there("t2", "Old."), used=uses("t1"))
    assert asks(tool_there("t1"), tool_there("t2", "Old."), used=uses("t2"))
    assert not asks(tool_there("t1", "Old."), used=uses("t1"))
    assert asks(tool_there("t1"), used=uses("t1"), is_in_place=True)
    assert not asks(is_in_place=True)
    assert not needs_others(shared(WANTED, there=(base_there("k1"),)), Uses())


def test_a_tool_is_ours_by_what_refers_to_it_alone() -> None:
    there = (tool_there("t1"), tool_there("t2", "Old."), tool_there("t3", name="other"), base_there("k1"))
    assert doubtful_tools(shared(tool(), WANTED, there=there)) == {"t1", "t2"}


# ---- what goes


def swept(holdings: Holdings, used: Uses, *changes: AgentChange) -> list[tuple[str, str | None, bool]]:
    found = matched(holdings, used)
    kept = len(found.changes)
    sweep(holdings, used, changes, found)
    return [(each.name, each.resource_id, each.is_pruned) for each in found.changes[kept:]]


GREETING = FieldChange(("firstMessage",), Operation.REPLACE, "a", "b", Category.GREETING, Risk.LOW)
MOVES = AgentChange("desk", "desk", Action.UPDATE, "", fields=(GREETING,))


def test_a_version_goes_once_nothing_needs_it() -> None:
    holdings = shared(tool(), there=(tool_there("t0", "Older."), tool_there("t1", "Old."), tool_there("t2")))
    used = uses("t2", before=("t1",), older=frozenset({"t0"}))
    assert swept(holdings, used) == [("look_up", "t0", False)]
    assert swept(holdings, used, MOVES) == [("look_up", "t0", False), ("look_up", "t1", False)]
    at_once = replace(MOVES, fields=(replace(GREETING, is_immediate=True),))
    for stays in (at_once, replace(MOVES, action=Action.UNCHANGED), replace(MOVES, key="other")):
        assert swept(holdings, used, stays) == [("look_up", "t0", False)]
    assert swept(holdings, replace(used, others=frozenset({"t0"}))) == []
    assert swept(holdings, uses("t2", before=("t1",))) == [], "nobody of ours ever used it"
    assert swept(replace(holdings, is_all=False), used) == []


def test_a_knowledge_base_of_ours_goes_by_its_mark() -> None:
    holdings = shared(WANTED, there=(base_there("k0", base(TERMS)), base_there("k1")))
    assert swept(holdings, uses("k1")) == [("Returns", "k0", False)]


def test_what_no_file_describes_goes_where_that_is_asked_for() -> None:
    there = (
        tool_there("t1"),
        tool_there("t2", name="mine"),
        tool_there("t3", name="named"),
        tool_there("t4", name="x"),
    )
    naming = agent("other", x={"toolRefs": ["t3"]})
    holdings = shared(tool(), there=(*there, base_there("k9", base(TERMS))), agents=(REFERS, naming), prunes=True)
    used = uses("t1", older=frozenset({"t2", "t3", "k9"}))
    assert swept(holdings, used) == [("mine", "t2", True), ("Returns", "k9", True)]
    assert swept(replace(holdings, prunes=False), used) == []
    assert swept(holdings, replace(used, others=frozenset({"t2", "k9"}))) == []
    assert swept(holdings, uses("t1", "t2", "k9")) == []
