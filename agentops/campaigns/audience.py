"""The audience: a CSV file of people, checked without a word about any of them. Lines count from 1."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from agentops.campaigns.phone import is_possible, normal, zones_of
from agentops.errors import AgentopsError

MAX_BYTES = 5 * 1024 * 1024
MAX_MEMBERS = 10_000
_LINES_NAMED = 20


class AudienceError(AgentopsError):
    """The file can't be used; the summary holds counts and line numbers, and nothing of what is in the lines."""


@dataclass(frozen=True, slots=True)
class Member:
    """One person. `zones`: where the person may be, by IANA names; none where they aren't known."""

    line: int
    number: str = field(repr=False)
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Audience:
    """`content`: the file as it was checked; `digest`: its SHA-256."""

    members: tuple[Member, ...]
    content: bytes = field(repr=False)
    digest: str = ""


def read_audience(content: bytes, phone_column: str, zone_column: str | None = None) -> Audience:
    """The people in a CSV file with a header. Raises AudienceError with everything that is wrong."""
    if len(content) > MAX_BYTES:
        raise _error("the audience's file is larger than 5 MB, which is the platform's limit", "split it")
    header, rows = _rows(content)
    for column in (phone_column, *([zone_column] if zone_column else [])):
        if header.count(column) != 1:
            count = "no column" if column not in header else "more than one column"
            hint = f"the header has {len(header)} columns, separated by commas; correct the name in the campaign's file"
            raise _error(f"the audience's file has {count} {column!r}", hint)
    if not rows:
        raise _error("the audience's file has nobody in it", "it needs a header and a line for each person")
    if len(rows) > MAX_MEMBERS:
        raise _error(f"the audience has {len(rows)} people; the platform takes {MAX_MEMBERS}", "split it")
    ragged = [line for line, row in rows if len(row) != len(header)]
    if ragged:
        raise _error(f"lines with another number of columns than the header: {listed(ragged)}", "correct these lines")
    phone_at = header.index(phone_column)
    zone_at = header.index(zone_column) if zone_column else None
    members, impossible, repeated, no_zone, seen = [], [], [], [], set()
    for line, row in rows:
        number = normal(row[phone_at])
        if number is None or not is_possible(number):
            impossible.append(line)
            continue
        if number in seen:
            repeated.append(line)
        seen.add(number)
        zones = zones_of(number, row[zone_at] if zone_at is not None else "")
        if zones is None:
            no_zone.append(line)
        members.append(Member(line, number, zones or ()))
    wrong = [
        f"{what}: {listed(lines)}"
        for what, lines in (
            ("no valid number with + and country code on lines", impossible),
            ("numbers that stood there before on lines", repeated),
            ("no time zone of the IANA database on lines", no_zone),
        )
        if lines
    ]
    if wrong:
        raise _error(f"the audience can't be used; {'; '.join(wrong)}", "correct these lines; nothing was created")
    return Audience(tuple(members), content, hashlib.sha256(content).hexdigest())


def listed(lines: Iterable[int]) -> str:
    """Line numbers for people: the first ones, and how many more there are."""
    all_lines = list(lines)
    shown = ", ".join(map(str, all_lines[:_LINES_NAMED]))
    return shown if len(all_lines) <= _LINES_NAMED else f"{shown} and {len(all_lines) - _LINES_NAMED} more"


def _rows(content: bytes) -> tuple[list[str], Sequence[tuple[int, list[str]]]]:
    """The header, and each row that isn't empty with the line on which it begins."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _error(f"line {line} of the audience's file is not UTF-8", "save it as UTF-8") from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise _error(f"line {line} of the audience's file is not text", "save it as CSV") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows, begins = [], 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((begins, row))
            begins = reader.line_num + 1
    except csv.Error:
        raise _error(
            f"the audience's file is no CSV on line {reader.line_num}", "is a closing quote missing?"
        ) from None
    if not rows:
        raise _error("the audience's file is empty", "it needs a header and a line for each person")
    return [cell.strip() for cell in rows[0][1]], rows[1:]


def _error(summary: str, hint: str) -> AudienceError:
    return AudienceError(summary, hint=hint, code="audience")
