"""Takes known secrets out of the names in a plan: tools, variables, labels and agents can be called anything. Pure.

It is done to the finished plan, once for all that is made of it: text, pages, comments and plan files say the same, and
a saved plan can be compared with one that is made now. It is not done to what is printed, since a name that was broken
over two lines, escaped or cut is not recognised there any more; nor to what is read, since an agent is found by its
name, and what is put live again has to be what served. Identities (keys, ids, fingerprints, actions) stay as they are:
they are ours, and a plan file is applied by them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agentops.diagnostics import Diagnostic
from agentops.document import Path
from agentops.fields import FIELDS
from agentops.plan.concealment import KnownSecrets
from agentops.plan.model import Action, AgentChange, FieldChange, Plan, Refusal, ResourceChange

# Names that the platform gives. A secret that is an ordinary word may be part of one, which tells nobody anything.
_GIVEN = frozenset(part for field in FIELDS for part in field.path)


def hide_names(plan: Plan, secrets: KnownSecrets) -> Plan:
    """`plan` with `***` for every known secret in a name or a sentence."""
    return replace(
        plan,
        changes=tuple(_agent(change, secrets) for change in plan.changes),
        resources=tuple(_resource(change, secrets) for change in plan.resources),
        diagnostics=tuple(_diagnostic(each, secrets) for each in plan.diagnostics),
        refusals=tuple(_refusal(each, secrets) for each in plan.refusals),
    )


def hide_in_fields(fields: Iterable[FieldChange], secrets: KnownSecrets) -> tuple[FieldChange, ...]:
    """`fields` with hidden names. In memory each keeps its exact path, by which an apply and a pull find the field."""
    return tuple(_field(field, secrets) for field in fields)


def hide_in_path(path: Path, secrets: KnownSecrets) -> Path:
    return tuple(part if isinstance(part, int) or part in _GIVEN else secrets.hide(part) for part in path)


def _field(field: FieldChange, secrets: KnownSecrets) -> FieldChange:
    path, renamed = hide_in_path(field.path, secrets), _text(field.renamed, secrets)
    if (path, renamed) == (field.path, field.renamed):
        return field
    return replace(field, path=path, renamed=renamed, exact=field.exact_path)


def _agent(change: AgentChange, secrets: KnownSecrets) -> AgentChange:
    return replace(
        change,
        # The spec's own, under which an agent is created; any other agent may have been renamed in the console.
        name=change.name if change.action is Action.CREATE else secrets.hide(change.name),
        reason=secrets.hide(change.reason),
        fields=hide_in_fields(change.fields, secrets),
        drift_fields=hide_in_fields(change.drift_fields, secrets),
        drift_detail=secrets.hide(change.drift_detail),
        unmanaged=tuple(hide_in_path(path, secrets) for path in change.unmanaged),
        foreign_draft=_text(change.foreign_draft, secrets),
    )


def _resource(change: ResourceChange, secrets: KnownSecrets) -> ResourceChange:
    return replace(
        change,
        name=secrets.hide(change.name) if change.desired is None else change.name,
        reason=secrets.hide(change.reason),
        fields=hide_in_fields(change.fields, secrets),
        drift_detail=secrets.hide(change.drift_detail),
    )


def _diagnostic(each: Diagnostic, secrets: KnownSecrets) -> Diagnostic:
    return replace(
        each, summary=secrets.hide(each.summary), hint=_text(each.hint, secrets), path=_text(each.path, secrets)
    )


def _refusal(each: Refusal, secrets: KnownSecrets) -> Refusal:
    return replace(each, summary=secrets.hide(each.summary), hint=secrets.hide(each.hint))


def _text(text: str | None, secrets: KnownSecrets) -> str | None:
    return text and secrets.hide(text)
