"""A hash of the files that an agent is made from: equal in two environments when both were made from the same files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable

from agentops.spec.files import FileProblem, ProjectFiles
from agentops.spec.knowledge import MOST_BYTES
from agentops.spec.source_text import SourceError
from agentops.spec.tree import Map

_HEX = 12  # it stands in labels, which have little room


def digest_of_sources(files: ProjectFiles, paths: Iterable[str], scripts: Collection[str], defaults: Map | None) -> str:
    """12 hex characters for spec, fragments, prompts and call scripts, as they are written.

    Comments and the order of keys count for nothing in specs and fragments; in scripts every character counts, since
    they are read only by those who call. `defaults`: what the project lays under every spec.
    """
    parts = [(path, _content(files, path, is_script=path in scripts)) for path in sorted({*paths, *scripts})]
    if defaults is not None:
        parts.append(("defaults", _canonical(defaults)))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:_HEX]


def _content(files: ProjectFiles, path: str, *, is_script: bool) -> str:
    if path not in files.digests and path.lower().endswith(".pdf"):
        files.digests[path] = hashlib.sha256(files.content(path, MOST_BYTES)).hexdigest()
    if path not in files.digests:
        try:
            is_tree = path.endswith((".yaml", ".yml")) and not is_script
            text = _canonical(files.tree(path)[0]) if is_tree else files.text(path)
        except (FileProblem, SourceError):  # reported where the file is used
            text = ""
        files.digests[path] = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return files.digests[path]


def _canonical(tree: object) -> str:
    return json.dumps(tree, sort_keys=True, default=str)
