"""A migration certificate as Markdown: every field's fate, and the same scripted call beside one of the old agent."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from agentops.calls.protocol import Role
from agentops.calls.report import CallReport, RunReport
from agentops.importers.elevenlabs.old_call import OldCall
from agentops.importers.fidelity import AgentFidelity, FidelityReport
from agentops.render.fidelity.markdown import agent_lines
from agentops.render.fidelity.text import counts_text, tasks_text
from agentops.render.markdown import inline, table_lines
from agentops.render.style import plural

_HEAD = ("the old agent", "the imported agent")


def certificate_markdown(report: FidelityReport, agent: AgentFidelity, run: RunReport, old: tuple[OldCall, ...]) -> str:
    """The certificate of one agent. Recordings are linked by the paths that `run` and `old` name them with."""
    return "\n".join(_lines(report, agent, run, old)).rstrip() + "\n"


def _lines(report: FidelityReport, agent: AgentFidelity, run: RunReport, old: tuple[OldCall, ...]) -> Iterator[str]:
    yield f"# Migration certificate: {inline(agent.name)}"
    yield ""
    yield f"Imported from {inline(report.source)} ({inline(agent.origin)}) as `{agent.key}`."
    yield f"{plural(agent.leaves, 'value')} of the source: {counts_text(agent)}."
    yield ""
    yield "## Still to do, by what it means for callers"
    yield ""
    alone = FidelityReport(report.source, (agent,))
    yield from [f"{n}. **{inline(what)}.** {inline(how)}" for n, (what, how) in enumerate(tasks_text(alone), 1)] or [
        "Nothing."
    ]
    yield ""
    yield "## The same call"
    yield ""
    if not old:
        yield "No call of the old agent was given (`--old FILE`): its side is empty, and nothing is compared."
        yield ""
    for call in run.calls:
        yield from _call(call, run.environment, old)
    for each in old:
        if each.recording is not None:
            yield f"A recording of the old agent: [{inline(each.origin)}]({each.recording.as_posix()})"
            yield ""
    yield from agent_lines(agent, is_whole=True)


def _call(call: CallReport, environment: str, old: tuple[OldCall, ...]) -> Iterator[str]:
    where = f" in {environment}" if environment else ""
    yield f"### {inline(call.title)}: {call.verdict.value}"
    yield ""
    yield f"Called{where}{f' at {call.started_at}' if call.started_at else ''}, call `{call.call_id or 'without id'}`."
    yield ""
    for check in call.checks:
        if not check.passed:
            yield f"- {inline(check.name)}: expected {inline(check.expected)}, heard {inline(check.heard)}"
    if any(not check.passed for check in call.checks):
        yield ""
    before = next((each.turns for each in old if each.turns), ())
    mine = [(turn.role is Role.AGENT, turn.text) for turn in call.turns]
    theirs = [(turn.is_agent, turn.text) for turn in before]
    sides = zip_longest(theirs, mine)
    yield from table_lines(_HEAD, ((_turn(left), _turn(right)) for left, right in sides))
    yield ""


def _turn(turn: tuple[bool, str] | None) -> str:
    return f"**{'agent' if turn[0] else 'caller'}:** {inline(turn[1])}" if turn else ""
