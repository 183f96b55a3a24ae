"""The table of everything the emulated platform answers over REST. Order matters where paths overlap."""

from __future__ import annotations

from agentops.emulator import (
    account,
    agents,
    automation,
    branches,
    campaigns,
    conversations,
    drafts,
    events,
    knowledge,
    numbers,
    voices,
    webhooks,
)
from agentops.emulator.wire import Route

ROUTES: tuple[Route, ...] = (
    *account.ROUTES,
    *agents.ROUTES,
    *branches.ROUTES,
    *drafts.ROUTES,
    *conversations.ROUTES,
    *events.ROUTES,
    *knowledge.ROUTES,
    *numbers.ROUTES,
    *webhooks.ROUTES,
    *campaigns.ROUTES,
    *automation.ROUTES,
    *voices.ROUTES,
)
