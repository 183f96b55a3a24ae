"""The verb that says whether an apply could work here, and what to do where it could not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agentops.cli.options import ApiOption, EnvironmentOption, ProjectOption
from agentops.cli.session import emulator_for, read_project, run_async, scope_of
from agentops.errors import ExitCode
from agentops.settings import read_settings

if TYPE_CHECKING:
    from agentops.workflow.checkup import Finding


def doctor(environment: EnvironmentOption = None, project: ProjectOption = Path(), api: ApiOption = None) -> int:
    """Check Python, the extras, git, the specs, the key and the platform, and say what to do about each."""
    from agentops.workflow.checkup import look_at_account, look_at_machine, look_at_project

    scope = scope_of(project, environment, api)
    found = read_project(scope, needs_secrets=False)
    settings = read_settings()
    findings = [*look_at_machine(found.root), look_at_project(found)]

    async def account() -> list[Finding]:
        with emulator_for(found, scope) as url:
            return [each async for each in look_at_account(found.environment, settings, url, api)]

    findings += run_async(account)
    for each in findings:
        sys.stdout.write(_line(each))
    return ExitCode.FAILED if any(each.is_needed and not each.is_good for each in findings) else ExitCode.DONE


def _line(finding: Finding) -> str:
    sign = "ok  " if finding.is_good else "FAIL" if finding.is_needed else "note"
    step = f"\n      next: {finding.next_step}" if finding.next_step else ""
    return f"{sign}  {finding.subject}: {finding.detail}{step}\n"
