"""Which calls an apply of a plan would make; the plan shows them. Nobody is called from here."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agentops.calls.selection import estimate_s, is_called_for
from agentops.diagnostics import has_errors
from agentops.document import Deploy
from agentops.fields import Category
from agentops.plan.build import with_refusals
from agentops.plan.model import Action, AgentChange, ExpectedCalls, Plan
from agentops.plan.safety import refuse_uncalled
from agentops.spec import Project
from agentops.workflow.scripts import LoadedScript, check_scripts, load_script
from agentops.workflow.selecting import as_warnings

_KNOWN = frozenset(category.value for category in Category)


@dataclass(frozen=True, slots=True)
class CallSettings:
    """The options of the command line about calls. `smoke` overrides the environment's own setting; None follows it."""

    smoke: bool | None = None
    gate_preview: bool = False

    def times(self, deploy: Deploy, change: AgentChange) -> int:
        """How often an agent's scripts are called: on a copy before it goes live, on the agent after that."""
        after = int(deploy.smoke if self.smoke is None else self.smoke)
        before = int(deploy.gate_preview or self.gate_preview)
        return after + before if change.is_deploy else after if change.action is Action.CALL else 0


AS_CONFIGURED = CallSettings()


def is_called(change: AgentChange, loaded: LoadedScript) -> bool:
    """Whether a change needs this script called. A new, restored or untested agent is called by all its scripts."""
    is_change = change.action in (Action.UPDATE, Action.GO_LIVE) and change.uncalled_since is None
    categories = frozenset(category.value for category in change.categories) if is_change else frozenset[str]()
    return is_called_for(loaded.script, categories, _KNOWN)


def expect_calls(
    plan: Plan, project: Project, settings: CallSettings, acknowledged: frozenset[str] = frozenset()
) -> Plan:
    """`plan` with the mistakes in scripts that specs name, and with the calls of the agents that are called.

    A mistake in the script of an agent that is not in the plan is only a warning.
    """
    keys = {change.key for change in plan.changes}
    mine = replace(project, agents=tuple(agent for agent in project.agents if agent.key in keys))
    problems = check_scripts(mine)
    others = replace(project, agents=tuple(agent for agent in project.agents if agent.key not in keys))
    plan = replace(plan, diagnostics=(*plan.diagnostics, *problems, *as_warnings(check_scripts(others))))
    deploy = project.environment.deploy
    if has_errors(problems):
        return plan
    changes = tuple(
        replace(change, calls=_expected(change, project, times))
        if (times := settings.times(deploy, change))
        else change
        for change in plan.changes
    )
    found = refuse_uncalled(changes, deploy.call_minutes)
    return with_refusals(replace(plan, changes=changes), found, acknowledged)


def _expected(change: AgentChange, project: Project, times: int) -> ExpectedCalls:
    agent = change.desired
    loaded = [load_script(project.root, file, project.environment) for file in agent.calls] if agent else []
    chosen = [each for each in loaded if is_called(change, each)]
    kinds = ", ".join(sorted(category.value for category in change.categories))
    return ExpectedCalls(
        scripts=len(loaded),
        called=len(chosen),
        minutes=times * sum(estimate_s(each.script) for each in chosen) / 60,
        reason=f"none fits a change of {kinds}" if loaded else (agent.no_calls_reason or "" if agent else ""),
    )
