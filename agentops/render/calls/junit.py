"""A run of calls as JUnit XML: one suite per script, one case per check, so that CI shows what was heard.

The schema that this keeps to is `schemas/junit.xsd`. A check that is inconclusive is an error, all others failures.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from xml.sax.saxutils import escape, quoteattr

from agentops.calls.report import CallReport, Check, RunReport

# What XML 1.0 can't hold at all: control characters besides tab and line ends, and unpaired surrogates.
_UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(run: RunReport) -> str:
    """The document, ending in a newline."""
    checks = [check for call in run.calls for check in call.checks]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<testsuites name="agentops" {_counts(checks, run.duration_ms)}>',
    ]
    for call in run.calls:
        lines += _suite(call)
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _counts(checks: list[Check], duration_ms: float) -> str:
    broken = [check for check in checks if not check.passed]
    errors = sum(check.is_inconclusive for check in broken)
    return (
        f'tests="{len(checks)}" failures="{len(broken) - errors}" errors="{errors}" skipped="0" '
        f'time="{duration_ms / 1000:.3f}"'
    )


def _suite(call: CallReport) -> list[str]:
    again = f" #{call.attempt}" if call.attempt > 1 else ""
    stamp = f" timestamp={_attribute(call.started_at[:19])}" if call.started_at else ""
    name = _attribute(f"{call.agent}: {call.title}{again}")
    lines = [f"  <testsuite name={name} {_counts(list(call.checks), call.duration_ms)}{stamp}>", "    <properties>"]
    properties = {"environment": call.environment, "call_id": call.call_id, "verdict": str(call.verdict)}
    for name, measured in (("", call.measures), ("baseline_", call.baseline)):
        values = asdict(measured).items() if measured is not None else ()
        properties |= {f"{name}{key}": f"{value:g}" for key, value in values if value is not None}
    if call.judged.requests:
        properties |= {"judge_requests": str(call.judged.requests), "judge_tokens": str(call.judged.tokens)}
    lines += [f"      <property name={_attribute(k)} value={_attribute(v)}/>" for k, v in properties.items()]
    lines.append("    </properties>")
    for number, check in enumerate(call.checks, 1):
        lines += _case(call, check, number)
    return [*lines, "  </testsuite>"]


def _case(call: CallReport, check: Check, number: int) -> list[str]:
    head = f"    <testcase name={_attribute(f'{number}. {check.name}')} classname={_attribute(call.script)}"
    if check.passed:
        return [f'{head} time="0"/>']
    tag = "error" if check.is_inconclusive else "failure"
    at = f"\nat {check.at_ms / 1000:.1f} s in the recording" if check.at_ms is not None else ""
    where = f"\n{check.where}" if check.where else ""
    doubt = f"\ninconclusive: {check.doubt}" if check.doubt else ""
    text = escape(_fit(f"expected: {check.expected}\nheard: {check.heard}{doubt}{at}{where}"))
    message = _attribute(f"expected {check.expected}; heard {check.heard}")
    return [f'{head} time="0">', f"      <{tag} type={_attribute(check.kind)} message={message}>{text}</{tag}>",
            "    </testcase>"]  # fmt: skip


def _fit(text: str) -> str:
    return _UNFIT.sub("\ufffd", text)


def _attribute(text: str) -> str:
    return quoteattr(_fit(text))
