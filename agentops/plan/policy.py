"""The project's deny rules: what a change may never do in an environment without being named on the command line.

Configured under `rules` of an environment, for example `rules: {prompt_shrinks: 50%, models: [gpt-4o]}`. A rule judges
what a plan changes, never what stays as it is; a rollback is not judged, since it must always be possible.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from agentops.closest import closest
from agentops.document import Environment, Secret, path_text
from agentops.fields import Category
from agentops.plan.changes import HALF, lost_share, written_leaves
from agentops.plan.model import Action, AgentChange, Operation, Refusal

_JUDGED = frozenset({Action.CREATE, Action.UPDATE, Action.GO_LIVE})
_WHERE_PROTECTED = {"prompt_shrinks": HALF}  # in a protected environment that does not set the rule itself


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its name in `agentops.yaml`, what its setting is, and the judgement: one text per violation."""

    name: str
    setting: str
    read: Callable[[Any], Any]
    judge: Callable[[AgentChange, Any], Iterable[str]]
    hint: str

    @property
    def code(self) -> str:
        return self.name.upper()


def refuse_by_rules(environment: Environment, changes: Iterable[AgentChange]) -> list[Refusal]:
    """Every violation of every configured rule, and a refusal for each rule that can't be understood."""
    refusals: list[Refusal] = []
    judged = [change for change in changes if change.action in _JUDGED]
    rules = {**(_WHERE_PROTECTED if environment.is_protected else {}), **environment.rules}
    for name, value in rules.items():
        rule = RULES.get(name)
        if rule is None:
            refusals.append(_unknown(name))
            continue
        try:
            setting = rule.read(value)
        except ValueError:
            refusals.append(_misread(rule, value))
            continue
        if setting is not None:
            refusals += [_violation(rule, change, text) for change in judged for text in rule.judge(change, setting)]
    return refusals


# ---- the judgements


def _outside(change: AgentChange, allowed: list[str], *names: str) -> Iterator[str]:
    """The written leaves of one of the names whose value no pattern allows."""
    for path, value in written_leaves(change):
        if path[-1] in names and not any(fnmatchcase(str(value), pattern) for pattern in allowed):
            yield f"{path_text(path)} would be {str(value)!r}, allowed: {', '.join(allowed) or 'none'}"


def _shrinks(change: AgentChange, share: float) -> Iterator[str]:
    for field in change.fields:
        if field.category is not Category.PROMPT or not isinstance(field.before, str):
            continue
        if (lost := lost_share(field.before, field.after)) > share:
            before = len(field.before.split())
            after = len(field.after.split()) if isinstance(field.after, str) else 0
            yield f"{path_text(field.path)} would lose {100 * lost:.0f} % of its words ({before} -> {after})"


def _transfers(change: AgentChange, allowed: list[str]) -> Iterator[str]:
    return _outside(change, allowed, "transferNumber")


def _models(change: AgentChange, allowed: list[str]) -> Iterator[str]:
    return _outside(change, allowed, "slmModel")


def _voices(change: AgentChange, allowed: list[str]) -> Iterator[str]:
    return _outside(change, allowed, "voiceId")


def _hosts(change: AgentChange, allowed: list[str]) -> Iterator[str]:
    for path, value in written_leaves(change):
        if path[-1] not in ("url", "customLLMWebSocketUrl") or not value:
            continue
        text = value.reference if isinstance(value, Secret) else str(value)
        host = urlsplit(text).hostname or text
        if not any(fnmatchcase(host, pattern) for pattern in allowed):
            yield f"{path_text(path)} would talk to {host!r}, allowed: {', '.join(allowed) or 'none'}"


def _redaction(change: AgentChange, _: bool) -> Iterator[str]:
    for path, value in written_leaves(change):
        if path[:2] == ("redactionConfig", "isEnabled") and value is False:
            yield "redaction of personal data would be switched off"


def _inbound(change: AgentChange, _: bool) -> Iterator[str]:
    for path, value in written_leaves(change):
        if path == ("allowInboundCall",) and value is False:
            yield "the agent would stop taking inbound calls"


def _removed_tools(change: AgentChange, _: bool) -> Iterator[str]:
    for field in change.fields:
        if field.operation is Operation.REMOVE and field.path[:2] == ("singlePromptConfig", "tools"):
            yield f"{path_text(field.path)} would be removed"


def _greeting(change: AgentChange, phrases: list[str]) -> Iterator[str]:
    for path, value in written_leaves(change):
        if path == ("firstMessage",) and isinstance(value, str):
            for phrase in phrases:
                if phrase.casefold() not in value.casefold():
                    yield f"firstMessage would not say {phrase!r}"


def _long_sessions(change: AgentChange, seconds: float) -> Iterator[str]:
    for path, value in written_leaves(change):
        if path == ("sessionTimeoutConfig", "timeoutTimeInSecs") and isinstance(value, int | float) and value > seconds:
            yield f"a call could last {value} s, allowed: {seconds:g} s"


# ---- reading settings; each raises ValueError, and gives None for a rule that is switched off


def _read_switch(value: Any) -> bool | None:
    if value in (True, "deny"):
        return True
    if value in (False, "allow"):
        return None
    raise ValueError


def _read_patterns(value: Any) -> list[str]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise ValueError


def _read_share(value: Any) -> float:
    """50% or 0.5."""
    if isinstance(value, str) and (found := re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", value)):
        return float(found[1]) / 100
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    raise ValueError


def _read_number(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise ValueError


RULES: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule("prompt_shrinks", "a share such as 50%", _read_share, _shrinks, "check that no part was lost in a merge"),
        Rule("transfer_numbers", "a list of numbers or globs", _read_patterns, _transfers, "use an approved number"),
        Rule("redaction_off", "deny", _read_switch, _redaction, "leave redactionConfig.isEnabled on"),
        Rule("models", "a list of models or globs", _read_patterns, _models, "use an approved model"),
        Rule("voices", "a list of voice ids or globs", _read_patterns, _voices, "use an approved voice"),
        Rule("tool_hosts", "a list of host names or globs", _read_patterns, _hosts, "call an approved host"),
        Rule("tool_removed", "deny", _read_switch, _removed_tools, "keep the tool, or remove it on purpose"),
        Rule("inbound_off", "deny", _read_switch, _inbound, "leave inbound on"),
        Rule("greeting_says", "a list of phrases", _read_patterns, _greeting, "say it in the first message"),
        Rule("session_seconds", "a number of seconds", _read_number, _long_sessions, "shorten sessionTimeoutConfig"),
    )
}


def _violation(rule: Rule, change: AgentChange, text: str) -> Refusal:
    return Refusal(
        code=rule.code,
        summary=f"{change.key}: {text} (rule {rule.name})",
        hint=f"{rule.hint}; if it is meant, pass `--ack {rule.code}:{change.key}`",
        agent=change.key,
        acknowledgement=rule.code,
    )


def _unknown(name: str) -> Refusal:
    close = closest(name, RULES)
    meant = f"did you mean `{close}`? " if close else ""
    return Refusal(
        code="UNKNOWN_RULE",
        summary=f"agentops.yaml names a rule that does not exist: {name}",
        hint=f"{meant}rules are: {', '.join(sorted(RULES))}",
    )


def _misread(rule: Rule, value: Any) -> Refusal:
    return Refusal(
        code="UNKNOWN_RULE",
        summary=f"the setting of rule {rule.name} can't be understood: {value!r}",
        hint=f"expected {rule.setting}",
    )
