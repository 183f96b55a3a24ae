"""The tools that imported agents share, as files that their specs refer to.

Only tools: they can be read whole, so that the plan right after an import is empty. What is in a knowledge base is not
given back, and neither are a webhook's headers: those are described by hand, and ids in specs go on working.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from agentops.document import ObservedAgent
from agentops.importers.atoms.references import References as SecretReferences
from agentops.importers.atoms.specs import in_tool_order, literal_leaves
from agentops.importers.yaml_text import to_yaml
from agentops.plan.references import References, ids_in
from agentops.resources import Address, DesiredResource, Kind, ObservedResource, Ref
from agentops.spec.layout import format_yaml
from agentops.spec.model.resources import ToolSpec
from agentops.spec.slug import slug

_MOST_KEY = 60


@dataclass(frozen=True, slots=True)
class SharedTools:
    """Files by project path, what ids become in specs, secrets with the places that refer to them."""

    files: dict[str, str] = field(default_factory=dict)
    references: References = field(default_factory=References)
    secrets: dict[str, str] = field(default_factory=dict)

    def named(self, agent: ObservedAgent) -> ObservedAgent:
        """`agent` with references for the ids that have a file."""
        live = agent.live
        if live is None or live.document is None:
            return agent
        return replace(agent, live=replace(live, document=self.references.to_references(live.document)))


def tool_ids(agents: Iterable[ObservedAgent]) -> frozenset[str]:
    """Every id that the live configurations of agents hold and that may be a tool's."""
    live = (agent.live.document for agent in agents if agent.live and agent.live.document)
    return frozenset[str]().union(*map(ids_in, live))


def write_tools(
    agents: Sequence[ObservedAgent], tools: Iterable[ObservedResource], known: Iterable[DesiredResource] = ()
) -> SharedTools:
    """The file of each tool that one of `agents` refers to. One that has the name of a tool that the project has
    already keeps its id in the spec: a person has to say whether it is the same."""
    described = [each for each in known if each.kind is Kind.TOOL]
    names, keys = {each.name for each in described}, {each.key for each in described}
    made, used = SharedTools(), tool_ids(agents)
    for tool in tools:
        if tool.resource_id not in used or tool.name in names:
            continue
        names.add(tool.name)
        address = Address(Kind.TOOL, _free_key(tool.name, keys))
        keys.add(address.key)
        secrets = SecretReferences(address.key)
        definition = secrets.restored(literal_leaves(in_tool_order(secrets.stand_in((), tool.content))))
        made.secrets.update({name: f"{address.file}: {place}" for name, place in secrets.secrets.items()})
        text = to_yaml({"definition": definition}, header="yaml-language-server: $schema=../schemas/tool.schema.json")
        made.files[address.file] = format_yaml(text, address.file, ToolSpec)
        made.references.learn(Ref(Kind.TOOL, address.key), tool.resource_id)
    return made


def _free_key(name: str, taken: set[str]) -> str:
    base = slug(name, limit=_MOST_KEY).replace("-", "_").lstrip("_0123456789") or "tool"
    key, number = base, 2
    while key in taken:
        key, number = f"{base}_{number}", number + 1
    return key
