"""`agentops explain`: what a code means, whether a diagnostic of the files or a refusal or note of a plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from agentops import workflow
from agentops.campaigns.codes import REASONS, Reason
from agentops.cli import completion
from agentops.cli.options import PageFormat
from agentops.closest import closest
from agentops.errors import ExitCode, UsageError
from agentops.plan.codes import CODES, Code
from agentops.render.diagnostics.catalogue import catalogue_markdown
from agentops.spec.explanations import Explanation, explanations
from agentops.spec.lint.run import RULES, SETTINGS
from agentops.spec.policies import Policy


def explain(
    code: Annotated[
        str | None, typer.Argument(help="A code; without one, all are listed.", autocompletion=completion.codes)
    ] = None,
    output_format: Annotated[
        PageFormat, typer.Option("--format", help="How to print it; markdown: the page about all diagnostics.")
    ] = PageFormat.TEXT,
) -> int:
    """Explain a diagnostic or a refusal: what it means, why it matters, the way out or an example."""
    known = explanations()
    policies = {each.spec.id: each for each in workflow.policing.policies_at(Path())}
    if output_format is PageFormat.MARKDOWN:
        severities = {code: rule.severity.value for code, rule in RULES.items()}
        print(catalogue_markdown(known.values(), severities, SETTINGS), end="")
    elif code is None:
        titles = [(each.code, each.title) for each in known.values()] + [(e.code, e.title) for e in CODES.values()]
        titles += [(name, f"{each.title} (campaign start)") for name, each in REASONS.items()]
        titles += [(name, f"{each.spec.message} ({each.where.file})") for name, each in policies.items()]
        if output_format is PageFormat.JSON:
            print(json.dumps([{"code": name, "title": title} for name, title in titles], indent=2, ensure_ascii=False))
        else:
            print("\n".join(f"{name:<28}{title}" for name, title in titles))
    elif code in CODES:
        print(_plan_code(CODES[code], output_format))
    elif code in known:
        print(_diagnostic(known[code], output_format))
    elif code in REASONS:
        print(_reason(code, REASONS[code], output_format))
    elif code in policies:
        print(_policy(policies[code], output_format))
    else:
        near = closest(code, [*known, *CODES, *REASONS, *policies])
        hint = f"did you mean {near}?" if near else "`agentops explain` lists all codes"
        raise UsageError(f"there is no code {code!r}", hint=hint, code="no-code")
    return ExitCode.DONE


def _reason(code: str, reason: Reason, output_format: PageFormat) -> str:
    if output_format is PageFormat.JSON:
        facts = {"code": code, "title": reason.title, "why": reason.why, "next": reason.way_out}
        return json.dumps(facts, indent=2, ensure_ascii=False)
    return f"{code}: {reason.title} (`campaign start`)\n\n{reason.why}\n\nNext: {reason.way_out}"


def _policy(policy: Policy, output_format: PageFormat) -> str:
    spec = policy.spec
    if output_format is PageFormat.JSON:
        facts = {"code": spec.id, "title": spec.message, "why": spec.why, "next": spec.hint, "require": spec.require}
        return json.dumps(facts, indent=2, ensure_ascii=False)
    scope = ", ".join([*(spec.environments or ["every environment"]), *(spec.agents or ["every agent"])])
    kind = f"policy of this project, {spec.severity}, in {scope}; {policy.where}"
    lines = [f"{spec.id}: {spec.message} ({kind})", *(["", spec.why] if spec.why else []), "", f"    {spec.require}"]
    ack = f" (`--ack {spec.id}`)" if spec.severity == "error" else ""
    return "\n".join([*lines, "", f"Next: {spec.hint or 'make it true'}{ack}"])


def _plan_code(entry: Code, output_format: PageFormat) -> str:
    if output_format is PageFormat.JSON:
        facts = {"code": entry.code, "title": entry.title, "why": entry.why, "next": entry.way_out}
        return json.dumps(facts, indent=2, ensure_ascii=False)
    ack = f" (`--ack {entry.code}`)" if entry.acknowledged else ""
    return f"{entry.code}: {entry.title}\n\n{entry.why}\n\nNext: {entry.way_out}{ack}"


def _diagnostic(entry: Explanation, output_format: PageFormat) -> str:
    if output_format is PageFormat.JSON:
        facts = {"code": entry.code, "title": entry.title, "why": entry.why, "bad": entry.bad, "good": entry.good}
        return json.dumps(facts, indent=2, ensure_ascii=False)
    rule = RULES.get(entry.code)
    kind = f"lint rule, {rule.severity.value} unless set otherwise" if rule else "validation"
    lines = [f"{entry.code}: {entry.title} ({kind})", "", entry.why]
    for label, example in (("Bad", entry.bad), ("Good", entry.good)):
        if example:
            lines += ["", f"{label}:", "", *(f"    {line}".rstrip() for line in example.rstrip().splitlines())]
    return "\n".join(lines)
