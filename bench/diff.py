"""Comparing an unchanged agent: our equality against deepdiff on the same two documents.

Planning compares every agent of an account, nearly all of them unchanged. Equal documents never reach deepdiff.
"""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable
from typing import Any

from deepdiff import DeepDiff

from agentops.plan.canonical import canonical
from agentops.plan.diff import diff
from bench import report

RUNS = 200
TIMES_CHEAPER = 100


def document(tools: int = 12) -> dict[str, Any]:
    """A configuration of ordinary size: a prompt of 300 lines, a dozen tools, every common section."""
    return {
        "firstMessage": "Hi {{customer_name}}, this is Acme support. How can I help?",
        "slmModel": "gpt-4o",
        "singlePromptConfig": {
            "prompt": "\n".join(f"{n}. Ask for the order number, then say what you found." for n in range(300)),
            "tools": [
                {
                    "type": "api_call",
                    "name": f"tool_{n}",
                    "description": "Looks something up once the caller has said what it is.",
                    "url": "https://crm.example.com/v1/lookup",
                    "headersArray": [{"key": f"X-{m}", "value": "1"} for m in range(4)],
                    "llmParameters": [{"name": f"p{m}", "description": "A value.", "type": "text"} for m in range(4)],
                    "responseVariables": [{"variableName": f"v{m}", "jsonPath": f"$.v{m}"} for m in range(4)],
                }
                for n in range(tools)
            ],
        },
        "synthesizer": {"voiceConfig": {"model": "waves_lightning_v3_1", "voiceId": "nyah"}, "speed": 1.1},
        "language": {"default": "en", "supported": ["en", "es"], "switching": {"isEnabled": True}},
        "voiceDetectionConfig": {"confidence": 0.7, "minVolume": 0.6, "triggerTimeInSecs": 0.2},
        "postCallAnalyticsConfig": {
            "dispositionMetrics": [
                {"identifier": f"m{n}", "dispositionMetricPrompt": "?", "dispositionMetricType": "BOOLEAN"}
                for n in range(6)
            ]
        },
    }


def median_us(work: Callable[[], object], runs: int = RUNS) -> float:
    """The median time of one call of `work`, in microseconds."""
    times = []
    for _ in range(runs):
        started = time.perf_counter_ns()
        work()
        times.append((time.perf_counter_ns() - started) / 1000)
    return statistics.median(times)


def measure(name: str, tools: int) -> float:
    """Prints the costs of one agent with so many tools; returns how many times as much deepdiff costs."""
    desired, served = document(tools), copy.deepcopy(document(tools))
    changed = copy.deepcopy(served)
    changed["singlePromptConfig"]["prompt"] += "\nSay goodbye."
    a, b, c = canonical(served, desired), canonical(desired, desired), canonical(changed, desired)
    assert diff(a, b) == ()
    assert len(diff(c, b)) == 1
    ours = median_us(lambda: diff(a, b))
    theirs = median_us(lambda: DeepDiff(served, desired), runs=20)
    form = median_us(lambda: canonical(served, desired))
    print(f"{name}: {tools} tools")
    print(f"  unchanged, equality of canonical forms  {ours:10.1f} us")
    print(f"  unchanged, deepdiff                     {theirs:10.1f} us   ({theirs / ours:.0f} times as much)")
    print(f"  unchanged, both forms and equality      {2 * form + ours:10.1f} us")
    print(f"  changed prompt, all differences         {median_us(lambda: diff(c, b), runs=20):10.1f} us")
    return theirs / ours


def main() -> None:
    """An ordinary agent and a large one."""
    for name, tools in (("ordinary", 3), ("large", 12)):
        report(f"deepdiff / equality, unchanged {name} agent", measure(name, tools), at_least=TIMES_CHEAPER)


if __name__ == "__main__":
    main()
