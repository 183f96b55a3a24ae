"""No expression in the sandbox reaches a secret's value: ten thousand of them, generated."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from agentops.document import Secret, SecretRef
from agentops.spec.scope import Names, SecretOrigin, Secrets
from agentops.spec.template import SecretValue, TemplateError, render
from agentops.spec.template_bounds import FILTERS, METHODS

pytestmark = pytest.mark.slow

VALUE = "Zq7-the-secret-value"
COUNT = 2_500  # of each seed
SCOPE: dict[str, Any] = {
    "vars": Names("vars", {"voice": "nyah", "n": 3, "l": ["a", "b"], "d": {"k": "v", "items": 1}}),
    "environment": "prod",
    "data": {"token": Secret(("Bearer ", SecretRef("TOKEN", VALUE))), "l": [Secret((SecretRef("TOKEN", VALUE),))]},
    "each": Names("each", {"key": "ber"}),
    "secrets": Secrets({"TOKEN": SecretOrigin(value=VALUE)}, {"OTHER": VALUE}, is_needed=True),
}
NAMES = (
    "secrets.TOKEN",
    "secrets.OTHER",
    "secrets",
    "secrets['TOKEN']",
    "data.token",
    "data",
    "data.l",
    "vars.l",
    "vars.d",
    "vars",
)
MORE = (
    "environment",
    "vars.voice",
    "each",
    "each.key",
    "loop",
    "self",
    "range",
    "dict",
    "x",
    "'%s'",
    "'{0.ref.value}'",
    "'{x}'",
    "7",
)
INSIDE = (
    "ref value name parts _known _sources _environ _values __class__ __dict__ __init__ __globals__ __self__ __func__"
    " reveal reference variables how_to_set source_of noting unneeded format format_map mro f_globals gi_frame TOKEN"
)
RIGHT = ("upper()", "l", "voice", "d", "k", "token", "get('token')", "items() | list", "TOKEN", "split('e')", "title()")
ATTRIBUTES = (*INSIDE.split(), *sorted(METHODS[str] | METHODS[dict]))
FILTER_NAMES = (*sorted(FILTERS), "tojson", "attr", "pprint", "safe", "xmlattr", "urlize")
OPERATORS = ("~", "+", "*", "%", "==", "in", "<", "and", "or", "//")


class Grammar:
    """Expressions and statements of the template language, at random and nested, most of them about secrets."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def expression(self, depth: int = 0) -> str:
        pick = self.random.choice
        if depth > 2 or self.random.random() < 0.15:
            return pick(NAMES) if self.random.random() < 0.6 else pick(MORE)
        inner = self.expression(depth + 1)
        match self.random.randrange(11):
            case 0:
                return f"({inner}).{pick(ATTRIBUTES)}"
            case 1:
                return f"(({inner}).{pick(RIGHT)} | default({self.expression(depth + 1)}))"
            case 2:
                return f"({inner})[{self.key(depth)}]"
            case 3 | 4:
                return f"(({inner}) | {pick(FILTER_NAMES)}{self.arguments(depth)})"
            case 5:
                return f"({inner} {pick(OPERATORS)} {self.expression(depth + 1)})"
            case 6:
                return f"({inner}).{pick(ATTRIBUTES)}{self.arguments(depth) or '()'}"
            case 7:
                return f"[{inner}, {self.expression(depth + 1)}]"
            case 8:
                return f"{{'a': {inner}, 'x': {self.expression(depth + 1)}}}"
            case 9:
                return f"('%s %(a)s {{0}} {{a}}' | format({inner}))"
            case _:
                return f"({inner} if {self.expression(depth + 1)} is defined else {self.expression(depth + 1)})"

    def key(self, depth: int) -> str:
        return self.random.choice(("0", "'TOKEN'", "'ref'", "1:3", "::-1", "'__class__'", self.expression(depth + 1)))

    def arguments(self, depth: int) -> str:
        choices = (
            "",
            "('ref')",
            "(attribute='ref.value')",
            "('%s')",
            "('__class__')",
            f"({self.expression(depth + 1)})",
        )
        return self.random.choice(choices)

    def text(self) -> str:
        made = self.expression()
        match self.random.randrange(6):
            case 0:
                return f"${{% set x = {made} %}}${{{{ {self.expression()} }}}}"
            case 1:
                return f"${{% for x in {made} %}}${{{{ {self.expression(2)} }}}}${{% endfor %}}"
            case 2:
                return f"${{% if {made} %}}a${{{{ {self.expression(2)} }}}}${{% else %}}b${{% endif %}}"
            case 3:
                return f"${{% filter {self.random.choice(FILTER_NAMES)} %}}${{{{ {made} }}}}${{% endfilter %}}"
            case 4:
                return f"text ${{{{ {made} }}}} text"
            case _:
                return f"${{{{ {made} }}}}"


def texts_in(value: Any) -> list[str]:
    """Every text that somebody could print of a rendered value: of a secret, what it shows."""
    if isinstance(value, dict):
        return [text for item in value.items() for each in item for text in texts_in(each)]
    if isinstance(value, list):
        return [text for each in value for text in texts_in(each)]
    return [str(value), repr(value), f"{value}"] if isinstance(value, str | Secret | SecretValue) else [repr(value)]


@pytest.mark.no_cover  # traced, these renderings would take twice as long; other tests come by their lines
@pytest.mark.parametrize("seed", range(4))
def test_no_expression_reads_a_secret(seed: int) -> None:
    grammar = Grammar(seed)
    outcomes: Counter[str] = Counter()
    for _ in range(COUNT):
        text = grammar.text()
        try:
            value = render(text, SCOPE)
        except TemplateError as error:
            shown = [str(error), error.summary, error.hint, repr(error.__cause__)]
            outcomes[error.code] += 1
        else:
            shown = texts_in(value)
            outcomes["secret" if isinstance(value, Secret) else "value"] += 1
        for each in shown:
            assert not any(form in each for form in (VALUE, VALUE[::-1], VALUE.upper(), VALUE.title())), text
    # The generator is worth something only while a good part of what it makes is rendered.
    assert min(outcomes[each] for each in ("value", "secret", "secret-misuse", "undefined-variable")) >= 20
