"""HTML as values: elements whose text is always escaped, so that no page can forget it."""

from __future__ import annotations

from html import escape
from typing import TypeAlias

VOID = ("link", "meta", "input", "br")


class Html(str):
    """Text that is already HTML."""

    __slots__ = ()


Child: TypeAlias = "Html | str | int | float | list[Html] | None"


def tag(name: str, /, *children: Child, **attributes: str | bool | None) -> Html:
    """An element. `class_` and `for_` lose their underscore, others turn `_` into `-`; None and False are left out."""
    written = ""
    for key, value in attributes.items():
        name_of = key.rstrip("_").replace("_", "-")
        if value is True:
            written += f" {name_of}"
        elif value not in (None, False):
            written += f' {name_of}="{escape(str(value))}"'
    if name in VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{text(*children)}</{name}>")


def text(*children: Child) -> Html:
    """The children one after the other; whatever isn't `Html` yet is escaped."""
    return Html("".join(_render(child) for child in children))


def _render(child: Child) -> str:
    if isinstance(child, list):
        return "".join(child)
    if child is None:
        return ""
    return child if isinstance(child, Html) else escape(str(child))


def table(caption: str, headings: list[str], rows: list[list[Child]]) -> Html:
    """A table with a caption and column headings, or a sentence when there is nothing to show."""
    if not rows:
        return tag("p", f"No {caption.lower()} yet.", class_="empty")
    head = tag("tr", [tag("th", heading, scope="col") for heading in headings])
    # Narrow screens show a row as a list, which takes the roles of a table away; so they are written out.
    body = [
        tag(
            "tr",
            [
                tag("td", tag("div", cell), data_label=heading, role="cell")
                for heading, cell in zip(headings, row, strict=True)
            ],
            role="row",
        )
        for row in rows
    ]
    inner = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", body, role="rowgroup"), role="table")
    return tag("div", inner, class_="scroll", tabindex="0", role="region", aria_label=caption)


def link(to: str, label: str) -> Html:
    return tag("a", label, href=to)


def badge(label: str, kind: str = "") -> Html:
    return tag("span", label, class_=f"badge {kind}".strip())
