"""A run of calls as Markdown, for a pull request or a job summary."""

from __future__ import annotations

from collections.abc import Iterator

from agentops.calls.report import CallReport, RunReport, Verdict
from agentops.render.markdown import inline, table_lines
from agentops.render.style import plural

_HEAD = ("", "agent", "call", "length", "answers p95", "checks")
_SIGNS = {Verdict.PASSED: "✅", Verdict.FAILED: "❌", Verdict.INCONCLUSIVE: "⚠️"}


def run_markdown(run: RunReport) -> str:
    """The whole run, ending in a newline."""
    passed = sum(script.verdict is Verdict.PASSED for script in run.scripts)
    lines = [
        f"### {_SIGNS[run.verdict]} Calls {run.verdict}: {passed} of {plural(len(run.scripts), 'script')} passed"
        + (f" in `{run.environment}`" if run.environment else ""),
        "",
        *table_lines(_HEAD, map(_cells, run.calls)),
    ]
    for call in run.calls:
        if call.failures:
            lines += ["", *_failures(call)]
    return "\n".join(lines) + "\n"


def _cells(call: CallReport) -> tuple[str, ...]:
    p95 = call.measures.latency_p95_ms
    return (
        _SIGNS[call.verdict],
        f"`{call.agent}`",
        inline(call.title) + (f" #{call.attempt}" if call.attempt > 1 else ""),
        f"{call.duration_ms / 1000:.1f} s",
        f"{p95:.0f} ms" if p95 is not None else "–",
        f"{sum(check.passed for check in call.checks)} / {len(call.checks)}",
    )


def _failures(call: CallReport) -> Iterator[str]:
    yield f"**{inline(call.title)}**"
    yield ""
    for check in call.failures:
        at = f" at {check.at_ms / 1000:.1f} s" if check.at_ms is not None else ""
        where = f" (`{check.where}`)" if check.where else ""
        yield f"- **{check.kind}** {inline(check.name)}{at}{where}"
        yield f"  - expected: {inline(check.expected)}"
        yield f"  - heard: {inline(check.heard)}"
        if check.doubt:
            yield f"  - unsure: {inline(check.doubt)}"
