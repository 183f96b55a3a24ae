"""Judges a plan by the project's policies: each agent that would be deployed, as it would serve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from agentops.diagnostics import Diagnostic, Severity
from agentops.errors import UsageError
from agentops.plan.build import with_refusals
from agentops.plan.codes import CODES
from agentops.plan.model import AgentChange, Plan, Refusal
from agentops.spec import Project, find_root
from agentops.spec.files import PROJECT_FILE, FileProblem, ProjectFiles
from agentops.spec.policies import Policy, Subject, is_met, read_policies
from agentops.spec.source_text import SourceError
from agentops.spec.template import TemplateError
from agentops.spec.tree import Map


def judge_plan(plan: Plan, project: Project, acknowledged: frozenset[str]) -> Plan:
    """`plan` with a refusal for each violated policy of severity error, and a diagnostic for each of another severity.

    Agents that stay as they are, and rollbacks, are not judged. The digest stays, since it covers the intention only.
    """
    refusals: list[Refusal] = []
    diagnostics: list[Diagnostic] = []
    for policy, change, what in _violations(plan, project):
        spec = policy.spec
        if spec.severity != "error":
            summary, severity = f"{change.key}: {what}", Severity(spec.severity)
            diagnostics.append(
                Diagnostic(spec.id, severity, summary, spec.hint or None, policy.where, agent=change.key)
            )
            continue
        hint = f"{spec.hint}; " if spec.hint else ""
        refusals.append(
            Refusal(
                code=spec.id,
                summary=f"{change.key}: {what} ({policy.where.file})",
                hint=f"{hint}if it is meant, pass `--ack {spec.id}:{change.key}`",
                agent=change.key,
                acknowledgement=spec.id,
            )
        )
    diagnostics += check_names(project)
    return with_refusals(replace(plan, diagnostics=(*plan.diagnostics, *diagnostics)), refusals, acknowledged)


def policies_at(start: Path) -> tuple[Policy, ...]:
    """The policies of the project at or above `start`, as far as they can be read; none if there is no project."""
    try:
        files = ProjectFiles(find_root(start))
        tree = files.tree(PROJECT_FILE)[0]
    except (UsageError, FileProblem, SourceError):
        return ()
    return read_policies(files, tree, tuple(tree.get("environments") or ()))[0] if isinstance(tree, Map) else ()


def check_names(project: Project) -> list[Diagnostic]:
    """Policies with the name of a refusal of our own: acknowledging one would acknowledge the other."""
    return [
        Diagnostic(
            "policy-name",
            Severity.ERROR,
            f"{policy.spec.id} is the name of a refusal already",
            f"give it another id; `agentops explain {policy.spec.id}` says what has the name",
            policy.where,
        )
        for policy in project.policies
        if policy.spec.id in CODES
    ]


def _violations(plan: Plan, project: Project) -> Iterator[tuple[Policy, AgentChange, str]]:
    variables = project.context.variables if project.context is not None else {}
    for change in plan.changes:
        subject = _subject(change) if change.is_deploy else None
        for policy in project.policies:
            if subject is None or not policy.is_about(plan.environment, change.key):
                continue
            try:
                holds = is_met(policy, subject, plan.environment, variables)
            except TemplateError as error:
                # A policy that can't be evaluated counts as violated: otherwise it would protect nobody.
                yield policy, change, f"{policy.spec.message}? This can't be checked, since {error.summary}"
            else:
                if not holds:
                    yield policy, change, policy.spec.message


def _subject(change: AgentChange) -> Subject | None:
    desired = change.desired
    if desired is None:
        return None
    live = change.observed.live if change.observed is not None else None
    return Subject(
        key=change.key,
        name=change.name,
        action=change.action.value,
        tags=desired.tags or {},
        calls=desired.calls,
        metadata=desired.metadata,
        config=desired.config,
        live=(live.document if live is not None else None) or {},
    )
