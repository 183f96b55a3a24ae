"""The pages that a CI job writes on GitHub: the plan's comment, the summaries of its runs, the drift issue.

The plan and the calls have their own Markdown; here it gets where it comes from and what follows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agentops.apply.model import AgentResult, ApplyResult, Outcome, Verdict
from agentops.diagnostics import Diagnostic, Severity
from agentops.errors import AgentopsError, ExitCode
from agentops.plan.model import AgentChange, Plan, ResourceChange
from agentops.render.drift.advice import advice
from agentops.render.markdown import inline, table_lines
from agentops.render.plan.markdown import plan_markdown
from agentops.render.plan.markdown_fields import moved_lines
from agentops.render.plan.parts import joined
from agentops.render.plan.values import DRIFT_WORDS
from agentops.render.style import plural

_HEAD = ("", "agent", "outcome", "serves now")
_SIGNS = {
    Outcome.APPLIED: "✅",
    Outcome.UNCHANGED: "➖",
    Outcome.SKIPPED: "➖",
    Outcome.FAILED: "❌",
    Outcome.UNKNOWN: "❓",
    Outcome.ROLLED_BACK: "⏪",
    Outcome.NOT_ATTEMPTED: "⏹️",
}


_ASKS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class JobOrigin:
    """The commit that was looked at and the run that looked. Addresses are GitHub's own, safe to link."""

    commit: str
    commit_url: str
    run_url: str

    def __str__(self) -> str:
        return f"[`{self.commit[:10]}`]({self.commit_url}), [this run]({self.run_url})"


def plan_page(
    plan: Plan,
    origin: JobOrigin,
    *,
    is_protected: bool,
    diagnostics: Sequence[Diagnostic] = (),
    destinations: Sequence[str] = (),
) -> str:
    """The plan with what merging it means. `diagnostics` are those of the checkout that the plan does not hold,
    `destinations` what the change moves of where keys and secrets go: it stands above everything."""
    lines = []
    if destinations:
        lines += ["> [!WARNING]", "> **High risk: this changes where keys and secrets go, or come from.**"]
        lines += [*(f"> - {inline(each)}" for each in destinations), ""]
    lines += [
        plan_markdown(plan).rstrip("\n"),
        "",
        *diagnostics_list(diagnostics),
        _consequence(plan, is_protected),
        "",
    ]
    return "\n".join([*lines, f"<sub>Planned from {origin}.</sub>"]) + "\n"


def _consequence(plan: Plan, is_protected: bool) -> str:
    if plan.is_empty and plan.is_applyable:
        return f"Merging this changes nothing in `{plan.environment}`."
    if not plan.is_applyable:
        return "\n".join(
            [f"Merging this would be refused in `{plan.environment}`, for the reasons above.", *_asks(plan)]
        )
    if is_protected:
        return (
            f"**Merging this approves the digest `{plan.digest}` for `{plan.environment}`.** "
            "If anything moves before it is applied, the apply is refused."
        )
    return f"Merging this applies it to `{plan.environment}`."


def _asks(plan: Plan) -> list[str]:
    """The comments that would acknowledge what can be, where nothing else refuses the plan."""
    names = [
        f"{each.acknowledgement}:{each.agent}" if each.agent else each.acknowledgement
        for each in plan.refusals
        if each.acknowledgement is not None
    ]
    if not names or len(names) < len(plan.refusals) or len(names) > _ASKS_SHOWN:
        return []
    comments = [f"- `/agentops ack {name} {plan.digest}`" for name in dict.fromkeys(names)]
    return ["", "If it is meant, somebody with write access comments, and the job is run again:", "", *comments]


def diagnostics_list(diagnostics: Sequence[Diagnostic]) -> list[str]:
    """One line per problem, errors first; empty when there is none."""
    order = list(Severity)
    ranked = sorted(diagnostics, key=lambda d: order.index(d.severity))
    rows = []
    for each in ranked:
        place = f" `{each.where}`" if each.where else ""
        rows.append(f"- {each.severity.value} **{inline(each.code)}**{place}: {inline(each.summary)}{_hint(each.hint)}")
    return [*rows, ""] if rows else []


def _hint(hint: str | None) -> str:
    return f". Next: {inline(hint)}" if hint else ""


def checked_page(environment: str, diagnostics: Sequence[Diagnostic], origin: JobOrigin) -> str:
    """What a pull request without secrets gets: the checks that need none, and why there is no plan."""
    wrong = sum(d.is_error for d in diagnostics)
    verdict = f"{plural(wrong, 'problem')} in the project's files" if wrong else "the project's files are valid"
    return "\n".join(
        [
            f"### agentops checks for `{environment}`: {verdict}",
            "",
            "> [!NOTE]",
            "> **Checked, not planned.** GitHub gives no secrets to pull requests from forks and from Dependabot, so",
            "> nothing was compared with the account. Somebody with write access can push the branch here for a plan.",
            "",
            *diagnostics_list(diagnostics),
            f"<sub>Checked from {origin}.</sub>",
            "",
        ]
    )


def failure_page(command: str, environment: str, error: AgentopsError, origin: JobOrigin) -> str:
    """A command that could not do its work: what happened and what to do."""
    lines = [
        f"### ❌ agentops {command} for `{environment}` failed",
        "",
        f"**{inline(error.code)}** (exit code {int(error.exit_code)}): {inline(error.summary)}",
        "",
    ]
    if error.hint:
        lines += [f"Next: {inline(error.hint)}", ""]
    lines += diagnostics_list(getattr(error, "diagnostics", ()))
    return "\n".join([*lines, f"<sub>From {origin}.</sub>"]) + "\n"


def apply_page(result: ApplyResult, origin: JobOrigin, *, approved_by: str = "") -> str:
    """The result of an apply: every agent, what the calls heard, and the way back when it was rolled back."""
    sign = "✅" if result.exit_code is ExitCode.DONE else "❌"
    lines = [f"### {sign} agentops apply to `{result.environment}`: {_counts(result)}", ""]
    if approved_by:
        lines += [f"Digest `{result.digest}`, approved by {approved_by}.", ""]
    lines += _agents(result)
    if any(agent.outcome is Outcome.ROLLED_BACK for agent in result.agents):
        lines += [
            "> [!WARNING]",
            f"> Git is ahead of what serves: [`{origin.commit[:10]}`]({origin.commit_url}) was rolled back. Revert it, "
            f"or fix it and deploy that: `git revert {origin.commit[:10]}`, with `--mainline 1` where it is a merge.",
            "",
        ]
    return "\n".join([*lines, f"<sub>Applied from {origin}.</sub>"]) + "\n"


def _counts(result: ApplyResult) -> str:
    counts = [f"{count} {outcome.value.replace('_', ' ')}" for outcome, count in result.counts.items() if count]
    return ", ".join(counts) or "nothing to do"


def _agents(result: ApplyResult) -> list[str]:
    """A row for every agent, and below it what there is to say about some."""
    if not result.agents:
        return []
    lines = [*table_lines(_HEAD, map(_cells, result.agents)), ""]
    for agent in result.agents:
        lines += _details(agent)
    for each in result.resources:
        if each.outcome is not Outcome.UNCHANGED:
            why = f": {inline(each.problem.summary)}" if each.problem else ""
            why += f": {inline(each.detail)}" if each.detail else ""
            lines.append(f"- `{each.address}` {each.action.value}: {each.outcome.value.replace('_', ' ')}{why}")
    return lines


def rollback_page(result: ApplyResult, origin: JobOrigin, commits: Mapping[str, str]) -> str:
    """An earlier revision that is back in service. `commits`: by agent, the one that deployed what was taken back."""
    sign = "✅" if result.exit_code is ExitCode.DONE else "❌"
    lines = [f"### {sign} agentops rollback in `{result.environment}`: {_counts(result)}", "", *_agents(result)]
    if result.exit_code is ExitCode.DONE:
        lines += ["> [!WARNING]", "> Git is ahead of what serves now, and the next apply says so."]
        lines += [f"> Revert `{inline(commit)}`, which deployed `{key}`." for key, commit in commits.items()]
        lines += [""] if commits else ["> Revert the commit whose deploy was taken back.", ""]
    return "\n".join([*lines, f"<sub>Asked for in {origin}.</sub>"]) + "\n"


def preview_page(result: ApplyResult, name: str, origin: JobOrigin) -> str:
    """What became of the copies of agents under one name."""
    sign = "✅" if result.exit_code is ExitCode.DONE else "❌"
    lines = [f"### {sign} agentops preview `{name}`: {_counts(result)}", ""]
    lines += _agents(result)
    return "\n".join([*lines, f"<sub>From {origin}.</sub>"]) + "\n"


def _cells(agent: AgentResult) -> tuple[str, ...]:
    stage = f" at {agent.stage.value}" if agent.stage and agent.outcome in (Outcome.FAILED, Outcome.UNKNOWN) else ""
    serving = "-"
    if agent.serving_revision_id:
        serving = f"revision {agent.serving_number}" if agent.serving_number else f"`{agent.serving_revision_id}`"
    words = agent.outcome.value.replace("_", " ")
    return _SIGNS[agent.outcome], f"`{agent.key}`", words + stage, serving


def _details(agent: AgentResult) -> Iterator[str]:
    facts: list[str] = []
    if agent.detail and agent.outcome in (Outcome.NOT_ATTEMPTED, Outcome.SKIPPED, Outcome.FAILED, Outcome.UNKNOWN):
        facts.append(inline(agent.detail))
    if agent.problem:
        facts.append(f"**{inline(agent.problem.code)}**: {inline(agent.problem.summary)}{_hint(agent.problem.hint)}")
    if agent.calls and agent.outcome is Outcome.APPLIED:
        facts.append(inline(agent.calls))
    if agent.verdict and agent.verdict.verdict is not Verdict.PASSED:
        facts += [
            f"calls {agent.verdict.verdict.value}:",
            *(f"  - {inline(t)}" for t in agent.verdict.text.splitlines()),
        ]
    facts += [f"warning: {inline(warning)}" for warning in agent.warnings]
    if facts:
        yield f"`{agent.key}`"
        yield ""
        yield from (line if line.startswith("  ") else f"- {line}" for line in facts)
        yield ""


def drifted_agents(plan: Plan) -> tuple[AgentChange, ...]:
    """The agents whose live configuration was changed outside git."""
    return tuple(change for change in plan.changes if change.is_drifted)


def drifted_resources(plan: Plan) -> tuple[ResourceChange, ...]:
    """The tools, knowledge bases and webhooks that were changed outside git."""
    return tuple(change for change in plan.resources if change.is_drifted)


def drift_title(plan: Plan) -> str:
    agents, shared = drifted_agents(plan), drifted_resources(plan)
    counts = [plural(len(agents), "agent")] if agents or not shared else []
    counts += [plural(len(shared), "shared resource")] if shared else []
    return f"{plan.environment}: {' and '.join(counts)} changed outside git"


def drift_page(plan: Plan) -> str:
    """The issue's text. It holds no time of its own and no run number: the same drift is the same text."""
    lines = [f"What serves calls in `{plan.environment}` is not what was last deployed from git.", ""]
    for change in drifted_agents(plan):
        lines += [*_edited(change), f"Next: {advice(change, plan.environment)}.", ""]
    for resource in drifted_resources(plan):
        lines += [f"**`{resource.address}`** {inline(resource.drift_detail)}", ""]
    last = "This issue follows the drift: it is updated while there is some and closed when there is none."
    return "\n".join([*lines, last, ""])


def _edited(change: AgentChange) -> list[str]:
    """Who changed what of one agent outside git."""
    detail = f": {inline(change.drift_detail)}" if change.drift_detail else ""
    lines = [f"**`{change.key}`** {DRIFT_WORDS[change.drift]}{detail}", ""]
    for field in joined(change.drift_fields):
        lines += moved_lines(field)
    return [*lines, *("" for _ in change.drift_fields[:1])]


def pull_page(plan: Plan, run_url: str) -> str:
    """The text of the pull request that brings console edits into git: whose they are, and what merging it means."""
    lines = [f"Somebody changed what serves calls in `{plan.environment}` in the console ([run]({run_url})).", ""]
    for change in drifted_agents(plan):
        lines += _edited(change)
    lines += [
        "Merging this brings git in line with it. To undo the edits instead, close it and apply what is in git:",
        "",
    ]
    return "\n".join([*lines, f"`agentops apply -e {plan.environment} --overwrite-drift`", ""])


def drift_over_page(plan: Plan, run_url: str) -> str:
    """The last comment on a drift issue, before it is closed."""
    return f"`{plan.environment}` serves what was deployed from git again ([run]({run_url}))."


def revert_page(commit: str, commit_url: str, environment: str, run_url: str, keys: Sequence[str] = ()) -> str:
    """The text of the pull request that sets the files of these agents back, or takes a commit back."""
    taken_back = ", ".join(f"`{key}`" for key in keys) or f"What [`{commit[:10]}`]({commit_url}) deployed"
    were = "were" if len(keys) > 1 else "was"
    return (
        f"{taken_back} {were} rolled back in `{environment}` ([what happened]({run_url})).\n"
        "What served before serves again; merging this brings git in line with it.\n"
    )
