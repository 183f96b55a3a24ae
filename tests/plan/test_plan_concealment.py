"""No secret of the platform's side in anything that is shown, whatever was edited and whoever shows it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import plan_cases
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentops.document import DesiredAgent, Environment, Generation, SecretRef
from agentops.plan.agent_diff import AgentDiff
from agentops.plan.build import PlanOptions
from agentops.plan.canonical import canonical, plain
from agentops.plan.changes import Describer
from agentops.plan.compare import compare_documents
from agentops.plan.concealment import MARK, MARK_CHANGED, Concealer, KnownSecrets, known_secrets, spelled
from agentops.plan.model import Plan
from agentops.plan.plan_json import to_json
from agentops.plan.rollback import Rollback, build_rollback
from agentops.render.diff.json import diff_json
from agentops.render.diff.text import diff_text
from agentops.render.drift.json import drift_json
from agentops.render.drift.text import drift_text
from agentops.render.plan.html import plan_html
from agentops.render.plan.markdown import plan_markdown
from agentops.render.plan.text import plan_text

# Every place in which somebody's credentials have been seen; @1@ and so on are the credentials.
CRM = {
    "type": "api_call",
    "name": "crm",
    "url": "https://me:@1@@crm.example.com/v2/lookup?tenant=@2@&lang=en",
    "headers": {"X-File": "@3@", "Authorization": "Bearer @4@", "Content-Type": "application/json"},
    "requestBody": '{"token": "@5@", "order": "A-1", "auth": {"user": "@6@"}, "pin": 904417}',
}
HOOK = {
    "type": "api_call",
    "name": "hook",
    "url": "https://hooks.example.com/services/@7@/b",
    "headersArray": [{"key": "X-Api-Key", "value": "@8@"}, {"key": "Accept", "value": "text/plain"}],
    "queryParams": [{"key": "session", "value": "@9@"}],
    "requestBody": '{"who": {{who}}, "password": "@10@"}',
}
BEFORE_CALL = {
    "url": "https://pre.example.com/a#access_token=@11@",
    "headers": {"X-Shop": "@12@"},
    "body": {"client_secret": "@13@", "parts": [{"name": "apiKey", "value": "@14@"}]},
    "queryParams": {"key": "@15@"},
}
PROMPT = "Be kind.\nLook at https://x:@16@@wiki.example.com when in doubt.\n"
SERVED = {
    "firstMessage": "Hi",
    "preCallAPI": BEFORE_CALL,
    "defaultVariables": {"who": "you", "api_token": "@17@"},
    "singlePromptConfig": {"prompt": PROMPT, "tools": [CRM, HOOK]},
}
PLACES = 17


def secrets() -> list[str]:
    return [f"Zq{number}x8Yw7Vv6Uu5Tt4S{number}" for number in range(1, PLACES + 1)]


def with_secrets(value: Any, texts: list[str]) -> Any:
    text = json.dumps(value)
    for number, secret in enumerate(texts, 1):
        text = text.replace(f"@{number}@", secret)
    return json.loads(text)


def edited(change: Callable[[Any], None]) -> Any:
    document = copy.deepcopy(SERVED)
    change(document)
    return document


def tool(document: Any, name: str) -> Any:
    return next(each for each in document["singlePromptConfig"]["tools"] if each["name"] == name)


def delete_tools(document: Any) -> None:
    document["singlePromptConfig"]["tools"] = [{"type": "end_call", "name": "bye"}]


def rename_tools(document: Any) -> None:
    for name in ("crm", "hook"):
        found = tool(document, name)
        found |= {"name": f"{name}-2", "requestBody": "{}", "url": "https://new.example.com/x"}
        for part in ("headers", "headersArray", "queryParams"):
            found.pop(part, None)


def rename_a_little(document: Any) -> None:
    """Nothing but the names and a word: what is paired and shown with its inner changes."""
    for name in ("crm", "hook"):
        tool(document, name)["name"] = f"{name}-2"
    tool(document, "crm-2")["requestBody"] = '{"token": "@5@", "order": "A-1", "auth": {"user": "@6@"}}'
    tool(document, "hook-2")["requestBody"] = '{"who": {{who}}, "why": 1}'


def rename_parameters(document: Any) -> None:
    for part in ("headersArray", "queryParams"):
        tool(document, "hook")[part] = [each | {"key": f"{each['key']}-2"} for each in tool(document, "hook")[part]]


def remove_headers(document: Any) -> None:
    tool(document, "crm")["headers"] = {"Content-Type": "text/plain"}
    tool(document, "hook")["headersArray"] = [{"key": "Accept", "value": "text/html"}]


def replace_by_literals(document: Any) -> None:
    tool(document, "crm")["headers"] = {"X-File": "literal", "Authorization": "none", "Content-Type": "text/plain"}
    tool(document, "hook")["headersArray"] = [{"key": "X-Api-Key", "value": "literal"}]


def refer_to_secrets(document: Any) -> None:
    tool(document, "crm")["headers"] = {"X-File": {"$secret": "FILE", "value": "another-one"}}
    tool(document, "hook")["url"] = {"$secret": "HOOK", "value": "b", "before": "https://hooks.example.com/services/"}


def change_addresses(document: Any) -> None:
    tool(document, "crm")["url"] = "https://other.example.com/v2/lookup?tenant=t"
    tool(document, "hook")["url"] = "https://hooks.example.com/other"
    document["preCallAPI"]["url"] = "https://pre.example.com/b"


def change_bodies(document: Any) -> None:
    tool(document, "crm")["requestBody"] = '{"order": "A-2"}'
    tool(document, "hook")["requestBody"] = '{"who": {{who}}}'
    document["preCallAPI"]["body"] = {"id": 1}


def change_parameters(document: Any) -> None:
    tool(document, "hook")["queryParams"] = [{"key": "lang", "value": "en"}]
    document["preCallAPI"]["queryParams"] = {"lang": "en"}


def rename_headers(document: Any) -> None:
    tool(document, "crm")["headers"] = {"X-New": "{{who}}", "Accept": "text/plain"}
    document["preCallAPI"]["headers"] = {"X-Other": "{{who}}"}


def reorder_tools(document: Any) -> None:
    """The first becomes the last, and loses what made it work."""
    second = tool(document, "hook")
    document["singlePromptConfig"]["tools"] = [second, {"type": "api_call", "name": "crm", "url": "https://a.example"}]


def drop_the_rest(document: Any) -> None:
    document["preCallAPI"] = {"url": "https://new.example.com"}
    document["defaultVariables"] = {"who": "me"}
    document["singlePromptConfig"]["prompt"] = "Be kind.\n"


EDITS: dict[str, Callable[[Any], None]] = {
    each.__name__: each
    for each in (
        delete_tools,
        rename_tools,
        rename_a_little,
        rename_parameters,
        remove_headers,
        replace_by_literals,
        refer_to_secrets,
        change_addresses,
        change_bodies,
        change_parameters,
        rename_headers,
        reorder_tools,
        drop_the_rest,
    )
}
SOURCES = ("edited in git", "edited in the console", "rolled back", "compared")
FORMS: dict[str, Callable[[Plan], str]] = {
    "text": plan_text,
    "markdown": plan_markdown,
    "json": to_json,
    "html": plan_html,
    "drift as text": drift_text,
    "drift as json": drift_json,
    "repr": repr,
}


def spec_of(edit: str) -> Any:
    """A spec that holds none of the secrets in clear, and so nothing of what it leaves as it is."""
    document: Any = {}
    full = edited(EDITS[edit])
    for name, value in full.items():
        if value != SERVED[name]:
            document[name] = value
    kept = document.get("singlePromptConfig")
    if kept is not None:
        if kept["prompt"] == PROMPT:
            del kept["prompt"]
        if "tools" in kept:
            kept["tools"] = [_without_kept(each) for each in kept["tools"]]
    if "preCallAPI" in document:
        document["preCallAPI"] = {k: v for k, v in document["preCallAPI"].items() if v != BEFORE_CALL.get(k)}
    return document


def _without_kept(each: Any) -> Any:
    served = {"crm": CRM, "hook": HOOK}.get(each["name"], {})
    return {k: v for k, v in each.items() if k in ("type", "name") or v != served.get(k)}


def made(edit: str, source: str, texts: list[str]) -> Plan:
    spec, served = spec_of(edit), with_secrets(SERVED, texts)
    revisions = [{"number": 2, "spec": spec, "document": served}]
    if source == "edited in the console":
        revisions = [{"number": 3, "document": served}, {"number": 2, "spec": spec}]
    data = {"spec": spec, "observed": {"a1": {"name": "Support", "revisions": revisions}}, "expect": {}}
    case = plan_cases.case_of(edit, data)
    if source != "rolled back":
        return case.plan()
    observed = case.observed["a1"]
    older = plan_cases.case_of(edit, {**data, "observed": {"a1": {"revisions": [{"number": 1, "document": spec}]}}})
    revision = older.observed["a1"].live
    assert revision is not None
    rollback = Rollback(case.agents[0], observed, revision)
    return build_rollback(case.environment, Generation.V2, "https://api.smallest.ai", [rollback], PlanOptions())


def shown(edit: str, source: str, texts: list[str]) -> Iterator[tuple[str, str]]:
    if source == "compared":
        agent = plan_cases.case_of(edit, {"spec": spec_of(edit), "expect": {}}).agents[0]
        describer = Describer(agent, Concealer(KnownSecrets(), agent.config, agent.metadata), is_of_spec=False)
        sides = with_secrets(SERVED, texts), spelled(agent.config)
        for name, (before, after) in {"there": sides, "back": sides[::-1]}.items():
            fields = compare_documents(describer, before, after, None)
            found = [AgentDiff("support", "Support", "a", "b", fields)]
            yield f"diff {name}, text", diff_text(found)
            yield f"diff {name}, json", diff_json(found)
        return
    plan = made(edit, source, texts)
    assert any(change.fields or change.drift_fields for change in plan.changes)
    for name, form in FORMS.items():
        yield name, form(plan)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("edit", EDITS)
def test_no_form_shows_a_secret_of_the_platform(edit: str, source: str) -> None:
    texts = secrets()
    for name, text in shown(edit, source, texts):
        leaked = [number for number, secret in enumerate(texts, 1) if secret in text]
        assert not leaked, f"{name} shows {leaked}"
        assert "904417" not in text, name


WORDS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", min_size=16, max_size=40)


@pytest.mark.slow
@given(
    edit=st.sampled_from(sorted(EDITS)),
    source=st.sampled_from(SOURCES),
    texts=st.lists(WORDS.map(lambda word: f"{word}7xQ9zL2mN8vB4kR6"), min_size=PLACES, max_size=PLACES, unique=True),
)
def test_no_form_shows_any_secret(edit: str, source: str, texts: list[str]) -> None:
    for name, text in shown(edit, source, texts):
        assert not [secret for secret in texts if secret in text], name


def test_what_a_reviewer_must_see_is_shown() -> None:
    text = plan_text(made("change_addresses", "edited in git", secrets()))
    assert f'"https://{MARK}@crm.example.com/v2/lookup?tenant={MARK}&lang={MARK}"' in text.replace("\n        ", " ")
    assert "https://other.example.com/v2/lookup?tenant=t" in text.replace("\n        ", " ")
    text = plan_text(made("delete_tools", "edited in git", secrets()))
    for name in ("X-File", "Authorization", "application/json", "A-1", "X-Api-Key", "text/plain", "session"):
        assert name in text, name


def concealed(path: tuple[str | int, ...], before: Any, after: Any = None, *specs: Any) -> Any:
    concealer = Concealer(KnownSecrets(["known-secret-1"]), *specs)
    return spelled(concealer.conceal(path, before)), spelled(concealer.conceal(path, after, before))


HEADER = ("preCallAPI", "headers", "X-Token")
ADDRESS = ("preCallAPI", "url")


def test_a_mark_says_whether_what_is_hidden_changed() -> None:
    assert concealed(HEADER, "one", "two") == (MARK, MARK_CHANGED)
    assert concealed(HEADER, "one", "one") == (MARK, MARK)
    assert concealed(ADDRESS, "https://a.example/?k=1&l=2", "https://b.example/?k=1&l=3") == (
        f"https://a.example/?k={MARK}&l={MARK}",
        f"https://b.example/?k={MARK}&l={MARK_CHANGED}",
    )


def test_what_the_spec_holds_in_clear_is_shown_where_the_platform_has_it_too() -> None:
    spec = {"preCallAPI": {"headers": {"X-Token": "one"}, "url": "https://a.example/?k=1"}}
    assert concealed(HEADER, "one", "two", spec) == ("one", MARK_CHANGED)
    assert concealed(ADDRESS, "https://a.example/?k=1&l=2", None, spec)[0] == f"https://a.example/?k=1&l={MARK}"


def test_a_known_secret_is_hidden_even_where_the_spec_holds_it_in_clear() -> None:
    spec = {"firstMessage": "It is known-secret-1"}
    assert concealed(("firstMessage",), "It is known-secret-1", None, spec)[0] == "It is ***"
    assert concealed(("firstMessage",), "known-secret-1", None, spec)[0] == MARK
    assert concealed(("firstMessage",), "It is KNOWN%2Dsecret-1", None)[0] == "It is ***"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (HEADER, "{{token}}"),
        (HEADER, "Bearer {{token}}"),
        (("preCallAPI", "headers", "Content-Type"), "application/json"),
        (("firstMessage",), "Our hours: https://acme.example/opening-hours/summer-2026 and no other."),
        (("singlePromptConfig", "prompt"), "The token economy, author=Ada; password rules: none."),
        (("preCallAPI", "url"), "https://acme.example/v2/customer-orders/latest"),
        (("singlePromptConfig", "tools", "crm", "requestBody"), '{"order": "{{order}}", "language": "en"}'),
        (("synthesizer", "speed"), 1.5),
    ],
)
def test_what_is_no_secret_is_shown_as_it_is(path: Any, value: Any) -> None:
    assert concealed(path, value)[0] == value


@pytest.mark.slow
def test_hostile_texts_take_no_long_time() -> None:
    concealer = Concealer(KnownSecrets(["known-secret-1"]))
    for text in ("[" * 100_000, '{"a":' * 20_000, "\\" * 100_000, "://" * 50_000, 'token:"' * 20_000, "sk-" * 40_000):
        for path in (HEADER, ADDRESS, ("preCallAPI", "body", "x"), ("singlePromptConfig", "prompt")):
            concealer.conceal(path, text)


def test_every_secret_that_can_be_resolved_is_known() -> None:
    environment = Environment("p", "e", secrets=(SecretRef("A", "value-of-a"), SecretRef("B")))
    agent = DesiredAgent("k", "K", {})
    assert list(known_secrets(environment, [agent])) == ["value-of-a"]


def test_concealing_leaves_a_canonical_form_in_its_shape() -> None:
    form = canonical(SERVED)
    assert plain(Concealer(KnownSecrets(), SERVED).conceal((), form)) == plain(form)
