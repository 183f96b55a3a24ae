"""Policies as data: read from `agentops.yaml` and `policy/*.yaml`, and judged in the sandbox of the templates.

An expression sees one agent as it would serve: `value('synthesizer.speed')` is the value in the spec, else the one that
serves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from agentops.closest import closest
from agentops.diagnostics import Diagnostic, Severity, Where
from agentops.document import CLEARED, Document, Secret
from agentops.fields import Category, category_of
from agentops.spec.check import check
from agentops.spec.files import PROJECT_FILE, FileProblem, ProjectFiles
from agentops.spec.model.policy import PolicyFileSpec, PolicySpec
from agentops.spec.scope import Names, hint_for
from agentops.spec.source_text import SourceError
from agentops.spec.template import Scope, TemplateError, UndefinedNameError, compile_text, render
from agentops.spec.template_bounds import Budget
from agentops.spec.template_values import BUDGET
from agentops.spec.tree import Map, mark_of, value_place

FOLDER = "policy"
_SPOKEN = (Category.PROMPT, Category.GREETING)


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy with the place where it is written."""

    spec: PolicySpec
    where: Where

    def is_about(self, environment: str, agent: str) -> bool:
        spec = self.spec
        return (spec.environments is None or environment in spec.environments) and (
            spec.agents is None or any(fnmatchcase(agent, pattern) for pattern in spec.agents)
        )


@dataclass(frozen=True, slots=True)
class Subject:
    """The agent that a policy judges. `live`: what serves now, for fields that the spec doesn't manage."""

    key: str
    name: str
    action: str
    tags: Mapping[str, str]
    calls: tuple[str, ...]
    metadata: Document
    config: Document
    live: Document


def read_policies(
    files: ProjectFiles, tree: Map, environments: Collection[str]
) -> tuple[tuple[Policy, ...], list[Diagnostic]]:
    """Every policy of the project, and what is wrong with any. `tree`: `agentops.yaml`."""
    problems: list[Diagnostic] = []
    found: list[Policy] = []
    if isinstance(tree.get("policies"), list):
        found += _in_file(PROJECT_FILE, tree, problems)
    for path in sorted((files.root / FOLDER).glob("*.y*ml")):
        file = f"{FOLDER}/{path.name}"
        try:
            inner, warnings = files.tree(file)
        except SourceError as error:
            problems.append(error.diagnostic)
            continue
        except FileProblem as problem:
            problems.append(Diagnostic(problem.code, Severity.ERROR, problem.summary, problem.hint, Where(file)))
            continue
        problems += warnings
        if not isinstance(inner, Map):
            hint = "start with `policies:`"
            problems.append(Diagnostic("not-a-mapping", Severity.ERROR, "the file is not a mapping", hint, Where(file)))
            continue
        problems += check(PolicyFileSpec, inner)[1]
        found += _in_file(file, inner, problems)
    return tuple(_sound(found, environments, problems)), problems


def _in_file(file: str, tree: Map, problems: list[Diagnostic]) -> Iterator[Policy]:
    """The policies without mistakes; the check of the whole file reports the others."""
    for index, item in enumerate(tree.get("policies") or ()):
        spec = check(PolicySpec, item)[0] if isinstance(item, Map) else None
        mark = mark_of(tree, ("policies", index, "require"))
        if spec is not None and mark is not None:
            yield Policy(spec, value_place(mark))


def _sound(found: list[Policy], environments: Collection[str], problems: list[Diagnostic]) -> Iterator[Policy]:
    seen: dict[str, Policy] = {}
    nobody = Subject("", "", "", {}, (), {}, {}, {})
    for policy in found:
        spec = policy.spec
        if (first := seen.setdefault(spec.id, policy)) is not policy:
            summary, hint = f"{spec.id} is there already, at {first.where}", "give each policy an id of its own"
            problems.append(Diagnostic("duplicate-policy", Severity.ERROR, summary, hint, policy.where))
            continue
        for name in spec.environments or ():
            if name not in environments:
                close = closest(name, tuple(environments))
                hint = f"did you mean {close}?" if close else f"{PROJECT_FILE} has: {', '.join(environments)}"
                summary = f"{spec.id}: there is no environment {name!r}"
                problems.append(Diagnostic("unknown-environment", Severity.ERROR, summary, hint, policy.where))
        scope = _scope(nobody, "", Names("vars", {}))
        try:
            compile_text(_expression(spec))
            _dry_run(spec, scope)
        except TemplateError as error:
            hint = hint_for(error, scope) or "see docs/releasing.md for what an expression can name"
            problems.append(Diagnostic(error.code, Severity.ERROR, f"{spec.id}: {error.summary}", hint, policy.where))
            continue
        yield policy


def _dry_run(spec: PolicySpec, scope: Scope) -> None:
    """Raises for names that no agent has; what a value is can't be known before a plan."""
    try:
        render(_expression(spec), scope)
    except UndefinedNameError as error:
        if not str(error).startswith("vars."):
            raise
    except TemplateError:
        return


def is_met(policy: Policy, subject: Subject, environment: str, variables: Mapping[str, Any]) -> bool:
    """Whether the policy holds. Raises TemplateError where its expression fails or gives no boolean."""
    verdict = render(_expression(policy.spec), _scope(subject, environment, variables))
    if isinstance(verdict, bool):
        return verdict
    hint = "compare with something, such as `value('synthesizer.speed', 1) <= 1.2`"
    # What it gives is not shown: it may be a part of what serves, secrets included.
    raise TemplateError("bad-expression", "the expression gives neither true nor false", hint=hint)


def _expression(spec: PolicySpec) -> str:
    return f"${{{{ {spec.require} }}}}"


def _scope(subject: Subject, environment: str, variables: Mapping[str, Any]) -> dict[Any, Any]:
    """What an expression sees of an agent; its `text` is every prompt and greeting, as it would serve."""
    texts = {**dict(_texts(subject.live, ())), **dict(_texts(subject.config, ()))}
    text = "\n".join(each for path, each in texts.items() if category_of(path) in _SPOKEN)

    def mentions(*phrases: str) -> bool:
        """Whether the greeting or a prompt has one of the phrases as whole words, in whatever case."""
        return any(re.search(rf"(?<!\w){re.escape(str(each))}(?!\w)", text, re.IGNORECASE) for each in phrases)

    agent = {
        "key": subject.key,
        "name": subject.name,
        "action": subject.action,
        "tags": dict(subject.tags),
        "calls": list(subject.calls),
        "metadata": _plain(subject.metadata),
        "text": text,
    }
    return {
        BUDGET: Budget(),
        "agent": Names("agent", agent),
        "environment": environment,
        "vars": variables,
        "value": _reader(subject),
        "mentions": mentions,
    }


def _reader(subject: Subject) -> Callable[..., Any]:
    def value(path: str, default: Any = None) -> Any:
        """The value at a dotted path, as it would serve; `default` where neither the spec nor what serves has one."""
        for document in (subject.config, subject.live):
            found: Any = document
            for part in str(path).split("."):
                found = found.get(part) if isinstance(found, dict) else None
            if found is CLEARED:
                return default
            if found is not None:
                return _plain(found)
        return default

    return value


def _texts(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, item in items:
        yield from _texts(item, (*path, part))


def _plain(value: Any) -> Any:
    """As an expression may see it: a secret by its reference."""
    if isinstance(value, Secret):
        return value.reference
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items() if each is not CLEARED}
    return [_plain(each) for each in value] if isinstance(value, list) else value


__all__ = ["Policy", "Subject", "is_met", "read_policies"]
