"""The verbs for people who write specs: validate, lint, fmt, render, schema."""

from __future__ import annotations

import sys
from enum import StrEnum
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops import __version__
from agentops.cli.collector import frozen_collector
from agentops.cli.options import AgentOption, EnvironmentOption, ProjectOption
from agentops.diagnostics import Diagnostic, Severity, has_errors
from agentops.errors import ExitCode, SpecError, UsageError
from agentops.settings import read_settings

if TYPE_CHECKING:
    from agentops.spec import Project
    from agentops.spec.provenance import Provenance


class DiagnosticFormat(StrEnum):
    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


class RenderFormat(StrEnum):
    YAML = "yaml"
    JSON = "json"


FormatOption = Annotated[DiagnosticFormat, typer.Option("--format", help="How to print what was found.")]


def validate(
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    output_format: FormatOption = DiagnosticFormat.TEXT,
) -> int:
    """Check every spec and call script, in every environment, and report all problems. Needs no secret's value."""
    from agentops.spec.lint import lint_errors
    from agentops.workflow.scripts import check_scripts

    found: list[Diagnostic] = []
    told: list[str] = []
    for name in _environments(project, environment):
        try:
            loaded = _load(project, name)
        except SpecError as error:
            found += error.diagnostics
            continue
        found += [*loaded.diagnostics, *check_scripts(loaded), *lint_errors(loaded)]
        told.append(_counted(loaded))
    return _report(_once(found), output_format, ", ".join(told))


def lint(
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    output_format: FormatOption = DiagnosticFormat.TEXT,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 for warnings too.")] = False,
) -> int:
    """Look for what is valid and still hurts a phone line, on top of everything that validate finds."""
    from agentops.spec.lint import lint_project

    loaded = _load(project, environment)
    found = lint_project(loaded)
    code = _report(found, output_format, _counted(loaded))
    has_warnings = any(each.severity is Severity.WARNING for each in found)
    return ExitCode.FAILED if strict and has_warnings else code


def render(
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    agent: AgentOption = None,
    explain_path: Annotated[
        str | None, typer.Option("--explain", metavar="PATH", help="Say where this value came from.")
    ] = None,
    output_format: Annotated[RenderFormat, typer.Option("--format", help="How to print it.")] = RenderFormat.YAML,
) -> int:
    """Print the resolved document of each agent: no expressions left, secrets by name only."""
    from agentops.render.document.json import document_json
    from agentops.render.document.yaml import document_yaml

    loaded = _load(project, environment)
    if has_errors(loaded.diagnostics):
        raise SpecError(loaded.diagnostics)
    chosen = _chosen(loaded, agent)
    if explain_path is not None:
        return _explain_path(loaded, chosen, explain_path)
    agents = [each for each in loaded.agents if each.key in chosen]
    print(document_json(agents) if output_format is RenderFormat.JSON else document_yaml(agents))
    return ExitCode.DONE


def schema(
    kind: Annotated[str | None, typer.Argument(help="agent, fragment, project, call, behaviour, plan, report.")] = None,
    output: Annotated[Path | None, typer.Option("--output", metavar="DIR", help="Write all of them there.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Only say whether the files in DIR are up to date.")] = False,
) -> int:
    """Print the JSON Schema of one kind of file, or write all of them for editors."""
    from agentops.cli.schemas import all_schemas, schema_files, schema_text

    if output is not None:
        return _write_schemas(output, schema_files(), check)
    schemas = all_schemas()
    if kind not in schemas:
        hint = f"name one of {', '.join(schemas)}, or write them all with --output schemas"
        raise UsageError(f"there is no schema {kind!r}" if kind else "which schema?", hint=hint, code="no-schema")
    print(schema_text(schemas[kind]), end="")
    return ExitCode.DONE


def fmt(
    files: Annotated[list[Path] | None, typer.Argument(help="Files to format; default: the whole project.")] = None,
    project: ProjectOption = Path(),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 when something would change.")
    ] = False,
) -> int:
    """Bring YAML files into the canonical order and layout. Comments, quotes and expressions stay."""
    from agentops.spec import find_root
    from agentops.spec.formatting import format_project

    root = find_root(project)
    result = format_project(root, [path.absolute() for path in files] if files else None, writes=not check)
    for name in result.changed:
        print(name)
    if result.problems:
        raise SpecError(result.problems)
    done = "would change" if check else "changed"
    print(f"{len(result.changed)} of {result.count} files {done}", file=sys.stderr)
    return ExitCode.FAILED if check and result.changed else ExitCode.DONE


def _counted(project: Project) -> str:
    count = len(project.agents)
    return f"{count} agent{'s' if count != 1 else ''} in {project.environment.name}"


def _environments(start: Path, environment: str | None) -> list[str | None]:
    """The environments to look at: the one that was asked for, else all."""
    from agentops.spec import find_root
    from agentops.spec.environment import environment_names

    return [environment] if environment is not None else list(environment_names(find_root(start))) or [None]


def _load(start: Path, environment: str | None = None) -> Project:
    """The project around `start`, without the values of its secrets."""
    from agentops.spec import find_root, load_project

    root = find_root(start)
    with frozen_collector():
        return load_project(root, environ=read_settings().environ, environment=environment)


def _once(found: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    unique = {(each.code, each.where, each.summary): each for each in found}
    return tuple(unique.values())


def _report(diagnostics: tuple[Diagnostic, ...], output_format: DiagnosticFormat, found: str) -> int:
    """Prints diagnostics in the asked form, and a summary for people; returns the exit code."""
    from agentops.render.diagnostics.github import diagnostics_github
    from agentops.render.diagnostics.json import diagnostics_json
    from agentops.render.diagnostics.sarif import diagnostics_sarif
    from agentops.render.diagnostics.text import diagnostics_text
    from agentops.spec.explanations import explanations

    match output_format:
        case DiagnosticFormat.TEXT:
            text = diagnostics_text(diagnostics)
        case DiagnosticFormat.JSON:
            text = diagnostics_json(diagnostics)
        case DiagnosticFormat.SARIF:
            titles = {code: each.title for code, each in explanations().items()}
            text = diagnostics_sarif(diagnostics, __version__, titles)
        case DiagnosticFormat.GITHUB:
            text = diagnostics_github(diagnostics)
    if text:
        print(text)
    print(_summary(diagnostics, found), file=sys.stderr)
    return ExitCode.FAILED if has_errors(diagnostics) else ExitCode.DONE


def _summary(diagnostics: tuple[Diagnostic, ...], found: str) -> str:
    counts = [
        (severity.value, sum(each.severity is severity for each in diagnostics))
        for severity in (Severity.ERROR, Severity.WARNING, Severity.NOTE)
    ]
    told = ", ".join(f"{count} {word}{'s' if count != 1 else ''}" for word, count in counts if count)
    return f"{found}: {told or 'all valid'}" if found else f"{told} in the project's files"


def _chosen(project: Project, patterns: list[str] | None) -> list[str]:
    """The keys that match one of the patterns. Raises `UsageError` for a pattern that matches nothing."""
    keys = [agent.key for agent in project.agents]
    for pattern in patterns or ():
        if not any(fnmatch(key, pattern) for key in keys):
            hint = f"the project has: {', '.join(keys)}"
            raise UsageError(f"no agent matches {pattern!r}", hint=hint, code="no-agent")
    return [key for key in keys if not patterns or any(fnmatch(key, pattern) for pattern in patterns)]


def _explain_path(project: Project, chosen: list[str], path: str) -> int:
    from agentops.spec.provenance import explain_value

    resolved = [each for each in project.resolved if each.agent.key in chosen]
    explained: list[tuple[str, Provenance]] = []
    for each in resolved:
        try:
            explained.append((each.agent.key, explain_value(project, each, path)))
        except UsageError:
            if len(resolved) == 1:
                raise
    if not explained:
        hint = "`agentops render` prints every value"
        raise UsageError(f"no agent has a value at {path}", hint=hint, code="no-value")
    from agentops.render.document.provenance import provenance_text

    print("\n\n".join(provenance_text(key, found.path, found.value, found.steps) for key, found in explained))
    return ExitCode.DONE


def _write_schemas(folder: Path, files: dict[str, str], check: bool) -> int:
    stale = [name for name, text in files.items() if not _holds(folder / name, text)]
    if check:
        for name in stale:
            print(f"{folder / name} is out of date", file=sys.stderr)
        return ExitCode.FAILED if stale else ExitCode.DONE
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
        print(folder / name)
    return ExitCode.DONE


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text
