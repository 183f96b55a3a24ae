"""Where an `agentops.yaml` sends keys and secrets, and what moves between two of them. Values are never in it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agentops.spec.files import PROJECT_FILE
from agentops.spec.source_events import read_yaml
from agentops.spec.source_text import SourceError

_KEY = "api_key"


def moved_destinations(before: str | None, after: str) -> list[str]:
    """One sentence for each host, key or secret's source that `after` names otherwise than `before` (None: no file).

    A new environment is listed as well, since it sends a key somewhere.
    """
    try:
        old = _destinations(before) if before is not None else {}
        new = _destinations(after)
    except SourceError as error:
        return [f"{PROJECT_FILE} can't be compared: {error.diagnostic.summary}"]
    return [
        f"{place[0]}: {place[1]} was {old.get(place, 'not set')}, becomes {new.get(place, 'not set')}"
        for place in sorted({*old, *new})
        if new.get(place) != old.get(place)
    ]


def _destinations(text: str) -> dict[tuple[str, str], str]:
    tree, _ = read_yaml(text, PROJECT_FILE)
    environments = tree.get("environments") if isinstance(tree, dict) else None
    if not isinstance(environments, dict):
        return {}
    return {
        (str(name), what): value
        for name, block in environments.items()
        if isinstance(block, dict)
        for what, value in _of_environment(block)
    }


def _of_environment(block: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("target", "base_url"):
        if block.get(name) is not None:
            yield name, str(block[name])
    if isinstance(hosts := block.get("hosts"), list) and hosts:
        yield "hosts", ", ".join(sorted(map(str, hosts)))
    for place, holder in (("", block), *((f"{each}.", block.get(each)) for each in ("judge", "listen"))):
        if isinstance(holder, dict) and holder.get(_KEY) is not None:
            written = str(holder[_KEY])
            yield f"{place}{_KEY}", written if "${{" in written else "a literal"  # a key itself is never shown
        if place and isinstance(holder, dict) and holder.get("url") is not None:
            yield f"{place}url", str(holder["url"])
    secrets = block.get("secrets")
    for name, source in secrets.items() if isinstance(secrets, dict) else ():
        yield f"the source of secret {name}", _source(source)


def _source(source: Any) -> str:
    if isinstance(source, dict):
        for kind, words in (("env", "the environment variable"), ("file", "the file")):
            if source.get(kind) is not None:
                return f"{words} {source[kind]}"
    return "a literal"
