"""Numbers as people write and say them, as sets of readings. Pure; number words are English, figures of any script.

`twelve fifty` can be $12.50, 12:50 or 1,250. A numeral is the set of everything it can be read as, each a value with
its unit; two numerals are the same when their sets have a reading in common. A numeral is always the whole number:
`5` is not found in `2.5`, in `two point five` or in `twenty-five`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

# What a numeral can be read as: ("", 5), ("usd", 5), ("%", 10), ("ordinal", 3), ("time", minutes since midnight),
# ("date", (month, day)), ("digits", "427"), ("pair", (24, 7)).
Reading: TypeAlias = tuple[str, Fraction | str | tuple[int, int]]

# fmt: off
_ONES = {word: n for n, word in enumerate((
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
))}
_TENS = {word: n * 10 for n, word in enumerate(
    ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), 2
)}
_ORDINALS = {word: n for n, word in enumerate((
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
), 1)} | {word[:-1] + "ieth": n for word, n in _TENS.items()}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_CURRENCIES = {
    "$": "usd", "usd": "usd", "dollar": "usd", "dollars": "usd", "bucks": "usd", "€": "eur", "eur": "eur",
    "euro": "eur", "euros": "eur", "£": "gbp", "gbp": "gbp", "pound": "gbp", "pounds": "gbp", "₹": "inr",
    "inr": "inr", "rs": "inr", "rupee": "inr", "rupees": "inr",
}
_CENTS = {
    "cent": ("usd", "eur"), "cents": ("usd", "eur"), "¢": ("usd",), "pence": ("gbp",), "penny": ("gbp",),
    "paise": ("inr",),
}
_MONEY = ("usd", "eur", "gbp", "inr")
_MONTHS = {name: n for n, names in enumerate((
    "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
    "september sep sept", "october oct", "november nov", "december dec",
), 1) for name in names.split()}
_NOON, _NIGHT = 720, -1  # the minute a part of the day begins at; the night has hours on both sides of midnight
_PARTS_OF_DAY = {"morning": 0, "afternoon": _NOON, "evening": _NOON}
# fmt: on
_REPEATS = {"double": 2, "triple": 3}
_DENOMINATORS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
_DENOMINATORS |= {"halves": 2} | {f"{word}s": n for word, n in _DENOMINATORS.items() if word != "half"}
_FIGURES = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Numeral:
    """All readings of one number in a text. `bare` are its values without the unit: 5 for `$5`."""

    readings: frozenset[Reading]
    bare: frozenset[Reading] = frozenset()

    def meets(self, wanted: Numeral) -> bool:
        """Whether this can be what `wanted` asks for: `5` asks for `$5` and `5%`, too, but not the other way round."""
        return bool(self.readings & wanted.readings or self.bare & wanted.readings)

    def is_small(self, below: int) -> bool:
        """Whether it can be read as a plain number or an ordinal below `below`."""
        return any(unit in ("", "ordinal") and isinstance(value, Fraction) and value < below
                   for unit, value in self.readings)  # fmt: skip

    @property
    def name(self) -> str:
        """One text for all numerals with the same readings."""
        return "#" + "|".join(sorted(f"{unit}:{value}" for unit, value in self.readings))


@dataclass(frozen=True, slots=True)
class _Core:
    """A number without its unit, and the word after it."""

    readings: frozenset[Reading]
    end: int

    @property
    def values(self) -> list[Fraction]:
        return [value for unit, value in self.readings if unit == "" and isinstance(value, Fraction)]


def read_numeral(words: Sequence[str], at: int) -> tuple[Numeral, int] | None:
    """The numeral that begins at `words[at]`, and the index after it; None where none begins."""
    for read in (_clock_phrase, _date, _amount, _plain):
        if (found := read(words, at)) is not None:
            return found
    return None


def _word(words: Sequence[str], at: int) -> str:
    return words[at] if 0 <= at < len(words) else ""


# ---- what stands around a number


def _clock_phrase(words: Sequence[str], at: int) -> tuple[Numeral, int] | None:
    """`half past nine`, `quarter to ten`, `ten past nine`, `noon`."""
    first = _word(words, at)
    if first in ("noon", "midday", "midnight"):
        return Numeral(frozenset({_time(0 if first == "midnight" else _NOON)})), at + 1
    at += first == "a" and _word(words, at + 1) == "quarter"
    minutes, joint = {"half": 30, "quarter": 15}.get(_word(words, at)), at + 1
    if minutes is None:
        spoken = _cardinal(words, at)
        minutes, joint = (int(spoken[0]), spoken[1]) if spoken and spoken[0] < 60 else (None, at)
    sign = {"past": 1, "to": -1 if _word(words, at) == "quarter" else 0}.get(_word(words, joint), 0)
    hour = _core(words, joint + 1) if minutes is not None and sign else None
    hours = [value for value in hour.values if value.denominator == 1 and 1 <= value <= 24] if hour else []
    if hour is None or not hours or minutes is None:
        return None
    offset, end = _part_of_day(words, hour.end)
    times = _times(int(hours[0]), 0, offset)
    return Numeral(frozenset(_time(int(t[1]) + sign * minutes) for t in times if isinstance(t[1], Fraction))), end


def _date(words: Sequence[str], at: int) -> tuple[Numeral, int] | None:
    """`March 3rd`, `the third of March`, `3 March`."""
    if (month := _MONTHS.get(_word(words, at))) is not None:
        day, end = _day(words, at + 1 + (_word(words, at + 1) == "the"))
    else:
        day, end = _day(words, at + (_word(words, at) == "the"))
        end += _word(words, end) == "of"
        month, end = _MONTHS.get(_word(words, end)), end + 1
    if day is None or month is None:
        return None
    return Numeral(frozenset({("date", (month, day))})), end


def _day(words: Sequence[str], at: int) -> tuple[int | None, int]:
    core = _core(words, at)
    days = (
        {int(v) for unit, v in core.readings if unit in ("", "ordinal") and isinstance(v, Fraction)} if core else set()
    )
    fitting = [day for day in days if 1 <= day <= 31]
    return (fitting[0], core.end) if core and len(fitting) == 1 else (None, at)


def _amount(words: Sequence[str], at: int) -> tuple[Numeral, int] | None:
    """Money, percent, and times with `am`, `o'clock` or `in the morning`."""
    unit = _CURRENCIES.get(_word(words, at))
    core = _core(words, at + (unit is not None))
    if core is None:
        return None
    after = _word(words, core.end)
    if unit is not None or after in _CURRENCIES:
        end = core.end + (unit is None)
        return _money(words, core, unit or _CURRENCIES[after], end)
    if after in _CENTS:
        sums: set[Reading] = {(money, value / 100) for money in _CENTS[after] for value in core.values}
        return Numeral(frozenset(sums)), core.end + 1
    if after in ("%", "percent", "pct") or (after, _word(words, core.end + 1)) == ("per", "cent"):
        bare: frozenset[Reading] = frozenset(("", value) for value in core.values)
        return Numeral(frozenset(("%", value) for value in core.values), bare), core.end + 1 + (after == "per")
    return _time_of_day(words, core)


def _money(words: Sequence[str], core: _Core, unit: str, end: int) -> tuple[Numeral, int]:
    values = core.values
    joint = end + (_word(words, end) == "and")
    cents = _core(words, joint)
    if cents is not None and unit in _CENTS.get(_word(words, cents.end), ()) and len(cents.values) == 1:
        values, end = [value + cents.values[0] / 100 for value in values], cents.end + 1
    return Numeral(frozenset((unit, value) for value in values), frozenset(("", value) for value in values)), end


def _time_of_day(words: Sequence[str], core: _Core) -> tuple[Numeral, int] | None:
    offset, end = _part_of_day(words, core.end)
    is_clock = _word(words, core.end) in ("o'clock", "oclock")
    if is_clock:
        offset, end = _part_of_day(words, core.end + 1)
    if not is_clock and offset is None:
        return None
    whole = [int(v) for v in core.values if v.denominator == 1 and 0 <= v <= 24]
    clocks = {divmod(int(v), 60) for unit, v in core.readings if unit == "time" and isinstance(v, Fraction)}
    if offset is not None:
        clocks = {(hour, minute) for hour, minute in clocks if hour <= 12}
    found: set[Reading] = set()
    for hour, minute in [*((hour, 0) for hour in whole), *clocks]:
        found |= _times(hour, minute, offset)
    return (Numeral(frozenset(found), frozenset(("", Fraction(hour)) for hour in whole)), end) if found else None


def _part_of_day(words: Sequence[str], at: int) -> tuple[int | None, int]:
    """The minute that `am`, `pm` or `in the morning` begins at, and the index after it; None where none is said."""
    if _word(words, at) in ("am", "pm"):
        return (_NOON if _word(words, at) == "pm" else 0), at + 1
    if (_word(words, at), _word(words, at + 1)) == ("in", "the") and _word(words, at + 2) in _PARTS_OF_DAY:
        return _PARTS_OF_DAY[_word(words, at + 2)], at + 3
    if (_word(words, at), _word(words, at + 1)) == ("at", "night"):
        return _NIGHT, at + 2
    return None, at


def _times(hour: int, minute: int, offset: int | None) -> set[Reading]:
    """The times of day that an hour and a minute can be: both halves of the day where `offset` is None."""
    if hour > 12 or (hour == 0 and offset is None):
        return {_time(hour * 60 + minute)}
    if offset == _NIGHT:  # nine at night is 21:00, two at night 2:00
        offset = _NOON if 6 <= hour <= 11 else 0
    offsets = (0, _NOON) if offset is None else (offset,)
    return {_time(hour % 12 * 60 + minute + each) for each in offsets}


def _time(minutes: int) -> Reading:
    return "time", Fraction(minutes % 1440)  # a day's: quarter to midnight lies in the day before


def _plain(words: Sequence[str], at: int) -> tuple[Numeral, int] | None:
    core = _core(words, at)
    if core is None:
        return None
    # `9:00` answers `nine`.
    on_the_hour = {v / 60 for unit, v in core.readings if unit == "time" and isinstance(v, Fraction) and not v % 60}
    bare = frozenset(("", (hour - 1) % 12 + 1) for hour in on_the_hour)
    return Numeral(core.readings, bare if not core.values else frozenset()), core.end


# ---- the number itself


def _core(words: Sequence[str], at: int) -> _Core | None:
    is_negative = _word(words, at) in ("minus", "negative", "-")
    core = _written(words, at + is_negative) or _spoken(words, at + is_negative)
    if core is None or not is_negative:
        return core
    negative: set[Reading] = {("", -value) for value in core.values}
    return _Core(frozenset(negative), core.end) if negative else None


def _written(words: Sequence[str], at: int) -> _Core | None:
    """Figures: `1,250`, `2.5`, `3rd`, `9:30`, `24/7`, a telephone number."""
    word = _word(words, at)
    if clock := re.fullmatch(r"(\d{1,2}):(\d\d)", word):
        hour, minute = int(clock[1]), int(clock[2])
        return _Core(frozenset(_times(hour, minute, None)), at + 1) if hour <= 24 and minute < 60 else None
    if pair := re.fullmatch(r"(\d+)/(\d+)", word):
        proper = _fraction(words, at)
        value_of_pair: set[Reading] = {("", proper[0])} if proper else set()
        return _Core(frozenset({("pair", (int(pair[1]), int(pair[2]))), *value_of_pair}), at + 1)
    if ordinal := re.fullmatch(r"(\d+)(?:st|nd|rd|th)", word):
        return _Core(frozenset({("ordinal", Fraction(int(ordinal[1])))}), at + 1)
    if word.startswith("tel:"):
        return _Core(frozenset({("digits", word.removeprefix("tel:"))}), at + 1)
    if not _FIGURES.fullmatch(word):
        return None
    value, end = _with_fraction(words, Fraction(word.replace(",", "")), at + 1)
    if (scale := _SCALES.get(_word(words, end), 1)) > 1:
        value, end = value * scale, end + 1
    readings: set[Reading] = {("", value)}
    if word.isdigit() and end == at + 1 and len(word) >= 3:
        readings.add(("digits", word))
        if word.startswith("0"):  # a code, and no number
            readings = {("digits", word)}
    return _Core(frozenset(readings), end)


def _fraction(words: Sequence[str], at: int) -> tuple[Fraction, int] | None:
    """A proper fraction: `3/4`, `three quarters`, `one third`, `a half`, `half`.

    `a third` is one behind `and` only: elsewhere it may be a third attempt.
    """
    if pair := re.fullmatch(r"(\d+)/(\d+)", _word(words, at)):
        upper, lower = int(pair[1]), int(pair[2])
        return (Fraction(upper, lower), at + 1) if upper < lower else None
    if _word(words, at) == "half":
        return Fraction(1, 2), at + 1
    name = _word(words, at + 1)
    is_article = _word(words, at) == "a" and (name == "half" or _word(words, at - 1) == "and")
    upper = 1 if is_article else _ONES.get(_word(words, at), 0)
    lower = _DENOMINATORS.get(name, 0)
    is_one = name in ("half", "third", "quarter") or not name.endswith("s")
    return (Fraction(upper, lower), at + 2) if 0 < upper < lower and is_one == (upper == 1) else None


def _with_fraction(words: Sequence[str], whole: Fraction, at: int) -> tuple[Fraction, int]:
    """`whole` with the fraction that stands behind it: `2 1/2`, `two and a half`."""
    joint = at + (_word(words, at) == "and")
    found = _fraction(words, joint) if joint > at or "/" in _word(words, at) else None
    return (whole + found[0], found[1]) if found is not None and whole.denominator == 1 else (whole, at)


def _spoken(words: Sequence[str], at: int) -> _Core | None:
    """Number words, which may be several in a row: `four two seven` is one number, as is `twelve fifty`."""
    if (ordinal := _ordinal(words, at)) is not None:
        return ordinal
    if (part := _fraction(words, at)) is not None:
        return _scaled_fraction(words, *part)
    parts, ends = _parts(words, at)
    if not parts:
        return None
    if len(parts) == 1 and _word(words, ends[0]) == "point":
        decimals, end = "", ends[0] + 1
        while (found := _below_hundred(words, end))[1] > end:
            decimals, end = f"{decimals}{found[0]}", found[1]
        if decimals:
            value = Fraction(f"{parts[0]}.{decimals}")
            scale = _SCALES.get(_word(words, end), 1)
            return _Core(frozenset({("", value * scale)}), end + (scale > 1))
    mixed, end = _with_fraction(words, Fraction(int(parts[0])), ends[0])
    if len(parts) == 1 and end > ends[0]:
        scale = _SCALES.get(_word(words, end), 1)
        return _Core(frozenset({("", mixed * scale)}), end + (scale > 1))
    together = frozenset(_together(parts))
    if together:
        return _Core(together, ends[-1])
    return _Core(frozenset(_together(parts[:1])), ends[0])  # `two hundred, three hundred`: two numbers


def _scaled_fraction(words: Sequence[str], value: Fraction, end: int) -> _Core:
    """`half a million`, `half a percent`: the article belongs to the fraction."""
    end += _word(words, end) in ("a", "an")
    scale = _SCALES.get(_word(words, end), 1)
    return _Core(frozenset({("", value * scale)}), end + (scale > 1))


def _together(parts: Sequence[str]) -> Iterator[Reading]:
    """What several numbers in a row can be read as together."""
    together = "".join(parts)
    if len(parts) == 1 or (len(together) >= 3 and all(len(part) <= 2 for part in parts)):
        if len(parts) == 1 or not together.startswith("0"):
            yield "", Fraction(int(together))
        if len(together) >= 3:
            yield "digits", together
    is_oh = len(parts) == 3 and parts[1] == "0" and len(parts[2]) == 1  # `nine oh five`
    pair = (parts[0], parts[1]) if len(parts) == 2 else (parts[0], "0" + parts[2]) if is_oh else None
    if pair is None or max(map(len, pair)) > 2:
        return
    first, second = int(pair[0]), int(pair[1])
    yield "pair", (first, second)
    if len(pair[1]) == 2:
        for unit in ("", *_MONEY):
            yield unit, first + Fraction(second, 100)
        if first <= 24 and second < 60:
            yield from _times(first, second, None)


def _parts(words: Sequence[str], at: int) -> tuple[list[str], list[int]]:
    """The numbers in a row from `at` on, as figures, each with the index after it."""
    parts: list[str] = []
    ends: list[int] = []
    while True:
        word = _word(words, at)
        if word in _REPEATS and (digit := _ONES.get(_word(words, at + 1), 10)) < 10:
            more, at = [str(digit)] * _REPEATS[word], at + 2
        elif word in ("oh", "o") and parts and (len(parts) > 1 or _cardinal(words, at + 1) is not None):
            more, at = ["0"], at + 1
        elif (found := _cardinal(words, at)) is not None:
            more, at = [str(found[0])], found[1]
        else:
            return parts, ends
        parts += more
        ends += [at] * len(more)


def _cardinal(words: Sequence[str], at: int) -> tuple[int, int] | None:
    """One number by the grammar: `twelve hundred fifty`, `one thousand two hundred and one`, `a hundred and one`."""
    total, limit, end = 0, 10**12, at
    while (group := _group(words, at)) is not None:
        value, after = group
        scale = _SCALES.get(_word(words, after), 0)
        if not 100 < scale < limit:
            return total + value, after
        total, limit, end = total + value * scale, scale, after + 1
        at = end + (_word(words, end) == "and")
    return (total, end) if total else None


def _group(words: Sequence[str], at: int) -> tuple[int, int] | None:
    """What stands before `thousand`: `twelve hundred fifty`, `a hundred and one`, `seven`."""
    is_article = _word(words, at) == "a" and _word(words, at + 1) in _SCALES
    value, end = (1, at + 1) if is_article else _below_hundred(words, at)
    if end == at:
        return None
    if value and _word(words, end) == "hundred":
        joint = end + 1 + (_word(words, end + 1) == "and")
        more, after = _below_hundred(words, joint)
        return (value * 100 + more, after) if after > joint else (value * 100, end + 1)
    return value, end


def _below_hundred(words: Sequence[str], at: int) -> tuple[int, int]:
    """The value and the index after it; the same index where no number word stands."""
    word, after = _word(words, at), _word(words, at + 1)
    if word in _TENS:
        ones = _ONES.get(after, 0)
        return (_TENS[word] + ones, at + 2) if 0 < ones < 10 else (_TENS[word], at + 1)
    return (_ONES[word], at + 1) if word in _ONES else (0, at)


def _ordinal(words: Sequence[str], at: int) -> _Core | None:
    """`third`, `twenty-first`."""
    tens, last = _TENS.get(_word(words, at)), _ORDINALS.get(_word(words, at + 1))
    if tens is not None and last is not None and last < 10:
        return _Core(frozenset({("ordinal", Fraction(tens + last))}), at + 2)
    alone = _ORDINALS.get(_word(words, at))
    return _Core(frozenset({("ordinal", Fraction(alone))}), at + 1) if alone is not None else None
