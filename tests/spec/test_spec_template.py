"""Expressions: what is not one passes through untouched, and the short way means what Jinja means."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spec_projects import Loader

from agentops.document import Secret
from agentops.spec import template
from agentops.spec.origins import TracedText
from agentops.spec.scope import Names, SecretOrigin, Secrets
from agentops.spec.template import SecretValue, TemplateError, UndefinedNameError, has_expression, render
from agentops.spec.template_jinja import compile_with_jinja

SECRET = "the-secret-value"
SCOPE: dict[str, Any] = {
    "vars": Names(
        "vars", {"voice": "nyah", "n": 3, "f": 1.5, "yes": True, "none": None, "d": {"items": 5}, "l": [1, 2]}
    ),
    "environment": "prod",
    "secrets": Secrets({"TOKEN": SecretOrigin(value=SECRET)}, {}, is_needed=True),
}
BRACES = st.sampled_from(
    ["{{", "}}", "{%", "%}", "{#", "#}", "{{name}}", "{{name|there}}", "$", "{", "}", "\r", "\n", "\r\n"]
)
TEXT = st.lists(st.one_of(st.text(max_size=8), BRACES), max_size=20).map("".join)


@pytest.mark.slow
@given(text=TEXT)
@settings(max_examples=300, deadline=None)
def test_text_without_an_expression_is_byte_identical(text: str) -> None:
    if not has_expression(text):
        assert render(text, SCOPE) is text


@pytest.mark.slow
@given(before=TEXT, after=TEXT, expression=st.sampled_from(["vars.voice", "vars.voice | upper", "1 + 1"]))
@settings(max_examples=300, deadline=None)
def test_what_is_around_an_expression_is_byte_identical(before: str, after: str, expression: str) -> None:
    texts = (before, after)
    if any(has_expression(text + "{") or has_expression("$" + text) or text.endswith("$") for text in texts):
        return
    value = {"vars.voice": "nyah", "vars.voice | upper": "NYAH", "1 + 1": "2"}[expression]
    if any(mark in text for text in texts for mark in "\ue000\ue001\ue002"):
        return
    rendered = render(f"{before}${{{{ {expression} }}}}{after}", SCOPE)
    assert str(rendered) == f"{before}{value}{after}"


NAMES = st.sampled_from(
    ["vars.voice", "vars.n", "vars.f", "vars.yes", "vars.d.items", "vars.l", "environment", "vars.none"]
)
MORE = st.sampled_from(
    ["vars", "vars.nope", "nope", "nope.x", "environment.x", "secrets.TOKEN", "vars.voice.x", "true"]
)


@pytest.mark.slow
@given(pieces=st.lists(st.one_of(st.sampled_from(["a ", "{{x}} ", "\n"]), NAMES, MORE), min_size=1, max_size=5))
@settings(max_examples=300, deadline=None)
def test_the_short_way_means_what_jinja_means(pieces: list[str]) -> None:
    text = "".join(piece if piece[-1] in " \n" else f"${{{{ {piece} }}}}" for piece in pieces)
    if has_expression(text):
        assert _outcome(template.compile_text, text) == _outcome(compile_with_jinja, text)


def _outcome(compiler: Any, text: str) -> Any:
    try:
        value = compiler(text)(SCOPE)
    except UndefinedNameError as error:
        return "undefined", error.name
    except TemplateError as error:
        return error.code, None
    if type(value) is TracedText:  # what the short way knows beside the text
        value = str(value)
    return type(value).__name__, value if not isinstance(value, SecretValue) else str(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${{ vars.n }}", 3),
        ("${{ vars.yes }}", True),
        ("${{ vars.f }}", 1.5),
        ("${{ vars.none }}", None),
        ("${{ vars.l }}", [1, 2]),
        ("${{ vars.n + 1 }}", 4),
        ("${{ (1, vars.n) }}", [1, 3]),
        ("${{ vars.d.items }}", 5),
        ("${{ vars.yes }} ", "true "),
        ("${{- vars.voice -}}", "nyah"),
        ("a ${# a note #}b", "a b"),
        ("${% if environment == 'prod' %}yes${% endif %}\n", "yes\n"),
        ("${% for x in vars.l %}${{ x }},${% endfor %}", "1,2,"),
        ("${{ vars.l | tojson }}!", "[1, 2]!"),
        ("${{ '<a>' ~ vars.voice | tojson }}", '<a>"nyah"'),
        ("${{ vars.nope | default('x') }}", "x"),
        ("${% raw %}${{ x }}${% endraw %}", "${{ x }}"),
    ],
)
def test_expressions(text: str, value: Any) -> None:
    rendered = render(text, SCOPE)
    assert rendered == value
    assert type(rendered) is type(value)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("${{ vars.l }} x", "bad-expression"),
        ("${{ vars.none }} x", "bad-expression"),
        ("${{ vars.nope }}", "undefined-variable"),
        ("${{ vars.nope.deeper }}", "undefined-variable"),
        ("${{ [vars.nope] }}", "undefined-variable"),
        ("${% if vars.nope %}x${% endif %}", "undefined-variable"),
        ("${{ ''.__class__ }}", "undefined-variable"),
        ("${{ vars.voice.format }}", "undefined-variable"),
        ("${{ 'x' * 10000000000 }}", "bad-expression"),
        ("${{ 9 ** 999999 }}", "bad-expression"),
        ("${{ range(100000) | list }}", "bad-expression"),
        ("${% for a in range(9) %}" * 3 + "x" + "${% endfor %}" * 3, "bad-expression"),
        ("${% macro m() %}${{ m() }}${% endmacro %}${{ m() }}", "bad-expression"),
        ("${% include 'x' %}", "bad-expression"),
        ("${{ 1 / 0 }}", "bad-expression"),
        ("${{ ((9 ** 64) ** 64) ** 64 }}", "bad-expression"),
        ("${{ 'x'.ljust(1000000000) }}", "bad-expression"),
        ("${{ 'x' | center(1000000000) }}", "bad-expression"),
        ("${{ [1] | slice(1000000000) | list }}", "bad-expression"),
        ("${{ [1] | batch(1000000000, 'x') | list }}", "bad-expression"),
        ("${{ '%1000000000d' % 1 }}", "bad-expression"),
        ("${{ '%*d' | format(1000000000, 1) }}", "bad-expression"),
        ("${{ ('a' * 10000) | replace('a', 'b' * 10000) }}", "bad-expression"),
        ("${{ ('\n' * 100000) | indent(1000) }}", "bad-expression"),
        ("${{ ('x' * 10000).join(range(1000) | list) }}", "bad-expression"),
        ("${% set a = 'x' * 900000 %}${% set b = a ~ a %}${{ b ~ b }}", "bad-expression"),
        ("${% set a = [1] * 1000 %}${% set b = [a] * 1000 %}${{ [b] * 1000 | tojson }}", "bad-expression"),
        ("${% for a in 'x' * 900000 %}${% for b in 'x' * 900000 %}${% endfor %}${% endfor %}", "bad-expression"),
        ("${% for a in [1] recursive %}${{ loop([1]) }}${% endfor %}", "bad-expression"),
        ("${% autoescape true %}<${% endautoescape %}", "bad-expression"),
        ("${{ '{0.__class__}'.format(1) }}", "undefined-variable"),
        ("${{ 'x' | attr('__class__') }}", "bad-expression"),
        ("${{ range.__self__ }}", "undefined-variable"),
        ("${{ self.x }}", "undefined-variable"),
        ("${{ secrets.TOKEN.ref.value ~ '' }}", "undefined-variable"),
        ("${{ secrets.TOKEN.name }}", "undefined-variable"),
        ("${{ '%s' | format([secrets.TOKEN]) }}", "secret-misuse"),
        ("${{ '%s' | format({'a': {'b': secrets.TOKEN}}) }}", "secret-misuse"),
        ("${{ [secrets.TOKEN] | map(attribute='ref') | list }}", "secret-misuse"),
        ("${{ vars.voice", "bad-expression"),
        ("\ue000${{ vars.voice }}", "bad-expression"),
        ("${{ secrets.TOKEN | length }}", "secret-misuse"),
        ("${{ secrets.TOKEN == 'x' }}", "secret-misuse"),
        ("${% if secrets.TOKEN %}x${% endif %}", "secret-misuse"),
        ("${{ ('' ~ secrets.TOKEN)[1:4] }}", "secret-misuse"),
        ("${{ ('' ~ secrets.TOKEN).upper() }}", "secret-misuse"),
        ("${{ ('' ~ secrets.TOKEN) | replace('a', 'b') }}", "secret-misuse"),
    ],
)  # fmt: skip
def test_what_an_expression_may_not_do(text: str, code: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(text, SCOPE)
    assert caught.value.code == code
    assert SECRET not in str(caught.value)


@given(before=st.text(max_size=20), after=st.text(max_size=20))
@settings(max_examples=100, deadline=None)
def test_a_secret_is_inserted_by_reference_only(before: str, after: str) -> None:
    if any(mark in before + after for mark in "$\ue000\ue001\ue002"):
        return
    rendered = render(f"{before}${{{{ secrets.TOKEN }}}}{after}", SCOPE)
    assert isinstance(rendered, Secret)
    assert rendered.reveal() == f"{before}{SECRET}{after}"
    assert SECRET not in repr(rendered)


def test_every_bad_expression_of_a_text_is_reported_where_it_stands(load: Loader) -> None:
    project = load(
        {
            "agents/prompts/a.md": "${{ environment }}\n${{ vars.one }} and ${{ two }}\n${{ file('prompts/b.md') }}\n",
            "agents/prompts/b.md": "${{ 1 + }}\n${{ vars }}\n",
            "agents/line.yaml": (
                "name: Line\n"
                "config:\n"
                '  firstMessage: "${{ three }}, ${{ environment }}, ${{ four }}"\n'
                "  singlePromptConfig: {prompt: \"${{ five }} ${{ file('prompts/a.md') }} ${{ six }}\"}\n"
            ),
        }
    )
    assert sorted(str(each.where) for each in project.diagnostics if each.is_error) == [
        "agents/line.yaml:3:22",
        "agents/line.yaml:3:56",
        "agents/line.yaml:4:37",
        "agents/line.yaml:4:77",
        "agents/prompts/a.md:2:10",
        "agents/prompts/a.md:2:25",
        "agents/prompts/b.md:1:1",
        "agents/prompts/b.md:2:1",
    ]
