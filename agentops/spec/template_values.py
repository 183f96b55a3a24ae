"""What expressions work with: their errors, secrets that can only be inserted, and what a value is in a text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from agentops.diagnostics import Where
from agentops.resources import Ref

Scope = Mapping[str, Any]
Render = Callable[[Scope], Any]


class TemplateError(Exception):
    """An expression that can't be evaluated.

    `needle` is the piece of source that is wrong and `line` its line in the text (from 1), both where known; `where`
    is set as soon as somebody knows which file the text is from. `more` are further errors of the same text.
    """

    def __init__(
        self,
        code: str,
        summary: str,
        *,
        hint: str,
        expected: str | None = None,
        needle: str | None = None,
        line: int | None = None,
    ) -> None:
        super().__init__(summary)
        self.code, self.summary, self.hint, self.expected = code, summary, hint, expected
        self.needle, self.line = needle, line
        self.where: Where | None = None
        self.more: list[TemplateError] = []


class UndefinedNameError(TemplateError):
    """A name that is not there. `owner` holds the names that are (None: the scope itself)."""

    def __init__(self, name: str, owner: Mapping[str, Any] | None, owner_text: str) -> None:
        full = f"{owner_text}.{name}" if owner_text else name
        super().__init__("undefined-variable", f"{full} is not defined", hint="", needle=name)
        self.name = name
        self.owner = owner


class SecretValue:
    """A secret inside an expression: it can be inserted into a text, and nothing else can be done with it.

    It holds the name and nothing else: whoever takes it apart finds no value.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return f"{OPEN}{self.name}{CLOSE}"

    def __repr__(self) -> str:
        return f"secrets.{self.name}"

    def _refuse(self, *_: Any) -> Any:
        raise secret_misuse()

    __eq__ = __ne__ = __lt__ = __gt__ = __le__ = __ge__ = _refuse
    __bool__ = __len__ = __iter__ = __contains__ = __hash__ = __add__ = __radd__ = _refuse


# A secret inside a half-made text stands between these two private-use characters, which no source may contain.
OPEN, CLOSE = "\ue000", "\ue001"
BUDGET = "budget()"  # where a scope has the project's budget: no expression can write a name like that
CARRIAGE_RETURN = "\ue002"  # Jinja would turn a lone carriage return into a line feed


def secret_misuse() -> TemplateError:
    return TemplateError(
        "secret-misuse",
        "a secret can be inserted into a text, but not compared, cut or transformed",
        hint="insert it as it is: ${{ secrets.NAME }}; store it in the form in which it is needed",
        needle="secrets",
    )


def to_text(value: Any) -> str:
    """How a value reads inside a text; what only Python would write like that is refused."""
    if type(value) is str:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float | SecretValue):
        return str(value)
    if isinstance(value, Ref):
        hint = f"give it as the whole value: {value.reference}"
        summary = "a reference stands for an id of the account, which no text can hold"
        raise TemplateError("bad-expression", summary, hint=hint, needle=value.key)
    what = "nothing (null)" if value is None else f"a {'mapping' if isinstance(value, Mapping) else 'list'}"
    if callable(value):
        what = "a function"
    raise TemplateError(
        "bad-expression",
        f"the expression gives {what} inside a text",
        hint="give it as the whole value, or turn it into text, for example with `| join(', ')` or `| tojson`",
        expected="text, a number or a boolean",
    )


def check_native(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int | float | SecretValue | Ref | list | dict):
        return value
    if isinstance(value, Mapping):
        raise TemplateError(
            "bad-expression", "the expression is a group of names, no value", hint="name one value in it"
        )
    raise TemplateError("bad-expression", "the expression gives a function, no value", hint="call it with ( )")
