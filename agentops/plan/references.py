"""Ids into references, before anything is compared, and references into ids, when something is written. Pure.

Which fields hold an id is known to `agentops.fields`; `plan.resources` decides which id means which resource.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agentops.document import DesiredAgent, Document
from agentops.errors import StaleError
from agentops.fields import FREE_MAPS, IDS, Reference
from agentops.plan.canonical import fingerprint
from agentops.resources import DesiredResource, Kind, Ref

_KINDS = {Reference.TOOL: Kind.TOOL, Reference.KNOWLEDGE_BASE: Kind.KNOWLEDGE}
# The fields that hold ids, wherever they stand: in the configuration itself, in a tool, in a playbook.
_PLACES: Mapping[str, Kind] = {name: _KINDS[reference] for name, reference in IDS.items()}


def with_fingerprints(agent: DesiredAgent, resources: Iterable[DesiredResource]) -> DesiredAgent:
    """`agent` with the fingerprint of what each of its references means."""
    known = {each.address: fingerprint(each.content) for each in resources}

    def with_fingerprint(kind: Kind, leaf: Any) -> Any:
        return replace(leaf, fingerprint=known.get(leaf.address, "")) if isinstance(leaf, Ref) else leaf

    return replace(agent, config=_document(agent.config, with_fingerprint)) if known else agent


def references_in(document: Document) -> Iterator[Ref]:
    """Every reference of a document."""
    return (leaf for _, leaf in _leaves(document) if isinstance(leaf, Ref))


def ids_in(document: Document, *kinds: Kind) -> frozenset[str]:
    """Every id of the account that a document holds, by itself or behind a reference: of `kinds`, or of any."""
    leaves = (leaf for kind, leaf in _leaves(document) if not kinds or kind in kinds)
    ids = (leaf.resource_id if isinstance(leaf, Ref) else leaf for leaf in leaves)
    return frozenset(each for each in ids if isinstance(each, str) and each)


def mentioned(document: Any, known: frozenset[str]) -> frozenset[str]:
    """Those of the ids `known` that stand anywhere in a document of the account.

    Anywhere, since under which name a reference is read back is not known, and nothing that is needed may be deleted.
    """
    match document:
        case Ref(resource_id=str(found)) | str(found):
            return known & {found}
        case dict() | list():
            items = document.values() if isinstance(document, dict) else document
            return frozenset[str]().union(*(mentioned(item, known) for item in items))
        case _:
            return frozenset()


@dataclass(slots=True)
class ReferenceMap:
    """Translates between ids and references of one account. `made` is what an apply has created since."""

    by_id: dict[str, Ref] = field(default_factory=dict)
    ids: dict[Ref, str] = field(default_factory=dict)
    made: dict[Ref, str] = field(default_factory=dict)

    def learn(self, ref: Ref, resource_id: str) -> None:
        """`resource_id` is what `ref` means from now on, in what is read and what is written."""
        self.by_id[resource_id] = replace(ref, resource_id=resource_id)
        self.ids[ref] = resource_id

    def has_made(self, ref: Ref, resource_id: str) -> None:
        """Like `learn`, for what an apply has created."""
        self.learn(ref, resource_id)
        self.made[ref] = resource_id

    def to_references(self, document: Document) -> Document:
        """`document` with a reference for each id of a resource of ours."""

        def named(kind: Kind, leaf: Any) -> Any:
            ref = self.by_id.get(leaf) if isinstance(leaf, str) else None
            return ref if ref is not None and ref.kind is kind else leaf

        return _document(document, named)

    def to_ids(self, document: Document) -> Document:
        """`document` as the account takes it. Raises StaleError for a reference to what is not there."""

        def id_of(kind: Kind, leaf: Any) -> Any:
            if not isinstance(leaf, Ref):
                return leaf
            found = self.ids.get(leaf)
            if found is None:
                raise StaleError(
                    f"the account has no {leaf.address} as the project describes it",
                    hint="make it with `agentops apply`, then run the same command again",
                    code="resource-missing",
                )
            return found

        return _document(document, id_of)


def _document(document: Document, change: Callable[[Kind, Any], Any]) -> Document:
    """`document` with `change` of every leaf that holds an id."""
    return {name: _mapped(value, change, _PLACES.get(name), name) for name, value in document.items()}


def _mapped(value: Any, change: Callable[[Kind, Any], Any], kind: Kind | None = None, name: str = "") -> Any:
    """The value of the field `name`, which holds ids of `kind`. Entries of free maps are the author's own names."""
    if isinstance(value, dict):
        if name in FREE_MAPS:
            return value
        return {key: _mapped(item, change, _PLACES.get(key), key) for key, item in value.items()}
    if isinstance(value, list):
        return [_mapped(item, change, kind, name) for item in value]
    return change(kind, value) if kind is not None else value


def _leaves(document: Document) -> list[tuple[Kind, Any]]:
    found: list[tuple[Kind, Any]] = []

    def note(kind: Kind, leaf: Any) -> Any:
        found.append((kind, leaf))
        return leaf

    _document(document, note)
    return found
