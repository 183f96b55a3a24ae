"""A rollback as a plan: the desired state is an older revision, and the fields show what callers will get back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agentops.document import DesiredAgent, Environment, Generation, ObservedAgent, Revision, ScanState, read_mark
from agentops.plan.approval import digest_of, target_name
from agentops.plan.build import PlanOptions, acknowledge
from agentops.plan.canonical import canonical, without
from agentops.plan.changes import Describer, expand
from agentops.plan.concealment import Concealer, KnownSecrets, known_secrets
from agentops.plan.diff import diff, value_at
from agentops.plan.model import Action, AgentChange, ChangedBy, FieldChange, Plan, Refusal
from agentops.plan.names import hide_names
from agentops.plan.references import ids_in
from agentops.plan.safety import refuse_protected


@dataclass(frozen=True, slots=True)
class Rollback:
    """One agent and the revision, with its document, that shall serve again. `desired` is what git asks for now."""

    desired: DesiredAgent
    observed: ObservedAgent
    revision: Revision

    @property
    def is_serving(self) -> bool:
        return self.observed.live is not None and self.observed.live.revision_id == self.revision.revision_id


def build_rollback(
    environment: Environment, generation: Generation, target: str, rollbacks: Sequence[Rollback], options: PlanOptions
) -> Plan:
    """The plan that puts each rollback's revision back in service."""
    secrets = KnownSecrets(known_secrets(environment, (rollback.desired for rollback in rollbacks)))
    changes = tuple(_change(rollback, secrets) for rollback in rollbacks)
    refusals = [refusal for rollback in rollbacks for refusal in _refuse(rollback)]
    refusals += refuse_protected(environment, changes)
    remaining, acknowledged = acknowledge(refusals, options.acknowledged, environment.name)
    plan = Plan(
        project=environment.project,
        environment=environment.name,
        target=target_name(environment, target),
        generation=generation,
        changes=changes,
        digest=digest_of(environment, target, changes),
        refusals=remaining,
        acknowledged=acknowledged,
    )
    return hide_names(plan, secrets)


def _change(rollback: Rollback, secrets: KnownSecrets) -> AgentChange:
    desired, observed, revision = rollback.desired, rollback.observed, rollback.revision
    live = observed.live
    is_serving = rollback.is_serving
    mark = read_mark(revision.label)
    return AgentChange(
        key=desired.key,
        name=desired.name,
        action=Action.UNCHANGED if is_serving else Action.RESTORE,
        reason=f"revision {revision.name} {'serves already' if is_serving else 'shall serve again'}",
        agent_id=observed.agent_id,
        base_revision_id=live.revision_id if live else None,
        base_number=live.number if live else None,
        fingerprint=mark.fingerprint if mark else "",
        fields=() if is_serving else tuple(_fields(rollback, secrets)),
        desired=desired,
        observed=observed,
        restore_to=revision,
    )


def _fields(rollback: Rollback, secrets: KnownSecrets) -> Iterator[FieldChange]:
    live, revision = rollback.observed.live, rollback.revision
    if live is None:
        return
    # Over whole documents, not only over what the spec manages: a restore brings all of it back.
    hidden = live.unverifiable | revision.unverifiable
    before = canonical(without(live.document or {}, hidden), None)
    after = canonical(without(revision.document or {}, hidden), None)
    desired = rollback.desired
    describer = Describer(desired, Concealer(secrets, desired.config, desired.metadata), is_of_spec=False)
    reasons = dict.fromkeys(ChangedBy, f"as in revision {revision.name}")
    yield from describer.describe_all(((each, ChangedBy.GIT) for each in expand(diff(before, after))), reasons)


def _refuse(rollback: Rollback) -> list[Refusal]:
    revision, key = rollback.revision, rollback.desired.key
    called = f"revision {revision.name}"
    if not revision.is_published or revision.scan is not ScanState.PASSED:
        state = f"its security scan is {revision.scan.value}" if revision.is_published else "it was never published"
        return [
            Refusal(
                code="NOT_RESTORABLE",
                summary=f"{key}: {called} can't serve: {state}",
                hint=f"choose another revision from `agentops history {key}`",
                agent=key,
            )
        ]
    if not is_platforms_own(revision) or rollback.is_serving:
        return []
    return [
        Refusal(
            code="PLATFORM_DEFAULT",
            summary=f"{key}: {called} is what the platform made when the agent was created: callers would get "
            "its defaults, without a prompt of yours",
            hint=f"choose another revision from `agentops history {key}`; if it is meant, pass "
            f"`--ack PLATFORM_DEFAULT:{key}`",
            agent=key,
            acknowledgement="PLATFORM_DEFAULT",
        )
    ]


def resources_needed(plan: Plan) -> frozenset[str]:
    """Ids of tools and knowledge bases that the revisions refer to which shall serve again."""
    wanted = (each.restore_to.document for each in plan.changes if each.action is Action.RESTORE and each.restore_to)
    return frozenset[str]().union(*(ids_in(document) for document in wanted if document))


def refuse_gone(plan: Plan, known: frozenset[str]) -> list[Refusal]:
    """Revisions whose tools or knowledge the account, which has `known`, no longer has: the platform would drop the
    reference without a word."""
    found = []
    for change in plan.changes:
        document = change.restore_to.document if change.action is Action.RESTORE and change.restore_to else None
        if gone := sorted(ids_in(document or {}) - known):
            found.append(
                Refusal(
                    code="RESOURCE_GONE",
                    summary=f"{change.key}: {change.reason.removesuffix(' shall serve again')} refers to "
                    f"{', '.join(gone)}, which the account no longer has",
                    hint=f"choose a later revision from `agentops history {change.key}`, or take the commit back and "
                    f"apply; to restore it without, pass `--ack RESOURCE_GONE:{change.key}`",
                    agent=change.key,
                    acknowledgement="RESOURCE_GONE",
                )
            )
    return found


def is_platforms_own(revision: Revision) -> bool:
    """The empty revision that the platform publishes when an agent is created."""
    prompt = value_at(revision.document or {}, ("singlePromptConfig", "prompt"))
    return revision.number == 1 and not revision.label and not (isinstance(prompt, str) and prompt.strip())
