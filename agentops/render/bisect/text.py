"""Where a call script began to fail, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from agentops.apply.rollback import commit_in
from agentops.compare.bisect_result import BisectResult, CalledRevision
from agentops.compare.bisection import Boundary, NotFound, Tally
from agentops.document import Revision, label_text
from agentops.plan.agent_diff import AgentDiff
from agentops.render.compare.text import revision_name
from agentops.render.plan.parts import joined
from agentops.render.plan.text_fields import field_lines
from agentops.render.style import PLAIN, Style, plural
from agentops.render.visible import all_visible, on_one_line


def bisected_text(found: BisectResult, diff: AgentDiff | None, style: Style = PLAIN) -> str:
    """The revision, its commit and what it changed, both recordings, and every call that it is known from."""
    return "\n".join(_lines(found, diff, style)) + "\n"


def _lines(found: BisectResult, diff: AgentDiff | None, style: Style) -> Iterator[str]:
    match found.end:
        case Boundary(good, bad):
            yield style.paint(f"{found.key}: {found.script} began to fail in {_named(found.revisions[bad])}", "bad")
            if bad - good > 1:
                between = ", ".join(revision_name(each) for each in found.revisions[good + 1 : bad])
                yield f"or in one of those before it, whose calls did not settle it: {between}"
            yield f"  last good:  {_named(found.revisions[good])}: {_calls(found.called_at(good))}"
            yield f"  first bad:  {_named(found.revisions[bad])}: {_calls(found.called_at(bad))}"
            yield f"  commit:     {commit_in(found.revisions[bad].label) or 'not known: the label names none'}"
            yield from _changes(diff, style)
        case NotFound(why):
            ends = f"revisions {revision_name(found.revisions[0])} to {revision_name(found.revisions[-1])}"
            yield style.paint(f"{found.key}: {found.script}: nothing was found in {ends}: {why}", "change")
    yield ""
    yield "called:"
    for each in found.called:
        yield f"  {_named(each.revision)}: {tally_text(each.tally)}"


def _named(revision: Revision) -> str:
    who = f" by {revision.published_by}" if revision.published_by else ""
    when = f", {revision.published_at}{who}" if revision.published_at else ""
    text = label_text(revision.label)
    return on_one_line(f"revision {revision_name(revision)}{when}" + (f" ({text})" if text else ""))


def _calls(heard: CalledRevision) -> str:
    return f"{tally_text(heard.tally)}; listen: {heard.pages[-1]}"


def tally_text(tally: Tally) -> str:
    """`failed 2 of 3 calls`, and how many of them say nothing."""
    word, count = ("failed", tally.failed) if tally.failed > tally.passed else ("passed", tally.passed)
    unclear = f", {tally.inconclusive} inconclusive" if tally.inconclusive else ""
    return f"{word} {count} of {plural(tally.calls, 'call')}{unclear}"


def _changes(diff: AgentDiff | None, style: Style) -> Iterator[str]:
    if diff is None:
        return
    yield "  changed:" if diff.fields else "  changed:    nothing that can be compared"
    for field in joined(all_visible(diff).fields):
        yield from field_lines(field, style)
