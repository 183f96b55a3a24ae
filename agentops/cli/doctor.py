"""`agentops doctor`: whether an apply could work here, and what to do where it could not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from agentops import workflow
from agentops.cli.local import emulator_for
from agentops.cli.options import ApiOption, EnvironmentOption, ProjectOption
from agentops.cli.session import read_project, run_async, scope_of
from agentops.errors import ExitCode
from agentops.settings import read_settings

if TYPE_CHECKING:
    from agentops.workflow.doctor import HealthCheck


def doctor(environment: EnvironmentOption = None, project: ProjectOption = Path(), api: ApiOption = None) -> int:
    """Check Python, the extras, git, the specs, the key and the platform, and say what to do about each."""
    scope = scope_of(project, environment, api)
    found = read_project(scope)
    findings = [*workflow.doctor.look_at_machine(found.root), workflow.doctor.look_at_project(found)]

    async def account() -> list[HealthCheck]:
        async with emulator_for(found, api) as url:
            looking = workflow.doctor.look_at_account(found.environment, read_settings(), url, api)
            return [each async for each in looking]

    findings += run_async(account)
    for each in findings:
        sign = "ok  " if each.is_good else "FAIL" if each.is_needed else "note"
        step = f"\n      next: {each.next_step}" if each.next_step else ""
        sys.stdout.write(f"{sign}  {each.subject}: {each.detail}{step}\n")
    return ExitCode.FAILED if any(each.is_needed and not each.is_good for each in findings) else ExitCode.DONE
