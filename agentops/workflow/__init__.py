"""Use cases: each wires the platform's port to the pure core and returns a value. Nothing here prints.

A use case's module is loaded when it is first asked for, as in `workflow.planning.plan_deployment(...)`: the help and
the completion of a verb name what it would run, and must not pay for an HTTP client.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentops.workflow import applying as applying
    from agentops.workflow import bisecting as bisecting
    from agentops.workflow import calls as calls
    from agentops.workflow import campaigns as campaigns
    from agentops.workflow import certifying as certifying
    from agentops.workflow import ci_deploy as ci_deploy
    from agentops.workflow import ci_watch as ci_watch
    from agentops.workflow import comparing as comparing
    from agentops.workflow import deployment as deployment
    from agentops.workflow import diff as diff
    from agentops.workflow import doctor as doctor
    from agentops.workflow import drift as drift
    from agentops.workflow import expected_calls as expected_calls
    from agentops.workflow import git as git
    from agentops.workflow import github_files as github_files
    from agentops.workflow import history as history
    from agentops.workflow import import_atoms as import_atoms
    from agentops.workflow import import_elevenlabs as import_elevenlabs
    from agentops.workflow import ledger as ledger
    from agentops.workflow import moments as moments
    from agentops.workflow import past_calls as past_calls
    from agentops.workflow import plan_file as plan_file
    from agentops.workflow import planning as planning
    from agentops.workflow import policing as policing
    from agentops.workflow import previewing as previewing
    from agentops.workflow import probing as probing
    from agentops.workflow import projects as projects
    from agentops.workflow import pulling as pulling
    from agentops.workflow import recorded_calls as recorded_calls
    from agentops.workflow import resources as resources
    from agentops.workflow import revision_calls as revision_calls
    from agentops.workflow import scripts as scripts
    from agentops.workflow import selecting as selecting
    from agentops.workflow import serving as serving
    from agentops.workflow import smoke_runs as smoke_runs
    from agentops.workflow import status as status
    from agentops.workflow import talking as talking
    from agentops.workflow import validating as validating
    from agentops.workflow import watching as watching
else:

    def __getattr__(name: str) -> ModuleType:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return import_module(f"{__name__}.{name}")
        except ModuleNotFoundError as missing:
            raise AttributeError(name) from missing
