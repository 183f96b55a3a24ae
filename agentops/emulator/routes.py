"""The table of everything the emulated platform answers over REST. Order matters where paths overlap."""

from __future__ import annotations

from agentops.emulator import (
    account,
    agents,
    audiences,
    automation,
    branches,
    campaigns,
    conversations,
    drafts,
    events,
    knowledge,
    numbers,
    placing,
    revisions,
    templates,
    voices,
    webhooks,
)
from agentops.emulator.wire import Route

ROUTES: tuple[Route, ...] = (
    *account.ROUTES,
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
