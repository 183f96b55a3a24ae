"""The console's pages: plain functions from what the store holds to HTML."""

from __future__ import annotations

import difflib
import json
import re
from typing import Any

from agentops.emulator.console.markup import Child, Html, badge, link, table, tag, text
from agentops.emulator.rest.versioning import configuration, versions
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import Store

LATEST = 50  # calls in a list
LONG = 60  # characters from which a changed text is shown word by word
NAVIGATION = (("/", "Agents"), ("/console/calls", "Calls"), ("/console/requests", "Requests"))
SCAN_KINDS = {"passed": "good", "failed": "bad", "errored": "bad"}


def page(title: str, *content: Child, here: str = "", scripts: tuple[str, ...] = ()) -> str:
    """A whole document with the navigation; `here` is the address of the section that is current."""
    current = [
        tag("li", tag("a", label, href=to, aria_current="page" if to == here else None)) for to, label in NAVIGATION
    ]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{title} · agentops emulator"),
        tag("link", rel="icon", href="/console/static/icon.svg"),
        tag("link", rel="stylesheet", href="/console/static/console.css"),
        [tag("script", src=f"/console/static/{script}", defer=True) for script in scripts],
    )
    body = tag(
        "body",
        tag("a", "Skip to the content", href="#content", class_="skip"),
        tag("header", tag("strong", "agentops emulator"), tag("nav", tag("ul", current), aria_label="Sections")),
        tag("main", tag("h1", title), *content, id="content"),
    )
    return "<!DOCTYPE html>\n" + tag("html", head, body, lang="en")


# -- agents


def agents_page(store: Store) -> str:
    rows: list[list[Child]] = []
    for agent in store.database.all("agent")[::-1]:
        versions.finish_scans(store, agent["_id"])
        live = versions.live_revision(store, agent)
        rows.append(
            [
                text(
                    link(f"/console/agents/{agent['_id']}", agent["name"]),
                    text(" ", badge("archived")) if agent["archived"] else None,
                ),
                text(f"#{live['revisionNumber']} ", live["label"] or "") if live else "none",
                badge("open draft", "warn") if store.database.all("draft", owner=agent["_id"]) else "",
                store.database.count("call", owner=agent["_id"]),
                when(agent["updatedAt"]),
            ]
        )
    return page("Agents", table("Agents", ["Name", "Live revision", "Draft", "Calls", "Changed"], rows), here="/")


def agent_page(store: Store, agent: Body) -> str:
    address = f"/console/agents/{agent['_id']}"
    live = versions.live_revision(store, agent)
    facts = [
        ("Id", tag("code", agent["_id"])),
        ("Description", agent["description"] or "none"),
        ("Created", when(agent["createdAt"])),
        ("Takes inbound calls", "yes" if agent["allowInboundCall"] else "no"),
    ]
    branches = versions.branches_of(store, agent["_id"])
    return page(
        agent["name"],
        tag(
            "p",
            tag("a", "Talk to this agent", href=f"{address}/talk", class_="button"),
            " ",
            tag("a", "Edit", href=f"{address}/edit", class_="button quiet"),
        ),
        _definitions(facts),
        [_branch_section(store, agent, branch, address) for branch in branches],
        tag("h2", "Configuration that serves"),
        _sections(store, live["config"]) if live else tag("p", "Nothing serves.", class_="empty"),
        tag("h2", "Calls"),
        _calls_table(store, store.database.all("call", owner=agent["_id"])[::-1][:LATEST], with_agent=False),
        here="/",
    )


def _branch_section(store: Store, agent: Body, branch: Body, address: str) -> Html:
    live = versions.live_revision(store, agent)
    revisions = [each for each in versions.revisions_of(store, agent["_id"]) if each["branch"] == branch["_id"]]
    rows: list[list[Child]] = []
    for index, revision in reversed(list(enumerate(revisions))):
        before = revisions[index - 1]["_id"] if index else None
        check = revision["securityCheck"]["status"]
        serves = live is not None and live["_id"] == revision["_id"]
        rows.append(
            [
                link(f"{address}/revisions/{revision['_id']}", f"#{revision['revisionNumber']}"),
                text(
                    f"{revision['label']} " if revision["label"] else "",
                    badge("live", "good") if serves else None,
                    badge("restored") if revision["restoredFromRevisionId"] else None,
                ),
                badge(check, SCAN_KINDS.get(check, "warn")),
                when(revision["publishedAt"]),
                link(f"{address}/diff?a={before}&b={revision['_id']}", "Changes") if before else "",
            ]
        )
    drafts = [each for each in store.database.all("draft", owner=agent["_id"]) if each["branch"] == branch["_id"]]
    notes = [_draft_note(draft, branch, address) for draft in drafts]  # v1 can have several
    serving = badge("serves calls", "good") if branch["_id"] == agent["liveBranchId"] else None
    title = text("Branch ", branch["name"], " ", serving, badge("archived") if branch["status"] == "archived" else None)
    return tag(
        "section",
        tag("h2", title),
        notes,
        table(f"Revisions of {branch['name']}", ["Revision", "Label", "Scan", "Published", "Changes"], rows),
    )


def _draft_note(draft: Body, branch: Body, address: str) -> Html:
    check = (draft["securityCheck"] or {}).get("status")
    base = branch["headRevisionId"] or branch["sourceRevisionId"]
    compare = f"{address}/diff?a={base}&b={draft['draftId']}"
    state = text(" ", badge(f"scan {check}", SCAN_KINDS.get(check, "warn"))) if check else None
    summary = f"Open draft, edit {draft['draftRevision']}, "
    return tag(
        "p", summary, when(draft["updatedAt"]), state, " · ", link(compare, "compare with the head"), class_="note"
    )


def revision_page(store: Store, agent: Body, revision: Body) -> str:
    check = revision["securityCheck"]
    facts: list[tuple[str, Child]] = [
        ("Agent", link(f"/console/agents/{agent['_id']}", agent["name"])),
        ("Id", tag("code", revision["_id"])),
        ("Label", revision["label"] or "none"),
        ("Published", when(revision["publishedAt"])),
        ("Security check", text(check["status"], f": {check['reason']}" if check["reason"] else "")),
    ]
    title = f"{agent['name']}, {name_of(store, revision)}"
    serves = (versions.live_revision(store, agent) or {}).get("_id") == revision["_id"]
    button = None
    if store.options.api == "v1" and not serves:
        action = f"/console/agents/{agent['_id']}/revisions/{revision['_id']}/activate"
        button = tag("form", tag("button", "Let this version serve", type="submit"), method="post", action=action)
    return page(title, button, _definitions(facts), _sections(store, revision["config"]), here="/")


def diff_page(store: Store, agent: Body, before: Body, after: Body) -> str:
    sides = (versions.sections(store, each["config"]) for each in (before, after))
    changes = configuration.changed_leaves(*sides)
    rows: list[list[Child]] = [
        [section, tag("code", change["path"], class_="name"), *_changed(change)]
        for section, listed in changes.items()
        for change in listed
    ]
    back = tag("p", link(f"/console/agents/{agent['_id']}", f"Back to {agent['name']}"))
    title = f"{name_of(store, before)} → {name_of(store, after)}"
    return page(title, back, table("Differences", ["Section", "Field", "Before", "After"], rows), here="/")


def name_of(store: Store, side: Body) -> str:
    """A draft, or a revision by its number; numbers are a branch's own, so it is named where there are several."""
    if "draftId" in side:
        return "open draft"
    branch = store.database.get("branch", side["branch"])
    is_one_of_many = branch is not None and len(versions.branches_of(store, side["agent"])) > 1
    return f"revision #{side['revisionNumber']}" + (f" of {branch['name']}" if branch and is_one_of_many else "")


def _changed(change: Body) -> list[Child]:
    old, new = change.get("oldValue"), change.get("newValue")
    if isinstance(old, str) and isinstance(new, str) and max(len(old), len(new)) > LONG:
        return [_words(old, new, "del"), _words(new, old, "ins")]
    return [_value(old) if "oldValue" in change else "—", _value(new) if "newValue" in change else "—"]


def _words(shown: str, other: str, mark: str) -> Html:
    """`shown` with the words that `other` does not have marked."""
    words, others = (re.split(r"(\s+)", each) for each in (shown, other))
    matcher = difflib.SequenceMatcher(a=words, b=others, autojunk=False)
    parts = []
    for operation, start, end, _, _ in matcher.get_opcodes():
        piece = "".join(words[start:end])
        parts.append(text(piece) if operation == "equal" else tag(mark, piece) if piece else Html(""))
    return tag("div", parts, class_="text")


def _value(value: Any, *, is_indented: bool = False) -> Html:
    if is_indented and isinstance(value, dict | list):
        return tag("pre", json.dumps(value, indent=2, ensure_ascii=False), tabindex="0")
    if isinstance(value, str):
        return tag("div", value or "(empty)", class_="text")
    return tag("code", json.dumps(value, ensure_ascii=False))


def _sections(store: Store, config: Body) -> Html:
    shown = []
    for name, content in versions.sections(store, config).items():
        if content:
            fields = [(field, _value(value, is_indented=True)) for field, value in content.items()]
            is_open = name in ("workflow_prompt", "llm", "voice")
            shown.append(tag("details", tag("summary", name), _definitions(fields), open=is_open))
    return text(shown)


def _definitions(terms: list[Any]) -> Html:
    """A list of (term, description)."""
    return tag("dl", [text(tag("dt", name), tag("dd", value)) for name, value in terms])


def when(stamp: str | None) -> Html:
    """A time to the second, with the whole stamp for machines."""
    return tag("time", (stamp or "never")[:19].replace("T", " "), datetime=stamp)


# -- calls


def calls_page(store: Store) -> str:
    return page("Calls", _calls_table(store, store.database.all("call")[::-1][:LATEST]), here="/console/calls")


def _calls_table(store: Store, calls: list[Body], *, with_agent: bool = True) -> Html:
    rows: list[list[Child]] = []
    for call in calls:
        agent = store.database.get("agent", call["agentId"]) or {"name": "unknown"}
        rows.append(
            [
                link(f"/console/calls/{call['callId']}", call["callId"]),
                *([agent["name"]] if with_agent else []),
                call["type"],
                badge(call["status"], "good" if call["status"] == "completed" else ""),
                f"{call.get('duration') or 0} s",
                when(call["createdAt"]),
            ]
        )
    agent_heading = ["Agent"] if with_agent else []
    return table("Calls", ["Call", *agent_heading, "Kind", "Status", "Length", "Began"], rows)


def call_page(store: Store, call: Body) -> str:
    events: list[list[Child]] = []
    for event in store.call_events(call["callId"]):
        hidden = ("event_type", "event_id", "timestamp", "call_id")
        details = {name: value for name, value in event.items() if name not in hidden}
        events.append([event["timestamp"][11:23], event["event_type"], _value(details) if details else ""])
    latencies = (call.get("turnLatencyMetrics") or {}).get("latencies") or []
    agent = store.database.get("agent", call["agentId"]) or {"name": "unknown"}
    facts: list[tuple[str, Child]] = [
        ("Agent", link(f"/console/agents/{call['agentId']}", agent["name"])),
        ("Kind", call["type"]),
        ("Status", call["status"]),
        ("Ended by", call.get("disconnectionReason") or "unknown"),
        ("Length", f"{call.get('duration') or 0} s"),
        ("Answered after", ", ".join(f"{each:.0f} ms" for each in latencies) or "not measured"),
        ("Revision", _revision_of(store, call)),
    ]
    return page(
        call["callId"],
        _definitions(facts),
        _player(store, call["callId"]),
        tag("h2", "Transcript"),
        _transcript(call["transcript"]),
        tag("h2", "Events"),
        table("Events", ["Time", "Event", "Details"], events),
        here="/console/calls",
    )


def _revision_of(store: Store, call: Body) -> Child:
    revision = store.database.get("revision", call.get("versionId") or "")
    if revision is None:
        return "unknown"
    name = text(link(f"/console/agents/{call['agentId']}/revisions/{revision['_id']}", name_of(store, revision)))
    return text(name, f" {revision['label']}" if revision["label"] else "")


def _player(store: Store, call_id: str) -> Html:
    if not store.has_recording(call_id):
        return tag("p", "There is no recording of this call.", class_="empty")
    source = f"/_emulator/recordings/{call_id}-stereo.wav"
    player = tag(
        "audio", controls=True, preload="metadata", src=source, aria_label="Recording, caller left, agent right"
    )
    return tag("p", player)


def _transcript(lines: list[Body]) -> Html:
    if not lines:
        return tag("p", "Nothing was said.", class_="empty")
    items = [
        tag("li", tag("span", line["role"], class_="role"), " ", line["content"], class_=f"line {line['role']}")
        for line in lines
    ]
    return tag("ol", items, class_="transcript")


# -- requests and talking


def requests_page(entries: list[Body]) -> str:
    rows: list[list[Child]] = [
        [
            entry["at"][11:23],
            entry["method"],
            tag("code", entry["path"] + (f"?{entry['query']}" if entry["query"] else "")),
            badge(str(entry["status"] or "cut"), "good" if (entry["status"] or 500) < 400 else "bad"),
            f"{entry['duration_ms']}\u00a0ms",
            badge(entry["fault"], "warn") if entry["fault"] else "",
        ]
        for entry in reversed(entries[-LATEST * 4 :])
    ]
    listed = table("Requests", ["Time", "Method", "Path", "Status", "Took", "Fault"], rows)
    return page("Requests", tag("p", link("/console/requests", "Refresh")), listed, here="/console/requests")


def talk_page(agent: Body) -> str:
    """A conversation by text or microphone; the script finds the agent's id on the form."""
    buttons = tag(
        "p",
        tag("button", "Start a chat", type="button", id="start-chat"),
        " ",
        tag("button", "Call with the microphone", type="button", id="start-voice"),
        " ",
        tag("button", "End", type="button", id="end", disabled=True),
    )
    form = tag(
        "form",
        tag("label", "Your words", for_="words"),
        tag("input", id="words", name="words", autocomplete="off", disabled=True),
        tag("button", "Send", type="submit", id="send", disabled=True),
        id="talk",
        data_agent=agent["_id"],
    )
    return page(
        f"Talk to {agent['name']}",
        tag("p", link(f"/console/agents/{agent['_id']}", "Back to the agent")),
        buttons,
        tag("p", "Not connected.", id="state", role="status"),
        tag("ol", id="log", class_="transcript", role="log", aria_label="Conversation"),
        form,
        here="/",
        scripts=("talk.js",),
    )


def refused_page(errors: tuple[str, ...]) -> str:
    return page("Refused", tag("ul", [tag("li", error) for error in errors], class_="problems", role="alert"))


def missing_page(what: str) -> str:
    return page("Not found", tag("p", f"There is no such {what} in this account."))
