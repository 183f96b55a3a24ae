"""The documents of an agent become a knowledge base in a file of its own, where the input has their content. Pure."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from agentops.document import short_digest
from agentops.importers.elevenlabs.conversion import PROMPT, Conversion
from agentops.importers.elevenlabs.paths import Place, leaves_of
from agentops.importers.elevenlabs.secret_stand_ins import has_stand_in, without_stand_ins
from agentops.importers.fidelity import CHOSEN, Grade
from agentops.importers.yaml_text import literal, to_yaml
from agentops.resources import Address, Kind, Ref
from agentops.spec.knowledge import is_drawn, url_problem
from agentops.spec.layout import format_yaml
from agentops.spec.model.resources import KnowledgeSpec
from agentops.spec.slug import slug

_SEARCH = "search_knowledge"
_SEARCH_TARGET = f"config.singlePromptConfig.tools.{_SEARCH}.knowledgeBaseId"
_DOCUMENTS: Place = (*PROMPT, "knowledge_base")
_MOST_NAME = 40  # of a knowledge base, by the platform


def convert_knowledge(conversion: Conversion) -> None:
    """Adds a search tool over the agent's documents. Their file is written if the content of at least one is known and
    resources can be deployed; otherwise the knowledge base is a choice."""
    source = conversion.source
    entries = source.items(*_DOCUMENTS)
    documents = [entry for entry in entries if isinstance(entry, dict)]
    if not documents:
        return
    is_answered = bool(conversion.answers.get("knowledge_base"))
    reference = None if is_answered or not conversion.shares else _written(conversion, entries)
    conversion.tools.append(
        {
            "type": "knowledge_base_search",
            "name": _SEARCH,
            "description": "Look up facts in the knowledge base before answering a question about them.",
            "knowledgeBaseId": reference or conversion.choose("knowledge_base", _question(documents)),
        }
    )
    always = [str(entry.get("name")) for entry in documents if entry.get("usage_mode") == "prompt"]
    if always:
        why = f"was always part of the prompt: {', '.join(always)}"
        conversion.remark(Grade.CHOICE, "EL013", _DOCUMENTS, why, "Put its text into the prompt instead.")
    for index, entry in enumerate(entries):
        for leaf, _ in leaves_of(entry, (*_DOCUMENTS, index)):
            source.ledger.carry(leaf, _SEARCH_TARGET, CHOSEN)
    if source.flag(*PROMPT, "rag", "enabled") is False:
        why = "all documents used to be in the prompt; from now on they are searched"
        conversion.remark(Grade.APPROXIMATED, "EL013", (*PROMPT, "rag", "enabled"), why)


def _question(documents: list[dict[str, Any]]) -> str:
    names = ", ".join(str(entry.get("name") or entry.get("id") or "unnamed") for entry in documents[:8])
    more = f" and {len(documents) - 8} more" if len(documents) > 8 else ""
    return f"Which knowledge base? Load these into one first: {names}{more}."


def _written(conversion: Conversion, entries: list[Any]) -> str | None:
    """Writes the file, and returns the reference to it; None if there is nothing to put into it."""
    key = conversion.key.replace("-", "_")
    address = Address(Kind.KNOWLEDGE, key if key[0].isalpha() else f"kb_{key}")
    ledger, files, urls, lacking = conversion.source.ledger, dict[str, str](), list[str](), list[int]()
    places: dict[int, str] = {}
    for index, entry in enumerate(entries):
        url, text = _page(entry), _text(entry)
        if url:
            urls += [url] if url not in urls else []
            ledger.carry((*_DOCUMENTS, index, "url"), (address.file, "urls"), url, grade=Grade.EXACT)
            places[index] = f"{url} in {address.file}"
        elif text:
            stem = slug(str(entry.get("name") or "text"), limit=48) or "text"
            path = f"{address.key}/{stem}.md"
            path = path if path not in files else f"{address.key}/{stem}-{index + 1}.md"
            files[path] = text
            places[index] = f"knowledge/{path}"
            if entry.get("extracted_inner_html") == _given(entry):
                why = f"{entry.get('name') or 'a document'} is what the service had read from it, as Markdown"
                todo = f"See whether knowledge/{path} reads well, or put the original in its place."
                conversion.remark(Grade.APPROXIMATED, "EL013", (*_DOCUMENTS, index), why, todo)
        else:
            lacking.append(index)
    if not places:
        return None
    for index, of in places.items():
        for leaf, _ in leaves_of(entries[index], (*_DOCUMENTS, index)):
            ledger.repeat(leaf, of)
    for index in lacking:
        what = str(entries[index].get("name") or "") if isinstance(entries[index], dict) else ""
        todo = f"Save {what or 'it'} as PDF or Markdown below knowledge/{address.key}/, and name it in {address.file}."
        why = f"what is in {what or 'this document'} is not in the input, or can't be rendered"
        ledger.leave((*_DOCUMENTS, index), why, todo)
    name = str(conversion.metadata["name"])
    if len(name) > _MOST_NAME or "${" in name:  # cut names of two agents could be the same, hence the digest
        name = f"{conversion.key[:33]}-{short_digest(conversion.key, 6)}"
    body = {"name": name, **({"files": list(files)} if files else {}), **({"urls": urls} if urls else {})}
    conversion.shared[address.file] = body
    header = "yaml-language-server: $schema=../schemas/knowledge.schema.json\nImported from ElevenLabs."
    conversion.files[address.file] = format_yaml(to_yaml(body, header=header), address.file, KnowledgeSpec)
    conversion.files |= {f"knowledge/{path}": text for path, text in files.items()}
    return Ref(Kind.KNOWLEDGE, address.key).reference


def _page(entry: Any) -> str:
    url = entry.get("url") if isinstance(entry, dict) else None
    is_fit = isinstance(url, str) and not has_stand_in(url) and url_problem(url) is None
    return literal(str(url)) if is_fit else ""


def _text(entry: Any) -> str:
    """The text of a note, or what ElevenLabs read from a file, as Markdown; "" if it can't be rendered."""
    given = _given(entry) if isinstance(entry, dict) else ""
    text = without_stand_ins(_markdown(given) if given and entry.get("extracted_inner_html") == given else given)
    return f"{text.strip()}\n" if text.strip() and is_drawn(text) else ""


def _given(document: dict[str, Any]) -> str:
    """The content of a document: its plain text, else the HTML that ElevenLabs makes of every document."""
    given = (document.get(key) for key in ("content", "text", "extracted_inner_html"))
    return next((each for each in given if isinstance(each, str) and each), "")


def _markdown(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.parts).split("\n")]
    return "\n".join(line for at, line in enumerate(lines) if line or (at and lines[at - 1]))


_BEGINS = {**{f"h{level}": f"\n\n{'#' * level} " for level in range(1, 7)}, "li": "\n- ", "br": "\n", "tr": "\n"}
_BLOCKS = {"p", "div", "ul", "ol", "table", "section", "article"}


class _Reader(HTMLParser):
    """Collects the text of an HTML page, with its headings, lists and paragraphs, as Markdown."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("script", "style")
        self.parts.append(_BEGINS.get(tag, "\n\n" if tag in _BLOCKS else ""))

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style") and self._hidden > 0
        if tag in _BLOCKS or (tag in _BEGINS and tag.startswith("h")):
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)
