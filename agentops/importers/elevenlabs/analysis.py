"""Evaluation criteria and data collection become disposition metrics, one each."""

from __future__ import annotations

import re
from typing import Any

from agentops.document import Document
from agentops.importers.elevenlabs.conversion import Conversion
from agentops.importers.elevenlabs.paths import Place
from agentops.importers.fidelity import Grade
from agentops.spec.slug import slug

SETTINGS: Place = ("platform_settings",)
VERDICTS = ["success", "failure", "unknown"]  # the outcomes that a criterion has on ElevenLabs
# The platform has no type for numbers with decimals: as text they keep them.
_TYPES = {"string": "STRING", "boolean": "BOOLEAN", "integer": "INTEGER", "number": "STRING"}

_NONE_OF_THEM = re.compile(r"none|other|unknown|nothing|unclear|not_|no_|n/?a\b|undecided", re.IGNORECASE)


def convert_analysis(conversion: Conversion) -> None:
    metrics: list[Document] = []
    for index, criterion in enumerate(conversion.source.items(*SETTINGS, "evaluation", "criteria")):
        if isinstance(criterion, dict):
            metrics.append(_criterion(conversion, (*SETTINGS, "evaluation", "criteria", index), criterion, metrics))
    for name, field in conversion.source.objects(*SETTINGS, "data_collection").items():
        if isinstance(field, dict) and _is_extracted(field):
            metrics.append(_collected(conversion, (*SETTINGS, "data_collection", name), name, field, metrics))
    if metrics:
        conversion.put("postCallAnalyticsConfig.dispositionMetrics", metrics)


def _identifier(wanted: str, metrics: list[Document]) -> str:
    base = slug(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", wanted), "_") or "metric"
    taken, made, number = {metric["identifier"] for metric in metrics}, base, 2
    while made in taken:
        made, number = f"{base}_{number}", number + 1
    return made


def _target(identifier: str, field: str) -> str:
    return f"config.postCallAnalyticsConfig.dispositionMetrics.{identifier}.{field}"


def _criterion(conversion: Conversion, place: Place, criterion: Document, metrics: list[Document]) -> Document:
    source, ledger = conversion.source, conversion.source.ledger
    old, name = source.text(*place, "id"), source.text(*place, "name")
    identifier = _identifier(old or name, metrics)
    question = _target(identifier, "dispositionMetricPrompt")
    ledger.carry((*place, "id"), _target(identifier, "identifier"), identifier, grade=_renamed(old, identifier))
    goal_at = _goal_place(criterion, place)
    goal = conversion.rewrite(source.text(*goal_at))
    prompt = goal or f"Did the call meet this goal: {name or identifier}?"
    if name and name.lower() not in goal.lower() and slug(name, "_") != identifier:
        prompt = f"{name}: {prompt}"
    if name.lower() in prompt.lower():
        ledger.carry((*place, "name"), question)
    else:
        ledger.carry((*place, "name"), _target(identifier, "identifier"), identifier)
    ledger.carry(goal_at, question, goal, grade=Grade.EXACT)
    metric: Document = {"identifier": identifier}
    if source.text(*place, "scoring_mode") == "numeric_uniform":
        highest = source.number(*place, "max_score") or 10
        extra = conversion.rewrite(source.text(*place, "score_instructions")).strip()
        scale = f"Answer with an integer from 0 to {highest:g}."
        prompt = " ".join(filter(None, (scale, extra, prompt)))
        metric |= {"dispositionMetricPrompt": prompt, "dispositionMetricType": "INTEGER"}
        for key, claim in (("scoring_mode", scale), ("max_score", scale), ("score_instructions", extra or None)):
            ledger.carry((*place, key), question, claim)
    else:
        metric |= {"dispositionMetricPrompt": prompt, "dispositionMetricType": "ENUM", "choices": list(VERDICTS)}
        ledger.carry((*place, "scoring_mode"), _target(identifier, "choices"), list(VERDICTS))
    return metric


def _goal_place(criterion: Document, place: Place) -> Place:
    for key in ("conversation_goal_prompt", "conversationGoalPrompt", "description"):
        if isinstance(criterion.get(key), str) and criterion[key]:
            return (*place, key)
    return (*place, "conversation_goal_prompt")


def _renamed(old: str, new: str) -> Grade:
    return Grade.EXACT if old == new else Grade.APPROXIMATED


def _is_extracted(field: Document) -> bool:
    """Whether a model finds the value in the call: a fixed one, or a variable's, is no result of an analysis."""
    fixed = field.get("constant_value") not in (None, "") or field.get("dynamic_variable") not in (None, "")
    return not fixed and field.get("is_omitted") is not True


def _collected(conversion: Conversion, place: Place, name: str, field: Document, metrics: list[Document]) -> Document:
    source, ledger = conversion.source, conversion.source.ledger
    identifier = _identifier(name, metrics)
    described = source.text(*place, "description").strip()
    shown = source.text(*place, "name")
    prompt = conversion.rewrite(described) or f"Extract {name.replace('_', ' ')}."
    if shown and shown != name:
        prompt = f"{conversion.rewrite(shown)}: {prompt}"
        ledger.carry((*place, "name"), _target(identifier, "dispositionMetricPrompt"), conversion.rewrite(shown))
    else:
        ledger.repeat((*place, "name"), f"the field {name}")
    question = _target(identifier, "dispositionMetricPrompt")
    ledger.carry((*place, "description"), question, conversion.rewrite(described), grade=_renamed(name, identifier))
    if identifier != name:
        why = f"the field {name} is the metric {identifier} now"
        conversion.remark(Grade.APPROXIMATED, "EL015", place, why, "Point dashboards and webhooks at the new name.")
    return {"identifier": identifier, "dispositionMetricPrompt": prompt, **_kind(conversion, place, field, identifier)}


def _kind(conversion: Conversion, place: Place, field: Document, identifier: str) -> Document:
    ledger, options = conversion.source.ledger, field.get("enum")
    declared = str(field.get("type") or "string")
    made: dict[str, Any]
    if isinstance(options, list) and options:
        made = {"dispositionMetricType": "ENUM", "choices": [str(option) for option in options]}
        if not any(_NONE_OF_THEM.search(choice) for choice in made["choices"]):
            made["choices"].append("unknown")
            why = (
                "a call where nothing fits must have an answer: one that is not a choice drops all results of the call"
            )
            ledger.add(_target(identifier, "choices"), "unknown", why)
        ledger.carry_tree((*place, "enum"), _target(identifier, "choices"), grade=Grade.EXACT)
    elif declared == "number" and "whole" in str(field.get("description")).lower():  # "a whole number"
        made = {"dispositionMetricType": "INTEGER"}
    else:
        made = {"dispositionMetricType": _TYPES.get(declared, "STRING")}
    kind = made["dispositionMetricType"]
    exact = declared in ("string", "boolean", "integer") and kind in ("STRING", "BOOLEAN", "INTEGER")
    why = "" if exact else f"{declared} became {kind}"
    ledger.carry((*place, "type"), _target(identifier, "dispositionMetricType"), kind, grade=_exactly(exact), why=why)
    return made


def _exactly(exact: bool) -> Grade:
    return Grade.EXACT if exact else Grade.APPROXIMATED
