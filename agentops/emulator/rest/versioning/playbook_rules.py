"""What the playbooks of a `multi_agents` agent must fulfil to be published; a draft may hold anything.

The rules are those that the vendor's SDK checks before it writes and calls the platform's; the texts are our own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MOST_PLAYBOOKS = 128
LONGEST_PROMPT = 30_000
LONGEST_INTENT_NAME = 64
INTENT_NAME = re.compile(r"[\w\s.,'’()&/\-]+")


def playbook_problems(section: Any) -> list[str]:
    """What is wrong with the section, one phrase each; empty when it can be published."""
    if not isinstance(section, Mapping) or not isinstance(section.get("playbooks"), list):
        return ["playbooks: at least one playbook is required"]
    playbooks = [each for each in section["playbooks"] if isinstance(each, Mapping)]
    if not 1 <= len(playbooks) <= MOST_PLAYBOOKS:
        return [f"playbooks: between 1 and {MOST_PLAYBOOKS} playbooks are required"]
    return [
        *_field_problems(section, playbooks),
        *_uniqueness_problems(playbooks),
        *_fallback_problems(section, playbooks),
        *_auth_problems(section, playbooks),
    ]


def enabled_playbooks(section: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [each for each in section.get("playbooks") or [] if each.get("enabled", True)]


def _field_problems(section: Mapping[str, Any], playbooks: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    verifications = {each.get("id") for each in section.get("verifications") or []}
    for index, playbook in enumerate(playbooks):
        path = f"playbooks.{index}"
        for name in ("id", "name", "intentName", "intentDescription", "prompt"):
            if not str(playbook.get(name) or "").strip():
                yield f"{path}.{name}: Required"
        intent = str(playbook.get("intentName") or "")
        if len(intent) > LONGEST_INTENT_NAME or "//" in intent or (intent and not INTENT_NAME.fullmatch(intent)):
            yield f"{path}.intentName: at most {LONGEST_INTENT_NAME} letters, digits, spaces and . , ' _ ( ) & / -"
        if len(str(playbook.get("prompt") or "")) > LONGEST_PROMPT:
            yield f"{path}.prompt: String must contain at most {LONGEST_PROMPT} character(s)"
        if playbook.get("type", "free_form") != "free_form":  # "structured" is reserved
            yield f"{path}.type: structured playbooks are not supported yet"
        for wanted in playbook.get("verificationIds") or []:
            if wanted not in verifications:
                yield f"{path}.verificationIds: there is no verification {wanted}"


def _uniqueness_problems(playbooks: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for name in ("id", "name", "intentName"):
        values = [str(each.get(name) or "").strip().lower() for each in playbooks]
        for twice in sorted({value for value in values if value and values.count(value) > 1}):
            yield f"playbooks: {name} {twice!r} is used twice"


def _fallback_problems(section: Mapping[str, Any], playbooks: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not enabled_playbooks(section):
        yield "playbooks: at least one playbook must be enabled"
    fallback = (section.get("router") or {}).get("fallbackPlaybookId")
    known = {each.get("id"): each for each in playbooks}
    if fallback not in known:
        yield "router.fallbackPlaybookId: must name a playbook"
    elif not known[fallback].get("enabled", True):
        yield "router.fallbackPlaybookId: must name an enabled playbook"


def _auth_problems(section: Mapping[str, Any], playbooks: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    auth = section.get("auth") or {}
    levels = {each.get("authLevel", "none") for each in playbooks if each.get("enabled", True)}
    if levels & {"weak", "strong"} and not auth.get("weakTools"):
        yield "auth.weakTools: a playbook needs weak or strong authentication, and there is no tool for it"
    if "strong" in levels and not auth.get("strongTools"):
        yield "auth.strongTools: a playbook needs strong authentication, and there is no tool for it"
