"""What every page without a script is made of: the document around it, and tables that are lists on a narrow screen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --faint: #666; --add: #1a7f3722; --gone: #cf222e22; --warn: #9a670022;
  --bar: #3366cc; }
@media (prefers-color-scheme: dark) { :root { --faint: #a0a6ad; --bar: #7f9ff0; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem;
  overflow-wrap: break-word; }
h1 { font-size: 1.5rem; line-height: 1.25; } h2 { font-size: 1.2rem; }
code { font: .9em ui-monospace, monospace; } .faint { color: var(--faint); }
.rows { border-collapse: collapse; width: 100%; table-layout: fixed; font-size: .95rem; }
.rows > * > tr > * { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0;
  border-top: 1px solid var(--line); }
@media (max-width: 46rem) {
  .rows, .rows > tbody, .rows > tbody > tr, .rows > tbody > tr > td { display: block; width: auto; }
  .rows > thead { display: none; }
  .rows > tbody > tr { border-top: 1px solid var(--line); padding: .5rem 0; }
  .rows > tbody > tr > td { border: 0; padding: .1rem 0; }
  .rows > tbody > tr > td:empty { display: none; }
  .rows > tbody > tr > td[data-head]::before { content: attr(data-head) ": "; color: var(--faint); }
}
"""
_PARTS = re.compile(r"(?<=[._/])(?=[A-Za-z])|(?<=[a-z])(?=[A-Z])")


def html_page(title: str, body: Iterable[str], style: str = "") -> str:
    """A complete document. `title` is text, `body` HTML, `style` what this page has on top of the common style."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}{style}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def table(columns: Mapping[str, int], rows: Iterable[Sequence[str | None]]) -> str:
    """A table whose rows become lists where there is no room for columns.

    columns: head -> share of the width in percent. The first names the row, so a list doesn't repeat its head
    rows:    one cell of HTML for each column; None lets the cell before it reach over this column, too
    """
    heads = "".join(f'<th style="width: {share}%">{escape(head)}</th>' for head, share in columns.items())
    body = "\n".join(f"<tr>{_cells(list(columns), row)}</tr>" for row in rows)
    return f'<table class="rows"><thead><tr>{heads}</tr></thead><tbody>\n{body}\n</tbody></table>'


def _cells(heads: Sequence[str], row: Sequence[str | None]) -> str:
    parts = []
    for index, cell in enumerate(row):
        if cell is None:
            continue
        wide = next((n for n, after in enumerate(row[index + 1 :]) if after is not None), len(row) - index - 1) + 1
        span = f' colspan="{wide}"' if wide > 1 else ""
        head = f' data-head="{escape(heads[index], quote=True)}"' if index and wide == 1 else ""
        parts.append(f"<td{span}{head}>{cell}</td>")
    return "".join(parts)


def code(text: str) -> str:
    """A name, a path or a value in a fixed-width font. A long one breaks between its parts and not inside of a word."""
    return f"<code>{'<wbr>'.join(escape(part) for part in _PARTS.split(text))}</code>"
