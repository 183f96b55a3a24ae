"""A comparison of two revisions as one HTML file: no script, no outside resource, plots that need no colour."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from agentops.compare.comparison import Measure, MeasureFinding, RevisionComparison
from agentops.render.compare.text import HEAD, comparison_notes, comparison_title, measure_cells, sides
from agentops.render.page import html_page, table

_STYLE = "svg { width: 100%; max-width: 12rem; height: 1.5rem; stroke: currentColor; fill: currentColor; }"
_SHARES = (20, 10, 10, 15, 15, 13, 17)  # of the width, in percent
_HALF, _MIDDLE = 90, 100  # the plot is 200 wide, with "no difference" in its middle


def comparison_html(found: RevisionComparison) -> str:
    """The whole comparison as a complete document."""
    return html_page(comparison_title(found), _body(found), _STYLE)


def _body(found: RevisionComparison) -> Iterator[str]:
    yield f"<h1>{escape(comparison_title(found))}</h1>"
    yield from (f"<p>{escape(line)}</p>" for line in sides(found))
    columns = dict(zip((*HEAD, "lower · same · higher"), _SHARES, strict=True))
    yield table(columns, ((*map(escape, measure_cells(measure)), _plot(measure)) for measure in found.measures))
    yield "<p>A bar is the interval of the difference, each on a scale of its own; the dashed line is no difference. "
    yield "A filled mark: the revisions differ. An empty one: no difference is shown, or there are too few calls.</p>"
    yield from (f"<p>{escape(note)}</p>" for note in comparison_notes(found))


def _plot(measure: Measure) -> str:
    """The interval as a bar with ends, the difference as a mark, nothing where there is no interval."""
    interval, difference = measure.interval, measure.difference
    if interval is None or difference is None:
        return ""
    widest = max(abs(interval.low), abs(interval.high)) or 1.0
    low, at, high = (_MIDDLE + _HALF * value / widest for value in (interval.low, difference, interval.high))
    fill = "currentColor" if measure.finding in (MeasureFinding.HIGHER, MeasureFinding.LOWER) else "none"
    label = escape(", ".join(measure_cells(measure)), quote=True)
    return (
        f'<svg viewBox="0 0 200 24" role="img" aria-label="{label}">'
        f'<path d="M{_MIDDLE} 0V24" stroke-dasharray="3 3"/>'
        f'<path d="M{low:.1f} 12H{high:.1f}M{low:.1f} 6V18M{high:.1f} 6V18" stroke-width="2"/>'
        f'<circle cx="{at:.1f}" cy="12" r="5" fill="{fill}" stroke-width="2"/></svg>'
    )
