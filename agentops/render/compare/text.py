"""A comparison of two revisions for a terminal, and the words that the other formats share."""

from __future__ import annotations

from agentops.compare.call_totals import CallTotals
from agentops.compare.comparison import Figure, Measure, MeasureFinding, RevisionComparison, Unit
from agentops.document import Revision
from agentops.render.style import PLAIN, Style, columns
from agentops.render.visible import on_one_line

HEAD = ("measure", "old", "new", "difference", "95 % interval", "finding")


def comparison_text(found: RevisionComparison, style: Style = PLAIN) -> str:
    """A table, then what to know before believing it."""
    rows = [HEAD, *(measure_cells(each) for each in found.measures)]
    widths = [max(columns(row[index]) for row in rows) for index in range(len(HEAD))]
    lines = [style.paint(comparison_title(found), "strong"), *sides(found), ""]
    for row in rows:
        padded = (cell + " " * (width - columns(cell)) for cell, width in zip(row, widths, strict=True))
        lines.append("  ".join(padded).rstrip())
    return "\n".join([*lines, "", *(line for note in comparison_notes(found) for line in style.wrap(note, ""))]) + "\n"


def comparison_title(found: RevisionComparison) -> str:
    return f"{found.key}: revision {revision_name(found.new)} beside {revision_name(found.old)}"


def sides(found: RevisionComparison) -> tuple[str, str]:
    return _side("old", found.old, found.old_calls), _side("new", found.new, found.new_calls)


def _side(word: str, revision: Revision, calls: CallTotals) -> str:
    when = f", published {revision.published_at}" if revision.published_at else ""
    out = ", ".join(f"{count} {reason}" for reason, count in sorted(calls.left_out.items()))
    return f"{word}: revision {revision_name(revision)}{when}: {calls.ended} calls" + (
        f" (left out: {out})" if out else ""
    )


def revision_name(revision: Revision) -> str:
    return str(revision.number) if revision.number is not None else revision.revision_id


def comparison_notes(found: RevisionComparison) -> tuple[str, ...]:
    """What a reader has to know to take the figures for what they are."""
    types = ", ".join(found.call_types)
    ends = (("from", found.period.since), ("until", found.period.until))
    dates = "".join(f" {word} {at:%Y-%m-%d %H:%M} UTC" for word, at in ends if at is not None)
    began = f", that began{dates}" if dates else ""
    notes = [
        f"Calls of type {types} only{began}. Every interval misses the truth in about one of twenty comparisons.",
        "The revisions did not serve at the same time: other hours, other callers or an outage can make a difference.",
        "A call's turn latency is the median of its turns. Completion: answered, and ended by no error or time-out.",
    ]
    if found.free_text:
        notes.append(f"Free text is not compared: {on_one_line(', '.join(found.free_text))}.")
    return tuple(notes)


def measure_cells(measure: Measure) -> tuple[str, ...]:
    """The cells of one line, in the order of HEAD."""
    interval = measure.interval
    between = "-" if interval is None else f"{_signed(interval.low, measure)} to {_signed(interval.high, measure)}"
    difference = "-" if measure.difference is None else _signed(measure.difference, measure)
    figures = (_figure(each, measure.unit) for each in (measure.old, measure.new))
    return (on_one_line(measure.name), *figures, difference, between, finding_text(measure))


def finding_text(measure: Measure) -> str:
    if measure.finding is not MeasureFinding.TOO_FEW:
        return measure.finding.value
    return f"{MeasureFinding.TOO_FEW.value} ({measure.fewest} of about {round(measure.needed, -1)})"


def _figure(figure: Figure, unit: Unit) -> str:
    if figure.value is None:
        return "-"
    shown = f"{figure.value:.1%}" if unit is Unit.SHARE else f"{_number(figure.value)}{_suffix(unit)}"
    return f"{shown} of {figure.calls}"


def _signed(value: float, measure: Measure) -> str:
    """A difference; shares differ by percentage points."""
    if measure.unit is Unit.SHARE:
        return f"{value * 100:+.1f} pt"
    return f"{'+' if value >= 0 else '-'}{_number(abs(value))}{_suffix(measure.unit)}"


def _suffix(unit: Unit) -> str:
    return f" {unit.value}" if unit in (Unit.SECONDS, Unit.MILLISECONDS) else ""


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.4g}"
