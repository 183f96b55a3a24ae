"""Writes console edits of shared tools and webhooks back into their files. The platform gives back neither the content
of a knowledge base's files nor a webhook's headers.

As with agents, every edit is checked by reading the file again: the tool must be as it is on the account.
"""

from __future__ import annotations

from agentops.document import Path, path_text
from agentops.importers.atoms.pulling import (
    MISSING,
    SECRET_NAME,
    WRITERS,
    Pulled,
    Puller,
    Unwritten,
    Written,
    literal_tree,
    raw_at,
)
from agentops.importers.files import unified
from agentops.importers.yaml_text import block_lines
from agentops.plan.canonical import canonical
from agentops.plan.concealment import spelled
from agentops.plan.model import FieldChange, Plan, ResourceChange
from agentops.plan.names import hide_in_path
from agentops.resources import DesiredResource, Kind
from agentops.spec.environment import ProjectContext, read_context
from agentops.spec.resources import Library
from agentops.spec.source_edit import add_entry, node_at, remove_entry, set_value
from agentops.spec.source_events import read_yaml
from agentops.spec.template import has_expression
from agentops.spec.tree import mark_of


def pull_tools(puller: Puller, plan: Plan) -> Pulled:
    """The outcome of `puller`, with what was changed outside git on the tools of `plan`."""
    for change in plan.resources:
        if not change.is_drifted or change.desired is None or change.observed is None:
            continue
        if change.address.kind is Kind.TOOL:
            _pull(puller, change)
        elif change.address.kind is Kind.WEBHOOK or change.observed.mark is None:
            _pull_one_by_one(puller, change)
        else:
            why = "the account does not give it back: correct the file, or overwrite with `--overwrite-drift`"
            puller.unwritten.append(Unwritten(change.key, (), f"{change.drift_detail}; {why}", None))
    return puller.result()


def _pull(puller: Puller, change: ResourceChange) -> None:
    assert change.desired is not None
    assert change.observed is not None
    before = dict(puller.edited)
    for each in change.fields:
        value = raw_at(change.observed.content, each.exact_path)
        why = _edit(puller, change.desired.source, ("definition", *each.exact_path), value)
        if why is not None:
            puller.unwritten.append(_unwritten(change, each, value, why))
        else:
            puller.written.append(Written(change.key, each.path, change.desired.source))
    if not _is_as_observed(puller, change):
        puller.edited = before
        puller.written = [each for each in puller.written if each.agent != change.key]
        known = {each.path for each in puller.unwritten if each.agent == change.key}
        for each in change.fields:
            if each.path not in known:
                value = raw_at(change.observed.content, each.exact_path)
                why = "it would not come out as it is on the account"
                puller.unwritten.append(_unwritten(change, each, value, why))


def _pull_one_by_one(puller: Puller, change: ResourceChange) -> None:
    """Writes the endpoint, description and events of a webhook, or a knowledge base's pages, one field at a time: the
    change itself has the account's value of each."""
    assert change.desired is not None
    for each in change.fields:
        before = dict(puller.edited)
        value = MISSING if each.before is None else each.before
        why = _edit(puller, change.desired.source, each.exact_path, value)
        if why is None and _has_value(puller, change, each.exact_path, value):
            puller.written.append(Written(change.key, each.path, change.desired.source))
            continue
        puller.edited = before
        why = why or "the file would not be valid any more, or would say something else"
        puller.unwritten.append(_unwritten(change, each, value, why))


def _has_value(puller: Puller, change: ResourceChange, path: Path, value: object) -> bool:
    """Whether the file says `value` at `path`, and names agents of the project only."""
    found = _read_resource(puller, change)
    if found is None or raw_at(found.content, path) != value:
        return False
    return path[0] != "events" or value is MISSING or str(path[1]) in puller.agents


def _read_resource(puller: Puller, change: ResourceChange) -> DesiredResource | None:
    """The resource that the file describes, as it is edited so far."""
    context = read_context(puller.files(), puller.environ, puller.environment, needs_secrets=False, git=None)
    return Library(context).read(change.address).resource if isinstance(context, ProjectContext) else None


def _unwritten(change: ResourceChange, each: FieldChange, value: object, why: str) -> Unwritten:
    new = [] if value is MISSING else block_lines(spelled(each.before))
    old = [] if each.after is None else block_lines(spelled(each.after))
    patch = unified("\n".join(old) + "\n", "\n".join(new) + "\n", path_text(each.path))
    return Unwritten(change.key, each.path, why, each.where, patch)


def _edit(puller: Puller, file: str, path: Path, value: object) -> str | None:
    """Edits one field of the file. Returns the reason if that is impossible."""
    if hide_in_path(path, puller.known) != path:
        return SECRET_NAME
    if puller.known.deep(value) != value:
        return "it holds a secret, and is not written in clear"
    text = puller.text_of(file)
    tree, _ = read_yaml(text, file)
    old, mark, holder = raw_at(tree, path), mark_of(tree, path), mark_of(tree, path[:-1])
    if holder is None or (old is not MISSING and mark is None) or not all(isinstance(part, str) for part in path):
        return "its place in the file is not known"
    changed: str | None
    if old is MISSING:
        changed = add_entry(text, (holder[4], holder[5]), str(path[-1]), literal_tree(value), WRITERS)
    elif value is MISSING:
        changed = remove_entry(text, (holder[4], holder[5]), str(path[-1]))
    else:
        assert mark is not None
        node = node_at(text, (mark[4], mark[5]))
        if node is None or has_expression(text[node.start : node.end]):
            return "the value is an expression"
        changed = set_value(text, (mark[4], mark[5]), literal_tree(value), WRITERS)
    if changed is None:
        return "the file is written in a way that can't be edited safely"
    puller.original.setdefault(file, text)
    puller.edited[file] = changed
    return None


def _is_as_observed(puller: Puller, change: ResourceChange) -> bool:
    """Whether the file now says what the account has, unless some field could not be written."""
    assert change.observed is not None
    left = any(each.agent == change.key for each in puller.unwritten)
    found = _read_resource(puller, change)
    if found is None:
        return False
    form = canonical(change.observed.content, found.content)
    return left or form == canonical(found.content, found.content)
