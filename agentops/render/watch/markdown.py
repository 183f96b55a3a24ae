"""What watching came to, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from agentops.compare.watch_result import WatchResult
from agentops.render.compare.markdown import plain
from agentops.render.watch.text import HEAD, cells, notes, title


def watched_markdown(found: WatchResult) -> str:
    """A heading for each agent, its rules as a table, and the notes as a list."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: WatchResult) -> Iterator[str]:
    yield f"### agentops watch in `{found.environment}`"
    for agent in found.agents:
        yield from ("", f"**{plain(title(agent))}**", "")
        if agent.rulings:
            table = [HEAD, ("---",) * len(HEAD), *(cells(each) for each in agent.rulings)]
            yield from (f"| {' | '.join(plain(cell) for cell in row)} |" for row in table)
            yield ""
        yield from (f"- {plain(note)}" for note in notes(agent))
