"""Every regular expression over what people write takes a time that grows with the text and not with its square."""

from __future__ import annotations

import importlib
import pkgutil
import re
import time

import pytest

import agentops.spec

SIZE = 8_000
UNITS = [
    "a", "A", "0", " ", "\n", "-", "_", ".", "/", "@", "{", "}", "$", "#", "*", "[", "(", "<", "+", '"', "\\", "`", "%",
    "a ", "1 ", "1-", "1.", "1,", "a.", "a@a.", "a_", "_a", "a/", "A1a", "{{", "{{ ", "{{a", "{{a|", "${{", "${{ ",
    "a@", "${%", "${{ a.", "`a_a", "use ", "use the ", "**a", "[a](", "<a ", "eyJaaaaaaaa.", "sk-", "http://", "http://a.",
    "call the ", "transfer the ", "env('", "+1 ", "(1", "é", "\u0301", "\u200b",
]  # fmt: skip


def patterns() -> dict[str, re.Pattern[str]]:
    """Every compiled pattern that a module of the spec language holds."""
    found = {}
    for info in pkgutil.walk_packages(agentops.spec.__path__, "agentops.spec."):
        for name, value in vars(importlib.import_module(info.name)).items():
            if isinstance(value, re.Pattern):
                found[f"{info.name}.{name}"] = value
    return found


PATTERNS = patterns()


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_is_linear(name: str) -> None:
    pattern, worst = PATTERNS[name], (0.0, "")
    for unit in UNITS:
        for text in (unit * (SIZE // len(unit)), "x" + unit * (SIZE // len(unit)) + "!"):
            text = text.encode() if isinstance(pattern.pattern, bytes) else text
            start = time.process_time()
            for _ in pattern.finditer(text):
                pass
            pattern.fullmatch(text)
            worst = max(worst, (time.process_time() - start, unit))
    assert worst[0] < 0.25, f"{pattern.pattern} takes {worst[0]:.1f} s for {SIZE:,} characters of {worst[1]!r}"
