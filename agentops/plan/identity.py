"""Which agent on the platform a spec means. Pure matching over what was listed; reading is the caller's.

In this order: the id bound in the spec's environment block; the exact display name; a previous name; and, before
anything is created, our mark on an unmatched agent (renamed in the console). Names are not unique on the platform:
two agents of one name are refused, never guessed between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from agentops.document import AgentListing, DesiredAgent, Environment, Mark, ObservedAgent
from agentops.plan.model import Refusal


class FoundBy(StrEnum):
    ID = "id"
    NAME = "name"
    PREVIOUS_NAME = "previous_name"
    MARK = "mark"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Match:
    """A spec and its agent; `listing` is None when there is none yet."""

    desired: DesiredAgent
    found_by: FoundBy
    listing: AgentListing | None = None


@dataclass(frozen=True, slots=True)
class Matching:
    """One match per spec, in the order of the specs; `unmatched` are the agents that no spec means."""

    matches: tuple[Match, ...]
    unmatched: tuple[AgentListing, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    @property
    def needs_marks(self) -> bool:
        """Whether a spec without an agent could still mean an unmatched one: read their marks, then match again."""
        return any(match.found_by is FoundBy.NOTHING for match in self.matches)

    @property
    def sought_names(self) -> frozenset[str]:
        """The names, present and past, of the specs without an agent: who might have been archived in the console."""
        sought = [match.desired for match in self.matches if match.found_by is FoundBy.NOTHING]
        return frozenset(name for agent in sought for name in (agent.name, *agent.previous_names))

    def only(self, keys: Iterable[str]) -> Matching:
        """The part that concerns these specs. What other specs mean stays matched, so it counts as no orphan."""
        wanted = frozenset(keys)
        return Matching(
            tuple(match for match in self.matches if match.desired.key in wanted),
            self.unmatched,
            tuple(refusal for refusal in self.refusals if refusal.agent is None or refusal.agent in wanted),
        )


def match_agents(
    environment: Environment,
    desired: Sequence[DesiredAgent],
    listings: Sequence[AgentListing],
    marks: Mapping[str, Mark | None] | None = None,
) -> Matching:
    """Matches every spec. `marks` are those of live revisions by agent id; archived listings match by id or mark."""
    found: dict[str, Match] = {}
    refusals: list[Refusal] = []
    for found_by, wanted, offered in _ways_to_find(environment, marks or {}):
        # An agent that one spec has by a stronger clue is no candidate for another by a weaker one.
        taken = {match.listing.agent_id for match in found.values() if match.listing}
        by_clue: dict[str, list[AgentListing]] = {}
        for listing in listings:
            if (clue := offered(listing)) is not None and listing.agent_id not in taken:
                by_clue.setdefault(clue, []).append(listing)
        for agent in desired:
            clues = () if agent.key in found else dict.fromkeys(wanted(agent))
            candidates = [listing for clue in clues for listing in by_clue.get(clue, ())]
            if len(candidates) > 1:
                refusals.append(_ambiguous(agent, found_by, candidates))
            if candidates:
                found[agent.key] = Match(agent, found_by, candidates[0])
    refusals += [_missing(agent) for agent in desired if agent.agent_id and agent.key not in found]
    matches = tuple(found.get(agent.key) or Match(agent, FoundBy.NOTHING) for agent in desired)
    refusals += _shared(matches)
    taken = {match.listing.agent_id for match in matches if match.listing}
    unmatched = tuple(listing for listing in listings if listing.agent_id not in taken)
    return Matching(matches, unmatched, tuple(refusals))


# How an agent is found: the clues a spec has, and the clue a listing offers (None: it can't be found this way).
_WayToFind = tuple[FoundBy, Callable[[DesiredAgent], tuple[str, ...]], Callable[[AgentListing], str | None]]


def _ways_to_find(environment: Environment, marks: Mapping[str, Mark | None]) -> tuple[_WayToFind, ...]:
    """The ways to find an agent, strongest first. An agent with a bound id is looked for by that alone."""

    def name_of(listing: AgentListing) -> str | None:
        return None if listing.is_archived else listing.name

    def key_of(listing: AgentListing) -> str | None:
        mark = marks.get(listing.agent_id)
        return mark.key if mark is not None and _is_ours(mark, environment) else None

    def unbound(clues: Callable[[DesiredAgent], tuple[str, ...]]) -> Callable[[DesiredAgent], tuple[str, ...]]:
        return lambda agent: () if agent.agent_id else clues(agent)

    return (
        (FoundBy.ID, lambda agent: (agent.agent_id,) if agent.agent_id else (), lambda listing: listing.agent_id),
        (FoundBy.NAME, unbound(lambda agent: (agent.name,)), name_of),
        (FoundBy.PREVIOUS_NAME, unbound(lambda agent: agent.previous_names), name_of),
        (FoundBy.MARK, unbound(lambda agent: (agent.key, *agent.previous_keys)), key_of),
    )


def as_deployed(match: Match, observed: ObservedAgent | None) -> Match:
    """A match whose spec can't be read, compared with what was deployed last instead."""
    if match.listing is None:
        return match
    base = observed.base if observed else None
    desired = replace(match.desired, name=match.listing.name, config=(base.document if base else None) or {})
    return replace(match, desired=desired, found_by=FoundBy.ID)


def is_mark_of(mark: Mark | None, environment: Environment, agent: DesiredAgent) -> bool:
    """Whether we published the marked revision for this spec, under its key or one it had before."""
    return mark is not None and _is_ours(mark, environment) and mark.key in (agent.key, *agent.previous_keys)


def _is_ours(mark: Mark, environment: Environment) -> bool:
    return (mark.project, mark.environment) == (environment.project, environment.name)


def _ambiguous(agent: DesiredAgent, found_by: FoundBy, candidates: Iterable[AgentListing]) -> Refusal:
    ids = " and ".join(sorted(candidate.agent_id for candidate in candidates))
    what = f"are called {agent.name!r}" if found_by is FoundBy.NAME else f"could be it (found by {found_by})"
    return Refusal(
        code="AMBIGUOUS_AGENT",
        summary=f"{agent.key}: agents {ids} {what}",
        hint="bind the right one with `agent_id` in the spec's environment block, or rename the other one",
        agent=agent.key,
    )


def _missing(agent: DesiredAgent) -> Refusal:
    return Refusal(
        code="BOUND_AGENT_MISSING",
        summary=f"{agent.key}: the account has no agent with the bound id {agent.agent_id}",
        hint="correct or remove `agent_id` in the spec's environment block, or check which account the key belongs to",
        agent=agent.key,
    )


def _shared(matches: Sequence[Match]) -> list[Refusal]:
    """Specs that mean one agent: the same one on the platform, or one that both would create."""
    by_target: dict[tuple[str, str], list[str]] = {}
    for match in matches:
        by_target.setdefault(_target_of(match), []).append(match.desired.key)
    return [
        Refusal(
            code="SHARED_AGENT",
            summary=f"{key}: resolves to the same agent as {', '.join(other for other in keys if other != key)}",
            hint="give each spec a name of its own, or bind different agent ids",
            agent=key,
        )
        for match in matches
        for key in [match.desired.key]
        if len(keys := by_target[_target_of(match)]) > 1
    ]


def _target_of(match: Match) -> tuple[str, str]:
    return ("id", match.listing.agent_id) if match.listing else ("name", match.desired.name)
