"""Audience files: everything wrong is found, by line, and nothing of a person is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentops.campaigns.audience import MAX_BYTES, MAX_MEMBERS, AudienceError, read_audience


def refused(text: str | bytes, zone: str | None = None) -> str:
    with pytest.raises(AudienceError) as raised:
        read_audience(text if isinstance(text, bytes) else text.encode(), "phone", zone)
    return raised.value.summary


def test_people_have_lines_numbers_and_zones() -> None:
    audience = read_audience(b'\xef\xbb\xbfphone,name\n\n+1 (415) 200-0001,"A\nB"\n+442071838750,C\n', "phone")
    assert [(m.line, m.number) for m in audience.members] == [(3, "+14152000001"), (5, "+442071838750")]
    assert audience.members[0].zones == ("America/Los_Angeles",)
    assert "14152000001" not in repr(audience)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("phone,name\n", "nobody"),
        ("number,name\n1,2\n", "no column 'phone'"),
        ("phone,phone\n1,2\n", "more than one column"),
        ("phone\n+14152000001\n4152000002\n+999123456789\n", "on lines: 3, 4"),
        ("phone\n+14152000001\n+1 415 200 0001\n", "before on lines: 3"),
        ("phone,name\n+14152000001\n", "columns than the header: 2"),
        ('phone\n"+14152000001\n', "no CSV on line"),
        (b"phone,name\n+14152000001,\xff\n", "line 2 of the audience's file is not UTF-8"),
        ("phone,name\n+14152000001,\0\n", "line 2 of the audience's file is not text"),
    ],
)
def test_what_is_wrong_is_said_by_line(text: str | bytes, said: str) -> None:
    assert said in refused(text)


def test_limits_of_the_platform() -> None:
    assert "5 MB" in refused(b"x" * (MAX_BYTES + 1))
    assert str(MAX_MEMBERS) in refused("phone\n" + "+1\n" * (MAX_MEMBERS + 1))


def test_a_zone_column_is_believed_and_checked() -> None:
    known = read_audience(b"phone,zone\n+18002345678,Europe/Paris\n", "phone", "zone")
    assert known.members[0].zones == ("Europe/Paris",)
    assert "IANA database on lines: 2" in refused("phone,zone\n+14152000001,Mars/Base\n", "zone")


@pytest.mark.parametrize("number", ["+18002345678", "+80012345678"])
def test_toll_free_numbers_are_nowhere(number: str) -> None:
    assert read_audience(f"phone\n{number}\n".encode(), "phone").members[0].zones == ()


@pytest.mark.slow
@given(st.lists(st.tuples(st.from_regex(r"[+0-9 ]{3,14}", fullmatch=True), st.text(min_size=4)), max_size=5))
def test_no_error_holds_a_number_or_a_name(people: list[tuple[str, str]]) -> None:
    text = "phone,name\n" + "".join(f"+0{number},Quux{name}\n" for number, name in people)
    with pytest.raises(AudienceError) as raised:
        read_audience(text.encode("utf-8", "surrogatepass"), "phone")
    said = f"{raised.value.summary} {raised.value.hint} {raised.value!r}"
    assert "Quux" not in said
    assert not any(f"+0{number}" in said for number, _ in people)
