"""The setting of a job on the fake GitHub: its variables, its recorded event files, and a clock that never waits."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fake_github import REPOSITORY, TOKEN

EVENTS = Path(__file__).parent / "events"


class InstantClock:
    """Time that passes only by sleeping, which takes no time."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.start = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.start + timedelta(seconds=sum(self.slept))

    def monotonic(self) -> float:
        return sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def read_event(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return found


def variables(event: str, **more: str) -> dict[str, str]:
    """GitHub's variables of a job that `event` started."""
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_NAME": event,
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_SHA": "3" * 40,
        "GITHUB_ACTOR": "dana",
        "GITHUB_REF_NAME": "main",
        "GITHUB_REF_TYPE": "branch",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_API_URL": "https://api.github.com",
        "GITHUB_RUN_ID": "4242",
        "GITHUB_TOKEN": TOKEN,
        **more,
    }
