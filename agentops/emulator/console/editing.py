"""Editing an agent in the browser, as people do in the platform's console: its draft is saved, published or discarded.

Everything goes through the handlers of the REST side, so that the console can do nothing that a client could not.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs

from agentops.emulator.console.markup import Child, Html, tag, text
from agentops.emulator.console.pages import page
from agentops.emulator.rest.library.voice_catalog import CATALOG
from agentops.emulator.rest.versioning import branches, v1, versions
from agentops.emulator.rest.versioning.fields import MODELS
from agentops.emulator.rest.wire import ApiError, Request
from agentops.emulator.store.database import Body
from agentops.emulator.store.state import Store

ROWS_OF_TEXT = {"prompt": "14", "firstMessage": "3", "tools": "8", "rest": "12"}


@dataclass(frozen=True, slots=True)
class Entry:
    """What the form holds: the fields that people change most, and all others as JSON.

    expected: the draft revision that the form was filled from; a draft that has moved on since is not overwritten
    """

    first_message: str
    prompt: str
    model: str
    voice: str
    tools: str
    rest: str
    expected: int
    label: str = ""

    @classmethod
    def of_config(cls, config: Body, expected: int) -> Entry:
        single = config["singlePromptConfig"]
        own = ("firstMessage", "slmModel", "singlePromptConfig")
        rest = {name: value for name, value in config.items() if name not in own}
        return cls(
            first_message=config.get("firstMessage", ""),
            prompt=single.get("prompt", ""),
            model=config.get("slmModel", ""),
            voice=config["synthesizer"]["voiceConfig"].get("voiceId", ""),
            tools=_shown(single.get("tools", [])),
            rest=_shown(rest),
            expected=expected,
        )

    @classmethod
    def of_form(cls, raw: bytes) -> Entry:
        """A form as browsers send it: they turn all line ends into CR LF."""
        values = parse_qs(raw.decode("utf-8", "replace"), keep_blank_values=True)
        sent = {name: each[-1].replace("\r\n", "\n") for name, each in values.items()}
        names = ("first_message", "prompt", "model", "voice", "tools", "rest", "label")
        expected = sent.get("expected", "0")
        return cls(**{name: sent.get(name, "") for name in names}, expected=int(expected) if expected.isdigit() else 0)

    def changes_to(self, config: Body) -> Body:
        """The fields of a draft write that lead from `config` to this entry. Raises ApiError 400 for malformed JSON."""
        before = Entry.of_config(config, self.expected)
        written: Body = {}
        if self.first_message != before.first_message.replace("\r\n", "\n"):
            written["firstMessage"] = self.first_message
        if self.model != before.model:
            written["slmModel"] = self.model
        single: Body = {}
        if self.prompt != before.prompt.replace("\r\n", "\n"):
            single["prompt"] = self.prompt
        if self.tools != before.tools:
            single["tools"] = _read("Tools", self.tools, list)
        if single:
            written["singlePromptConfig"] = {**config["singlePromptConfig"], **single}
        if self.rest != before.rest:
            rest = _read("Other configuration", self.rest, dict)
            written |= {name: value for name, value in rest.items() if value != config.get(name)}
        if self.voice != before.voice:
            synthesizer: Body = dict(written.get("synthesizer") or config["synthesizer"])
            voice = {**synthesizer.get("voiceConfig", {}), "voiceId": self.voice}
            written["synthesizer"] = {**synthesizer, "voiceConfig": voice}
        return written


def _shown(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _read(field: str, written: str, kind: type) -> Any:
    try:
        value = json.loads(written)
    except ValueError as failure:
        raise ApiError(400, f"{field}: not valid JSON ({failure})") from None
    if not isinstance(value, kind):
        raise ApiError(400, f"{field}: expected a JSON {'list' if kind is list else 'object'}")
    return value


class Editor:
    """The draft of one agent's serving branch; on v1 its newest draft."""

    def __init__(self, store: Store, agent: Body) -> None:
        self._store, self._agent = store, agent
        drafts = store.database.all("draft", owner=agent["_id"])
        drafts = [each for each in drafts if each["branch"] == agent["liveBranchId"]]
        self.draft: Body | None = drafts[-1] if drafts else None
        self._has_branches = store.options.api == "v2"

    @property
    def config(self) -> Body:
        """What the form begins with: the draft, or what serves."""
        live = versions.live_revision(self._store, self._agent)
        source = self.draft or live
        if source is None:
            raise ApiError(409, "This agent has nothing published that could be edited")
        return dict(source["config"])

    def entry(self) -> Entry:
        first = versions.first_draft_revision(self._store, self._agent["liveBranchId"])
        return Entry.of_config(self.config, self.draft["draftRevision"] if self.draft else first)

    def save(self, entry: Entry) -> bool:
        """Writes what the entry changes; returns whether there was anything. Raises ApiError as a write does."""
        written = entry.changes_to(self.config)
        if not written:
            return False
        if self._has_branches:
            branches.put_draft(self._store, self._request({**written, "expectedRevision": entry.expected}))
        else:
            if self.draft is None:
                live = versions.live_revision(self._store, self._agent)
                v1.create_draft(self._store, self._request({"sourceVersionId": live and live["_id"]}))
            # A new editor, since the draft may just have been made.
            v1.patch_config(self._store, Editor(self._store, self._agent)._request(written))
        return True

    def publish(self, entry: Entry) -> None:
        """Saves, then publishes; on v1 the version still has to be activated. Raises ApiError."""
        self.save(entry)
        body = {"label": entry.label} if entry.label else {}
        editor = Editor(self._store, self._agent)
        if self._has_branches:
            branches.publish_draft(self._store, editor._request(body))
        else:
            v1.publish_draft(self._store, editor._request(body))

    def discard(self) -> None:
        handler = branches.discard_draft if self._has_branches else v1.discard_draft
        handler(self._store, self._request(None))

    def activate(self, version_id: str) -> None:
        """Lets a published version of v1 serve. Raises ApiError."""
        request = self._request({})
        v1.activate_version(self._store, replace(request, params={**request.params, "version_id": version_id}))

    def _request(self, body: Any) -> Request:
        params = {"agent_id": self._agent["_id"], "branch_id": self._agent["liveBranchId"]}
        if self.draft is not None:
            params["draft_id"] = self.draft["draftId"]
        return Request("POST", "", params, body=body)


# -- the page


def edit_page(agent: Body, editor: Editor, entry: Entry, problems: tuple[str, ...] = ()) -> str:
    """The form; with `problems`, as it was sent and what was wrong with it."""
    has_draft = editor.draft is not None
    wrong = [tag("li", problem) for problem in problems]
    fields: list[Html] = [
        _area("First message", "first_message", entry.first_message, ROWS_OF_TEXT["firstMessage"]),
        _area("Prompt", "prompt", entry.prompt, ROWS_OF_TEXT["prompt"]),
        _line("Model", "model", entry.model, MODELS),
        _line("Voice", "voice", entry.voice, tuple(CATALOG)),
        _area("Tools, as JSON", "tools", entry.tools, ROWS_OF_TEXT["tools"], is_code=True),
        _area("Other configuration, as JSON", "rest", entry.rest, ROWS_OF_TEXT["rest"], is_code=True),
        _line("Label of the revision", "label", entry.label, ()),
        tag("input", type="hidden", name="expected", value=str(entry.expected)),
    ]
    discard = tag("button", "Discard draft", type="submit", name="do", value="discard", class_="quiet")
    buttons = [
        tag("button", "Save draft", type="submit", name="do", value="save"),
        tag("button", "Publish", type="submit", name="do", value="publish"),
        discard if has_draft else None,
    ]
    state = "The open draft is edited." if has_draft else "There is no draft yet: this is what serves."
    return page(
        f"Edit {agent['name']}",
        tag("p", tag("a", "Back to the agent", href=f"/console/agents/{agent['_id']}")),
        tag("ul", wrong, class_="problems", role="alert") if wrong else None,
        tag("p", state, class_="note"),
        tag("form", *fields, tag("p", *buttons, class_="buttons"), method="post", class_="edit"),
        here="/",
    )


def _area(label: str, name: str, value: str, rows: str, *, is_code: bool = False) -> Html:
    # HTML drops one line break at the start of a textarea, so a text that begins with one needs another.
    area = tag(
        "textarea", f"\n{value}", id=name, name=name, rows=rows, spellcheck="false", class_="code" if is_code else None
    )
    return tag("p", tag("label", label, for_=name), area)


def _line(label: str, name: str, value: str, choices: tuple[str, ...]) -> Html:
    options: list[Child] = [tag("option", value=choice) for choice in choices]
    known = f"{name}-choices" if options else None
    field = tag("input", id=name, name=name, value=value, list=known, autocomplete="off")
    return tag("p", tag("label", label, for_=name), field, tag("datalist", *options, id=known) if known else text())
