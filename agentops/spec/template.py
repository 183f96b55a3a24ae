"""Deploy-time expressions in string leaves: `${{ expression }}`, `${% statement %}`, `${# comment #}`.

Everything else in a text, call-time `{{variables}}` included, comes out byte-identical. A text that is one whole
expression keeps its native type. Rendering is closed: no clock, no network, no files but through the functions that
the scope holds; secrets can be inserted but not read. `scope` says what there is.

Dotted names and files, nearly every expression that people write, are done here; the rest in `template_jinja`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from agentops.document import Secret, SecretRef
from agentops.spec.origins import TracedText, joined_text
from agentops.spec.template_values import (
    CARRIAGE_RETURN,
    CLOSE,
    OPEN,
    Render,
    Scope,
    SecretValue,
    TemplateError,
    UndefinedNameError,
    check_native,
    secret_misuse,
    to_text,
)

_SECRET = re.compile(f"{OPEN}([A-Za-z_][A-Za-z0-9_]*){CLOSE}")


def has_expression(text: str) -> bool:
    """Whether anything in `text` is for deploy time."""
    return "${" in text and ("${{" in text or "${%" in text or "${#" in text)


def render(text: str, scope: Scope) -> Any:
    """The value of `text`: native for one whole expression, else text, or a `Secret` where one was inserted.

    Raises `TemplateError`.
    """
    if not has_expression(text):
        return text
    if not text.isascii() and any(mark in text for mark in (OPEN, CLOSE, CARRIAGE_RETURN)):
        hint = "remove the characters U+E000 to U+E002 from the text"
        raise TemplateError("bad-expression", "the text has private-use characters beside an expression", hint=hint)
    value = compile_text(text)(scope)
    return to_secret(value, scope) if isinstance(value, str | SecretValue) else value


def to_secret(value: str | SecretValue, scope: Scope) -> str | Secret:
    """`value` with its inserted secrets as parts of a `Secret`; a text without any is returned unchanged."""
    if isinstance(value, SecretValue):
        return Secret((scope["secrets"].reference(value.name),))
    if OPEN not in value and CLOSE not in value:
        return value
    parts: list[str | SecretRef] = []
    for index, piece in enumerate(_SECRET.split(value)):
        if index % 2:
            parts.append(scope["secrets"].reference(piece))
        elif OPEN in piece or CLOSE in piece:
            raise secret_misuse()
        elif piece:
            parts.append(piece)
    return Secret(tuple(parts))


_SIMPLE = re.compile(
    r"""\$\{\{\s*(?:
        (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
      | (?P<function>file|yaml)\(\s*(?P<quote>['"])(?P<path>[^'"\\{}\n]*)(?P=quote)\s*\)
    )\s*\}\}""",
    re.VERBOSE,
)
# What looks like a name and is none in Jinja, so that the whole text goes the long way.
_RESERVED = frozenset(("true", "false", "none", "True", "False", "None", "not", "and", "or", "if", "else", "is", "in"))


@functools.lru_cache(maxsize=8192)
def compile_text(text: str) -> Render:
    """A function that renders `text` in a scope. Cached: the same prompt or expression is compiled once."""
    literals: list[str] = []
    lines: list[int] = []
    getters: list[Render] = []
    end = 0
    for match in _SIMPLE.finditer(text):
        name = match["name"]
        if name is not None and not _RESERVED.isdisjoint(name.split(".")):
            return _long_way(text)
        literals.append(text[end : match.start()])
        lines.append(text.count("\n", 0, end))
        end = match.end()
        getters.append(_getter(name.split(".")) if name is not None else _opener(match["function"], match["path"]))
    literals.append(text[end:])
    lines.append(text.count("\n", 0, end))
    if any(has_expression(literal) for literal in literals):
        return _long_way(text)
    if len(getters) == 1 and literals == ["", ""]:
        return getters[0]
    return _joiner(literals, lines, getters)


def _getter(names: list[str]) -> Render:
    def get(scope: Scope) -> Any:
        value: Any = scope
        try:
            for name in names:
                value = value[name]
        except (KeyError, TypeError, IndexError):
            raise _undefined(names, scope) from None
        return value if type(value) is str else check_native(value)

    return get


def _undefined(names: list[str], scope: Scope) -> UndefinedNameError:
    """The first of dotted names that is not there."""
    value: Any = scope
    for depth, name in enumerate(names):
        if not isinstance(value, Mapping) or name not in value:
            owner = value if isinstance(value, Mapping) and depth else None
            return UndefinedNameError(name, owner, ".".join(names[:depth]))
        value = value[name]
    raise AssertionError(names)


def _opener(function: str, path: str) -> Render:
    def read(scope: Scope) -> Any:
        if function not in scope:
            raise _undefined([function], scope)
        return scope[function](path)

    return read


def _joiner(literals: list[str], lines: list[int], getters: list[Render]) -> Render:
    def join(scope: Scope) -> str:
        values = []
        for getter in getters:
            value = getter(scope)
            values.append(value if isinstance(value, TracedText) else to_text(value))
        if lines[-1] or any("\n" in value for value in values):
            return joined_text(literals, values, lines)
        pieces = [literals[0]]
        for value, literal in zip(values, literals[1:], strict=True):
            pieces += (value, literal)
        return "".join(pieces)

    return join


def _long_way(text: str) -> Render:
    from agentops.spec.template_jinja import compile_with_jinja  # slow to load, and seldom needed

    return compile_with_jinja(text)


__all__ = [
    "Scope",
    "SecretValue",
    "TemplateError",
    "UndefinedNameError",
    "compile_text",
    "has_expression",
    "render",
    "to_secret",
]
