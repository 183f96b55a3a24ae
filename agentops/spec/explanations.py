"""What a code means: title, reason, a bad and a good example, read from `explanations.yaml` beside this module."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources

from agentops.spec.source_events import read_yaml
from agentops.spec.tree import to_plain


@dataclass(frozen=True, slots=True)
class Explanation:
    """`bad` and `good` are specs without a name, or project files; empty where a file can't show it.

    `files` are what an example needs beside itself: project path -> text.
    """

    code: str
    title: str
    why: str
    bad: str = ""
    good: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


@functools.cache
def explanations() -> Mapping[str, Explanation]:
    """Every code that can be explained, in the order of the catalogue."""
    text = resources.files("agentops.spec").joinpath("explanations.yaml").read_text("utf-8")
    entries = to_plain(read_yaml(text, "explanations.yaml")[0])
    return {
        code: Explanation(
            code, entry["title"], entry["why"], entry.get("bad", ""), entry.get("good", ""), entry.get("with", {})
        )
        for code, entry in entries.items()
    }
