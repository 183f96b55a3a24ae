"""A call with a `multi_agents` agent: which playbook is active, which tools it has, and what the caller has proved.

The platform routes with a model; here the router goes by the words that the caller's turn and the intents have in
common, or by the intent that a behaviour file names, so that the same call always goes the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from agentops import speech

Playbook: TypeAlias = Mapping[str, Any]
Tool: TypeAlias = Mapping[str, Any]

SHORTEST_WORD = 4  # shorter words are in every intent
DEFAULT_RETRIES = 2  # the platform's `maxRetries` of a verification that names none


@dataclass(frozen=True, slots=True)
class Hop:
    """The call goes from one playbook to another; `source` is empty at the first one."""

    source: str
    target: str


@dataclass(slots=True)
class PlaybookRouter:
    """The state of one call. `registry` are the account's tools by id and by name.

    active:  the playbook that answers now
    proofs:  the tools that have succeeded in this call, by name
    failed:  how often a proof of each verification has failed
    locked:  verifications whose retries are used up
    """

    section: Mapping[str, Any]
    registry: Mapping[str, Tool] = field(default_factory=dict)
    active: Playbook = field(init=False)
    proofs: set[str] = field(default_factory=set)
    failed: Counter[str] = field(default_factory=Counter)
    locked: set[str] = field(default_factory=set)
    _has_routed: bool = False

    def __post_init__(self) -> None:
        self.active = self._fallback

    # -- routing

    def route(self, text: str, intent: str | None = None) -> Hop | None:
        """Chooses the playbook for what the caller said; None when it stays the same."""
        if self._has_routed and not self.section.get("router", {}).get("allowMidCallReroute", True):
            return None
        before = self.active["id"] if self._has_routed else ""
        if intent is not None:
            chosen = next((each for each in self._enabled if intent in (each["id"], each["intentName"])), None)
        else:
            chosen = self._closest(text)
        if chosen is None:  # nothing speaks for another one
            chosen = self.active if self._has_routed else self._fallback
        if any(each["id"] in self.locked for each in self._needed(chosen)):
            chosen = self._fallback
        self.active, self._has_routed = chosen, True
        return Hop(before, chosen["id"]) if chosen["id"] != before else None

    def _closest(self, text: str) -> Playbook | None:
        """The playbook whose intent has most words in common with `text`, the first of several; None without any."""
        spoken = _words(text)
        scores = [
            (len(spoken & _words(f"{each['intentName']} {each['intentDescription']}")), -index, each)
            for index, each in enumerate(self._enabled)
        ]
        best = max(scores, key=lambda score: score[:2], default=None)
        return best[2] if best is not None and best[0] else None

    @property
    def _enabled(self) -> list[Playbook]:
        return [each for each in self.section["playbooks"] if each.get("enabled", True)]

    @property
    def _fallback(self) -> Playbook:
        wanted = self.section.get("router", {}).get("fallbackPlaybookId")
        return next((each for each in self._enabled if each["id"] == wanted), self._enabled[0])

    # -- what the active playbook has

    @property
    def prompt(self) -> str:
        """The conversation guide, which every playbook has in common, and the prompt of the active one."""
        return "\n\n".join(filter(None, (self.section.get("conversationGuide"), self.active.get("prompt"))))

    def tools(self) -> list[Tool]:
        """The tools that can be used now: those of the proofs that are missing, or all of the playbook's."""
        shared = self._referenced(self.section.get("globalToolRefs"))
        missing = self.missing_verifications()
        if missing:
            refs = [ref for each in missing for ref in (*each["toolRefs"], *each["triggerToolRefs"])]
            return [*shared, *self._referenced(refs), *self._auth_tools]
        own = [tool for tool in self.active.get("tools") or [] if tool.get("enabled", True)]
        return [*own, *self._referenced(self.active.get("toolRefs")), *shared, *self._auth_tools]

    def _referenced(self, refs: Sequence[str] | None) -> list[Tool]:
        return [self.registry[ref] for ref in refs or () if ref in self.registry]

    @property
    def _auth_tools(self) -> list[Tool]:
        auth = self.section.get("auth") or {}
        return [tool for tool in (*auth.get("weakTools", ()), *auth.get("strongTools", ())) if isinstance(tool, dict)]

    # -- verification

    def missing_verifications(self) -> list[Mapping[str, Any]]:
        """The verifications that the active playbook needs and the caller has not passed."""
        return [each for each in self._needed(self.active) if not self._names(each["toolRefs"]) <= self.proofs]

    def after_tool(self, name: str, *, has_succeeded: bool) -> Mapping[str, Any] | None:
        """Counts a tool's outcome as a proof. Returns the verification whose retries this has used up, if any."""
        if has_succeeded:
            self.proofs.add(name)
            return None
        for each in self.missing_verifications():
            if name in self._names(each["toolRefs"]):
                self.failed[each["id"]] += 1
                if self.failed[each["id"]] > each["maxRetries"]:
                    self.locked.add(each["id"])
                    return each
        return None

    def downgrade(self) -> Hop:
        """Leaves the playbook for the fallback, which needs no proof that the caller could not give."""
        source, self.active = self.active["id"], self._fallback
        return Hop(source, self.active["id"])

    def _names(self, refs: Sequence[str]) -> set[str]:
        """The names of tools that are referred to by id or by name."""
        return {str(self.registry[ref]["name"]) if ref in self.registry else ref for ref in refs}

    def _needed(self, playbook: Playbook) -> list[Mapping[str, Any]]:
        """The verifications of a playbook, with their defaults; an authentication level counts as one of its own."""
        wanted = playbook.get("verificationIds") or []
        named = [each for each in self.section.get("verifications") or [] if each["id"] in wanted]
        auth, level = self.section.get("auth") or {}, playbook.get("authLevel", "none")
        levels = {"weak": ("weakTools",), "strong": ("weakTools", "strongTools")}.get(level, ())
        shared = [{"id": each, "toolRefs": [tool["name"] for tool in auth.get(each, ())]} for each in levels]
        defaults = {"toolRefs": [], "triggerToolRefs": [], "maxRetries": DEFAULT_RETRIES, "onFail": "downgrade"}
        return [{**defaults, **each} for each in (*named, *shared)]


def _words(text: str) -> set[str]:
    return {word for word in speech.words_of(text.replace("_", " ")) if len(word) >= SHORTEST_WORD}
