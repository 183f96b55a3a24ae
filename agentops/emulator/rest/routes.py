"""The table of everything the emulated platform answers over REST. Order matters where paths overlap."""

from __future__ import annotations

from agentops.emulator.rest.account import numbers, user, webhooks
from agentops.emulator.rest.agents import agents, templates
from agentops.emulator.rest.calls import conversations, events, placing
from agentops.emulator.rest.campaigns import audiences, campaigns
from agentops.emulator.rest.library import automation, knowledge, voices
from agentops.emulator.rest.versioning import branches, drafts, revisions
from agentops.emulator.rest.wire import Route

ROUTES: tuple[Route, ...] = (
    *user.ROUTES,
    *templates.ROUTES,  # before `/agent/{agent_id}`, which its path fits as well
    *agents.ROUTES,
    *branches.ROUTES,
    *revisions.ROUTES,
    *drafts.ROUTES,
    *conversations.ROUTES,
    *placing.ROUTES,
    *events.ROUTES,
    *knowledge.ROUTES,
    *numbers.ROUTES,
    *webhooks.ROUTES,
    *audiences.ROUTES,
    *campaigns.ROUTES,
    *automation.ROUTES,
    *voices.ROUTES,
)
