"""Which resource of the account is whose, and what becomes of each. Pure: what was read goes in, changes come out.

Without a state file: a knowledge base and a webhook carry our mark in their description; a tool is ours by its name and
by being used by revisions of ours. What a live revision refers to is never edited: a change makes a new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from agentops.diagnostics import Stretch
from agentops.document import DesiredAgent, Document, Path, Secret, short_digest
from agentops.fields import Category, Risk
from agentops.plan.canonical import canonical, canonical_text, fingerprint
from agentops.plan.changes import Describer, expand
from agentops.plan.concealment import Concealer
from agentops.plan.diff import diff
from agentops.plan.holdings import Holdings, ResourcePlan, Uploaded, Uses
from agentops.plan.model import AgentChange, Drift, FieldChange, Operation, Refusal, ResourceAction, ResourceChange
from agentops.plan.references import ReferenceMap, ids_in, references_in
from agentops.plan.safety import refuse_protected_reach
from agentops.resources import (
    SOURCES_LENGTH,
    Address,
    DesiredResource,
    Kind,
    ObservedResource,
    PartState,
    Ref,
    listing_of,
)

# ---- before the agents are read: which id is which key's


def identify(shared: Holdings) -> ReferenceMap:
    """Which id of the account means which resource: every version of ours, each with the fingerprint of its content.

    The only version of what is edited in place counts as what it will hold, so that no agent has to move.
    """
    references = ReferenceMap()
    for resource in shared.desired:
        versions = versions_of(shared, resource)
        for found in versions:
            will_hold = resource.is_in_place and len(versions) == 1
            has = fingerprint(resource.content) if will_hold else held(resource, found)
            references.learn(Ref(resource.kind, resource.key, has), found.resource_id)
    return references


def versions_of(shared: Holdings, resource: DesiredResource) -> list[ObservedResource]:
    """What may be, or have been, this resource: a tool by its name; a knowledge base by our mark, or by its name where
    it consists of pages alone, which can be read whole as a tool can."""
    found = shared.of_kind(resource.kind)
    if resource.kind is Kind.TOOL:
        return [each for each in found if each.name == resource.name]
    marked = [each for each in found if shared.is_marked(each, resource.address)]
    return [*marked, *(each for each in found if may_be_unmarked(resource, each) and is_of_pages(each))]


def may_be_unmarked(resource: DesiredResource, found: ObservedResource) -> bool:
    """Whether a knowledge base that nobody marked has the name of one that has no files in git."""
    is_same = found.kind is resource.kind is Kind.KNOWLEDGE and found.name == resource.name
    return is_same and found.mark is None and not resource.files


def is_of_pages(found: ObservedResource) -> bool:
    """Whether a knowledge base consists of pages alone: the account shows those, of files only names and sizes."""
    return bool(found.parts) and all(part.is_page for part in found.parts or ())


def held(resource: DesiredResource, found: ObservedResource) -> str:
    """The fingerprint of what a version holds: the wanted one exactly when it holds what is wanted."""
    wanted = fingerprint(resource.content)
    if resource.kind is Kind.TOOL:
        form = canonical(found.content, resource.content)
        return wanted if form == canonical(resource.content, resource.content) else short_digest(canonical_text(form))
    if found.mark is None:
        if resource.files:
            return ""
        pages = sorted(part.name for part in found.parts or ())
        return wanted if pages == resource.content["urls"] else short_digest("\n".join(pages))
    is_wanted = found.mark.sources == wanted[:SOURCES_LENGTH] and _has_name(resource, found)
    return wanted if is_wanted and is_whole(found) else f"{found.mark.sources}-{found.mark.listing or 'unfinished'}"


def _has_name(resource: DesiredResource, found: ObservedResource) -> bool:
    return found.name.strip() == resource.name.strip()  # the platform trims it


def is_whole(found: ObservedResource) -> bool:
    """Whether a knowledge base was finished, and still holds the files and pages that it had then."""
    return found.mark is not None and found.parts is not None and found.mark.listing == listing_of(found.parts)


# ---- once the agents are read: what becomes of each


def needs_history(shared: Holdings) -> bool:
    """Whether anything could go, so that it has to be known what older revisions refer to."""
    if not shared.is_all:
        return False
    versions = [(each, versions_of(shared, each)) for each in shared.desired if each.kind is not Kind.WEBHOOK]
    return shared.prunes or any(
        len(found) > 1 or any(held(resource, each) != fingerprint(resource.content) for each in found)
        for resource, found in versions
    )


def doubtful_tools(shared: Holdings) -> frozenset[str]:
    """Ids of the tools that only a revision of ours can say are ours."""
    tools = (each for each in shared.desired if each.kind is Kind.TOOL)
    return frozenset(found.resource_id for each in tools for found in versions_of(shared, each))


def needs_others(shared: Holdings, uses: Uses) -> bool:
    """Whether it matters what agents that are not ours refer to.

    It does where something is edited in place; and where something unmarked has the name of ours and no agent of ours
    uses it, unless ours already use another one that holds what is wanted.
    """

    def is_doubtful(resource: DesiredResource) -> bool:
        found, wanted = versions_of(shared, resource), fingerprint(resource.content)
        unmarked = [each for each in found if each.mark is None]
        ours = [each for each in unmarked if each.resource_id in uses.ours]
        is_known = any(held(resource, each) == wanted for each in ours)
        return bool(found) and (resource.is_in_place or (not is_known and len(unmarked) > len(ours)))

    return any(is_doubtful(each) for each in shared.desired if each.kind is not Kind.WEBHOOK)


def match_resources(
    shared: Holdings, references: ReferenceMap, uses: Uses, planned: ResourcePlan, overwrites_drift: bool
) -> None:
    """Adds what becomes of each tool and knowledge base to `planned`. `references` learns what serves as each."""
    for resource in shared.desired:
        if resource.kind is Kind.WEBHOOK:
            continue
        versions = [*versions_of(shared, resource), *_unrecognised(shared, resource, uses)]
        change = _matched(shared, resource, versions, uses, planned)
        if change.drift is not Drift.NONE and not overwrites_drift:
            planned.refusals.append(refuse_drift(change))
        if change.action in (ResourceAction.CREATE, ResourceAction.REPLACE):
            planned.refusals += _refuse_name_taken(shared, resource, change)
        if change.resource_id is not None and change.action in (ResourceAction.UNCHANGED, ResourceAction.UPDATE):
            references.learn(Ref(resource.kind, resource.key, change.fingerprint), change.resource_id)
        planned.changes.append(change)


def _unrecognised(shared: Holdings, resource: DesiredResource, uses: Uses) -> list[ObservedResource]:
    """What serves as the resource although somebody changed its name or mark.

    It is recognised by an agent that serves what its spec asks for: of what the spec refers to, only this resource is
    missing, and the agent refers to only one thing that is not accounted for.
    """
    known = {each.resource_id for other in shared.desired for each in versions_of(shared, other)}
    for agent in shared.agents:
        wanted = {ref.address for ref in references_in(agent.config) if ref.kind is resource.kind}
        serving = uses.live.get(agent.key, frozenset())
        if agent.key not in uses.settled or resource.address not in wanted:
            continue
        missing = [
            each.address
            for each in shared.desired
            if each.address in wanted and not any(v.resource_id in serving for v in versions_of(shared, each))
        ]
        strange = serving - known - ids_in(agent.config)
        unmarked = (each for each in shared.of_kind(resource.kind) if each.mark is None)
        found = [each for each in unmarked if each.resource_id in strange]
        if missing == [resource.address] and len(found) == 1:
            return found
    return []


def as_described(resource: DesiredResource, reaches: tuple[str, ...]) -> ResourceChange:
    """Nothing to do, until the account says otherwise. `reaches`: the keys of the agents that it is for."""
    return ResourceChange(
        address=resource.address,
        name=resource.name,
        action=ResourceAction.UNCHANGED,
        reason="as its file describes it",
        fingerprint=fingerprint(resource.content),
        reaches=reaches,
        desired=resource,
    )


def _matched(
    shared: Holdings, resource: DesiredResource, versions: Sequence[ObservedResource], uses: Uses, planned: ResourcePlan
) -> ResourceChange:
    change = as_described(resource, shared.reach(resource.address))
    foreign = uses.others or frozenset()
    right = [each for each in versions if held(resource, each) == change.fingerprint]
    # What others use and we don't is theirs, even where it holds what is wanted: they may change it.
    right = [each for each in right if each.resource_id in uses.ours or each.resource_id not in foreign]
    if right:
        serving = [each for each in right if each.resource_id in uses.serving]
        return replace(change, resource_id=(serving or right)[0].resource_id, observed=(serving or right)[0])
    ours = [each for each in versions if shared.is_marked(each, resource.address) or each.resource_id in uses.ours]
    # Not what serves: an edit in place that was cut off looks like something begun as well.
    idle = [each for each in ours if each.resource_id not in uses.serving]
    if begun := _begun(resource, idle, change.fingerprint):
        reason = "an earlier run began it and did not come to the end"
        made = replace(change, action=ResourceAction.CREATE, reason=reason, resource_id=begun.resource_id)
        return replace(made, observed=begun, fields=_fields(shared, resource, None))
    serving = [each for each in ours if each.resource_id in uses.serving] or ours
    if not serving:
        planned.refusals += _refuse_taken(shared, resource, uses)
        what = "knowledge base" if resource.kind is Kind.KNOWLEDGE else resource.kind.value
        reason = f"the account has no {what} of ours called {resource.name!r}"
        return replace(change, action=ResourceAction.CREATE, reason=reason, fields=_fields(shared, resource, None))
    return _changed(shared, replace(change, observed=serving[0]), serving[0], uses, planned)


def _begun(resource: DesiredResource, versions: Iterable[ObservedResource], wanted: str) -> ObservedResource | None:
    """A knowledge base of exactly these sources that was never finished."""
    if resource.kind is not Kind.KNOWLEDGE:
        return None
    marked = ((each, each.mark) for each in versions if each.mark is not None)
    sources = wanted[:SOURCES_LENGTH]
    return next((each for each, mark in marked if mark.sources == sources and mark.listing is None), None)


def _changed(
    shared: Holdings, change: ResourceChange, before: ObservedResource, uses: Uses, planned: ResourcePlan
) -> ResourceChange:
    """Another version of ours is there: it is replaced, or edited in place."""
    resource = change.desired
    assert resource is not None
    fields = _fields(shared, resource, before)
    drift = _drift_of(resource, before, change, uses)
    change = replace(
        change,
        resource_id=before.resource_id,
        fields=fields,
        drift=Drift.EDITED if drift else Drift.NONE,
        drift_detail=drift,
    )
    if not resource.is_in_place:
        reason = "a new one is made, and the agents that refer to it move to that"
        return replace(change, action=ResourceAction.REPLACE, reason=reason)
    planned.refusals.append(_refuse_in_place(change))
    if before.resource_id in (uses.others or ()):
        planned.refusals.append(_refuse_foreign(resource, [before]))
    planned.refusals += refuse_protected_reach(shared.environment, change)
    reason = "edited in place: every agent that refers to it has it at once, and nothing brings the old one back"
    return replace(change, action=ResourceAction.UPDATE, reason=reason, fields=_at_once(fields))


def _at_once(fields: Iterable[FieldChange]) -> tuple[FieldChange, ...]:
    return tuple(replace(each, is_immediate=True, risk=Risk.HIGH) for each in fields)


def is_reworded(change: ResourceChange) -> bool:
    """Whether the knowledge base that serves was made from other sources than its file names now."""
    mark = change.observed.mark if change.observed is not None else None
    is_known = change.is_change and change.address.kind is Kind.KNOWLEDGE and mark is not None
    return is_known and mark is not None and mark.sources != change.fingerprint[:SOURCES_LENGTH]


def reworded(shared: Holdings, change: ResourceChange, uploaded: Uploaded) -> ResourceChange:
    """`change` showing the words that differ, as far as git has what was uploaded."""
    assert change.desired is not None
    fields = _fields(shared, change.desired, change.observed, uploaded)
    return replace(change, fields=_at_once(fields) if change.action is ResourceAction.UPDATE else fields)


def _drift_of(resource: DesiredResource, before: ObservedResource, change: ResourceChange, uses: Uses) -> str:
    """What somebody else did to a version of ours, "" where git has changed, or it is not known who did.

    We never edit a tool of ours, unless in place. So where an agent serves exactly what its spec asks for, and its tool
    is not what the tool's file describes, somebody edited the tool. The same holds for unmarked knowledge bases.
    """
    if resource.files and before.mark is None:
        return "its description, where our mark was, was changed outside git"
    if before.mark is not None:
        return _listing_drift(resource, before)
    by_name = _without_values(resource.content)
    if canonical(before.content, by_name) == canonical(by_name, by_name):
        return ""  # only the value of a secret differs, as after a rotation
    users = [key for key, ids in uses.live.items() if before.resource_id in ids and key in change.reaches]
    if (before.resource_id in uses.edited and not resource.is_in_place) or uses.settled.intersection(users):
        return f"its {'pages were' if resource.kind is Kind.KNOWLEDGE else 'definition was'} changed outside git"
    return ""


def _without_values(content: Any) -> Any:
    """`content` with its secrets by name only: any value that the account holds is then the right one."""
    match content:
        case Secret(parts):
            return Secret(tuple(p if isinstance(p, str) else replace(p, value=None) for p in parts))
        case dict():
            return {name: _without_values(value) for name, value in content.items()}
        case list():
            return [_without_values(value) for value in content]
        case _:
            return content


def _listing_drift(resource: DesiredResource, before: ObservedResource) -> str:
    """How files and pages differ from what they were after the last upload, by their names and sizes."""
    if before.mark is None or before.mark.listing is None:
        return ""
    is_wanted = before.mark.sources == fingerprint(resource.content)[:SOURCES_LENGTH]
    if is_wanted and is_whole(before) and not _has_name(resource, before):
        return f"it was renamed outside git: it is called {before.name!r} now"
    if is_whole(before):
        return ""
    if not is_wanted:
        return "its files were changed outside git"
    has = {part.name for part in before.parts or ()}
    wanted = {file.name for file in resource.files} | set(resource.content["urls"])
    sizes = {file.name: file.size for file in resource.files}
    resized = [p for p in before.parts or () if sizes.get(p.name) is not None and sizes[p.name] != p.size]
    edits = [f"{name} is gone" for name in sorted(wanted - has)]
    edits += [f"{name} was added" for name in sorted(has - wanted)]
    edits += [f"{part.name} has {part.size} bytes instead of {sizes[part.name]}" for part in resized]
    return f"changed outside git: {', '.join(edits) or 'a file has another size than the one that was uploaded'}"


# ---- what people are shown


def _fields(
    shared: Holdings, resource: DesiredResource, before: ObservedResource | None, uploaded: Uploaded | None = None
) -> tuple[FieldChange, ...]:
    """The differences, as far as the account and git show what was there: the names of files, the words of Markdown."""
    if resource.kind is Kind.TOOL:
        return field_changes_of(shared, resource, before.content if before else {}, resource.content)
    shown = {file.name: file.path for file in resource.files}
    wanted: Document = {"name": resource.name, "files": shown, "urls": resource.content["urls"]}
    if before is None:
        return field_changes_of(shared, resource, {}, wanted)
    parts = [part for part in before.parts or () if part.state is not PartState.FAILED]
    then = {file.name: file for file in uploaded.resource.files} if uploaded and uploaded.resource else {}
    paths = {file.name: file.path for file in then.values()} | shown
    has = {part.name: paths.get(part.name, "(not in git)") for part in parts if not part.is_page}
    lines: dict[Path, tuple[Stretch, ...]] = {}
    for new in resource.files:
        old = then.get(new.name)
        if uploaded and old and old.digest != new.digest and new.name in has:
            has[new.name], shown[new.name] = uploaded.shown(old), uploaded.shown(new)
            if new.digest in uploaded.texts:
                lines[("files", new.name)] = (Stretch(1, new.path, 1),)
    pages = sorted(part.name for part in parts if part.is_page)
    found = field_changes_of(shared, resource, {"name": before.name, "files": has, "urls": pages}, wanted, lines)
    gone = ((("files", name), path) for name, path in sorted(has.items()) if name not in shown)
    found += tuple(
        FieldChange(at, Operation.REMOVE, path, None, Category.OTHER, Risk.MEDIUM, reason="changed in git")
        for at, path in gone
    )
    if then or not shown.keys() & has.keys():
        return found
    why = f"no words are shown: {uploaded.why_not}" if uploaded is not None else "the account does not say what it had"
    what = f"content may have changed, too; {why}" if found else f"content changed; {why}"
    unknown = field_changes_of(shared, resource, {"files": "what was uploaded"}, {"files": what})
    return found if found and uploaded is None else found + unknown


def field_changes_of(
    shared: Holdings,
    resource: DesiredResource,
    had: Mapping[str, Any],
    wanted: Document,
    lines: Mapping[Path, tuple[Stretch, ...]] | None = None,
) -> tuple[FieldChange, ...]:
    """Field by field from `had` to `wanted`, over what is wanted; secrets hidden as in agents. `lines`: where the lines
    of a text are written."""
    stand_in = DesiredAgent(resource.key, resource.name, wanted, where=resource.where, lines=lines or {})
    describer = Describer(stand_in, Concealer(shared.secrets, wanted))
    category = Category.TOOLS if resource.kind is Kind.TOOL else Category.OTHER
    differences = expand(diff(canonical(had, wanted), canonical(wanted, wanted)))
    found = (describer.describe(each, reason="changed in git") for each in differences)
    return tuple(replace(each, category=category, risk=Risk.MEDIUM) for each in found)


# ---- what speaks against it


def _refuse_taken(shared: Holdings, resource: DesiredResource, uses: Uses) -> Iterator[Refusal]:
    """Refuses to take a name that somebody else's resource has."""
    named = [each for each in shared.of_kind(resource.kind) if each.name == resource.name]
    foreign = [each for each in named if each.mark is not None or each.resource_id in (uses.others or ())]
    if foreign:
        yield _refuse_foreign(resource, foreign)
    elif named:
        ids = " and ".join(sorted(each.resource_id for each in named))
        is_one = len(named) == 1
        yield Refusal(
            code="ADOPT",
            summary=f"{resource.address}: {ids} {'is' if is_one else 'are'} called {resource.name!r} and "
            f"{'was' if is_one else 'were'} never deployed by agentops",
            hint=f"rename it in one of the two places, or pass `--ack ADOPT:{resource.address.name}` to make ours "
            "beside it",
            agent=resource.address.name,
            acknowledgement="ADOPT",
        )


def _refuse_name_taken(shared: Holdings, resource: DesiredResource, change: ResourceChange) -> Iterator[Refusal]:
    """Refuses a second tool of one name where the account takes none. The model knows it by that name, so it stays."""
    named = [each.resource_id for each in shared.of_kind(Kind.TOOL) if each.name == resource.name]
    if resource.kind is Kind.TOOL and named and not shared.takes_namesakes:
        name = resource.address.name
        is_ours = change.action is ResourceAction.REPLACE
        way_out = f"set `in_place: true` in {resource.address.file}, or give" if is_ours else "give"
        yield Refusal(
            code="TOOL_NAME_TAKEN",
            summary=f"{resource.address}: by its probe the account takes no second tool called {resource.name!r}, and "
            f"{' and '.join(sorted(named))} has that name",
            hint=f"{way_out} its definition another name, in the prompts too; if the account takes one by now, pass "
            f"`--ack TOOL_NAME_TAKEN:{name}`",
            agent=name,
            acknowledgement="TOOL_NAME_TAKEN",
        )


def _refuse_foreign(resource: DesiredResource, found: Sequence[ObservedResource]) -> Refusal:
    ids = " and ".join(sorted(each.resource_id for each in found))
    name = resource.address.name
    return Refusal(
        code="FOREIGN_RESOURCE",
        summary=f"{resource.address}: {ids}, called {resource.name!r}, is used by others of this account",
        hint=f"give ours a name of its own, for example with ${{{{ environment }}}} in it, or pass "
        f"`--ack FOREIGN_RESOURCE:{name}`",
        agent=name,
        acknowledgement="FOREIGN_RESOURCE",
    )


def refuse_drift(change: ResourceChange) -> Refusal:
    return Refusal(
        code="DRIFT",
        summary=f"{change.address}: {change.drift_detail}",
        hint="bring it into its file (`agentops pull` does so where the account gives it back), or pass "
        "`--overwrite-drift` to discard it",
        agent=change.address.name,
        is_stale=True,
    )


def _refuse_in_place(change: ResourceChange) -> Refusal:
    reached = ", ".join(change.reaches) or "no agent"
    return Refusal(
        code="IN_PLACE",
        summary=f"{change.address} would be edited at once, without a version to go back to; used by {reached}",
        hint=f"take `in_place` out to have a new one made, or pass `--ack IN_PLACE:{change.address.name}`",
        agent=change.address.name,
        acknowledgement="IN_PLACE",
    )


# ---- what goes


def sweep(shared: Holdings, uses: Uses, agents: Iterable[AgentChange], planned: ResourcePlan) -> None:
    """Adds the removal of what nothing needs any more: versions of ours that were replaced and, where it was asked for,
    what no file describes. What serves and the revision before it keep what they refer to, so that going back works."""
    if not shared.is_all:
        return
    stays = (each for each in planned.changes if each.action is not ResourceAction.REPLACE)
    needed = _needed(uses, agents) | {each.resource_id for each in stays if each.resource_id}
    for resource in shared.desired:
        if resource.kind is Kind.WEBHOOK:
            continue
        for each in versions_of(shared, resource):
            if each.resource_id not in needed and (each.mark is not None or each.resource_id in uses.ours):
                reason = "replaced; neither what serves nor the revision before that refers to it"
                planned.changes.append(_gone(resource.address, each, reason))
    if shared.prunes:
        named = frozenset().union(*(ids_in(agent.config) for agent in shared.agents))
        known_here = [version for resource in shared.desired for version in versions_of(shared, resource)]
        for each in (*shared.of_kind(Kind.TOOL), *shared.of_kind(Kind.KNOWLEDGE)):
            if each.resource_id in uses.ours - needed - named and each not in known_here:
                reason = "deployed from this project, and no file describes it any more"
                gone = _gone(Address(each.kind, each.name), each, reason)
                planned.changes.append(replace(gone, is_pruned=True))


def _needed(uses: Uses, agents: Iterable[AgentChange]) -> frozenset[str]:
    """Ids that must stay: of what serves now, which is the revision before where an agent moves, and otherwise of the
    revision before that, too."""
    moving = {each.key for each in agents if each.is_change and any(not f.is_immediate for f in each.fields)}
    kept = [ids for key, ids in uses.before.items() if key not in moving]
    return frozenset().union(uses.others or (), *uses.live.values(), *kept)


def _gone(address: Address, found: ObservedResource, reason: str) -> ResourceChange:
    return ResourceChange(
        address, found.name, ResourceAction.DELETE, reason, resource_id=found.resource_id, observed=found
    )
