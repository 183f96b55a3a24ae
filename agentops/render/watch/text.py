"""The result of watching, for a terminal, and the words that Markdown shares."""

from __future__ import annotations

from collections.abc import Iterator

from agentops.compare.statistics import Count
from agentops.compare.watch import PLANNED, Ruling
from agentops.compare.watch_result import JudgedCalls, WatchedAgent, WatchResult
from agentops.document import Revision, Verdict
from agentops.render.style import PLAIN, Style, columns
from agentops.render.visible import on_one_line
from agentops.watch_rules import WATCH_DISPOSITION, WATCH_LATENCY, WatchLimit

WORDS = {Verdict.PASSED: "passed", Verdict.FAILED: "FAILED", Verdict.INCONCLUSIVE: "can't tell yet"}
_ROLES = {Verdict.PASSED: "good", Verdict.FAILED: "bad", Verdict.INCONCLUSIVE: "change"}
HEAD = ("rule", "before", "now", "verdict", "why")


def watched_text(found: WatchResult, style: Style = PLAIN) -> str:
    """Each agent with its rules and what was done about it."""
    return "\n".join("\n".join(_agent(each, style)) for each in found.agents) + "\n"


def _agent(agent: WatchedAgent, style: Style) -> Iterator[str]:
    yield style.paint(watch_title(agent), _ROLES[agent.verdict])
    rows = [ruling_cells(each) for each in agent.rulings]
    widths = [max((columns(row[index]) for row in rows), default=0) for index in range(len(HEAD) - 1)]
    for row in rows:
        padded = (cell + " " * (width - columns(cell)) for cell, width in zip(row, widths, strict=False))
        lead = "  " + "  ".join(padded) + "  "
        yield from style.wrap(row[-1], lead, " " * 6) if columns(lead) < style.width // 2 else [lead + row[-1]]
    for note in watch_notes(agent):
        yield from style.wrap(note, "  ")


def watch_title(agent: WatchedAgent) -> str:
    """Who, and what became of it."""
    beside = f", beside {_name(agent.before)}" if agent.before and agent.rulings else ""
    which = f", revision {_name(agent.live)}{beside}" if agent.live else ""
    if agent.verdict is not Verdict.FAILED:
        end = "it stays"
    elif agent.restored is not None:
        end = f"what revision {_name(agent.before)} holds serves again, as revision {agent.restored}"
    else:
        end = f"it serves on: {agent.kept}" if agent.kept else "nothing was restored (--dry-run)"
    return f"{agent.key}{which}: {WORDS[agent.verdict]}; {end}"


def _name(revision: Revision | None) -> str:
    if revision is None:
        return "none"
    return str(revision.number) if revision.number is not None else revision.revision_id


def ruling_cells(ruling: Ruling) -> tuple[str, ...]:
    """One rule, in the order of HEAD."""
    why = ruling.why
    if ruling.verdict is Verdict.INCONCLUSIVE and ruling.finds is not None:
        why += f"; {PLANNED} calls would show a difference of {ruling.finds * 100:.0f} points"
    return (
        rule_text(ruling),
        _figure(ruling, ruling.old) if ruling.rule.limit.is_relative else "-",
        _figure(ruling, ruling.new),
        WORDS[ruling.verdict],
        on_one_line(why),
    )


def rule_text(ruling: Ruling) -> str:
    """As the environment has it."""
    rule = ruling.rule
    amount = f"{rule.amount:g} ms" if rule.metric == WATCH_LATENCY else f"{rule.amount * 100:g}%"
    answer = f" = {rule.answer}" if rule.answer is not None else ""
    return on_one_line(f"{rule.metric}{answer} {rule.limit.value} {amount}")


def _figure(ruling: Ruling, good: Count) -> str:
    """The share that the metric counts; for the latency, the share that took no longer than the limit."""
    if not good.calls:
        return "no calls"
    is_bad_counted = ruling.limit_ms is None and ruling.rule.limit in (WatchLimit.RISE, WatchLimit.MOST)
    share = 1 - good.share if is_bad_counted else good.share
    in_time = f" within {ruling.limit_ms:.0f} ms" if ruling.limit_ms is not None else ""
    return f"{share:.1%} of {good.calls}{in_time}"


def watch_notes(agent: WatchedAgent) -> Iterator[str]:
    """What a reader has to know beside the table."""
    if agent.why is not None:
        yield on_one_line(agent.why)
    if agent.rulings:
        yield f"calls judged: {_side(agent.new_calls)} since, {_side(agent.old_calls)} before"
    if agent.unchanged == ():
        yield "no other agent served unchanged meanwhile, so an outage of all of them would not have been noticed"
    elif agent.unchanged:
        yield f"unchanged agents looked at, to rule out an outage: {', '.join(agent.unchanged)}"
    wanted = [each.rule.metric for each in agent.rulings if each.rule.metric.startswith(WATCH_DISPOSITION)]
    unknown = [name for name in wanted if name.removeprefix(WATCH_DISPOSITION) not in agent.new_calls.metrics]
    if unknown and agent.new_calls.calls:
        known = ", ".join(agent.new_calls.metrics) or "none"
        yield on_one_line(f"no call has {', '.join(unknown)}; the disposition metrics of these calls: {known}")


def _side(side: JudgedCalls) -> str:
    out = ", ".join(f"{count} {reason}" for reason, count in sorted(side.left_out.items()))
    return f"{side.calls}" + (f" (left out: {out})" if out else "")
