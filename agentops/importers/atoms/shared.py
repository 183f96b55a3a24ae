"""Tools, knowledge bases and webhooks of an account as files, for the agents that are imported and refer to them.

Nothing is said that the account does not give back: a knowledge base with uploaded files keeps its id in the spec, since
the files themselves can't be read; a webhook's headers are left for a person to fill in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from agentops.document import Document, ObservedAgent
from agentops.importers.atoms.references import References as SecretReferences
from agentops.importers.atoms.specs import in_tool_order, literal_leaves
from agentops.importers.yaml_text import to_yaml
from agentops.plan.references import References, ids_in
from agentops.resources import Address, Kind, ObservedResource, Ref, without_resource_mark
from agentops.spec.hosts import is_loopback
from agentops.spec.layout import format_yaml
from agentops.spec.resources import MODELS
from agentops.spec.slug import slug

_MOST_KEY = 60


@dataclass(slots=True)
class SharedFiles:
    """Files by project path, the references that ids become, secrets with their places, and what stays as it is."""

    files: dict[str, str] = field(default_factory=dict)
    references: References = field(default_factory=References)
    secrets: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    taken: set[Address] = field(default_factory=set)

    def named(self, agent: ObservedAgent) -> ObservedAgent:
        """`agent` with references for the ids that have a file."""
        live = agent.live
        if live is None or live.document is None:
            return agent
        return replace(agent, live=replace(live, document=self.references.to_references(live.document)))

    def add(self, resource: ObservedResource) -> None:
        """Writes the file of one that agents refer to, where it can be written whole."""
        address = self._free(resource)
        if resource.kind is Kind.TOOL:
            secrets = SecretReferences(address.key)
            definition = secrets.restored(literal_leaves(in_tool_order(secrets.stand_in((), resource.content))))
            self.secrets |= {name: f"{address.file}: {place}" for name, place in secrets.secrets.items()}
            self._write(address, {"definition": definition})
        else:
            files = [part.name for part in resource.parts or () if not part.is_page]
            pages = sorted(part.name for part in resource.parts or () if part.is_page)
            if files or not pages:
                what = f"{', '.join(files)} can't be read back" if files else "it is empty"
                self.remarks.append(
                    f"the knowledge base {resource.name!r} keeps its id in the spec, since {what}; describe it in "
                    f"{address.file} when you have its files"
                )
                return
            self._write(address, {"name": literal_leaves(resource.name), "urls": pages})
        self.references.learn(Ref(address.kind, address.key), resource.resource_id)

    def add_webhook(self, webhook: ObservedResource, keys: Mapping[str, str]) -> None:
        """Writes the file of a webhook that imported agents are subscribed to; `keys` are theirs by id."""
        told = {keys[agent]: types for agent, types in webhook.content["events"].items() if agent in keys}
        if not told:
            return
        endpoint = str(webhook.content["endpoint"])
        if not endpoint.startswith("https://") and not is_loopback(endpoint):
            self.remarks.append(f"the webhook {endpoint} is left out: it is not https")
            return
        address = self._free(webhook)
        body: Document = {"endpoint": literal_leaves(endpoint)}
        if text := without_resource_mark(webhook.description):
            body["description"] = literal_leaves(text[:100])
        body["events"] = told
        self._write(address, body)
        self.remarks.append(f"{address.file}: headers can't be read back; add them, or the next apply takes them away")

    def _free(self, resource: ObservedResource) -> Address:
        """A key that nothing has yet, from the name; of a webhook from its host."""
        is_address = resource.name.startswith(("http://", "https://"))
        name = urlsplit(resource.name).hostname or "" if is_address else resource.name
        base = slug(name, limit=_MOST_KEY).replace("-", "_").lstrip("_0123456789") or resource.kind.value
        key, number = base, 2
        while Address(resource.kind, key) in self.taken:
            key, number = f"{base}_{number}", number + 1
        return Address(resource.kind, key)

    def _write(self, address: Address, body: Document) -> None:
        self.taken.add(address)
        text = to_yaml(body, header=f"yaml-language-server: $schema=../schemas/{address.kind.value}.schema.json")
        self.files[address.file] = format_yaml(text, address.file, MODELS[address.kind])


def shared_by(agents: Iterable[ObservedAgent]) -> frozenset[str]:
    """The ids that the live configurations of agents refer to."""
    live = (agent.live.document for agent in agents if agent.live and agent.live.document)
    return frozenset[str]().union(*map(ids_in, live))


def write_shared(
    agents: Sequence[ObservedAgent], library: Iterable[ObservedResource], taken: Iterable[Address] = ()
) -> SharedFiles:
    """The files of everything in `library` that one of `agents` refers to."""
    made = SharedFiles(taken=set(taken))
    used = shared_by(agents)
    for resource in library:
        if resource.resource_id in used:
            made.add(resource)
    return made
