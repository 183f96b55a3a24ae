"""What expressions may cost: a budget of steps and of characters for a whole project, spent before the work is done.

Everything that an expression can call is listed here with the most that it can make, so that no prompt, fragment or
table can hold up a build, not even by mistake. A secret among what is handed to a function is refused here too: the
function would see the reference and not the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from agentops.document import Secret
from agentops.spec.template_values import CLOSE, OPEN, SecretValue, TemplateError, secret_misuse

MAX_SIZE = 1_000_000  # characters of one text, items of one list with all that is in them
_MAX_BITS = 4_096  # of a number
# A width or precision of four digits and more, or one given as an argument: `%9999999d` is short and makes a lot.
_PRINTF_WIDTH = re.compile(r"%(?:\([^)]*\))?[-#0 +]*(?:\*|\d{4,}|\d*\.(?:\*|\d{4,}))")

_OF_TEXTS = """
    capitalize casefold center count endswith find index isalnum isalpha isdigit islower isspace istitle isupper join
    ljust lower lstrip partition removeprefix removesuffix replace rfind rjust rpartition rsplit rstrip split splitlines
    startswith strip swapcase title upper zfill
"""
_FILTERS = """
    abs batch capitalize center count d default dictsort filesizeformat first float format groupby indent int items join
    last length list lower map max min reject rejectattr replace reverse round select selectattr slice sort string sum
    title trim truncate unique upper urlencode wordcount wordwrap
"""

# What can be called on a value, besides the keys of a mapping. Nothing here reads more than the value itself.
METHODS: Mapping[type, frozenset[str]] = {
    str: frozenset(_OF_TEXTS.split()),
    list: frozenset(("count", "index")),
    tuple: frozenset(("count", "index")),
    dict: frozenset(("get", "items", "keys", "values")),
}
FILTERS = frozenset(_FILTERS.split())


@dataclass(slots=True)
class Budget:
    """What is left for a project: `steps` are operations and items of loops, `characters` what they make or read."""

    steps: int = 10_000_000
    characters: int = 500_000_000

    def spend(self, size: int, steps: int = 1) -> None:
        """Pays for work that handles or makes `size` characters or items. Raises TemplateError when it is too much."""
        if size > MAX_SIZE:
            raise _too_large("the expression makes something too large")
        self.steps -= steps
        self.characters -= size
        if self.steps < 0 or self.characters < 0:
            raise _too_large("the expressions of this project do too much work")


def _too_large(summary: str) -> TemplateError:
    hint = "make it smaller: prepare large or computed texts outside, and read them with file() or yaml()"
    return TemplateError("bad-expression", summary, hint=hint)


def weigh(values: tuple[Any, ...]) -> int:
    """Characters and items in `values` and everything inside. Raises TemplateError for a secret, or for too much."""
    weight, waiting = 0, list(values)
    while waiting:
        value = waiting.pop()
        weight += 1
        if isinstance(value, str):
            if OPEN in value or CLOSE in value:
                raise secret_misuse()
            weight += len(value)
        elif isinstance(value, SecretValue | Secret):
            raise secret_misuse()
        elif isinstance(value, dict):
            waiting += value.keys()
            waiting += value.values()
        elif isinstance(value, list | tuple | set):
            waiting += value
        if weight + len(waiting) > MAX_SIZE:
            raise _too_large("the expression makes something too large")
    return weight


def _width(value: Any, arguments: tuple[Any, ...]) -> int:
    return max((abs(each) for each in arguments if isinstance(each, int)), default=0)


def _replaced(value: Any, arguments: tuple[Any, ...]) -> int:
    old, new = (str(each) for each in arguments[:2]) if len(arguments) > 1 else ("", "")
    return str(value).count(old) * len(new)


def _formatted(value: Any, arguments: tuple[Any, ...]) -> int:
    return MAX_SIZE + 1 if isinstance(value, str) and _PRINTF_WIDTH.search(value) else 0


def _separated(value: Any, arguments: tuple[Any, ...]) -> int:
    """`join` as a filter has the list first, as a method the separator."""
    items, separator = (
        (arguments[0], value) if isinstance(value, str) and arguments else (value, (arguments or ("",))[0])
    )
    count = len(items) if hasattr(items, "__len__") else 0
    return count * len(separator) if isinstance(separator, str) else 0


def _summed(value: Any, arguments: tuple[Any, ...]) -> int:
    """Lists are added one by one, each time as a whole."""
    return len(value) ** 2 if any(isinstance(each, list) for each in arguments) and hasattr(value, "__len__") else 0


# What a function can make beyond what it is given, by its name as a filter or method.
_GROWTH: Mapping[str, Callable[[Any, tuple[Any, ...]], int]] = {
    **dict.fromkeys(("center", "ljust", "rjust", "zfill", "batch", "slice"), _width),
    "indent": lambda value, arguments: (str(value).count("\n") + 1) * _width(value, arguments or (4,)),
    "wordwrap": lambda value, arguments: len(str(value)) * max((len(str(each)) for each in arguments), default=1),
    "replace": _replaced,
    "format": _formatted,
    "join": _separated,
    "sum": _summed,
}


def spend_on_call(budget: Budget, name: str, value: Any, arguments: tuple[Any, ...]) -> None:
    """Pays for calling the filter or method `name` on `value`. Raises TemplateError."""
    budget.spend(weigh((value, *arguments)))
    if (growth := _GROWTH.get(name)) is not None:
        budget.spend(growth(value, arguments))


def spend_on_operator(budget: Budget, operator: str, left: Any, right: Any) -> None:
    """Pays for `left operator right`. Raises TemplateError."""
    if isinstance(left, int) and isinstance(right, int):
        bits = {"**": abs(left).bit_length() * max(right, 1), "*": left.bit_length() + right.bit_length()}
        if bits.get(operator, 0) > _MAX_BITS:
            raise _too_large("the expression makes a number that is too large")
        budget.spend(1)
    elif operator == "*":
        size = len(left) if isinstance(left, str | list | tuple) else len(right) if hasattr(right, "__len__") else 1
        times = right if isinstance(right, int) else left if isinstance(left, int) else 1
        budget.spend(max(size, 1) * max(times, 1))
    elif operator == "%" and isinstance(left, str):
        budget.spend(_formatted(left, ()))
        budget.spend(weigh((left, right)) if not isinstance(right, Mapping) or isinstance(right, dict) else len(left))
    elif operator == "+" and hasattr(left, "__len__") and hasattr(right, "__len__"):
        budget.spend(len(left) + len(right))
    else:
        budget.spend(1)


def spend_on_items(budget: Budget, items: Any) -> Any:
    """`items` of a loop, paid for. What has no length is looked through first."""
    listed = items if hasattr(items, "__len__") else list(islice(items, MAX_SIZE + 1))
    budget.spend(len(listed), steps=len(listed))
    return listed
