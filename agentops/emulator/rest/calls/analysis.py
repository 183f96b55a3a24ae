"""Post-call analytics of the emulated platform: simple, repeatable readings of the transcript, after a delay.

The platform asks a model, whose answers can't be foreseen. The readings here are such that every metric has a value of
its type and the same call always has the same values; they say nothing about what the platform would find.
"""

from __future__ import annotations

import re
from datetime import timedelta

from agentops.emulator.store.database import Body
from agentops.emulator.store.state import Store, from_iso

CONFIDENCE = 0.5  # neither sure nor unsure: nothing was judged


def analyse(store: Store, record: Body) -> Body | None:
    """The call's `postCallAnalytics`; None while it runs, until the delay has passed, or when nobody answered."""
    ready = from_iso(record["updatedAt"]) + timedelta(seconds=store.options.analytics_delay_s)
    if record["status"] != "completed" or ready > store.clock.now():
        return None
    lines = record["transcript"]
    said = [line["content"] for line in lines if line["role"] == "user"]  # by the caller
    revision = record.get("versionId") and store.database.get("revision", record["versionId"])
    analytics = (revision["config"].get("postCallAnalyticsConfig") or {}) if revision else {}
    metrics = [
        {
            "identifier": metric["identifier"],
            "value": _value(metric, said, record),
            "confidence": CONFIDENCE,
            "reasoning": "Read from the transcript by the emulator, not by a model.",
            "dispositionMetricPrompt": metric["dispositionMetricPrompt"],
            "dispositionMetricType": metric["dispositionMetricType"],
        }
        for metric in analytics.get("dispositionMetrics", [])
    ]
    summary = f"{len(lines)} lines; the caller spoke {len(said)} times."
    return {"summary": summary, "dispositionMetrics": metrics, "successMetrics": []}


def _value(metric: Body, said: list[str], record: Body) -> str:
    """A value of the metric's type; as text, which all values are on the platform."""
    text = " ".join(said)
    kind = metric["dispositionMetricType"]
    if kind == "BOOLEAN":
        return "true" if said and record.get("isHelped", True) else "false"
    if kind == "INTEGER":
        numbers = re.findall(r"\d+", text)
        return numbers[-1] if numbers else "0"
    if kind == "DATETIME":
        return str(record["createdAt"])
    if kind == "ENUM":
        choices = [str(each) for each in metric.get("choices") or []]
        return next((each for each in choices if each.lower() in text.lower()), choices[0] if choices else "")
    return said[-1] if said else ""
