"""`agentops doctor`: whether an apply could work here, and what to do where it could not."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agentops import workflow
from agentops.cli.local import emulator_for
from agentops.cli.options import ApiOption, EnvironmentOption, ProjectOption, TextOrJson, YesOption
from agentops.cli.output import stdout_style
from agentops.cli.session import is_interactive, read_project, run_async, scope_of, talk
from agentops.commands import in_environment
from agentops.errors import ExitCode, UsageError
from agentops.files import write_file
from agentops.settings import read_settings

if TYPE_CHECKING:
    from agentops.document import Generation
    from agentops.remote.probe import ProbeAnswer
    from agentops.spec import Project
    from agentops.workflow.doctor import HealthCheck
    from agentops.workflow.probing import ProbeReport


def doctor(
    environment: EnvironmentOption = None,
    project: ProjectOption = Path(),
    api: ApiOption = None,
    probe: Annotated[
        bool, typer.Option("--probe", help="Ask the real account what no documentation settles, on scratch agents.")
    ] = False,
    clean: Annotated[
        bool, typer.Option("--clean", help="With --probe: take away what earlier probes left behind.")
    ] = False,
    output: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="With --probe: where the answers are written.")
    ] = Path("agentops-probe.json"),
    yes: YesOption = False,
    output_format: Annotated[TextOrJson, typer.Option("--format", help="How to print it.")] = TextOrJson.TEXT,
) -> int:
    """Check Python, the extras, git, the specs, the key and the platform, and say what to do about each."""
    scope = scope_of(project, environment, api)
    found = read_project(scope)
    if clean and not probe:
        raise UsageError("--clean goes with --probe", hint="`agentops doctor --probe --clean -e ENV`", code="usage")
    if probe:
        if environment is None:
            raise UsageError(
                "a probe writes to an account, so it must be named", hint="`agentops doctor --probe -e ENV`"
            )
        if clean:
            return _clean(found, api, output_format)
        return _probe(found, api, output, output_format, is_agreed=yes)
    findings = [*workflow.doctor.look_at_machine(found.root), workflow.doctor.look_at_project(found)]

    async def account() -> list[HealthCheck]:
        async with emulator_for(found, api) as url:
            looking = workflow.doctor.look_at_account(found.environment, read_settings(), url, api)
            return [each async for each in looking]

    findings += run_async(account)
    name = found.environment.name
    findings = [replace(f, next_step=in_environment(f.next_step, name) if f.next_step else None) for f in findings]
    has_failed = any(each.is_needed and not each.is_good for each in findings)
    if output_format is TextOrJson.JSON:
        data = {"environment": name, "findings": [asdict(each) for each in findings]}
        sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")
        return ExitCode.FAILED if has_failed else ExitCode.DONE
    style = stdout_style()
    for each in findings:
        sign = "ok  " if each.is_good else "FAIL" if each.is_needed else "note"
        step = f"\n      next: {style.pasteable(each.next_step)}" if each.next_step else ""
        sys.stdout.write(f"{sign}  {each.subject}: {each.detail}{step}\n")
    return ExitCode.FAILED if has_failed else ExitCode.DONE


def _probe(
    project: Project, api: Generation | None, output: Path, output_format: TextOrJson, *, is_agreed: bool
) -> int:
    asked = workflow.probing.estimate()
    talk(f"The probe asks {_origin(project)} {asked.questions} questions, in about {asked.requests} requests.")
    talk(
        f"It makes two scratch agents called {asked.name!r} and the time, and two tools for them, publishes about "
        f"{asked.publishes} times, opens one session in text for a moment, and takes away what it made. No other agent "
        "is written to or called."
    )
    if not is_agreed:
        if not is_interactive():
            raise UsageError(
                "the probe isn't approved, and there is no terminal to ask at", hint="add --yes", code="no-consent"
            )
        if typer.prompt(f"Type {project.environment.name} to go on", err=True) != project.environment.name:
            talk("Nothing was asked.")
            return ExitCode.FAILED

    async def main() -> ProbeReport:
        async with emulator_for(project, api) as url:
            target = workflow.probing.ProbeTarget(project.environment, read_settings(), url)
            is_text = output_format is TextOrJson.TEXT
            return await workflow.probing.run_probe(target, _tell if is_text else lambda found: None)

    report = run_async(main)
    if output_format is TextOrJson.JSON:
        sys.stdout.write(report.to_json())
    write_file(output, report.to_json())
    talk(f"Written to {output}: no key, host, id or name is in it.")
    for name in report.left:
        again = in_environment("`agentops doctor --probe --clean`", project.environment.name)
        talk(f"warning: {name!r} is still there: {again} tries again")
    return ExitCode.FAILED if report.left else ExitCode.DONE


def _origin(project: Project) -> str:
    """Who is asked; the emulator has no address before it is started."""
    if project.environment.is_emulator and not project.environment.base_url:
        return "the local emulator"
    return workflow.probing.ProbeTarget(project.environment, read_settings(), None).origin


def _tell(found: ProbeAnswer) -> None:
    sys.stdout.write(f"{found.name}: {found.answer or f'not known ({found.reason})'}\n")


def _clean(project: Project, api: Generation | None, output_format: TextOrJson) -> int:
    async def main() -> tuple[int, int]:
        async with emulator_for(project, api) as url:
            target = workflow.probing.ProbeTarget(project.environment, read_settings(), url)
            return await workflow.probing.clean_up(target)

    archived, left = run_async(main)
    if output_format is TextOrJson.JSON:
        sys.stdout.write(json.dumps({"archived": archived, "left": left}) + "\n")
    else:
        sys.stdout.write(f"took away {archived} of {archived + left} scratch agents and tools\n")
    return ExitCode.FAILED if left else ExitCode.DONE
