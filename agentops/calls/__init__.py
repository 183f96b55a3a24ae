"""Scripted calls: a caller that speaks and listens over the agent's WebSocket, and reports what it heard.

`read_script` checks what an author wrote, `prepare` makes it ready, `run_call` and `run_calls` call, `save_call` keeps
what was recorded. Nothing here reads YAML, talks HTTP or prints.
"""

from agentops.calls.choosing import estimate_s, is_called_for
from agentops.calls.folder import keep_in, merge_folders, read_run, run_json, run_schema, save_call
from agentops.calls.model import CallReport, Check, Kind, RunReport, ScriptReport, Verdict
from agentops.calls.preparing import prepare
from agentops.calls.retelling import script_of
from agentops.calls.run import CallResult, Prepared, Wiring, run_call
from agentops.calls.schedule import Appointment, CallEnded, CallStarted, Plan, run_calls, shard_of
from agentops.calls.script import Script, read_script, script_schema
from agentops.calls.session import NoConnection, Platform, Target, try_session

__all__ = [
    "Appointment",
    "CallEnded",
    "CallReport",
    "CallResult",
    "CallStarted",
    "Check",
    "Kind",
    "NoConnection",
    "Plan",
    "Platform",
    "Prepared",
    "RunReport",
    "Script",
    "ScriptReport",
    "Target",
    "Verdict",
    "Wiring",
    "estimate_s",
    "is_called_for",
    "keep_in",
    "merge_folders",
    "prepare",
    "read_run",
    "read_script",
    "run_call",
    "run_calls",
    "run_json",
    "run_schema",
    "save_call",
    "script_of",
    "script_schema",
    "shard_of",
    "try_session",
]
