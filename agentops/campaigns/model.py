"""`campaigns/NAME.yaml`: who is called by which agent, how often, and when."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field

from agentops.spec.model.base import Format, Model
from agentops.spec.model.project import Day, TimeOfDay

DAYS: tuple[Day, ...] = get_args(Day)
E164 = Annotated[str, Format(r"^\+[1-9][0-9]{6,14}$", expected="a phone number with + and country code, in quotes")]


class AudienceSpec(Model):
    """The people to call. The file stays outside of the repository."""

    file: str = Field(min_length=1, description="A CSV file outside of the repository, such as ${{ env('PEOPLE') }}.")
    phone_column: str = Field(min_length=1, description="The column with the numbers, each with + and country code.")
    zone_column: str | None = Field(
        default=None, min_length=1, description="A column with IANA time zones; better than what a number tells."
    )


class RetriesSpec(Model):
    """What happens when nobody answers."""

    max: int = Field(default=3, ge=0, le=10, description="How often somebody is called again.")
    delay_min: int = Field(default=15, ge=1, le=1440, description="Minutes between two calls to somebody.")


class WindowSpec(Model):
    """When people may be called, in their own time. The default is the widest that US federal rules allow."""

    from_: TimeOfDay = Field(default="08:00", alias="from", description="Nobody is called before this time.")
    to: TimeOfDay = Field(default="21:00", description="Nobody is called after this time.")
    timezone: Literal["by_number"] = Field(default="by_number", description="Every zone that the number may be in.")
    days: list[Day] = Field(default=[*DAYS], min_length=1, description="The days on which people are called.")


class CampaignSpec(Model):
    """One outbound campaign."""

    agent: str = Field(min_length=1, description="The key of the agent that calls.")
    audience: AudienceSpec = Field(description="Who is called.")
    description: str = Field(default="", max_length=200, description="What it is for; part of its identity.")
    retries: RetriesSpec = Field(default=RetriesSpec(), description="What happens when nobody answers.")
    numbers: list[E164] = Field(default=[], description="The account's numbers to call from; default: the platform's.")
    window: WindowSpec = Field(default=WindowSpec(), description="When people may be called.")


@dataclass(frozen=True, slots=True)
class CallingHours:
    """From `opens` to `closes` of the same day, on `days` (Monday is 0), in the called person's time."""

    opens: time
    closes: time
    days: frozenset[int]


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as its file has it in one environment. `scope`: "project/environment"; `audience`: a path."""

    name: str
    scope: str
    agent: str
    audience: Path
    phone_column: str
    zone_column: str | None
    description: str
    max_retries: int
    retry_delay_min: int
    numbers: tuple[str, ...]
    window: CallingHours

    def audience_digest(self, content: str) -> str:
        """Tells audiences apart: which column of which file, by the SHA-256 of what is in it."""
        return _digest(self.scope, self.name, self.phone_column, content)

    def digest(self, agent_id: str, audience_digest: str) -> str:
        """Tells campaigns apart by all that the platform keeps of one, since none can be changed there."""
        written = (self.scope, self.name, self.description, self.max_retries, self.retry_delay_min, *self.numbers)
        return _digest(*written, agent_id, audience_digest)


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:12]
