"""Expressions that are more than a name or a file, through Jinja in a sandbox without a way out.

Apart from `template`, because most projects have none of them and need not load Jinja.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

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

MAX_TEXT = 1_000_000
MAX_LOOP = 1_000
_MAX_LOOP_DEPTH = 2


class _Undefined(jinja2.StrictUndefined):
    """Jinja's strict undefined, failing with the name and with the place where the name was looked for."""

    __slots__ = ()

    def _fail_with_undefined_error(self, *_: Any, **__: Any) -> Any:
        owner = self._undefined_obj
        name = str(self._undefined_name)
        if isinstance(owner, Mapping):
            raise UndefinedNameError(name, owner, getattr(owner, "label", ""))
        raise UndefinedNameError(name, None, "" if self._undefined_hint is None else "value")

    __str__ = __iter__ = __len__ = __bool__ = __eq__ = __ne__ = __hash__ = __contains__ = _fail_with_undefined_error
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __lt__ = __gt__ = __le__ = __ge__ = __call__ = (
        _fail_with_undefined_error
    )
    __getitem__ = _fail_with_undefined_error

    def __getattr__(self, name: str) -> Any:
        if name[:2] == "__":
            raise AttributeError(name)
        return self._fail_with_undefined_error()


class _Closed(ImmutableSandboxedEnvironment):
    """Jinja without a way out: mappings before methods, no private attributes, bounded loops, opaque secrets."""

    intercepted_binops = frozenset({"*", "**"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping):
            if attribute in obj:
                return obj[attribute]
            if not hasattr(dict, attribute) or not isinstance(obj, dict):
                return self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        _refuse_secrets((obj,))
        if isinstance(obj, Mapping) and isinstance(argument, str) and argument not in obj:
            return self.undefined(obj=obj, name=argument)
        return super().getitem(obj, argument)

    def call(self, context: Any, obj: Any, *args: Any, **kwargs: Any) -> Any:
        _refuse_secrets((getattr(obj, "__self__", None), *args, *kwargs.values()))
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        too_large = operator == "**" and abs(right) > 64
        if operator == "*":
            size = len(left) if isinstance(left, str | list) else len(right) if isinstance(right, str | list) else 0
            count = right if isinstance(left, str | list) else left
            too_large = size > 0 and size * count > MAX_TEXT
        if too_large:
            raise TemplateError("bad-expression", "the expression makes something too large", hint="make it smaller")
        return super().call_binop(context, operator, left, right)


def _refuse_secrets(values: tuple[Any, ...]) -> None:
    for value in values:
        if isinstance(value, SecretValue) or (isinstance(value, str) and OPEN in value):
            raise secret_misuse()


def _without_secrets(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` (a filter), refusing secrets among its arguments: a filter would see the reference, not the value."""

    @functools.wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        _refuse_secrets((*args, *kwargs.values()))
        return function(*args, **kwargs)

    return guarded


def _finalized(value: Any) -> str:
    if isinstance(value, jinja2.Undefined):
        str(value)  # raises
    return to_text(value)


def _range(*bounds: int) -> range:
    made = range(*bounds)
    if len(made) > MAX_LOOP:
        raise TemplateError("bad-expression", f"a range of {len(made)} items", hint=f"at most {MAX_LOOP} are allowed")
    return made


# Filters that depend on chance, or that make HTML: what they return escapes everything that is added to it.
_NO_FILTERS = ("random", "safe", "escape", "e", "forceescape", "xmlattr", "urlize", "striptags", "pprint", "tojson")


@functools.cache
def _environment() -> _Closed:
    environment = _Closed(
        block_start_string="${%",
        block_end_string="%}",
        variable_start_string="${{",
        variable_end_string="}}",
        comment_start_string="${#",
        comment_end_string="#}",
        undefined=_Undefined,
        keep_trailing_newline=True,
        autoescape=False,
        finalize=_finalized,
        cache_size=0,
    )
    kept = {name: call for name, call in environment.filters.items() if name not in _NO_FILTERS}
    environment.filters = {name: _without_secrets(call) for name, call in kept.items()}
    environment.filters["tojson"] = _without_secrets(lambda value: json.dumps(value, ensure_ascii=False))
    environment.globals = {"range": _range, "dict": dict}
    return environment


def compile_with_jinja(text: str) -> Render:
    """A function that renders `text` in a scope. Raises `TemplateError`."""
    environment = _environment()
    source = text.replace("\r", CARRIAGE_RETURN)
    try:
        tree = environment.parse(source)
        _check_statements(tree)
        whole = _whole_expression(tree)
        template = environment.from_string(_assign_result(whole, environment) if whole is not None else tree)
    except jinja2.TemplateSyntaxError as error:
        raise _syntax_error(error, text) from None
    except RecursionError:
        raise TemplateError("bad-expression", "the expression is nested too deeply", hint="make it simpler") from None
    if whole is None:
        return lambda scope: _guard(lambda: template.render(scope)).replace(CARRIAGE_RETURN, "\r")
    return lambda scope: _guard(lambda: _result_of(template, scope))


def _whole_expression(tree: nodes.Template) -> nodes.Expr | None:
    if len(tree.body) == 1 and isinstance(output := tree.body[0], nodes.Output) and len(output.nodes) == 1:
        node = output.nodes[0]
        return None if isinstance(node, nodes.TemplateData) else node
    return None


def _assign_result(expression: nodes.Expr, environment: _Closed) -> nodes.Template:
    """A template that keeps the value itself, as Jinja's own `compile_expression` does."""
    tree = nodes.Template([nodes.Assign(nodes.Name("result", "store"), expression, lineno=1)], lineno=1)
    tree.set_environment(environment)
    return tree


def _result_of(template: jinja2.Template, scope: Scope) -> Any:
    context = template.new_context(dict(scope))
    for _ in template.root_render_func(context):
        pass
    return check_native(_defined(context.vars["result"]))


def _defined(value: Any) -> Any:
    """`value`, with tuples as lists; raises for anything undefined, however deep inside."""
    if isinstance(value, jinja2.Undefined):
        str(value)  # raises
    if type(value) in (list, tuple):
        return [_defined(each) for each in value]
    return {key: _defined(each) for key, each in value.items()} if type(value) is dict else value


def _guard(work: Callable[[], Any]) -> Any:
    """Runs `work`, turning everything that an expression can do wrong into a `TemplateError`."""
    try:
        value = work()
    except TemplateError:
        raise
    except RecursionError:
        raise TemplateError("bad-expression", "the expression goes round in circles", hint="make it simpler") from None
    except Exception as error:  # noqa: BLE001 - user code: any Python error of an expression is the user's to read
        message = str(error).replace(OPEN, "").replace(CLOSE, "") or type(error).__name__
        raise TemplateError("bad-expression", f"the expression fails: {message}", hint="correct it") from None
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise TemplateError("bad-expression", "the expression makes a text that is too large", hint="make it smaller")
    return value


def _check_statements(tree: nodes.Template) -> None:
    """Refuses what could run for ever or reach other templates."""
    for node in tree.find_all((nodes.Macro, nodes.CallBlock, nodes.Include, nodes.Import, nodes.FromImport)):
        hint = "use file('prompts/part.md') to share text between prompts"
        raise TemplateError(
            "bad-expression", "macros, includes and imports are not available", hint=hint, line=node.lineno
        )
    for node in tree.find_all((nodes.Extends, nodes.Block)):
        hint = "use file('prompts/part.md') to share text between prompts"
        raise TemplateError("bad-expression", "template inheritance is not available", hint=hint, line=node.lineno)
    names = {node.name for node in tree.find_all(nodes.Name)}
    if tree.find(nodes.Slice) is not None and names & {"secrets", "file"}:
        raise secret_misuse()  # a slice would cut the reference, out of sight of everything that guards it
    if _loop_depth(tree) > _MAX_LOOP_DEPTH:
        raise TemplateError("bad-expression", "loops are nested too deeply", hint="two levels are allowed")


def _loop_depth(node: nodes.Node) -> int:
    inner = max((_loop_depth(child) for child in node.iter_child_nodes()), default=0)
    return inner + isinstance(node, nodes.For)


def _syntax_error(error: jinja2.TemplateSyntaxError, text: str) -> TemplateError:
    message = str(error.message or "it can't be read").replace("'", "`")
    hint = "an expression is written ${{ name }}, a statement ${% if name %} ... ${% endif %}"
    if "${{" in text and re.search(r"\$\{\{[^}]*\{\{", text):
        hint = "inside ${{ }} a name is written without braces; a call-time variable goes outside of it"
    return TemplateError("bad-expression", f"the expression can't be read: {message}", hint=hint, line=error.lineno)
