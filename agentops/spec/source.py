"""YAML text into marked data: the plain part of the language line by line, all the rest through libyaml.

The language is the JSON-like part of YAML 1.2: text keys, no tags, no merge keys, one document. Hostile text ends in
a diagnostic in bounded time and memory. Files that are written back go through `source_edit`, not through here.
"""

from __future__ import annotations

from typing import Any

from agentops.diagnostics import Diagnostic
from agentops.spec.plain_yaml import read_plain
from agentops.spec.source_text import MAX_BYTES, SourceError, decode
from agentops.spec.tree import Mark


def read_yaml(text: str, file: str) -> tuple[Any, list[Diagnostic]]:
    """The one document in `text` with its marks, and warnings. Raises `SourceError` when there is no usable document.

    An empty document is None. `file` is only used for marks.
    """
    plain = read_plain(text, file)
    if plain is not None:
        return plain, []
    from agentops.spec.source_events import parse_yaml  # most projects never need the parser

    return parse_yaml(text, file)


__all__ = ["MAX_BYTES", "Mark", "SourceError", "decode", "read_yaml"]
