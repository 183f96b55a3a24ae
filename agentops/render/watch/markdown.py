"""The result of watching, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from agentops.compare.watch_result import WatchResult
from agentops.render.markdown import inline, table_lines
from agentops.render.watch.text import HEAD, ruling_cells, watch_notes, watch_title


def watched_markdown(found: WatchResult) -> str:
    """A heading for each agent, its rules as a table, and the notes as a list."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: WatchResult) -> Iterator[str]:
    yield f"### agentops watch in `{found.environment}`"
    for agent in found.agents:
        yield from ("", f"**{inline(watch_title(agent))}**", "")
        if agent.rulings:
            yield from table_lines(HEAD, (map(inline, ruling_cells(each)) for each in agent.rulings))
            yield ""
        yield from (f"- {inline(note)}" for note in watch_notes(agent))
