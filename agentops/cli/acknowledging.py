"""What `--ack` takes: the code of a refusal that may be overridden, for all agents or for one."""

from __future__ import annotations

from pathlib import Path

from agentops import workflow
from agentops.errors import UsageError
from agentops.plan.codes import CODES


def acknowledged(given: list[str] | None, project: Path) -> frozenset[str]:
    """The acknowledgements of the command line.

    Raises UsageError for one that no refusal asks for: it would be ignored silently, and the plan refused all the same.
    """
    if not given:
        return frozenset()
    # Start-up time: this loads the rules of lint, whose errors can be acknowledged too, and --ack is rare.
    from agentops.closest import closest
    from agentops.spec.lint.run import RULES

    policies = [each.spec.id for each in workflow.policing.policies_at(project)]
    known = [*(code for code, entry in CODES.items() if entry.acknowledged), *RULES, *policies]
    for each in given:
        code = each.partition(":")[0]
        if code in CODES and not CODES[code].acknowledged:
            way_out = CODES[code].way_out
            raise UsageError(f"--ack {each}: this can't be acknowledged", hint=way_out, code="bad-acknowledgement")
        if code not in known:
            near = closest(code, [*known, *CODES], cutoff=0.7)
            hint = f"did you mean {near}?" if near else "`agentops explain` lists all codes"
            raise UsageError(f"--ack {each}: no refusal has this code", hint=hint, code="bad-acknowledgement")
    return frozenset(given)
