"""Every code that a plan can carry: what it means and the way out. `agentops explain CODE` shows this.

Refusals are in capitals, because their names are typed: `--ack CODE` or `--ack CODE:agent`. Notes and warnings are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Code:
    """One code. `way_out`: what to do; `acknowledged`: whether `--ack` takes it."""

    code: str
    title: str
    why: str
    way_out: str
    acknowledged: bool = False


_TABLE = (
    Code(
        "ADOPT",
        "An agent of this name exists and was never deployed from here",
        "Applying would replace what somebody built by hand, and there is nothing to compare with that could tell what "
        "they changed.",
        "Take it into the spec with `agentops pull` or `agentops import atoms`, or acknowledge to overwrite it.",
        True,
    ),
    Code(
        "FOREIGN_AGENT",
        "The agent is deployed by another project, environment or spec",
        "Two sources that deploy to one agent undo each other with every apply.",
        "Rename the agent in one of them, or bind another agent id; `previous_keys` says that a spec was moved.",
        True,
    ),
    Code(
        "FOREIGN_RESOURCE",
        "A tool or knowledge base of this name is used by others of the account",
        "It carries the mark of another project or environment, or agents that are not of this project use it: "
        "changing or deleting it would change theirs.",
        "Give yours a name of its own, for example with the environment in it, or acknowledge to make yours beside it.",
        True,
    ),
    Code(
        "FOREIGN_WEBHOOK",
        "The address is the webhook of another project, environment or file",
        "The platform takes an address once, so there is no second one to make: taking this one over takes the agents "
        "off it that the other had subscribed.",
        "Give yours an address of its own, for example with the environment in it. Acknowledge to take it over, as "
        "where the file or the project was renamed.",
        True,
    ),
    Code(
        "AMBIGUOUS_RESOURCE",
        "Several webhooks of the account carry the mark of one file",
        "Which of them people rely on is not known here.",
        "Delete all but one in the console.",
    ),
    Code(
        "FOREIGN_SUBSCRIPTION",
        "An agent would be taken off somebody else's webhook",
        "On the platform, subscribing an agent to a webhook takes it off every other one. Whoever receives those "
        "events would hear nothing more, and nobody would tell them.",
        "Agree with its owner, then acknowledge.",
        True,
    ),
    Code(
        "IN_PLACE",
        "A tool or knowledge base would be edited where live agents use it",
        "Every agent that refers to it has the change at once: no version holds what was there before, so that neither "
        "a failed call nor `rollback` brings it back.",
        "Take `in_place` out of its file to have a new one made, or acknowledge.",
        True,
    ),
    Code(
        "TOOL_NAME_TAKEN",
        "A changed tool can't be made beside the one that has its name",
        "The account refused a second tool of one name when it was probed (`agentops-probe.json`). A change would end "
        "halfway; the old tool would serve on.",
        "Set `in_place: true` in the tool's file, or give its definition another name, in the prompts too. Acknowledge "
        "to try all the same, for example where the file is of another account.",
        True,
    ),
    Code(
        "RESOURCE_GONE",
        "The revision refers to a tool or knowledge base that is gone",
        "What was replaced is deleted once neither what serves nor the revision before needs it. The platform drops a "
        "reference to what is not there without a word, so callers would meet an agent that lacks it.",
        "Choose a later revision, or take the commit back and apply, which makes it anew. Acknowledge to go without.",
        True,
    ),
    Code(
        "REDEPLOY",
        "Exactly this configuration was rolled back",
        "It failed when it served callers, and nothing about it has changed since.",
        "Fix it and commit, or revert the commit. Acknowledge to deploy it once more as it is.",
        True,
    ),
    Code(
        "DRIFT",
        "Fields were changed outside git since the last deploy",
        "Applying would undo somebody's work without asking.",
        "Keep it with `agentops pull`, or undo it with `--overwrite-drift`.",
    ),
    Code(
        "RENAMED",
        "The agent was renamed in the console",
        "It was found by our mark. Applying would give it the spec's name again.",
        "Rename it in the spec, or pass `--overwrite-drift`.",
    ),
    Code(
        "ARCHIVED",
        "The agent was archived in the console",
        "An archived agent takes no calls and no changes; creating a second one would hide that.",
        "Unarchive it in the console, or remove its spec.",
    ),
    Code(
        "FOREIGN_DRAFT",
        "Somebody else's draft is open",
        "A publish ships whatever is in the draft, their unfinished work too.",
        "Publish or discard it in the console, or pass `--discard-draft`.",
    ),
    Code(
        "PROTECTED_AGENT",
        "The environment protects this agent",
        "Its changes need somebody's eyes.",
        "Have it reviewed, then acknowledge for this agent.",
        True,
    ),
    Code(
        "LIMIT_CHANGED",
        "More agents would change than the environment allows at once",
        "A mistake in a shared fragment or variable shows as many small changes.",
        "Narrow it down with `--agent`, or look at every change and acknowledge.",
        True,
    ),
    Code(
        "LIMIT_ARCHIVED",
        "More agents would be archived than the environment allows at once",
        "Archived agents take no calls. A deleted folder looks like the wish to archive all that was in it.",
        "Restore the specs, or look at every agent and acknowledge.",
        True,
    ),
    Code(
        "AMBIGUOUS_AGENT",
        "Several agents could be meant",
        "Names are not unique on the platform, and guessing would change the wrong one.",
        "Bind the right one with `agent_id` in the spec's environment block.",
    ),
    Code(
        "BOUND_AGENT_MISSING",
        "The account has no agent with the bound id",
        "The id is wrong, or the key belongs to another account.",
        "Correct or remove `agent_id` in the spec's environment block.",
    ),
    Code(
        "SHARED_AGENT",
        "Two specs mean the same agent",
        "Each apply would undo the other's.",
        "Give each spec a name of its own, or bind different agent ids.",
    ),
    Code(
        "NOT_RESTORABLE",
        "The revision can't serve calls",
        "It was never published, or its security scan has not passed.",
        "Choose another revision from `agentops history`.",
    ),
    Code(
        "PLATFORM_DEFAULT",
        "The revision is the one that the platform made when the agent was created",
        "It has no prompt: callers would talk to the platform's defaults.",
        "Choose another revision from `agentops history`, or acknowledge.",
        True,
    ),
    Code(
        "VOICE_UNKNOWN",
        "The account has no such voice",
        "The platform would refuse it, or callers would hear another one.",
        "Correct the id; cloned voices belong to one account.",
        True,
    ),
    Code(
        "VOICE_MODEL",
        "The voice is made for another model",
        "It would sound wrong or be refused.",
        "Change the voice or the model.",
        True,
    ),
    Code(
        "KNOWLEDGE_BASE_UNKNOWN",
        "The account has no such knowledge base",
        "The agent would answer without it.",
        "Create it, or correct the id.",
        True,
    ),
    Code(
        "PHONE_NUMBER_UNKNOWN",
        "The account has no such phone number",
        "Nobody could call it.",
        "Rent or import the number, or correct the id.",
        True,
    ),
    Code(
        "PHONE_NUMBER_TAKEN",
        "The phone number belongs to another agent",
        "Its callers would reach somebody else at once.",
        "Take it from that agent first.",
        True,
    ),
    Code(
        "PHONE_NUMBER_SHARED",
        "Two specs claim one phone number",
        "A number has one agent: each apply would take it from the other.",
        "Leave the number in one spec.",
    ),
    Code(
        "AGENT_LIMIT",
        "The account's plan has no room for another agent",
        "Creating it would be refused halfway through.",
        "Archive agents that are no longer needed, or upgrade.",
        True,
    ),
    Code(
        "UNTESTED",
        "The environment that comes first doesn't serve these files, or has not passed its calls with them",
        "`requires` in the environment, or `promote --from`, says where a change is tried before it goes here.",
        "Deploy it there and let its calls pass. Acknowledge what can only be seen here, such as a change of this "
        "environment's own block in the spec.",
        True,
    ),
    Code(
        "FREEZE",
        "Nothing is deployed at this time",
        "`freeze` in the environment says from when to when, and why.",
        "Apply when it is over. What can't wait names the freeze: `--ack FREEZE:name`. A rollback is always possible.",
        True,
    ),
    Code(
        "CALM_HOURS",
        "Deploys happen in other hours",
        "`calm_hours` in the environment says when somebody is there to look after a deploy.",
        "Apply in these hours, or acknowledge what can't wait. A rollback is always possible.",
        True,
    ),
    Code(
        "CAMPAIGN_USES_AGENT",
        "A campaign that is not over uses an agent that would be archived",
        "The platform would refuse, halfway through the apply.",
        "Wait until the campaign is over, or remove it in the console.",
    ),
    Code(
        "NO_CALLS",
        "Nobody would call the agent although the environment calls what it deploys",
        "A green deploy would say that it was tested.",
        "Name a script under `calls:`, say why there is none with `calls: {none: reason}`, or acknowledge.",
        True,
    ),
    Code(
        "CALL_MINUTES",
        "The calls would take longer than `deploy.call_minutes` allows",
        "Calls cost credits and time, and a deploy of everything makes all of them.",
        "Apply fewer agents at a time with `--agent`, or raise the limit.",
    ),
    Code(
        "CREDITS",
        "The account has fewer credits left than the calls cost",
        "A call that is cut off for want of credits says nothing about the agent, which serves by then.",
        "Buy credits, apply fewer agents at a time with `--agent`, or acknowledge.",
        True,
    ),
    Code(
        "UNKNOWN_RULE",
        "A rule in agentops.yaml does not exist or its setting means nothing",
        "A misspelled rule protects nobody, and nobody would notice.",
        "Correct its name or its setting.",
    ),
    Code(
        "PROMPT_SHRINKS",
        "A prompt would lose more of its words than `rules.prompt_shrinks` allows",
        "A bad merge or an empty fragment cuts prompts. A protected environment allows half unless it says otherwise.",
        "Check what was lost, or acknowledge.",
        True,
    ),
    Code(
        "TRANSFER_NUMBERS",
        "A transfer target outside `rules.transfer_numbers`",
        "Callers would be handed to a number that nobody approved.",
        "Use an approved number, add it to the rule, or acknowledge.",
        True,
    ),
    Code(
        "REDACTION_OFF",
        "Redaction of personal data would be switched off, which `rules.redaction_off` denies",
        "Transcripts would hold what callers dictate.",
        "Leave it on, or acknowledge.",
        True,
    ),
    Code(
        "MODELS",
        "A language model outside `rules.models`",
        "Nobody approved its answers, its price or where it runs.",
        "Use an approved one, add it to the rule, or acknowledge.",
        True,
    ),
    Code(
        "VOICES",
        "A voice outside `rules.voices`",
        "Callers would hear a voice that is not the brand's.",
        "Use an approved one, add it to the rule, or acknowledge.",
        True,
    ),
    Code(
        "TOOL_HOSTS",
        "A tool would call a host outside `rules.tool_hosts`",
        "What callers say would be sent there.",
        "Use an approved host, add it to the rule, or acknowledge.",
        True,
    ),
    Code(
        "TOOL_REMOVED",
        "A tool would go, which `rules.tool_removed` denies",
        "The prompt may still tell the agent to use it.",
        "Keep it, or acknowledge.",
        True,
    ),
    Code(
        "INBOUND_OFF",
        "An agent would stop taking inbound calls, which `rules.inbound_off` denies",
        "Its callers would reach nobody, at once.",
        "Leave it on, or acknowledge.",
        True,
    ),
    Code(
        "GREETING_SAYS",
        "A greeting would not say what `rules.greeting_says` demands",
        "Some sentences are a duty, such as that a call is recorded.",
        "Say it in the first message, or acknowledge.",
        True,
    ),
    Code(
        "SESSION_SECONDS",
        "A call could last longer than `rules.session_seconds` allows",
        "A stuck call costs money and blocks a line.",
        "Shorten sessionTimeoutConfig, or acknowledge.",
        True,
    ),
    Code(
        "no-spec",
        "An agent that was deployed from here has no spec any more",
        "Deleting a file takes nobody out of service: the agent goes on taking calls, and nobody looks after it.",
        "`agentops apply --prune` archives it; `agentops forget KEY` leaves it alone and stops mentioning it.",
    ),
    Code(
        "spec-unread",
        "An agent is looked at without its spec, which has errors",
        "What was changed outside git is found by comparing what serves with our last deploy.",
        "See `agentops validate` for the mistakes.",
    ),
    Code(
        "tags-unread",
        "An agent is left out of a selection by tags",
        "Its spec has errors, and its tags can't be read, so that nobody knows whether it was meant.",
        "Name it by its key, or mend its spec; `agentops validate` shows the mistakes.",
    ),
    Code(
        "not-looked-at",
        "Some agents without a spec were not looked at",
        "Each one costs a request, and most of them have nothing to do with this project.",
        "`agentops plan --prune` looks at all of them.",
    ),
    Code(
        "clear-unknown",
        "A field that can't be emptied is cleared",
        "The platform rejects nulls, and no value is known that means empty there.",
        "Write the value you want instead of `{$clear: true}`.",
    ),
    Code(
        "ignore-expired",
        "A rule that ignores drift has ended",
        "Its date has passed, so the field is compared again.",
        "Remove the rule, or give it a new date.",
    ),
    Code(
        "drift-ignored",
        "A difference is left alone because a rule says so",
        "`ignore_drift` names the field; it is neither shown as a change nor written.",
        "Nothing, as long as the reason holds.",
    ),
    Code(
        "rolled-back",
        "An older revision of ours serves",
        "A deploy was taken back, by us or in the console. Git is ahead of what serves.",
        "Revert the commit, or fix it and deploy again.",
    ),
    Code(
        "spec-narrowed",
        "The spec changed without changing the agent",
        "A field that a spec no longer names is no longer managed: it keeps its live value.",
        "To reset it, write the value you want.",
    ),
    Code(
        "unverifiable",
        "A field is written and can't be read back",
        "No source says under which name the platform returns it, so it is never compared.",
        "Check it once in the console.",
    ),
    Code(
        "campaign-unfinished",
        "A campaign that is not over uses an agent that would change",
        "A campaign calls with whatever serves: some people hear the old configuration and others the new one, and its "
        "results mix both. `agentops campaign results NAME` counts its calls by revision.",
        "Apply when the campaign is over, or pause it and start it again after the apply.",
    ),
    Code(
        "account-silent",
        "The account did not answer a question",
        "What the spec names there was not checked.",
        "The platform judges when it is written; try again if it matters.",
    ),
)

CODES: Mapping[str, Code] = MappingProxyType({entry.code: entry for entry in _TABLE})
