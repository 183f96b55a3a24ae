"""What an account has besides its agents: voices, phone numbers, limits. Values only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice of the catalog, or a cloned one (`voice_` ids). `models` is empty when the platform does not say."""

    voice_id: str
    name: str
    languages: tuple[str, ...] = ()
    gender: str | None = None
    accent: str | None = None
    is_cloned: bool = False
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    product_id: str
    number: str
    agent_id: str | None = None


@dataclass(frozen=True, slots=True)
class AccountLimits:
    """What the subscription allows; None where the platform does not say."""

    max_agents: int | None = None
