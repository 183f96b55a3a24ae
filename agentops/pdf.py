"""Markdown as PDF, which is all that a knowledge base takes: the same bytes for the same text, on any machine.

Headings, paragraphs, emphasis, lists, quotes, code, tables and rules; pictures and raw HTML are left out. Needs the
extra `knowledge`, which brings the fonts, so that nothing depends on what a machine has installed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from agentops.errors import UsageError
from agentops.installation import install_command

_MADE_AT = datetime(2000, 1, 1, tzinfo=UTC)  # with the time of the day, each upload would be another file
PLAIN = str.maketrans(
    {**dict.fromkeys("‐‑", "-"), **dict.fromkeys("\u2002\u2003\u2004\u2005\u2006\u2009\u200a\u202f", " ")}
)
_SIZE = 11
_HEADINGS = {"h1": 20, "h2": 16, "h3": 14, "h4": 12, "h5": 11, "h6": 11}


def require_pdf() -> None:
    """Raises UsageError, naming the extra, where Markdown can't be rendered."""
    _libraries()


def _libraries() -> tuple[Any, Any, Any]:
    names = ("fpdf", "markdown_it", "fontpkg_fira_sans", "fontpkg_hind", "uharfbuzz")
    try:
        # 30 MB with its fonts, and only who uploads Markdown needs it: an extra.
        fpdf, _, latin, devanagari, _ = (import_module(name) for name in names)
    except ImportError:
        hint = f"`{install_command('knowledge')}`, or give the file as a PDF"
        raise UsageError(
            "Markdown in `knowledge/` needs the extra `knowledge`", hint=hint, code="missing-extra"
        ) from None
    return fpdf, latin, devanagari


def to_pdf(text: str, title: str) -> bytes:
    """`text`, which is Markdown, as a PDF. Raises UsageError where the extra is not installed."""
    fpdf, latin, devanagari = _libraries()
    page = fpdf.FPDF(format="A4")
    page.set_creation_date(_MADE_AT)
    page.set_title(title)
    for style, name in (("", "Regular"), ("B", "Bold"), ("I", "Italic"), ("BI", "BoldItalic")):
        page.add_font("text", style, latin.ROOT / "files" / f"FiraSans-{name}.ttf")
        weight = "Bold" if "B" in style else "Regular"
        page.add_font("devanagari", style, devanagari.ROOT / "files" / f"Hind-{weight}.ttf")
    page.set_fallback_fonts(["devanagari"], exact_match=False)
    page.set_text_shaping(True)
    page.set_margin(20)
    page.add_page()
    page.set_font("text", size=_SIZE)
    write_markdown(page, text)
    return bytes(page.output())


def write_markdown(page: Any, text: str) -> None:
    """Writes `text` onto `page`, which is one of fpdf2's."""
    reader = import_module("markdown_it").MarkdownIt("commonmark", {"html": False}).enable("table")
    _Writer(page).blocks(reader.parse(text.translate(PLAIN)))


class _Writer:
    """Walks over the tokens of a Markdown text and writes each block."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.indent = 0
        self.lists: list[int | None] = []  # the next number of each list that is open; None for bullets
        self.mark = ""  # before the next paragraph
        self.rows: list[list[list[Any]]] = []  # the cells of the table that is open, as inline tokens

    def blocks(self, tokens: list[Any]) -> None:
        for token, following in zip(tokens, [*tokens[1:], None], strict=True):
            match token.type:
                case "heading_open":
                    self._paragraph(following, size=_HEADINGS[token.tag], is_bold=True)
                case "paragraph_open":
                    self._paragraph(following)
                case "bullet_list_open" | "ordered_list_open":
                    self.lists.append(token.attrGet("start") or 1 if token.type.startswith("ordered") else None)
                case "bullet_list_close" | "ordered_list_close":
                    self.lists.pop()
                case "list_item_open":
                    self._item()
                case "list_item_close" | "blockquote_close":
                    self.indent -= 1
                case "blockquote_open":
                    self.indent += 1
                case "fence" | "code_block":
                    self._lines([(token.content.rstrip("\n"), "")], _SIZE - 1)
                case "hr":
                    self.page.line(self.page.l_margin, self.page.y, self.page.w - self.page.r_margin, self.page.y)
                    self.page.ln(4)
                case "tr_open":
                    self.rows.append([])
                case "th_open" | "td_open":
                    self.rows[-1].append(following.children or [])
                case "table_close":
                    self._table()

    def _item(self) -> None:
        number = self.lists[-1]
        self.mark = "•  " if number is None else f"{number}.  "
        self.lists[-1] = None if number is None else number + 1
        self.indent += 1

    def _paragraph(self, inline: Any, *, size: int = _SIZE, is_bold: bool = False) -> None:
        pieces = [(self.mark, ""), *_pieces(inline.children or [], "B" if is_bold else "")]
        self.mark = ""
        self._lines(pieces, size)

    def _lines(self, pieces: list[tuple[str, str]], size: int) -> None:
        page = self.page
        page.set_left_margin(20 + 7 * self.indent)
        page.set_x(page.l_margin)
        for text, style in pieces:
            page.set_font("text", style, size)
            page.write(size * 0.5, text)
        page.set_font("text", size=_SIZE)
        page.ln(size * 0.5 + 2)
        page.set_left_margin(20)

    def _table(self) -> None:
        with self.page.table() as table:
            for cells in self.rows:
                row = table.row()
                for cell in cells:
                    row.cell("".join(text for text, _ in _pieces(cell, "")))
        self.page.ln(4)
        self.rows = []


def _pieces(tokens: list[Any], style: str) -> list[tuple[str, str]]:
    """Runs of text with their style; a link is followed by its address, which a reader of text would miss."""
    found: list[tuple[str, str]] = []
    styles, links = [style], []
    for token in tokens:
        match token.type:
            case "strong_open" | "em_open":
                letter = "B" if token.type == "strong_open" else "I"
                styles.append("".join(sorted({*styles[-1], letter})))
            case "strong_close" | "em_close":
                styles.pop()
            case "link_open":
                links.append(str(token.attrGet("href") or ""))
            case "link_close":
                address = links.pop()
                if address.startswith(("http://", "https://")) and not (found and found[-1][0] == address):
                    found.append((f" ({address})", styles[-1]))
            case "softbreak":
                found.append((" ", styles[-1]))
            case "hardbreak":
                found.append(("\n", styles[-1]))
            case "text" | "code_inline":
                found.append((token.content, styles[-1]))
    return found
