"""Ready-made post-call metrics over HTTP: two of our own in the shape of the platform's."""

from __future__ import annotations

from agentops.emulator.rest.schema import (
    array,
)
from agentops.emulator.rest.shapes import METRIC_TEMPLATE
from agentops.emulator.rest.wire import (
    Answer,
    Request,
    Route,
    succeeded,
    success,
)
from agentops.emulator.store.state import Store

METRIC_TEMPLATES = (
    {
        "identifier": "call_outcome",
        "dispositionMetricPrompt": "How did the call end for the caller?",
        "dispositionMetricType": "STRING",
    },
    {
        "identifier": "wants_callback",
        "dispositionMetricPrompt": "Did the caller ask to be called back?",
        "dispositionMetricType": "BOOLEAN",
    },
)


def list_metric_templates(store: Store, request: Request) -> Answer:
    return succeeded(list(METRIC_TEMPLATES))


ROUTES = (
    Route(
        "GET",
        "/atoms/v1/disposition-metric-templates",
        list_metric_templates,
        "List ready-made post-call metrics",
        {200: success(array(METRIC_TEMPLATE))},
        refuses=(),
    ),
)
