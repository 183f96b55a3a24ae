"""Every pattern takes time in proportion to its text: the texts are somebody else's, and as long as they like."""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import agentops

LENGTH = 10_000
LIMIT_S = 0.3  # of the processor; a pattern that takes quadratic time needs more than twice that
# What is asked of texts that were cut before, or that we wrote ourselves.
BOUNDED = {
    "agentops.installation._AT_LEAST",  # our own pyproject.toml
    "agentops.importers.elevenlabs.conditions._CLAUSE",  # of the first 8,000 characters
}
PUMPS = ("a", "A", "0", " ", "\n", "-", "_", ".", "/", "<", "{", "[", "(", '"', "'", "\\", "&", "@", "a ", "a.", "0-",
         "a\n", "aA0_", "://", "a:b@", "${{ ", "${# ", "${% ", "<a ", "é")  # fmt: skip
_SEARCHES = r"\b{name}\.(?:search|sub|subn|finditer|findall|split)\("


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(agentops.__path__, "agentops."):
        try:
            yield importlib.import_module(found.name)
        except ImportError:
            continue  # of an extra that is not installed


def patterns() -> dict[str, tuple[re.Pattern[Any], bool]]:
    """Every compiled pattern of the package by where it is, and whether it is looked for anywhere in a text."""
    found: dict[str, tuple[re.Pattern[Any], bool]] = {}
    known = set()
    for module in modules():
        source = Path(module.__file__ or "").read_text("utf-8")
        for name, value in vars(module).items():
            for number, pattern in enumerate(compiled(value)):
                if pattern in known:
                    continue
                known.add(pattern)
                searches = not isinstance(value, re.Pattern) or bool(re.search(_SEARCHES.format(name=name), source))
                found[f"{module.__name__}.{name}" + (f".{number}" if number else "")] = pattern, searches
    return found


def compiled(value: Any) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, Mapping):
        yield from (each for item in value.values() for each in compiled(item))
    elif isinstance(value, list | tuple | set | frozenset):
        yield from (each for item in value for each in compiled(item))


@pytest.mark.slow
def test_no_pattern_takes_more_than_its_share_of_time() -> None:
    found, slow = patterns(), []
    assert len(found) > 150
    assert found.keys() >= BOUNDED
    for name, (pattern, searches) in found.items():
        if name in BOUNDED:
            continue
        words = re.findall(r"[A-Za-z]{2,}", re.sub(r"\\\w", "", str(pattern.pattern)))[:3]
        for pump in (*PUMPS, *words):
            text: Any = (words[0] if words else "x") + (pump * LENGTH)[:LENGTH] + "\x00"
            text = text.encode() if isinstance(pattern.pattern, bytes) else text
            began = time.process_time()
            if searches:
                pattern.search(text)
            pattern.fullmatch(text)
            if time.process_time() - began > LIMIT_S:
                slow.append((name, pump))
    assert not slow
