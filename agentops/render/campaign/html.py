"""A campaign's results as one page: figures, and bars for what was counted. No script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from agentops.campaigns.results import Results
from agentops.render.campaign.text import CHANGED, known
from agentops.render.visible import all_visible

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;width:100%}th{text-align:left;font-weight:normal;width:14rem}"
    "td.count{width:4rem;text-align:right}td div{background:#36c;height:.8rem}"
)


def results_html(name: str, status: str, results: Results) -> str:
    """The page."""
    title = escape(all_visible(f"{name}: {status}"))
    figures = {
        "people in the audience": results.people,
        "people called": results.called,
        "people reached": results.reached,
        "people called again": results.retried,
        "calls": results.calls,
        "calls answered": results.answered,
    }
    parts = [
        _bars("People and calls", figures),
        f"<p>{results.minutes:.1f} minutes of calls, cost {known(results.cost, '{:.2f}')}</p>",
        _bars("Not completed, by reason", results.failed),
        *(_bars(metric, values) for metric, values in results.dispositions.items()),
        _bars("Calls by hour (UTC)", results.by_hour),
        _bars("Calls by revision of the agent", results.revisions),
        f"<p>{CHANGED}</p>" if len(results.revisions) > 1 else "",
    ]
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    head += f"<title>{title}</title><style>{_STYLE}</style>"
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body><h1>{title}</h1>{"".join(parts)}</body></html>\n'


def _bars(title: str, counts: Mapping[str, int]) -> str:
    """A table whose last column is a plot: the longest bar is the largest count."""
    if not counts:
        return ""
    most = max(*counts.values(), 1)
    rows = "".join(
        f'<tr><th scope="row">{escape(all_visible(each))}</th><td class="count">{count}</td>'
        f'<td><div style="width:{100 * count / most:.1f}%"></div></td></tr>'
        for each, count in counts.items()
    )
    return f"<h2>{escape(all_visible(title))}</h2><table>{rows}</table>"
