"""Expressions that are more than a name or a file, through Jinja in a sandbox without a way out.

Apart from `template`, because most projects have none of them and need not load Jinja.
"""

from __future__ import annotations

import functools
import json
import re
import warnings
from collections.abc import Callable, Hashable, Mapping
from contextvars import ContextVar
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from agentops.spec.template_bounds import (
    FILTERS,
    MAX_SIZE,
    METHODS,
    Budget,
    spend_on_call,
    spend_on_items,
    spend_on_operator,
)
from agentops.spec.template_values import (
    BUDGET,
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


# The budget of the project whose expression is being rendered: Jinja's hooks don't all get the scope.
_budget: ContextVar[Budget] = ContextVar("budget")


_LOOP_ATTRIBUTES = "changed cycle depth depth0 first index index0 last length nextitem previtem revindex revindex0"
_OF_LOOPS = frozenset(_LOOP_ATTRIBUTES.split())


class _Closed(ImmutableSandboxedEnvironment):
    """Jinja without a way out: the keys of mappings and a list of methods, bounded work, opaque secrets."""

    intercepted_binops = frozenset(("+", "*", "**", "%"))

    def _compile(self, source: str, filename: str) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # Python's, about `7[1:3]`: it fails when it is rendered
            return super()._compile(source, filename)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        if isinstance(obj, jinja2.Undefined):
            return getattr(obj, attribute)  # raises with the name that is not there
        allowed = METHODS.get(type(obj), frozenset())
        if isinstance(obj, str):  # a text from a file is a kind of its own
            allowed = METHODS[str]
        elif isinstance(obj, LoopContext):
            allowed = _OF_LOOPS
        return super().getattr(obj, attribute) if attribute in allowed else self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, SecretValue) or (isinstance(obj, str) and OPEN in obj):
            raise secret_misuse()
        if isinstance(obj, Mapping):
            is_there = isinstance(argument, Hashable) and argument in obj
            return obj[argument] if is_there else self.undefined(obj=obj, name=argument)
        if isinstance(argument, int | slice) and not isinstance(argument, bool):
            return super().getitem(obj, argument)
        return self.undefined(obj=obj, name=argument)

    def call(self, context: Any, obj: Any, *args: Any, **kwargs: Any) -> Any:
        arguments = (*args, *kwargs.values())
        owner = getattr(obj, "__self__", None)
        is_value = type(owner) in METHODS or isinstance(owner, str)
        spend_on_call(_budget.get(), getattr(obj, "__name__", ""), owner if is_value else None, arguments)
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        spend_on_operator(_budget.get(), operator, left, right)
        return super().call_binop(context, operator, left, right)


def _paid(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter `function`, paying before it works. Jinja marks those that take more than a value."""
    takes_context = hasattr(function, "jinja_pass_arg")

    @functools.wraps(function)
    def paid(*args: Any, **kwargs: Any) -> Any:
        value, *more = args[1:] if takes_context else args
        spend_on_call(_budget.get(), name, value, (*more, *kwargs.values()))
        return function(*args, **kwargs)

    return paid


def _concatenated(values: list[Any]) -> str:
    """`a ~ b`: a secret goes in as its mark."""
    pieces = [_finalized(each) for each in values]
    _budget.get().spend(sum(map(len, pieces)))
    return "".join(pieces)


def _items(value: Any) -> Any:
    return spend_on_items(_budget.get(), value)


def _finalized(value: Any) -> str:
    if isinstance(value, jinja2.Undefined):
        str(value)  # raises
    return to_text(value)


def _range(*bounds: int) -> range:
    made = range(*bounds)
    if len(made) > MAX_LOOP:
        raise TemplateError("bad-expression", f"a range of {len(made)} items", hint=f"at most {MAX_LOOP} are allowed")
    return made


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
        keep_trailing_newline=True,  # everything outside of expressions comes out byte-identical
        autoescape=False,  # what is made is YAML and prompts, not HTML
        optimized=False,  # it would do the work of constants while compiling, where nobody pays for it
        finalize=_finalized,
        cache_size=0,
    )
    environment.filters = {name: _paid(name, environment.filters[name]) for name in FILTERS}
    environment.filters["tojson"] = _paid("tojson", lambda value: json.dumps(value, ensure_ascii=False))
    environment.filters |= {_CONCAT: _concatenated, _ITEMS: _items}
    environment.globals = {"range": _range, "dict": dict}
    return environment


# Filters that only the rewriting below can name.
_CONCAT, _ITEMS = " concat", " items"


class _Rewriter(NodeTransformer):
    """Puts what Jinja does without asking under the budget: joining texts with `~`, and going through a loop."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return nodes.Filter(nodes.List(node.nodes), _CONCAT, [], [], None, None, lineno=node.lineno)

    def visit_For(self, node: nodes.For) -> nodes.Node:
        self.generic_visit(node)
        node.iter = nodes.Filter(node.iter, _ITEMS, [], [], None, None, lineno=node.lineno)
        return node


def compile_with_jinja(text: str) -> Render:
    """A function that renders `text` in a scope. Raises `TemplateError`."""
    environment = _environment()
    source = text.replace("\r", CARRIAGE_RETURN)
    try:
        tree = environment.parse(source)
        _check_statements(tree)
        _Rewriter().visit(tree)
        whole = _whole_expression(tree)
        if whole is not None:  # keep the value itself, as Jinja's own `compile_expression` does
            tree = nodes.Template([nodes.Assign(nodes.Name("result", "store"), whole, lineno=1)], lineno=1)
        tree.set_environment(environment)
        template = environment.from_string(tree)
    except jinja2.TemplateSyntaxError as error:
        raise _syntax_error(error, text) from None
    except RecursionError:
        raise TemplateError("bad-expression", "the expression is nested too deeply", hint="make it simpler") from None
    if whole is None:
        return lambda scope: _guard(lambda: template.render(scope), scope).replace(CARRIAGE_RETURN, "\r")
    return lambda scope: _guard(lambda: _result_of(template, scope), scope)


def _whole_expression(tree: nodes.Template) -> nodes.Expr | None:
    if len(tree.body) == 1 and isinstance(output := tree.body[0], nodes.Output) and len(output.nodes) == 1:
        node = output.nodes[0]
        return None if isinstance(node, nodes.TemplateData) else node
    return None


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


def _guard(work: Callable[[], Any], scope: Scope) -> Any:
    """Runs `work` on the project's budget; everything that an expression can do wrong becomes a `TemplateError`."""
    token = _budget.set(scope.get(BUDGET) or Budget())
    try:
        value = work()
    except TemplateError:
        raise
    except RecursionError:
        raise TemplateError("bad-expression", "the expression goes round in circles", hint="make it simpler") from None
    except Exception as error:  # noqa: BLE001 - user code: any Python error of an expression is the user's to read
        message = str(error).replace(OPEN, "").replace(CLOSE, "") or type(error).__name__
        raise TemplateError("bad-expression", f"the expression fails: {message}", hint="correct it") from None
    finally:
        _budget.reset(token)
    if isinstance(value, str) and len(value) > MAX_SIZE:
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
    for node in tree.find_all(nodes.ScopedEvalContextModifier):
        raise TemplateError("bad-expression", "autoescape is for HTML", hint="take it out", line=node.lineno)
    if any(node.recursive for node in tree.find_all(nodes.For)):
        raise TemplateError("bad-expression", "loops can't call themselves", hint="write one loop in the other")
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
    if "${{" in text and re.search(r"\$\{\{[^{}]{0,200}\{\{", text):
        hint = "inside ${{ }} a name is written without braces; a call-time variable goes outside of it"
    return TemplateError("bad-expression", f"the expression can't be read: {message}", hint=hint, line=error.lineno)
