"""Campaigns: checked, created, started, watched. Only `start` and a scheduled time dial anybody.

Neither audiences nor campaigns can be changed on the platform, and the answer to a write doesn't say whether an equal
one existed. So the names of both end in a digest of their content, and they are searched for before they are created:
repeating a run that was killed makes no second audience or campaign.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from agentops.campaigns.audience import Audience, read_audience
from agentops.campaigns.checks import CALLS_LOOKED_AT, CampaignReport, StartRefusal, estimate, refusals
from agentops.campaigns.model import Campaign
from agentops.campaigns.reading import is_in_repository, read_campaign
from agentops.campaigns.results import Results, summarise
from agentops.clock import platform_time
from agentops.commands import in_environment
from agentops.errors import AgentopsError, OutcomeUnknownError, PlatformError, StaleError, UsageError
from agentops.files import read_bytes
from agentops.plan.build import PlanOptions
from agentops.plan.model import Action, AgentChange, Drift
from agentops.remote.port import StoredAudience, StoredCampaign
from agentops.spec import Project, find_root
from agentops.workflow.deployment import Deployment
from agentops.workflow.moments import read_moment
from agentops.workflow.planning import plan_deployment

Answer = TypeVar("Answer")

DIALLING = ("processing", "running")
WILL_DIAL = (*DIALLING, "scheduled")
WAITING = ("draft", "paused")
_AHEAD = timedelta(minutes=1)  # a nearer time might be past when the platform reads it


@dataclass(frozen=True, slots=True)
class PreparedCampaign:
    """A campaign with everything that is needed to create it."""

    campaign: Campaign
    audience: Audience
    agent_id: str
    change: AgentChange
    number_ids: tuple[str, ...]

    @property
    def audience_name(self) -> str:
        return f"{self.campaign.name} {self.campaign.audience_digest(self.audience.digest)}"

    @property
    def name(self) -> str:
        digest = self.campaign.digest(self.agent_id, self.campaign.audience_digest(self.audience.digest))
        return f"{self.campaign.name} {digest}"


def load(project: Project, name: str) -> tuple[Campaign, Audience]:
    """The campaign and its audience. Raises SpecError, UsageError or AudienceError for mistakes in the files."""
    campaign = read_campaign(project, name)
    hint = "check `audience.file` and the variable that it comes from"
    content = read_bytes(campaign.audience, "the audience's file", hint=hint, code="audience")
    return campaign, read_audience(content, campaign.phone_column, campaign.zone_column)


async def prepare(deployment: Deployment, campaign: Campaign, audience: Audience) -> PreparedCampaign:
    """Reads what creating needs of the account. Raises UsageError for an agent or a number that isn't there."""
    plan = await plan_deployment(deployment, PlanOptions())
    change = next((each for each in plan.changes if each.key == campaign.agent), None)
    if change is None or change.agent_id is None or change.drift is Drift.ARCHIVED:
        hint = f"deploy it first: `agentops apply -e {deployment.environment.name} --agent {campaign.agent}`"
        raise UsageError(f"the agent {campaign.agent!r} isn't deployed here", hint=hint, code="not-deployed")
    products = {each.number: each.product_id for each in await deployment.account.list_phone_numbers()}
    if missing := [number for number in campaign.numbers if number not in products]:
        hint = "rent or import the numbers, or correct `numbers`"
        raise UsageError(f"the account lacks {len(missing)} of the campaign's numbers", hint=hint, code="no-number")
    return PreparedCampaign(
        campaign, audience, change.agent_id, change, tuple(products[each] for each in campaign.numbers)
    )


async def check(
    deployment: Deployment, prepared: PreparedCampaign, now: datetime, at: datetime | None = None
) -> CampaignReport:
    """Every reason against dialling `at` that time, or now. Writes nothing."""
    account, campaign, audience = deployment.account, prepared.campaign, prepared.audience
    head = await account.read_head(prepared.agent_id)
    unanswered: list[str] = []

    async def ask(what: str, answer: Awaitable[Answer]) -> Answer | None:
        try:
            return await answer
        except PlatformError:
            unanswered.append(what)
            return None

    slots = await ask("how many calls it has room for", account.read_free_slots(prepared.agent_id))
    credits_left = await ask("its credits", account.read_credits())
    last_calls = account.list_last_calls(prepared.agent_id, CALLS_LOOKED_AT, ("telephony_outbound",))
    calls = await ask("the agent's last calls", last_calls) or ()
    estimated = estimate(campaign, len(audience.members), calls, slots)
    # Without the do-not-call list nobody may be called, so unlike those above, a failure here ends the check.
    not_to_call = await account.list_not_to_call()
    has_scripts = any(agent.calls for agent in deployment.agents if agent.key == campaign.agent)
    found = [
        replace(each, hint=in_environment(each.hint, deployment.environment.name))
        for each in _of_agent(prepared.change, has_scripts=has_scripts)
    ]
    found += refusals(
        campaign,
        audience,
        estimated,
        begins=at or now,
        is_now=at is None,
        not_to_call=not_to_call,
        credits_left=credits_left,
    )
    stored = await find_campaign(deployment, prepared)
    approved = [prepared.name, str(head.revision_id), repr(campaign.window), str(campaign.zone_column)]
    approved += [_iso(at)] if at else []
    return CampaignReport(
        name=campaign.name,
        environment=deployment.environment.name,
        agent=campaign.agent,
        people=len(audience.members),
        revision=head.name,
        digest=hashlib.sha256(" ".join(approved).encode()).hexdigest()[:12],
        status=stored.status if stored else None,
        estimate=estimated,
        credits=credits_left,
        refused=tuple(found),
        unanswered=tuple(unanswered),
        at=at,
    )


def _of_agent(change: AgentChange, *, has_scripts: bool) -> list[StartRefusal]:
    """Reasons against it that lie in the agent: people would hear something that nobody reviewed or tried."""
    found = []
    if change.uncalled_since is not None or change.action is Action.CALL:
        hint = f"`agentops apply --agent {change.key}` makes the calls again"
        found.append(StartRefusal("UNCALLED", f"what serves of {change.key} has not passed its calls", hint))
    elif change.is_change or change.is_drifted or change.drift_fields:
        hint = f"`agentops plan --agent {change.key}` shows the difference"
        found.append(StartRefusal("LIVE_DIFFERS", f"what serves of {change.key} is not what git says", hint))
    if not has_scripts:
        found.append(
            StartRefusal("NO_CALLS", f"{change.key} has no call scripts: nobody ever tried it", "name some: `calls:`")
        )
    return found


async def find_campaign(deployment: Deployment, prepared: PreparedCampaign) -> StoredCampaign | None:
    """The campaign on the platform that was created from exactly this file and audience."""
    found = [each for each in await deployment.account.list_campaigns() if each.name == prepared.name]
    return found[0] if found else None


async def create(
    deployment: Deployment, prepared: PreparedCampaign, at: datetime | None = None
) -> tuple[StoredCampaign, bool]:
    """The campaign on the platform, and whether it was created now. It dials nobody, or from `at` on."""
    if (stored := await find_campaign(deployment, prepared)) is not None:
        return await deployment.account.read_campaign(stored.campaign_id), False
    audience = await _ensure_audience(deployment, prepared)
    campaign = prepared.campaign
    body: dict[str, Any] = {
        "name": prepared.name,
        "description": f"{campaign.description} {_mark(campaign.scope)}".strip(),
        "agentId": prepared.agent_id,
        "audienceId": audience.audience_id,
        "maxRetries": campaign.max_retries,
        "retryDelay": campaign.retry_delay_min,
    }
    if at is not None:
        body["scheduledAt"] = _iso(at)
    if prepared.number_ids:
        body["phoneNumberIds"] = list(prepared.number_ids)
    try:
        return await deployment.account.read_campaign(await deployment.account.create_campaign(body)), True
    except OutcomeUnknownError:  # the name has a digest, so a campaign of this name is the one that was created
        if (stored := await find_campaign(deployment, prepared)) is None:
            raise
        return stored, True


def read_start(text: str, zone: str, now: datetime) -> datetime:
    """The time in `text`, in UTC. Raises UsageError if it isn't one, or not far enough in the future."""
    at = read_moment(text, zone)
    if at < now + _AHEAD:
        summary = f"--at {at:%Y-%m-%d %H:%M} UTC is past, or too near to be kept"
        raise UsageError(summary, hint="name a time to come, or leave --at out to start now", code="no-time")
    return at


async def schedule(deployment: Deployment, prepared: PreparedCampaign, at: datetime) -> tuple[StoredCampaign, bool]:
    """The campaign that the platform will start by itself `at` that time, and whether it was scheduled now.

    A campaign can't be changed, and gets its time when it is created. So a draft of it is deleted first: a run that is
    killed in between leaves no campaign rather than two, and can be repeated.
    """
    stored = await find_campaign(deployment, prepared)
    scheduled = platform_time(stored.scheduled_at) if stored is not None else None
    is_same_time = scheduled is not None and abs((scheduled - at).total_seconds()) < 1
    if stored is not None and stored.status == "scheduled" and is_same_time:
        return stored, False
    if stored is not None and stored.status != "draft":
        what = f"is scheduled for {stored.scheduled_at}" if stored.status == "scheduled" else f"is {stored.status}"
        hint = "another `description` or audience makes another campaign, which can have a time of its own"
        if stored.status in WILL_DIAL:
            hint += (
                f"; `agentops campaign pause {prepared.campaign.name} -e {deployment.environment.name}` stops this one"
            )
        raise AgentopsError(f"the campaign {what}", hint=hint, code="campaign-over")
    if stored is not None:
        await deployment.account.delete_campaign(stored.campaign_id)
    made, is_new = await create(deployment, prepared, at)
    if made.status != "scheduled":
        hint = f"`agentops campaign start {prepared.campaign.name}` starts it when it is time"
        raise AgentopsError(f"the platform keeps it as {made.status}: it won't dial by itself", hint=hint)
    return made, is_new


def _iso(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


async def _ensure_audience(deployment: Deployment, prepared: PreparedCampaign) -> StoredAudience:
    account, campaign = deployment.account, prepared.campaign
    if (stored := await _find_audience(deployment, prepared)) is None:
        try:
            stored = await account.create_audience(
                prepared.audience_name,
                description=_mark(campaign.scope),
                phone_column=campaign.phone_column,
                csv=prepared.audience.content,
            )
        except OutcomeUnknownError:
            if (stored := await _find_audience(deployment, prepared)) is None:
                raise
    people = len(prepared.audience.members)
    if stored.people is not None and stored.people != people:
        summary = f"the platform took {stored.people} people of the {people} in the file"
        raise StaleError(
            summary, hint="delete that audience in the console, then create again", code="audience-differs"
        )
    return stored


async def _find_audience(deployment: Deployment, prepared: PreparedCampaign) -> StoredAudience | None:
    found = [each for each in await deployment.account.list_audiences() if each.name == prepared.audience_name]
    return found[0] if found else None


async def begin(
    deployment: Deployment, prepared: PreparedCampaign, now: datetime, at: datetime | None, approved: str | None
) -> tuple[CampaignReport, str | None]:
    """Checks once more, then starts what `approved`, the digest of a report, allows: now, or `at` a time.

    With the report comes the status that the campaign has then; None where a reason is against it or nobody approved.
    A campaign that would not begin to dial needs no approval: starting it only says so. Raises StaleError when
    something else was approved.
    """
    report = await check(deployment, prepared, now, at)
    would_dial = report.status in ((None, "draft") if at is not None else WAITING)
    if would_dial:
        if report.refused or approved is None:
            return report, None
        if approved != report.digest:
            hint = f"read the summary of `agentops campaign check {report.name}` again"
            raise StaleError(f"the digest is {report.digest} now, not {approved}", hint=hint, code="digest")
    started = await (start(deployment, prepared) if at is None else schedule(deployment, prepared, at))
    return report, started[0].status


async def start(deployment: Deployment, prepared: PreparedCampaign) -> tuple[StoredCampaign, bool]:
    """Starts the created campaign, or resumes it, and says whether that was done now. One that dials is left alone."""
    if (stored := await find_campaign(deployment, prepared)) is None:
        name = prepared.campaign.name
        hint = f"`agentops campaign create {name} -e {deployment.environment.name}` creates it as its files are now"
        raise UsageError(f"the campaign {name!r}, as its files are now, isn't created", hint=hint, code="not-created")
    if stored.status in DIALLING:
        return stored, False
    if stored.status == "scheduled":
        hint = f"`agentops campaign pause {prepared.campaign.name} -e {deployment.environment.name}` stops that; then "
        hint += "`start` calls people at once"
        raise AgentopsError(f"it starts by itself at {stored.scheduled_at}", hint=hint, code="campaign-scheduled")
    if stored.status not in WAITING:
        hint = "a campaign runs once: change its `description` or its audience for another one, then create that"
        raise AgentopsError(f"the campaign is {stored.status}", hint=hint, code="campaign-over")
    try:
        await deployment.account.start_campaign(stored.campaign_id)
    except OutcomeUnknownError:
        if (await deployment.account.read_campaign(stored.campaign_id)).status not in DIALLING:
            raise
    return await deployment.account.read_campaign(stored.campaign_id), True


async def pause(deployment: Deployment, name: str) -> tuple[StoredCampaign, ...]:
    """Pauses the campaigns of that name that dial or are scheduled to; calls that are being made go on.

    Needs neither the campaign's file nor its audience, so that nothing can prevent stopping it.
    """
    dialling = [each for each in await of_name(deployment, name) if each.status in WILL_DIAL]
    if not dialling:
        known = ", ".join(each.status for each in await of_name(deployment, name))
        summary = f"no campaign {name!r} dials in {deployment.environment.name}"
        raise AgentopsError(summary, hint=f"there are: {known}" if known else None, code="not-dialling")
    for each in dialling:
        try:
            await deployment.account.pause_campaign(each.campaign_id)
        except OutcomeUnknownError:
            if (await deployment.account.read_campaign(each.campaign_id)).status in WILL_DIAL:
                raise
    return tuple([await deployment.account.read_campaign(each.campaign_id) for each in dialling])


async def newest(deployment: Deployment, name: str) -> StoredCampaign:
    """The campaign of that name that was created last. Raises UsageError if there is none."""
    found = await of_name(deployment, name)
    if not found:
        summary = f"no campaign {name!r} was created in {deployment.environment.name}"
        raise UsageError(summary, hint=f"`agentops campaign create {name}` makes one", code="not-created")
    return await deployment.account.read_campaign(found[0].campaign_id)


async def of_name(deployment: Deployment, name: str) -> list[StoredCampaign]:
    """Every campaign that was created from `campaigns/NAME.yaml` here, the newest first."""
    mark = _mark(f"{deployment.environment.project}/{deployment.environment.name}")
    found = [
        each
        for each in await deployment.account.list_campaigns()
        if re.fullmatch(rf"{re.escape(name)} [0-9a-f]{{12}}", each.name)
        and (each.description is None or mark in each.description)
    ]
    return sorted(found, key=lambda each: each.created_at or "", reverse=True)


async def results(deployment: Deployment, stored: StoredCampaign) -> Results:
    """The results so far, as counts."""
    calls = await deployment.account.list_campaign_calls(stored.campaign_id)
    revisions = await deployment.account.list_revisions(stored.agent_id) if stored.agent_id and calls else ()
    numbers = {each.revision_id: each.number for each in revisions if each.number is not None}
    return summarise(stored.people or 0, calls, numbers)


def refuse_in_repository(path: Path, start: Path) -> None:
    """Raises UsageError for a file with personal data that would be in the repository."""
    if is_in_repository(find_root(start), path.absolute()):
        hint = "name a file outside of it: whoever has the repository would have the people"
        raise UsageError(f"{path} is inside of the repository", hint=hint, code="audience-in-repository")


async def people(deployment: Deployment, stored: StoredCampaign) -> Sequence[Mapping[str, Any]]:
    """The platform's rows of the people, with their personal data: only for a file that the user asked for."""
    return await deployment.account.export_members(stored.campaign_id)


async def collect_audiences(deployment: Deployment, *, deletes: bool) -> list[StoredAudience]:
    """Audiences that were created from this environment and that no campaign uses, whatever its status."""
    mark = _mark(f"{deployment.environment.project}/{deployment.environment.name}")
    listed = await deployment.account.list_audiences()
    unused = [each for each in listed if each.description == mark and each.is_used is False]
    for each in unused if deletes else ():
        await deployment.account.delete_audience(each.audience_id)
    return unused


def _mark(scope: str) -> str:
    return f"[agentops {scope}]"
