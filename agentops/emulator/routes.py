"""The table of everything the emulated platform answers over REST. Order matters where paths overlap."""

from __future__ import annotations

from agentops.emulator import account, agents, branches, drafts, voices
from agentops.emulator.wire import Route

ROUTES: tuple[Route, ...] = (
    *account.ROUTES,
    *agents.ROUTES,
    *branches.ROUTES,
    *drafts.ROUTES,
    *voices.ROUTES,
)
