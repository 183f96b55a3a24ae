"""Where two canonical forms differ. The only place that knows deepdiff; equal forms never reach it.

A difference names a value, a list without a natural key (as a whole), or an object that is new or gone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from agentops.document import Path, Secret, short_digest
from agentops.fields import NATURAL_KEYS
from agentops.plan.canonical import Canonical, Flag, KeyedItems
from agentops.resources import Ref


class _Absent:
    __slots__ = ()

    def __repr__(self) -> str:
        return "(absent)"


ABSENT: Final = _Absent()


@dataclass(frozen=True, slots=True)
class Difference:
    """One place that differs, both sides in canonical form; `ABSENT` on the side that does not have it."""

    path: Path
    before: Canonical
    after: Canonical


def diff(before: Canonical, after: Canonical) -> tuple[Difference, ...]:
    """Every place that differs, in path order. Empty exactly when the two are equal; applied to `before` it gives
    `after`. An object that is new or gone is one difference (`leaves` takes it apart)."""
    if before == after:
        return ()
    from deepdiff import DeepDiff  # slow to import, and a plan without changes never needs it

    one, other = _narrowed(before, after)
    # By default deepdiff gives objects with little in common as a whole, looks for list items that have moved, and
    # skips names that begin with two underscores.
    found = DeepDiff(
        one,
        other,
        view="tree",
        threshold_to_diff_deeper=0,
        zip_ordered_iterables=True,
        ignore_private_variables=False,
    )
    reported = [level.path(output_format="list") for levels in found.values() for level in levels]
    places = {_comparable_part(before, after, _place(parts)) for parts in reported}
    return tuple(Difference(at, value_at(before, at), value_at(after, at)) for at in sorted(places, key=_order))


def apply_differences(form: Canonical, differences: Iterable[Difference]) -> Canonical:
    """`form` with every difference carried over from its `before` to its `after` side."""
    for difference in differences:
        form = _with(form, difference.path, difference.after)
    return form


def value_at(form: Canonical, path: Path) -> Canonical:
    """The value at `path`, `ABSENT` when there is none."""
    for part in path:
        inner = _children(form)
        if inner is None or part not in inner:
            return ABSENT
        form = inner[part]
    return form


def leaves(form: Canonical, path: Path = ()) -> Iterator[tuple[Path, Canonical]]:
    """Every leaf of a canonical form with its path; a list is one leaf, and so is each item of a keyed list."""
    if isinstance(form, dict) and form:
        for name, value in form.items():
            yield from leaves(value, (*path, name))
    elif isinstance(form, KeyedItems):
        for key, item in form.items.items():
            yield (*path, key), item
    elif path:
        yield path, form


def renamings(differences: Iterable[Difference]) -> Mapping[Path, Difference]:
    """Items of keyed lists that were removed and added again under another key, in both directions: the path of the one
    half with the difference that is the other. The most similar ones are paired first."""
    lists: dict[Path, list[Difference]] = {}
    for each in differences:
        if len(each.path) > 1 and str(each.path[-2]) in NATURAL_KEYS:
            lists.setdefault(each.path[:-1], []).append(each)
    pairs: dict[Path, Difference] = {}
    for place, found in lists.items():
        key = NATURAL_KEYS[str(place[-1])]
        removed = [(each, _words(each.before, key)) for each in found if each.after is ABSENT]
        added = [(each, _words(each.after, key)) for each in found if each.before is ABSENT]
        likenesses = (
            (*_likeness(old, new), i, j) for i, (_, old) in enumerate(removed) for j, (_, new) in enumerate(added)
        )
        close = (each for each in likenesses if each[0] >= _WITHIN and each[1] >= _RENAMED)
        for _, _, i, j in sorted(close, key=lambda each: (-each[1], -each[0], *each[2:])):
            old, new = removed[i][0], added[j][0]
            if old.path not in pairs and new.path not in pairs:
                pairs |= {old.path: new, new.path: old}
    return pairs


# The share of words that must stand in the same field of both items: of all their words, and of the shorter one's.
# The second exists because defaults that the platform filled in make one of them longer.
_RENAMED, _WITHIN = 0.4, 0.6
_WORD = re.compile(r"\w+|[^\w\s]")


def _words(item: Canonical, key: str) -> Counter[tuple[Path, str]]:
    """How often each word stands in each field of an item, except in the field that is its key."""
    return Counter(
        (path, word)
        for path, value in _values(item, ())
        if path != (key,)
        for word in (_WORD.findall(value) if isinstance(value, str) else [repr(value)])
    )


def _values(form: Canonical, path: Path) -> Iterator[tuple[Path, Canonical]]:
    inner = dict(enumerate(form)) if isinstance(form, list) else _children(form)
    if inner is None:
        yield path, form
        return
    for name, value in inner.items():
        yield from _values(value, (*path, name))


def _likeness(one: Counter[tuple[Path, str]], other: Counter[tuple[Path, str]]) -> tuple[float, float]:
    """The share of words that two items have in common: of the shorter one's, and of both."""
    common, shorter, total = (one & other).total(), min(one.total(), other.total()), one.total() + other.total()
    return (common / shorter, 2 * common / total) if shorter else (0.0, 0.0)


def _children(form: Canonical) -> dict[Any, Canonical] | None:
    if isinstance(form, KeyedItems):
        return dict(form.items)
    return form if isinstance(form, dict) else None


def _narrowed(before: Canonical, after: Canonical) -> tuple[Any, Any]:
    """Both sides as deepdiff sees them, without the parts that are equal: even for those it takes milliseconds."""
    inner, other = _children(before), _children(after)
    if inner is None or other is None or type(before) is not type(after):
        return _comparable(before), _comparable(after)
    one, two = {}, {}
    for name in (*inner, *(name for name in other if name not in inner)):
        left, right = inner.get(name, ABSENT), other.get(name, ABSENT)
        if left == right:
            continue
        tag = ("item", name) if isinstance(before, KeyedItems) else name
        seen, now = _narrowed(left, right)
        if left is not ABSENT:
            one[tag] = seen
        if right is not ABSENT:
            two[tag] = now
    return one, two


def _comparable(form: Canonical) -> Any:
    """What deepdiff sees of one value. Keyed items go by tagged keys and secrets by their reference, so that neither is
    taken for a plain object or looked into; of a long text only the digest, or it would be compared line by line."""
    match form:
        case KeyedItems():
            return {("item", key): _comparable(item) for key, item in form.items.items()}
        case dict():
            return {name: _comparable(value) for name, value in form.items()}
        case list():
            return [_comparable(item) for item in form]
        case Secret():
            return ("secret", form.reference)
        case Ref():
            return ("ref", form.kind.value, form.key, form.fingerprint)
        case str() if "\n" in form:
            return ("text", short_digest(form, 64))
        case Flag():
            return form.value
        case _:
            return form


def _place(parts: list[Any]) -> Path:
    return tuple(part[1] if isinstance(part, tuple) else part for part in parts)


def _comparable_part(before: Canonical, after: Canonical, place: Path) -> Path:
    """`place` cut where the sides stop being objects of one kind: what is inside a list stands for the list."""
    for depth, part in enumerate(place):
        one, other = _children(before), _children(after)
        if one is None or other is None or type(before) is not type(after):
            return place[:depth]
        before, after = one.get(part, ABSENT), other.get(part, ABSENT)
    return place


def _with(form: Canonical, path: Path, value: Canonical) -> Canonical:
    if not path:
        return value
    inner = dict(_children(form) or {})
    changed = _with(inner.get(path[0], {}), path[1:], value)
    if changed is ABSENT:
        inner.pop(path[0], None)
    else:
        inner[path[0]] = changed
    return KeyedItems(inner) if isinstance(form, KeyedItems) else inner


def _order(path: Path) -> tuple[str, ...]:
    return tuple(str(part) for part in path)
