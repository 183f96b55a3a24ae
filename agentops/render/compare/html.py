"""A comparison of two revisions as one HTML file: no script, no outside resource, plots that need no colour."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from agentops.compare.comparison import Comparison, Finding, Measure
from agentops.render.compare.text import HEAD, cells, notes, sides, title

_STYLE = """
:root { color-scheme: light dark; --line: #8884; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } table { border-collapse: collapse; width: 100%; font-size: .9rem; }
td, th { text-align: left; padding: .3rem .6rem .3rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
svg { width: 12rem; height: 1.5rem; stroke: currentColor; fill: currentColor; }
"""
_HALF, _MIDDLE = 90, 100  # the plot is 200 wide, with "no difference" in its middle


def comparison_html(found: Comparison) -> str:
    """The whole comparison as a complete document."""
    body = "\n".join(_body(found))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title(found))}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _body(found: Comparison) -> Iterator[str]:
    yield f"<h1>{escape(title(found))}</h1>"
    yield from (f"<p>{escape(line)}</p>" for line in sides(found))
    heads = "".join(f"<th>{escape(head)}</th>" for head in (*HEAD, "lower · same · higher"))
    yield f"<table><thead><tr>{heads}</tr></thead><tbody>"
    for measure in found.measures:
        shown = "".join(f"<td>{escape(cell)}</td>" for cell in cells(measure))
        yield f"<tr>{shown}<td>{_plot(measure)}</td></tr>"
    yield "</tbody></table>"
    yield "<p>A bar is the interval of the difference, each on a scale of its own; the dashed line is no difference. "
    yield "A filled mark: the revisions differ. An empty one: no difference is shown, or there are too few calls.</p>"
    yield from (f"<p>{escape(note)}</p>" for note in notes(found))


def _plot(measure: Measure) -> str:
    """The interval as a bar with ends, the difference as a mark, nothing where there is no interval."""
    interval, difference = measure.interval, measure.difference
    if interval is None or difference is None:
        return ""
    widest = max(abs(interval.low), abs(interval.high)) or 1.0
    low, at, high = (_MIDDLE + _HALF * value / widest for value in (interval.low, difference, interval.high))
    fill = "currentColor" if measure.finding in (Finding.HIGHER, Finding.LOWER) else "none"
    said = escape(", ".join(cells(measure)), quote=True)
    return (
        f'<svg viewBox="0 0 200 24" role="img" aria-label="{said}">'
        f'<path d="M{_MIDDLE} 0V24" stroke-dasharray="3 3"/>'
        f'<path d="M{low:.1f} 12H{high:.1f}M{low:.1f} 6V18M{high:.1f} 6V18" stroke-width="2"/>'
        f'<circle cx="{at:.1f}" cy="12" r="5" fill="{fill}" stroke-width="2"/></svg>'
    )
