"""The table of everything the emulated platform answers over REST. Order matters where paths overlap."""

from __future__ import annotations

from agentops.emulator.rest.account import billing, concurrency, numbers, user, webhooks
from agentops.emulator.rest.agents import agent, builds, prompt_scores, templates
from agentops.emulator.rest.calls import analytics, conversations, events, metric_templates, placing
from agentops.emulator.rest.campaigns import audiences, call_actions, campaign
from agentops.emulator.rest.library import knowledge, registries, voices
from agentops.emulator.rest.versioning import branches, revisions, v1
from agentops.emulator.rest.wire import Route

ROUTES: tuple[Route, ...] = (
    *user.ROUTES,
    *billing.ROUTES,
    *templates.ROUTES,  # before `/agent/{agent_id}`, which its path fits as well
    *agent.ROUTES,
    *branches.ROUTES,
    *revisions.ROUTES,
    *v1.ROUTES,
    *conversations.ROUTES,
    *placing.ROUTES,
    *events.ROUTES,
    *analytics.ROUTES,
    *knowledge.ROUTES,
    *numbers.ROUTES,
    *webhooks.ROUTES,
    *audiences.ROUTES,
    *campaign.ROUTES,
    *call_actions.ROUTES,
    *concurrency.ROUTES,
    *registries.ROUTES,
    *prompt_scores.ROUTES,
    *builds.ROUTES,
    *metric_templates.ROUTES,
    *voices.ROUTES,
)
