"""The live view of an apply on a terminal: a line per agent with its stages, redrawn in place while the run goes on.

Other messages in the meantime, such as those of calls that end, scroll past above it. The view disappears at the end,
because the result repeats everything it showed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from agentops.apply.model import (
    AgentFinished,
    Event,
    Outcome,
    RunFinished,
    RunStarted,
    ScanWaiting,
    Stage,
    StageFinished,
    StageStarted,
    Warned,
)
from agentops.cli.streams import trusted
from agentops.render.apply.text import OUTCOME_ROLES, OUTCOME_WORDS
from agentops.render.style import plural
from agentops.render.visible import all_visible

_STYLES = {"good": "green", "faint": "dim", "bad": "bold red", "change": "yellow"}
_PASSED_SHOWN = 3  # stages behind an agent that are still named
_KEY_COLUMNS = 30
_FRAMES_PER_SECOND = 4
_GOOD = frozenset({Outcome.APPLIED, Outcome.UNCHANGED, Outcome.SKIPPED})


def terminal(*, is_colored: bool) -> Console:
    """The terminal at stderr, where people are talked to."""
    return Console(file=trusted(sys.stderr), no_color=not is_colored, highlight=False)


@dataclass(slots=True)
class _Agent:
    """Where one agent is. `since`: when it entered `stage`; `detail`: what the last stage or the result had to say."""

    key: str
    stage: Stage | None = None
    since: float = 0.0
    passed: list[Stage] = field(default_factory=list)
    detail: str = ""
    outcome: Outcome | None = None

    @property
    def rank(self) -> int:
        """What must not be missed comes first, where a screen has no room for all."""
        if self.outcome is not None:
            return 3 if self.outcome in _GOOD else 1
        return 0 if self.stage is not None else 2


class LiveView:
    """Shows the events of one run after another; a preview gate is a run of its own. `show` is the event sink.

    now: seconds that only go forward; the frames in between events are drawn from a thread
    """

    def __init__(self, console: Console, now: Callable[[], float] = time.monotonic) -> None:
        self._console, self._now = console, now
        self._agents: dict[str, _Agent] = {}
        self._environment, self._began = "", 0.0
        self._live = Live(
            console=console,
            get_renderable=self.frame,
            refresh_per_second=_FRAMES_PER_SECOND,
            transient=True,
            redirect_stdout=False,
        )

    def __enter__(self) -> LiveView:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.stop()

    def show(self, event: Event) -> None:
        """Takes in what has happened; the view starts with the first run."""
        event = all_visible(event)
        match event:
            case RunStarted(environment=environment, keys=keys):
                self._environment, self._began = environment, self._now()
                self._agents = {key: _Agent(key) for key in keys}
                self._live.start(refresh=True)
            case StageStarted(key, stage):
                agent = self._agent(key)
                agent.stage, agent.since = stage, self._now()
            case StageFinished(key, stage, detail):
                agent = self._agent(key)
                agent.passed.append(stage)
                agent.stage, agent.detail = None, detail
            case AgentFinished(result):
                agent = self._agent(result.key)
                agent.stage, agent.outcome, agent.detail = None, result.outcome, result.detail
            case Warned(key, text):
                self._console.print(Text(f"  {key}: warning: {text}", style=_STYLES["change"]))
            case ScanWaiting() | RunFinished():
                pass

    def _agent(self, key: str) -> _Agent:
        return self._agents.setdefault(key, _Agent(key))

    def frame(self) -> Group:
        """What is on the screen now: as many agents as there is room for, and the number of the others."""
        agents = list(self._agents.values())
        room = max(self._console.height - 3, 1)
        if len(agents) > room:
            agents.sort(key=lambda agent: agent.rank)
        shown = agents[:room]
        width = min(max((len(agent.key) for agent in shown), default=0), _KEY_COLUMNS)
        lines = [self._head(agents), *(self._line(agent, width) for agent in shown)]
        if hidden := len(agents) - len(shown):
            lines.append(_text(f"  and {hidden} more", "dim"))
        return Group(*lines)

    def _head(self, agents: Sequence[_Agent]) -> Text:
        done = sum(agent.outcome is not None for agent in agents)
        bad = sum(agent.rank == 1 for agent in agents)
        head = _text(f"Applying to {self._environment}: {done} of {plural(len(agents), 'agent')} done", "bold")
        head.append(f", {bad} with problems" if bad else "", _STYLES["bad"])
        return head.append(f", {self._now() - self._began:.0f} s")

    def _line(self, agent: _Agent, width: int) -> Text:
        line = _text(f"  {agent.key:<{width}}  ")
        if agent.outcome is not None:
            line.append(OUTCOME_WORDS[agent.outcome], _STYLES[OUTCOME_ROLES[agent.outcome]])
            return line.append(f"  {_one_line(agent.detail)}" if agent.detail else "", "dim")
        passed = " > ".join(agent.passed[-_PASSED_SHOWN:])
        if agent.stage is None:
            line.append(passed or "waiting", "dim")
            return line.append(f"  {_one_line(agent.detail)}" if agent.detail else "", "dim")
        line.append(f"{passed} > " if passed else "", "dim")
        return line.append(agent.stage, "bold").append(f"  {self._now() - agent.since:.0f} s")


def _text(text: str, style: str = "") -> Text:
    """Text that is cut at the edge of the screen: a line that wraps would leave remains behind."""
    made = Text(no_wrap=True, overflow="ellipsis")
    return made.append(text, style)


def _one_line(text: str) -> str:
    return " ".join(text.split())
