"""Which webhook is whose, what becomes of it, and which subscriptions of agents it takes the place of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from agentops.document import Environment
from agentops.plan.canonical import fingerprint
from agentops.plan.concealment import KnownSecrets
from agentops.plan.holdings import Holdings, ResourcePlan
from agentops.plan.model import Drift, ResourceAction, ResourceChange
from agentops.plan.webhooks import Agents, given_up, match_webhooks, to_subscribe, to_unsubscribe
from agentops.resources import Address, DesiredResource, Kind, ObservedResource, ResourceMark, owner_of

ENVIRONMENT = Environment("acme", "prod")
IDS = {"desk": "a1", "sales": "a2", "new": None}
AT = "https://crm.example.com"


def hook(events: dict[str, list[str]] | None = None, key: str = "crm", **content: Any) -> DesiredResource:
    body = {"endpoint": AT, "description": "CRM", "events": {"desk": ["post"]} if events is None else events, **content}
    return DesiredResource(Address(Kind.WEBHOOK, key), key, body)


WANTED = hook()


def there(
    hook_id: str = "h1",
    events: dict[str, list[str]] | None = None,
    *,
    at: str = AT,
    made_for: str | None = "crm",
    of: DesiredResource = WANTED,
    project: str = "acme",
    text: str = "CRM",
) -> ObservedResource:
    mark = ""
    if made_for is not None:
        owner = owner_of(project, "prod", Address(Kind.WEBHOOK, made_for))
        mark = f" {ResourceMark(owner, fingerprint(of.content)[:12])}"
    told = {"endpoint": at, "events": {"a1": ["post"]} if events is None else events}
    return ObservedResource(Kind.WEBHOOK, hook_id, text, told, f"{text}{mark}")


def planned(
    *webhooks: ObservedResource, wanted: tuple[DesiredResource, ...] = (WANTED,), overwrites: bool = False, **facts: Any
) -> ResourcePlan:
    addresses = frozenset(each.address for each in wanted)
    facts = {"addresses": addresses, **facts}
    environment = facts.pop("environment", ENVIRONMENT)
    made = ResourcePlan()
    match_webhooks(Holdings(environment, wanted, webhooks, KnownSecrets(), **facts), Agents(IDS), made, overwrites)
    return made


def codes(made: ResourcePlan) -> list[str]:
    return [refusal.code for refusal in made.refusals]


def one(*webhooks: ObservedResource, **facts: Any) -> ResourceChange:
    [change] = planned(*webhooks, **facts).changes
    return change


def test_a_webhook_that_is_as_its_file_says_is_left() -> None:
    change = one(there())
    assert (change.action, change.resource_id, change.reaches) == (ResourceAction.UNCHANGED, "h1", ("desk",))
    assert planned(there()).refusals == []


def test_a_webhook_that_the_account_has_not_is_made() -> None:
    made = planned(there("h9", {}, at="https://other.example.com", made_for=None))
    [change] = made.changes
    assert (change.action, change.resource_id, change.drift) == (ResourceAction.CREATE, None, Drift.NONE)
    assert change.reason == f"the account has no webhook that sends to {AT}"
    assert made.refusals == []


@pytest.mark.parametrize(
    ("found", "paths", "is_drift"),
    [
        (there(at="https://old.example.com"), [("endpoint",)], True),
        (there(events={"a1": ["pre"]}), [("events", "desk")], True),
        (there(events={"a1": ["post"], "a2": ["post"]}), [("events", "sales")], True),
        (there(events={"a1": ["post"], "a9": ["post"]}), [("events", "a9")], True),
        (there(text="Other"), [("description",)], True),
        (there(of=hook({}), events={"a1": ["pre"]}), [("events", "desk")], False),  # git has moved
        (there(of=hook({})), [], False),
        (there(of=hook(headers={"X": "1"})), [], False),
    ],
)
def test_a_webhook_is_changed_where_it_is(found: ObservedResource, paths: list[Any], is_drift: bool) -> None:
    made = planned(found)
    [change] = made.changes
    assert (change.action, change.resource_id) == (ResourceAction.UPDATE, "h1")
    assert [each.path for each in change.fields] == paths
    assert all(each.is_immediate for each in change.fields)
    assert (change.drift is Drift.EDITED) is is_drift
    assert codes(made) == ["DRIFT"] * is_drift
    assert change.drift_detail == ("its endpoint or events were changed outside git" if is_drift else "")
    assert planned(found, overwrites=True).refusals == []
    expected = "not as its file describes it; takes effect at once"
    marked = "as its file describes it, but for the mark of what was written last"
    assert change.reason == (expected if paths else marked)


def test_headers_are_known_by_the_mark_alone() -> None:
    secretive = hook(headers={"X": "1"})
    assert one(there(of=secretive), wanted=(secretive,)).action is ResourceAction.UNCHANGED
    change = one(there(), wanted=(secretive,))
    assert [(each.path, each.after) for each in change.fields] == [(("headers", "X"), "1")]
    assert change.reason == "not as its file describes it; takes effect at once"


def test_two_with_our_mark_are_refused() -> None:
    made = planned(there("h2", {}), there("h1", {}, at="https://x.example"))
    assert codes(made) == ["AMBIGUOUS_RESOURCE", "DRIFT"]
    assert made.refusals[0].summary == "webhook crm: webhooks h1 and h2 both carry its mark"


@pytest.mark.parametrize(
    ("found", "refusal"),
    [
        (there(made_for=None), "ADOPT"),
        (there(made_for="other"), "FOREIGN_WEBHOOK"),
        (there(project="else"), "FOREIGN_WEBHOOK"),
        (there(made_for=""), None),  # an earlier run gave it up and did not come to delete it
    ],
)
def test_an_address_that_is_taken_is_taken_over_on_request(found: ObservedResource, refusal: str | None) -> None:
    made = planned(replace(found, content={**found.content, "events": {}}))
    assert [(each.action, each.resource_id) for each in made.changes] == [(ResourceAction.UPDATE, "h1")]
    assert codes(made) == ([refusal] if refusal else [])
    assert made.changes[0].drift is Drift.NONE


def test_headers_that_nobody_can_read_are_spoken_of() -> None:
    [plain] = planned(there(made_for=None)).refusals
    assert plain.hint.endswith("headers that it has can't be read and stay, since the file has no `headers:`")
    [own] = planned(there(made_for=None), wanted=(hook(headers={}),)).refusals
    assert own.hint.endswith("headers that it has can't be read and are replaced")


def test_ours_at_one_address_and_a_foreign_one_at_the_wanted_one_is_refused() -> None:
    made = planned(there("h1", at="https://old.example.com", of=hook({})), there("h2", {}, made_for=None))
    assert [each.resource_id for each in made.changes] == ["h1"]
    assert codes(made) == ["FOREIGN_WEBHOOK"]
    assert "is the address of the webhook h2 as well" in made.refusals[0].summary
    assert made.refusals[0].acknowledgement is None


def test_subscriptions_of_somebody_elses_webhook_are_not_taken_without_a_word() -> None:
    theirs = there("h9", {"a1": ["pre", "post"], "a2": ["pre"]}, at="https://t.example", made_for=None, text="Theirs")
    made = planned(theirs)
    assert made.changes[0].displaces == {("h9", "a1")}
    assert [each.summary for each in made.refusals] == [
        "webhook crm: desk would be taken off the webhook 'Theirs' (https://t.example), which is told of pre, post and "
        "is not of this project"
    ]
    of_ours = there("h9", {"a1": ["pre"]}, at="https://t.example", made_for="audit")
    both = frozenset(Address(Kind.WEBHOOK, key) for key in ("crm", "audit"))
    assert codes(planned(of_ours, addresses=both)) == []
    assert codes(planned(of_ours)) == ["FOREIGN_SUBSCRIPTION"]
    assert codes(planned(there(), theirs)) == [], "nothing is subscribed anew"


def test_a_protected_agent_is_not_subscribed_unasked() -> None:
    guarded = replace(ENVIRONMENT, protected_agents=("desk",))
    assert codes(planned(environment=guarded)) == ["PROTECTED_AGENT"]
    assert codes(planned(there(), environment=guarded)) == []


def test_who_is_to_be_subscribed_and_who_is_not() -> None:
    wanted = hook({"desk": ["post"], "sales": ["pre", "post"], "new": ["post"]})
    change = one(there(events={"a1": ["post"], "a2": ["post", "pre"], "a9": ["post"]}), wanted=(wanted,))
    assert to_subscribe(change, IDS) == {"sales": ["pre", "post"], "new": ["post"]}
    assert to_unsubscribe(change, IDS) == ["a9"]
    new = one(wanted=(wanted,))
    assert to_subscribe(new, IDS) == wanted.content["events"]
    assert to_unsubscribe(new, IDS) == []
    gone = replace(change, desired=None)
    assert to_subscribe(gone, IDS) == {}
    assert to_unsubscribe(gone, IDS) == ["a1", "a2", "a9"]


def test_what_no_file_describes_goes_where_that_is_asked_for() -> None:
    webhooks = (
        there(),
        there("h2", {"a1": ["pre"], "a2": ["pre"]}, at="https://old.example", made_for="old"),
        there("h3", {}, at="https://idle.example", made_for="idle"),  # nothing says whose it was
        there("h4", {}, at="https://gone.example", made_for="", text="Gone"),
        there("h5", {"a1": ["pre"], "a9": ["pre"]}, at="https://both.example", made_for="both"),
        there("h6", {"a1": ["pre"]}, at="https://hand.example", made_for=None),
    )
    changes = planned(*webhooks, prunes=True).changes
    assert [(each.action, each.resource_id) for each in changes[1:]] == [
        (ResourceAction.DELETE, "h2"),
        (ResourceAction.DELETE, "h4"),
    ]
    assert all(each.is_pruned for each in changes[1:])
    assert [each.reaches for each in changes] == [("desk",), ("desk", "sales"), ()]
    assert len(planned(*webhooks).changes) == 1
    assert len(planned(*webhooks, prunes=True, is_all=False).changes) == 1
    assert given_up("acme", "prod") != given_up("acme", "test")
