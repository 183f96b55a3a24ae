"""Puts a text that was changed on the platform back into its source without touching the source's expressions.

The source renders to the old text; the new text differs from it. If every expression's output survived the change, the
source of the new text is the new text with the expressions in those places. Otherwise there is no such source, and none
is guessed if it is ambiguous which expression wrote what.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from itertools import pairwise

from agentops.importers.yaml_text import literal

# Neither may contain its own beginning, so that many unfinished ones don't each search all the text that follows.
_EXPRESSION = re.compile(r"\$\{\{(?:(?!\$\{\{).)*?\}\}|\$\{#(?:(?!\$\{#).)*?#\}", re.DOTALL)
_TOKEN = re.compile(r"\w+|\s|[^\w\s]")
_MOST_TOKENS = 40_000
_OPENINGS = ("${{", "${%", "${#")


def restore_expressions(source: str, old: str, new: str) -> str | None:
    """The source that renders to `new`, given that `source` renders to `old`; None when an expression is affected."""
    expressions = [match[0] for match in _EXPRESSION.finditer(source)]
    literals = _EXPRESSION.split(source)
    if any("${%" in each for each in literals):
        return None  # a statement, such as a loop, has no output of its own that could be found in the text
    if not expressions:
        return literal(new) if source == old else None
    shortest, longest = (_spans(literals, old, output) for output in ("(.*?)", "(.*)"))
    if shortest is None or shortest != longest:
        return None
    return _woven([old[a:b] for a, b in shortest], expressions, new)


def _spans(literals: list[str], old: str, output: str) -> list[tuple[int, int]] | None:
    """The old text cut at every expression's output: literal, output, literal, output, ..., literal.

    If the shortest and the longest outputs give different cuts, it is ambiguous which expression wrote what.
    """
    match = re.fullmatch(output.join(re.escape(each) for each in literals), old, re.DOTALL)
    if match is None:
        return None
    cuts = [0]
    for index in range(1, len(literals)):
        cuts += match.span(index)
    cuts.append(match.end())
    return list(pairwise(cuts))


def _woven(pieces: list[str], expressions: list[str], new: str) -> str | None:
    tokens = [_TOKEN.findall(piece) for piece in pieces]
    before = [token for piece in tokens for token in piece]
    after = _TOKEN.findall(new)
    if len(before) + len(after) > _MOST_TOKENS:
        return None
    equal = _equal_runs(before, after)
    made, position, at = "", 0, 0
    for index, piece in enumerate(tokens):
        if index % 2:
            start = _carried(at, at + len(piece), equal)
            if start is None or start < position or _splits_delimiter(after, start, start + len(piece)):
                return None
            made += literal("".join(after[position:start])) + expressions[index // 2]
            position = start + len(piece)
        at += len(piece)
    return made + literal("".join(after[position:]))


def _splits_delimiter(tokens: list[str], *cuts: int) -> bool:
    """Whether a cut falls inside a `${{`, `${%` or `${#` of the new text: half of one can't be written as text."""
    for cut in cuts:
        before = "".join(tokens[max(cut - 2, 0) : cut])[-2:]
        following = "".join(tokens[cut : cut + 2])[:2]
        if any(
            before.endswith(opening[:at]) and following.startswith(opening[at:])
            for opening in _OPENINGS
            for at in (1, 2)
        ):
            return True
    return False


def _equal_runs(before: list[str], after: list[str]) -> list[tuple[int, int, int]]:
    """Runs of equal tokens as (start before, start after, length). Equal heads and tails need no search."""
    shorter = min(len(before), len(after))
    head = next((i for i in range(shorter) if before[i] != after[i]), shorter)
    room = shorter - head
    tail = next((i for i in range(room) if before[-1 - i] != after[-1 - i]), room)
    middle = SequenceMatcher(
        None, before[head : len(before) - tail], after[head : len(after) - tail], autojunk=False
    ).get_matching_blocks()
    runs = [(0, 0, head), *((block.a + head, block.b + head, block.size) for block in middle)]
    runs.append((len(before) - tail, len(after) - tail, tail))
    return [run for run in runs if run[2]]


def _carried(start: int, end: int, equal: list[tuple[int, int, int]]) -> int | None:
    """The position of the tokens `start` to `end` in the new text, if they are there in one piece."""
    for before, after, length in equal:
        if before <= start and end <= before + length:
            return after + start - before
    return None
