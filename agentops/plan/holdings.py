"""What a plan of resources is made from and concluded into: what is wanted and there, what uses it, what was found.

Values only; `plan.resources` and `plan.webhooks` decide what becomes of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from agentops.diagnostics import Diagnostic
from agentops.document import DesiredAgent, Environment
from agentops.plan.concealment import KnownSecrets
from agentops.plan.model import Refusal, ResourceChange
from agentops.plan.references import ReferenceMap, references_in
from agentops.resources import Address, DesiredResource, Kind, ObservedResource, SourceFile, owner_of


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the project wants of resources, and what the account has.

    desired:         what is planned: all of the project, or what the selected agents refer to
    addresses:       of everything that the project's files describe
    agents:          all agents of the project, with the fingerprints of their references
    is_all:          every agent is selected and every spec can be read: only then is it known what nobody needs
    prunes:          what no file describes any more may go, too
    takes_namesakes: whether the account takes a second tool of one name, as far as a probe has found out
    """

    environment: Environment
    desired: tuple[DesiredResource, ...]
    observed: tuple[ObservedResource, ...]
    secrets: KnownSecrets
    agents: tuple[DesiredAgent, ...] = ()
    addresses: frozenset[Address] = frozenset()
    is_all: bool = True
    prunes: bool = False
    takes_namesakes: bool = True

    def of_kind(self, kind: Kind) -> list[ObservedResource]:
        return [each for each in self.observed if each.kind is kind]

    def owner(self, address: Address) -> str:
        return owner_of(self.environment.project, self.environment.name, address)

    def is_marked(self, found: ObservedResource, address: Address) -> bool:
        return found.mark is not None and found.mark.owner == self.owner(address)

    def reach(self, address: Address) -> tuple[str, ...]:
        """Keys of the agents that refer to the resource."""
        agents = (each for each in self.agents if any(ref.address == address for ref in references_in(each.config)))
        return tuple(each.key for each in agents)


@dataclass(frozen=True, slots=True)
class Uses:
    """Which resources revisions refer to, by id.

    live, before: agent key -> ids in what serves, and in the revision before that; an agent may be missing in `before`
    older:        ids in revisions of ours before those
    others:       ids in what serves on agents that no spec means; None: not read
    settled:      keys of the agents that serve what their spec asks for: nothing has changed in git since
    edited:       ids of tools that were edited after an agent that refers to them was last deployed
    """

    live: Mapping[str, frozenset[str]] = field(default_factory=dict)
    before: Mapping[str, frozenset[str]] = field(default_factory=dict)
    older: frozenset[str] = frozenset()
    others: frozenset[str] | None = None
    settled: frozenset[str] = frozenset()
    edited: frozenset[str] = frozenset()

    @property
    def ours(self) -> frozenset[str]:
        """Everything that a revision of ours refers to, as far as revisions were read."""
        return frozenset().union(self.older, *self.live.values(), *self.before.values())

    @property
    def serving(self) -> frozenset[str]:
        return frozenset().union(*self.live.values())


@dataclass(slots=True)
class ResourcePlan:
    """What becomes of the resources, as far as it is decided, and which id means which of them."""

    changes: list[ResourceChange] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    references: ReferenceMap | None = None


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What git has of a knowledge base as it was uploaded, since its content can't be read back.

    resource: as the commit with exactly those sources describes it; None where no commit has them, as `why_not` says
    texts:    SHA-256 -> text, of the Markdown files of then and now
    """

    resource: DesiredResource | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    why_not: str = ""

    def shown(self, file: SourceFile) -> str:
        """The text of a file; for a PDF what distinguishes it from another one."""
        return self.texts.get(file.digest, f"{file.path}, {file.size} bytes, SHA-256 {file.digest[:12]}")
