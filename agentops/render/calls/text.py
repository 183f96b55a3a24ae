"""Calls as text for a terminal: one line as each call ends, what was expected and heard where it failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from agentops.calls.protocol import Role
from agentops.calls.report import CallReport, Check, RunReport, ScriptReport, Verdict
from agentops.render.style import PLAIN, Style, plural
from agentops.render.visible import visible

_ROLE_OF = {Verdict.PASSED: "good", Verdict.FAILED: "bad", Verdict.INCONCLUSIVE: "change"}


def run_text(run: RunReport, style: Style = PLAIN) -> str:
    """The whole run, ending in a newline: every script, every failure, what was covered, and the count."""
    lines = [line for script in run.scripts for line in _script(script, style)]
    if run.covered_share is not None:
        covered = sum(bool(row.scripts) for row in run.coverage)
        lines += ["", f"coverage: {covered} of {len(run.coverage)} tools and playbooks"]
        for row in run.coverage:
            seen = ", ".join(row.scripts) or ("exercised by no script" if row.is_known else "not known")
            lines.append(f"  {row.agent}: {row.kind} {visible(row.name)}: {visible(seen)}")
    counts = Counter(script.verdict for script in run.scripts)
    counted = ", ".join(f"{counts[each]} {each}" for each in Verdict if counts[each]) or "nothing was called"
    verdict = style.paint(str(run.verdict).upper(), _ROLE_OF[run.verdict])
    return "\n".join([*lines, "", f"{verdict}: {counted} in {run.duration_ms / 1000:.1f} s"]) + "\n"


def call_line(call: CallReport, style: Style = PLAIN) -> str:
    """One call in one line: verdict, title, what it took."""
    facts = [f"{call.duration_ms / 1000:.1f} s"]
    if call.measures.latency_p95_ms is not None:
        facts.append(f"answers within {call.measures.latency_p95_ms:.0f} ms (p95)")
    checked = sum(check.passed for check in call.checks)
    facts.append(f"{checked} of {plural(len(call.checks), 'check')}")
    if call.judged.requests:
        facts.append(f"{plural(call.judged.requests, 'question')} to a model, {call.judged.tokens:,} tokens")
    verdict = style.paint(f"{call.verdict:<12}", _ROLE_OF[call.verdict])
    again = f" #{call.attempt}" if call.attempt > 1 else ""
    return f"{verdict} {call.agent}: {call.title}{again}  ({', '.join(facts)})"


def _script(script: ScriptReport, style: Style) -> Iterator[str]:
    for call in script.calls:
        yield call_line(call, style)
        for check in call.failures:
            yield from _failure(check, style)
        # The conversation so far, so that a failure can be understood without opening anything.
        for turn in call.turns if call.failures else ():
            who = "caller" if turn.role is Role.CALLER else "agent "
            line = style.paint(f"{turn.start_ms / 1000:6.1f} s  {who}  {visible(turn.text)}", "faint")
            yield from style.wrap(line, "  ", " " * 19)
    if len(script.calls) > 1 and script.passed_share is not None:
        yield f"  {script.title}: {script.passed_share:.0%} passed, {script.pass_rate:.0%} needed: {script.verdict}"


def _failure(check: Check, style: Style) -> Iterator[str]:
    at = f" at {check.at_ms / 1000:.1f} s" if check.at_ms is not None else ""
    where = f"  {check.where}" if check.where else ""
    yield f"  {style.paint(f'{check.kind}: {check.name}', 'bad')}{at}{where}"
    yield from style.wrap(f"expected: {visible(check.expected)}", "    ", "              ")
    yield from style.wrap(f"heard:    {visible(check.heard)}", "    ", "              ")
    if check.doubt:
        yield from style.wrap(f"unsure:   {visible(check.doubt)}", "    ", "              ")
