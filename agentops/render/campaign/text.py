"""A campaign as text: what starting it would do, and how it went."""

from __future__ import annotations

from collections.abc import Mapping

from agentops.campaigns.checks import CampaignEstimate, CampaignReport
from agentops.campaigns.results import Results
from agentops.render.style import plural

CHANGED = "The agent was changed while the campaign ran."


def report_text(report: CampaignReport) -> str:
    """What starting would do, and the reasons against it."""
    when = "now, at the start" if report.at is None else f"for {report.at:%Y-%m-%d %H:%M} UTC"
    lines = [
        f"{report.name} in {report.environment}: {report.agent} (revision {report.revision}) would call "
        f"{people_text(report.people)}; {report.status or 'not created yet'}",
        *_estimate_lines(report.estimate, report.credits),
        *(f"  not available from the account: {each}" for each in report.unanswered),
        f"  The window is checked {when}; the platform itself keeps none.",
    ]
    for refused in report.refused:
        lines += [f"refused: {refused.summary} [{refused.code}]", f"  next: {refused.hint}"]
    return "\n".join([*lines, f"digest: {report.digest}"])


def progress_text(name: str, status: str, results: Results) -> str:
    """How far a campaign has come, on one line."""
    return (
        f"{name}: {status}, {results.called} of {results.people} called, {results.reached} reached, "
        f"{plural(results.calls, 'call')}"
    )


def people_text(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


def _estimate_lines(estimated: CampaignEstimate, credits_left: float | None) -> list[str]:
    """The figures of an estimate; "not known" where the platform gives none."""
    source = f" (from the agent's last {plural(estimated.based_on, 'call')})" if estimated.based_on else ""
    return [
        f"  calls at once:   {known(estimated.concurrency, '{:d}')}",
        f"  minutes at most: {known(estimated.minutes, '{:.0f}')}{source}",
        f"  lasts at most:   {known(estimated.lasts_min, '{:.0f} min')}",
        f"  cost:            {known(estimated.cost, '{:.2f} credits')}",
        f"  credits left:    {known(credits_left, '{:.2f}')}",
    ]


def results_text(name: str, status: str, results: Results) -> str:
    """The results as a table."""
    lines = [
        f"{name}: {status}",
        f"  people    {results.people} in the audience, {results.called} called, {results.reached} reached, "
        f"{results.retried} called again",
        f"  calls     {results.calls}, {results.answered} answered, {results.minutes:.1f} minutes",
        f"  cost      {known(results.cost, '{:.2f}')}",
    ]
    lines += _table("not completed, by reason", results.failed)
    for metric, values in results.dispositions.items():
        lines += _table(metric, values)
    lines += _table("calls by hour (UTC)", results.by_hour)
    lines += _table("calls by revision of the agent", results.revisions)
    if len(results.revisions) > 1:
        lines.append(CHANGED)
    return "\n".join(lines) + "\n"


def _table(title: str, counts: Mapping[str, int]) -> list[str]:
    width = max((len(each) for each in counts), default=0)
    return [f"  {title}", *(f"    {each:<{width}}  {count}" for each, count in counts.items())] if counts else []


def known(value: float | None, form: str) -> str:
    return "not known" if value is None else form.format(value)
