"""Renders a tree in a scope: every expression is evaluated, `null`, `$clear`, `$merge` and `$passthrough` take effect.

Problems are collected, not raised; a value that could not be made is `BROKEN`, so that it is reported only once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentops.diagnostics import Diagnostic, Severity, Where
from agentops.document import CLEARED
from agentops.spec.files import ProjectFiles
from agentops.spec.merge import CLEAR, MERGE, PASSTHROUGH, merge_list
from agentops.spec.origins import FileText, Origin, TracedText, found_again
from agentops.spec.scope import every_error, hint_for, place_in
from agentops.spec.template import Scope, SecretValue, TemplateError, has_expression, render, to_secret
from agentops.spec.tree import Map, Mark, Seq, value_place

CHOOSE = "$choose"  # a value that only a person can give; see `choices`


class _Broken:
    __slots__ = ()

    def __repr__(self) -> str:
        return "(broken)"


BROKEN = _Broken()


class TreeRenderer:
    """Renders trees in one scope; everything wrong ends up in `problems`, with its place."""

    def __init__(self, files: ProjectFiles, scope: Scope, problems: list[Diagnostic], agent: str | None = None) -> None:
        self.files = files
        self.scope = scope
        self.problems = problems
        self.agent = agent
        self.origins: dict[Mark, tuple[Origin, ...]] = {}  # of the texts that were rendered, by their place
        self.has_extras = False  # whether anything is cleared or passed through
        self.has_choices = False  # whether anything is still to be chosen by a person

    def tree(self, node: Any, mark: Mark) -> tuple[Any, Mark]:
        """The rendered value of `node`, and its mark: a text from a file is marked as being there."""
        kind = type(node)
        if kind is str:
            return self._leaf(node, mark) if "${" in node and has_expression(node) else (node, mark)
        if (kind is not Map and kind is not Seq) or node.is_constant:
            return node, mark
        return (self._map(node, mark) if kind is Map else self._seq(node)), mark

    def _map(self, node: Map, mark: Mark) -> Any:
        if MERGE in node:
            # No layer below had this list, so that there is nothing to merge with: the items are the list.
            items = merge_list(None, node, mark, self.problems, lambda value, _: value)
            return self._seq(items)
        if CLEAR in node:
            if len(node) == 1 and node[CLEAR] is True:
                self.has_extras = True
                return CLEARED
            self._report("wrong-value", "$clear stands alone and is true", "write {$clear: true}", mark)
            return BROKEN
        self.has_choices = self.has_choices or CHOOSE in node
        rendered = Map(node.mark)
        marks, written = rendered.marks, node.marks
        for key, value in node.items():
            if value is None:  # "not managed": it has removed the key from the layers below, and is itself never sent
                continue
            if key == PASSTHROUGH:
                self._pass_through(rendered, value, node.marks[key])
                continue
            mark = written[key]
            if type(value) is not str or "${" in value:  # most are texts that stay as they are
                value, mark = self.tree(value, mark)
            if value is not None:
                rendered[key] = value
                marks[key] = mark
        return rendered

    def _seq(self, node: Seq) -> Seq:
        rendered = Seq(node.mark)
        for value, mark in zip(node, node.marks, strict=True):
            if value is None:
                hint = "remove the item, or give it a value"
                self._report("null-item", "a list item is empty (null); the platform rejects nulls", hint, mark)
                continue
            rendered.put(*self.tree(value, mark))
        return rendered

    def _leaf(self, text: str, mark: Mark) -> tuple[Any, Mark]:
        try:
            value = render(text, self.scope)
        except TemplateError as error:
            source = self.files.known_text(mark[3])

            def place(each: TemplateError, skip: int) -> Where:
                return place_in(source, mark[3], each, mark[4], mark[5], skip=skip)

            for each in every_error(error, text, self.scope, place):
                hint = hint_for(each, self.scope)
                self.problems.append(
                    Diagnostic(each.code, Severity.ERROR, each.summary, hint, each.where, each.expected, self.agent)
                )
            return BROKEN, mark
        if type(value) is str and "\n" in value and "\n" in text:
            value = found_again(text, value)  # Jinja gives a plain text, without its origins
        if isinstance(value, TracedText):
            # A whole file: a text in YAML never stands at (0, 0), by which `text_lines` knows it for a file.
            mark = (*mark[:3], value.file, 0, 0) if isinstance(value, FileText) else mark
            self.origins[mark] = value.origins
            return str(value), mark
        if type(value) is str:
            return value, mark
        if isinstance(value, str | int | float | bool | Map | Seq) or value is None:
            return value, mark
        return _with_marks(value, mark, self.scope), mark

    def _pass_through(self, rendered: Map, value: Any, mark: Mark) -> None:
        """Fields that are newer than this release: rendered, kept apart until the known ones have been checked."""
        value, _ = self.tree(value, mark)
        if isinstance(value, Map):
            self.has_extras = True
            rendered.put(PASSTHROUGH, value, mark)
        else:
            hint = "write {$passthrough: {field: value}}"
            self._report("wrong-type", "$passthrough takes a mapping of fields", hint, mark)

    def _report(self, code: str, summary: str, hint: str, mark: Mark) -> None:
        self.problems.append(Diagnostic(code, Severity.ERROR, summary, hint, value_place(mark), None, self.agent))


def checked_part(tree: Any) -> Any:
    """What the models check: the tree without what is passed through and what is cleared."""
    if isinstance(tree, Map):
        kept = {k: v for k, v in tree.items() if k != PASSTHROUGH and v is not CLEARED}
        return {key: checked_part(value) for key, value in kept.items()}
    if isinstance(tree, Seq):
        return [checked_part(value) for value in tree]
    return tree


def with_passthrough(tree: Any) -> Any:
    """The tree with the passed-through fields in their places."""
    if isinstance(tree, Map):
        made = Map(tree.mark)
        for key, value in tree.items():
            if key != PASSTHROUGH:
                made.put(key, with_passthrough(value), tree.marks[key])
        for key, value in tree.get(PASSTHROUGH, {}).items():
            made.put(key, value, tree[PASSTHROUGH].marks[key])
        return made
    if isinstance(tree, Seq):
        items = Seq(tree.mark)
        for value, mark in zip(tree, tree.marks, strict=True):
            items.put(with_passthrough(value), mark)
        return items
    return tree


def _with_marks(value: Any, mark: Mark, scope: Mapping[str, Any]) -> Any:
    """Data that an expression made, as marked data of the place of the expression."""
    if isinstance(value, Map | Seq):
        return value
    if isinstance(value, dict):
        made = Map(mark)
        for key, each in value.items():
            made.put(str(key), _with_marks(each, mark, scope), mark)
        return made
    if isinstance(value, list):
        items = Seq(mark)
        for each in value:
            items.put(_with_marks(each, mark, scope), mark)
        return items
    return to_secret(value, scope) if isinstance(value, str | SecretValue) else value
