"""The tools, knowledge bases and webhooks of a plan case: what the project wants, and what the account has.

    resources:  `tool.KEY` -> a definition; `knowledge.KEY` -> {name, files (name -> digest), urls};
                `webhook.KEY` -> {endpoint, headers, description, events}; each with `in_place`, where it is
    shelf:      what the account has, by id: `tool:` a definition, with when it was `edited`; `knowledge:` a name with
                its `parts` (name -> size); `webhook:` an endpoint with its `description` and `events` (agent id ->
                types).
                `made_for` is the key whose mark it carries, in `project` and `environment` where they differ, and
                `from` what it was made from: what is wanted, unless said otherwise. `sealed` are the parts that were
                there after the last upload: those that are there, unless said otherwise; false: it was never finished

In an agent's config `{$ref: tool.KEY}` is a reference. In what is served, `{$ref: tool.KEY, id: ID}` is the id, which
our mark names by what is wanted, or by `was`, a definition or sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agentops.clock import platform_time
from agentops.document import Document, Environment, ObservedAgent, Revision
from agentops.plan.canonical import fingerprint
from agentops.remote.port import References
from agentops.resources import (
    Address,
    DesiredResource,
    Kind,
    ObservedResource,
    Part,
    PartState,
    Ref,
    ResourceMark,
    SourceFile,
    listing_of,
    owner_of,
)


def address_of(name: str) -> Address:
    kind, _, key = name.partition(".")
    return Address(Kind(kind), key)


def content_of(kind: Kind, data: Mapping[str, Any]) -> Document:
    content = {name: value for name, value in data.items() if name != "in_place"}
    if kind is Kind.KNOWLEDGE:
        return {"name": content["name"], "files": content.get("files", {}), "urls": content.get("urls", [])}
    return content


def desired_resource(name: str, data: Mapping[str, Any]) -> DesiredResource:
    address = address_of(name)
    content = content_of(address.kind, data)
    files = content["files"].items() if address.kind is Kind.KNOWLEDGE else ()
    return DesiredResource(
        address,
        content.get("name", address.key),
        content,
        is_in_place=bool(data.get("in_place")),
        files=tuple(SourceFile(f"knowledge/{file}", file, digest) for file, digest in files),
    )


def observed_resource(
    resource_id: str, data: Mapping[str, Any], wanted: Mapping[str, Any], environment: Environment
) -> ObservedResource:
    [kind] = [each for each in Kind if each.value in data]
    content = data[kind.value]
    parts = tuple(
        Part(f"p{number}", name, PartState.READY, size, is_page=name.startswith("https://"))
        for number, (name, size) in enumerate(data.get("parts", {}).items())
    )
    mark = _mark(kind, data, wanted, environment, parts)
    description = " ".join(filter(None, (data.get("description", ""), mark)))
    match kind:
        case Kind.TOOL:
            return ObservedResource(
                kind, resource_id, content["name"], content, edited_at=platform_time(data.get("edited"))
            )
        case Kind.KNOWLEDGE:
            return ObservedResource(kind, resource_id, content, description=description, parts=parts)
        case Kind.WEBHOOK:
            told: Document = {"endpoint": content, "events": data.get("events", {})}
            return ObservedResource(kind, resource_id, data.get("description", content), told, description)


def _mark(
    kind: Kind, data: Mapping[str, Any], wanted: Mapping[str, Any], environment: Environment, parts: tuple[Part, ...]
) -> str:
    if "made_for" not in data:
        return ""
    project, name = data.get("project", environment.project), data.get("environment", environment.name)
    key = f"{kind.value}.{data['made_for']}"
    sources = fingerprint(content_of(kind, data["from"] if "from" in data else wanted[key]))[:12]
    listing = None
    if kind is Kind.KNOWLEDGE and (sealed := data.get("sealed")) is not False:
        listing = listing_of(
            parts if sealed is None else [Part("", *each, is_page=each[0][:8] == "https://") for each in _of(sealed)]
        )
    return str(ResourceMark(owner_of(project, name, address_of(key)), sources, listing))


def _of(sealed: Mapping[str, int]) -> list[tuple[str, PartState, int]]:
    return [(name, PartState.READY, size) for name, size in sealed.items()]


def reference(data: Mapping[str, Any], wanted: Mapping[str, Any]) -> Ref:
    """`{$ref: tool.look_up}` as our mark knows it."""
    address = address_of(data["$ref"])
    content = data.get("was") or wanted[data["$ref"]]
    return Ref(address.kind, address.key, fingerprint(content_of(address.kind, content)))


def with_names(agent: ObservedAgent, references: References | None) -> ObservedAgent:
    """The agent as an account reads it once it knows whose ids are whose."""
    if references is None:
        return agent

    def named(revision: Revision | None) -> Revision | None:
        if revision is None or revision.document is None:
            return revision
        return replace(revision, document=references.to_references(revision.document))

    history = tuple(each for each in map(named, agent.history) if each is not None)
    return replace(agent, live=named(agent.live), base=named(agent.base), history=history)
