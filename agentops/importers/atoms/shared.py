"""The tools, knowledge bases and webhooks of imported agents, as files beside their specs. Pure.

A file is written for what the account gives back completely, so that the plan right after an import changes nothing:
tools, knowledge bases with pages only, webhooks without their headers. Specs keep the ids of everything else, and a
remark says why and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from agentops.diagnostics import Diagnostic
from agentops.document import Document, ObservedAgent
from agentops.importers.atoms.secret_references import SecretReferences
from agentops.importers.atoms.specs import in_tool_order, literal_leaves
from agentops.importers.yaml_text import to_yaml
from agentops.plan.concealment import NONE_KNOWN, KnownSecrets
from agentops.plan.references import ReferenceMap, ids_in
from agentops.plan.resources import is_of_pages
from agentops.resources import Address, DesiredResource, Kind, ObservedResource, Ref, without_resource_mark
from agentops.spec.layout import format_yaml
from agentops.spec.resources import MODELS
from agentops.spec.slug import slug

_MOST_KEY = 60
_WHAT = {Kind.TOOL: "tool", Kind.KNOWLEDGE: "knowledge base", Kind.WEBHOOK: "webhook"}
_DEPLOYED = "agentops deployed it from files, of another project or of an earlier state of this one"
_HEADERS = (
    "Headers can't be read back. Without `headers:` here, those that it has stay as they are. To have them in git,\n"
    'write all of them: headers: {X-Token: "${{ secrets.NAME }}"}'
)


@dataclass(frozen=True, slots=True)
class SharedFiles:
    """Files by project path, the references that replace ids in specs, and secrets -> the places that refer to them.

    notes:   id -> why it stays in the specs, for a comment there
    remarks: what has no file, why, and what to do
    """

    files: dict[str, str] = field(default_factory=dict)
    references: ReferenceMap = field(default_factory=ReferenceMap)
    secrets: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def with_references(self, agent: ObservedAgent) -> ObservedAgent:
        """`agent` with references in place of the ids that have a file."""
        live = agent.live
        if live is None or live.document is None:
            return agent
        return replace(agent, live=replace(live, document=self.references.to_references(live.document)))

    def write(self, address: Address, content: Document, comments: Mapping[str, str] | None = None) -> None:
        """Writes the file of `address`, with references in place of secrets."""
        secrets = SecretReferences(address.key)
        body = secrets.restored(literal_leaves(secrets.stand_in((), content)))
        self.secrets.update({name: f"{address.file}: {place}" for name, place in secrets.secrets.items()})
        header = f"yaml-language-server: $schema=../schemas/{address.kind.value}.schema.json"
        text = to_yaml(body, comments, header=header)
        self.files[address.file] = format_yaml(text, address.file, MODELS[address.kind])

    def refuse(self, errors: Iterable[Diagnostic]) -> None:
        """Takes back each file in which the spec language finds an error, so that specs keep the id."""
        for error in errors:
            path = error.where.file if error.where else ""
            if self.files.pop(path, None) is None:
                continue
            for resource_id, ref in list(self.references.by_id.items()):
                if ref.address.file == path:
                    del self.references.by_id[resource_id]
            for name in [name for name, place in self.secrets.items() if place.startswith(f"{path}: ")]:
                del self.secrets[name]
            self.remarks.append(f"{path}: not written, since a file can't hold it as it is: {error.summary}")

    def keep(self, found: ObservedResource, why: str, todo: str = "") -> None:
        """Notes why `found` gets no file, so that specs keep its id."""
        named = f"{_WHAT[found.kind]} {found.name!r}"
        self.notes[found.resource_id] = f"The {named}: {why}."
        self.remarks.append(f"{named} ({found.resource_id}): {why}" + (f"; {todo}" if todo else ""))

    def leave(self, found: ObservedResource, why: str) -> None:
        """Notes why specs keep the id of `found`, whose name must not be seen."""
        self.remarks.append(f"{_WHAT[found.kind]} {found.resource_id}: {why}; specs keep its id")


def ids_of(agents: Iterable[ObservedAgent], kind: Kind) -> frozenset[str]:
    """The ids of tools or knowledge bases that the live configurations of agents hold."""
    live = (agent.live.document for agent in agents if agent.live and agent.live.document)
    return frozenset[str]().union(*(ids_in(document, kind) for document in live))


def write_shared(
    agents: Sequence[ObservedAgent],
    resources: Sequence[ObservedResource],
    described: Iterable[DesiredResource] = (),
    secrets: KnownSecrets = NONE_KNOWN,
) -> SharedFiles:
    """The files of the tools and knowledge bases that `agents` refer to. `described`: the project's resources. One with
    the name of such keeps its id, since only a person knows whether it is the same. `secrets` are written nowhere."""
    made, known = SharedFiles(), list(described)
    for kind in (Kind.TOOL, Kind.KNOWLEDGE):
        used = ids_of(agents, kind)
        found = [each for each in resources if each.kind is kind and each.resource_id in used]
        names, keys = ({getattr(each, part) for each in known if each.kind is kind} for part in ("name", "key"))
        for each in found:
            if each.name in names:
                todo = "rename one of them, or write the reference by hand if they are the same"
                made.keep(each, "another of this name has a file, so specs keep its id", todo)
                continue
            if secrets.hide(each.name) != each.name:
                made.leave(each, "its name holds a secret; give it another one in the console, and replace the secret")
                continue
            if kind is Kind.KNOWLEDGE and not _is_readable(each, made):
                continue
            names.add(each.name)
            address = Address(kind, _free_key(each.name, keys, kind))
            made.write(address, _content(each))
            if secrets.hide(made.files[address.file]) != made.files[address.file]:
                del made.files[address.file]
                made.leave(each, "it holds a secret where a file can't refer to one; replace the secret")
                continue
            made.references.learn(Ref(kind, address.key), each.resource_id)
        for missing in sorted(used - {each.resource_id for each in found}):
            made.remarks.append(f"{_WHAT[kind]} {missing}: the account does not list it; specs keep its id")
    return made


def _content(found: ObservedResource) -> Document:
    if found.kind is Kind.TOOL:
        return {"definition": in_tool_order(found.content)}
    return {"name": found.name, "urls": sorted(part.name for part in found.parts or ())}


def _is_readable(base: ObservedResource, made: SharedFiles) -> bool:
    """Whether the account gives back everything that is in a knowledge base. If not, notes what is missing."""
    secrets = SecretReferences(base.name)
    files = ", ".join(part.name for part in base.parts or () if not part.is_page)
    key = _free_key(base.name, set(), base.kind)
    if base.mark is not None:
        why, todo = _DEPLOYED, "go on with those files, or describe it anew here"
    elif is_of_pages(base) and secrets.stand_in((), _content(base)) == _content(base) and not secrets.doubtful:
        return True
    elif is_of_pages(base):
        why, todo = "an address of its pages holds what looks like a secret", "change that in the console"
    elif not files:
        why, todo = "it has nothing in it", f"describe it in knowledge/{key}.yaml once there is"
    else:
        why = f"the account does not give back what is in {files}, so specs keep its id"
        todo = (
            f"to have it as code, put the files below knowledge/, name them in knowledge/{key}.yaml, and write "
            f"${{{{ ref.knowledge.{key} }}}} for the id"
        )
    made.keep(base, why, todo)
    return False


def write_webhooks(
    made: SharedFiles,
    keys: Mapping[str, str],
    imported: Iterable[str],
    resources: Iterable[ObservedResource],
    described: Iterable[DesiredResource] = (),
    secrets: KnownSecrets = NONE_KNOWN,
) -> None:
    """Adds the file of each webhook that reports calls of an agent in `imported` (ids). `keys`: the project's agents by
    id."""
    taken = [each for each in described if each.kind is Kind.WEBHOOK]
    subscribed = {agent for each in taken for agent in each.content["events"]}
    endpoints, free = {str(each.content["endpoint"]) for each in taken}, {each.key for each in taken}
    ids = set(imported)
    for hook in resources:
        events: Mapping[str, list[str]] = hook.content["events"] if hook.kind is Kind.WEBHOOK else {}
        if not ids & set(events):
            continue
        named = {keys[agent]: types for agent, types in events.items() if agent in keys}
        if secrets.hide(hook.description) != hook.description:
            made.leave(hook, "its description holds a secret; change it in the console, and replace the secret")
        elif hook.mark is not None:
            made.keep(hook, _DEPLOYED, "go on with those files")
        elif others := sorted(set(events) - set(keys)):
            why = f"it is told of agents that have no spec here: {', '.join(others)}"
            made.keep(hook, why, "import them, too, or describe it by hand")
        elif hook.content["endpoint"] in endpoints or subscribed & set(named):
            made.keep(hook, "a file here describes its endpoint, or names one of its agents", "add its events there")
        else:
            subscribed |= set(named)
            address = Address(Kind.WEBHOOK, _free_key(_webhook_name(hook), free, hook.kind))
            text = without_resource_mark(hook.description)
            body = {"endpoint": hook.content["endpoint"], **({"description": text} if text else {}), "events": named}
            made.write(address, body, {"events": _HEADERS})
            made.remarks.append(f"{address.file}: its headers can't be read; they stay unless the file has `headers:`")


def _webhook_name(hook: ObservedResource) -> str:
    """Its description if that is short, else the host that it sends to."""
    text = without_resource_mark(hook.description)
    return text if 0 < len(text) <= _MOST_KEY // 2 else urlsplit(str(hook.content["endpoint"])).hostname or ""


def _free_key(name: str, taken: set[str], kind: Kind) -> str:
    """A key that is not in `taken`, to which it is added."""
    base = slug(name, limit=_MOST_KEY).replace("-", "_").lstrip("_0123456789") or kind.value
    key, number = base, 2
    while key in taken:
        key, number = f"{base}_{number}", number + 1
    taken.add(key)
    return key
