"""A campaign's results as one page: figures, and bars for what was counted. No script, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from agentops.campaigns.results import Results
from agentops.render.campaign.text import CHANGED, known
from agentops.render.page import html_page
from agentops.render.visible import all_visible

_STYLE = """
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th { text-align: left; font-weight: normal; width: 45%; }
td.count { width: 4rem; text-align: right; padding-right: .6rem; } td div { background: var(--bar); height: .8rem; }
"""


def results_html(name: str, status: str, results: Results) -> str:
    """The page."""
    title = all_visible(f"{name}: {status}")
    figures = {
        "people in the audience": results.people,
        "people called": results.called,
        "people reached": results.reached,
        "people called again": results.retried,
        "calls": results.calls,
        "calls answered": results.answered,
    }
    parts = [
        f"<h1>{escape(title)}</h1>",
        _bars("People and calls", figures),
        f"<p>{results.minutes:.1f} minutes of calls, cost {known(results.cost, '{:.2f}')}</p>",
        _bars("Not completed, by reason", results.failed),
        *(_bars(metric, values) for metric, values in results.dispositions.items()),
        _bars("Calls by hour (UTC)", results.by_hour),
        _bars("Calls by revision of the agent", results.revisions),
        f"<p>{CHANGED}</p>" if len(results.revisions) > 1 else "",
    ]
    return html_page(title, parts, _STYLE)


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
