"""Call-time variables: every `{{name}}` in a text must be filled by something when the call takes place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from agentops.closest import closest
from agentops.diagnostics import Diagnostic, Severity
from agentops.document import Path
from agentops.spec.lint_target import LintTarget, Text, texts_of
from agentops.spec.model.base import SYSTEM_VARIABLES
from agentops.spec.model.tools import ApiCall, ExtractVariables

# `{{name}}` and `{{name|fallback}}`, but not the deploy-time `${{ }}` that a secret's reference shows.
PLACEHOLDER = re.compile(r"(?<!\$)\{\{([^{}|]{0,200})(\|[^{}]{0,500})?\}\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*")
_DEPLOY_NAME = re.compile(r"(?:vars|secrets|env|git|file|yaml|each)\s*[.(].*|environment", re.S)

_WARNING = Severity.WARNING


class Use(NamedTuple):
    """One `{{name}}` in the text at `path`; `source` is how it is written."""

    path: Path
    name: str
    has_fallback: bool
    source: str


def uses(target: LintTarget) -> Iterator[Use]:
    """Every call-time variable that any text of the agent uses."""
    return uses_in(target.texts)


def uses_in(texts: Iterable[Text]) -> Iterator[Use]:
    for each in texts:
        if "{{" in each.text:
            for match in PLACEHOLDER.finditer(each.text):
                yield Use(each.path, match[1].strip(), match[2] is not None, match[0])


def provided(target: LintTarget) -> dict[str, str]:
    """The variables that something fills, with what fills them."""
    config = target.config
    found = dict.fromkeys(SYSTEM_VARIABLES, "the platform")
    found |= dict.fromkeys(config.defaultVariables or {}, "defaultVariables")
    if config.preCallAPI is not None:
        found |= {each.variableName: "preCallAPI" for each in config.preCallAPI.responseVariables or ()}
    for _, tool in (*target.tools, *target.shared_tools):
        if isinstance(tool, ApiCall):
            found |= {each.variableName: tool.name for each in tool.responseVariables or ()}
            found |= {each.name: tool.name for each in tool.llmParameters or ()}
        elif isinstance(tool, ExtractVariables):
            found |= {each.name: tool.name for each in tool.variablesExtractionSchema}
    return found


def check_placeholders(target: LintTarget, texts: Iterable[Text]) -> list[Diagnostic]:
    """Unknown variables, badly written ones, and defaults that nothing uses."""
    known = provided(target)
    problems: list[Diagnostic] = []
    used: set[str] = set()
    for use in uses_in(texts):
        used.add(use.name)
        if _DEPLOY_NAME.fullmatch(use.name):
            summary = f"{use.source} is sent as it is and never filled"
            hint = f"write ${{{{ {use.name} }}}} for deploy time; without the $ it is a call-time variable"
            problems.append(target.problem("missing-dollar", _WARNING, use.path, summary, hint, needle=use.source))
        elif not _NAME.fullmatch(use.name):
            summary = f"{use.source} is not a variable that a call could fill"
            hint = "write {{name}} or {{name|fallback}}; an expression for deploy time is written ${{ ... }}"
            problems.append(target.problem("bad-placeholder", _WARNING, use.path, summary, hint, needle=use.source))
        elif use.name not in known and not use.has_fallback:
            summary = f"nothing fills {use.source}: the caller would hear a gap or the braces"
            if near := closest(use.name, known, cutoff=0.7):
                hint = f"did you mean {{{{{near}}}}} (filled by {known[near]})?"
            else:
                hint = f"give it a default under defaultVariables, or a fallback: {{{{{use.name}|text}}}}"
            problems.append(target.problem("unknown-placeholder", _WARNING, use.path, summary, hint, needle=use.source))
    for path, tool in target.shared_tools:
        for use in uses_in(texts_of(tool, path)):
            used.add(use.name)
            if _NAME.fullmatch(use.name) and use.name not in known and not use.has_fallback:
                summary = f"nothing fills {use.source}, which the tool {tool.name} sends"
                hint = "give it a default under defaultVariables here, or a fallback in the tool"
                problems.append(target.problem("unknown-placeholder", _WARNING, path, summary, hint))
    return problems + list(_about_defaults(target, used))


def _about_defaults(target: LintTarget, used: set[str]) -> Iterator[Diagnostic]:
    for name in target.config.defaultVariables or {}:
        path = ("config", "defaultVariables", name)
        if name in SYSTEM_VARIABLES:
            hint = "remove it, or choose another name"
            yield target.problem("reserved-variable", _WARNING, path, f"the platform fills {{{{{name}}}}} itself", hint)
        elif name not in used:
            near = closest(name, used - {name}, cutoff=0.7)
            hint = f"did you mean {{{{{near}}}}}, which is used?" if near else "use it, or remove it"
            yield target.problem("unused-default", _WARNING, path, f"nothing uses {{{{{name}}}}}", hint)
