"""Running the lint rules over a project, with the severities and suppressions that people have chosen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agentops.closest import closest
from agentops.diagnostics import Diagnostic, Severity
from agentops.spec.lint import prompts, resources, safety, settings, spoken  # noqa: F401 - importing enters their rules
from agentops.spec.lint.registry import RULES as RULES
from agentops.spec.lint.registry import SETTINGS as SETTINGS
from agentops.spec.lint_target import FileTarget, FolderTarget
from agentops.spec.model.agent import Suppression
from agentops.spec.model.project import LintSpec
from agentops.spec.project import Project
from agentops.spec.suppression import SUPPRESSIBLE, matches


def lint_project(project: Project) -> tuple[Diagnostic, ...]:
    """Everything the rules find in the agents of `project` and in what they share, beside the diagnostics it already
    has; sorted by place."""
    chosen = _settings_of(project)
    found = list(_bad_settings(project, chosen))
    for each in project.resolved:
        target = replace(each.target, settings=dict(chosen.settings or {}))
        found += _suppressed(target, [*_findings(target, chosen), *each.suppressed])
    for shared in project.resource_targets():
        shared.settings = dict(chosen.settings or {})
        found += _suppressed(shared, list(_findings(shared, chosen)))
    for folder in project.folders():
        found += _findings(folder, chosen)
    found += project.diagnostics
    order = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
    unique = {(each.code, each.where, each.summary): each for each in found}

    def place(found: Diagnostic) -> tuple[str, int, int]:
        where = found.where
        return str(where and where.file), where.line if where else 0, order[found.severity]

    return tuple(sorted(unique.values(), key=place))


def lint_errors(project: Project, sources: Iterable[str] | None = None) -> tuple[Diagnostic, ...]:
    """What the rules call an error, in what these files describe or in all: secrets in texts, empty prompts.

    For those who deploy: each names its agent, or its tool, and is acknowledged, or not, by its code. What a file
    suppresses, with a reason, or the project switches off, is no error. What the project itself has as a diagnostic is
    not repeated.
    """
    chosen = _settings_of(project)
    named = frozenset(sources) if sources is not None else None
    agents = (
        (file for file in project.context.files.specs() if named is None or file in named) if project.context else ()
    )
    targets: list[FileTarget] = [each.target for each in project.resolve(agents)]
    targets += [each for each in project.resource_targets() if named is None or each.read[0] in named]
    found: list[Diagnostic] = []
    for target in targets:
        target.settings = dict(chosen.settings or {})
        errors = [finding for finding in _findings(target, chosen) if finding.is_error]
        off = target.spec.lint or ()
        found += [each for each in errors if not any(matches(suppression, each) for suppression in off)]
    return tuple(found)


def _settings_of(project: Project) -> LintSpec:
    chosen = project.context.lint if project.context is not None else None
    return chosen or LintSpec()


def _findings(target: FileTarget | FolderTarget, chosen: LintSpec) -> Iterable[Diagnostic]:
    severities = chosen.rules or {}
    for rule in RULES.values():
        if not isinstance(target, rule.of):
            continue
        wanted = severities.get(rule.code, rule.severity.value)
        if wanted == "off":
            continue
        for finding in rule.check(target):
            yield target.problem(
                rule.code, Severity(wanted), finding.path, finding.summary, finding.hint, needle=finding.needle
            )


def _suppressed(target: FileTarget, found: list[Diagnostic]) -> list[Diagnostic]:
    """`found` without what the spec suppresses, and with a warning for every suppression that suppresses nothing."""
    kept = list(found)
    for index, suppression in enumerate(target.spec.lint or ()):
        matching = [each for each in kept if matches(suppression, each)]
        kept = [each for each in kept if each not in matching]
        if not matching:
            kept.append(_useless(target, index, suppression))
    return kept


def _useless(target: FileTarget, index: int, suppression: Suppression) -> Diagnostic:
    known = [*RULES, *SUPPRESSIBLE]
    path = ("lint", index, "rule")
    if suppression.rule in known:
        summary = f"{suppression.rule} finds nothing here, so there is nothing to suppress"
        return target.problem("unused-suppression", Severity.WARNING, path, summary, "remove the suppression")
    near = closest(suppression.rule, known)
    hint = f"did you mean {near}?" if near else "`agentops explain` lists the rules"
    summary = f"there is no rule {suppression.rule!r} that can be suppressed"
    return target.problem("unknown-rule", Severity.WARNING, path, summary, hint)


def _bad_settings(project: Project, chosen: LintSpec) -> Iterable[Diagnostic]:
    """Rules and thresholds in `agentops.yaml` that do not exist."""
    for names, known, what in ((chosen.rules, RULES, "rule"), (chosen.settings, SETTINGS, "lint setting")):
        for name in names or {}:
            if name not in known:
                near = closest(name, known)
                hint = f"did you mean {near}?" if near else f"known: {', '.join(known)}"
                where = project.place("lint", "rules" if what == "rule" else "settings", name)
                yield Diagnostic("unknown-rule", Severity.WARNING, f"there is no {what} {name!r}", hint, where)
