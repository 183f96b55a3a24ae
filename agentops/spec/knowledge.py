"""The files and pages of a knowledge base: what the platform takes, and what can be made into that."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from agentops.resources import SourceFile
from agentops.spec.files import FileProblem, ProjectFiles
from agentops.spec.hosts import host_of, is_loopback, is_public
from agentops.spec.source_text import SourceError, decode, place_at

MOST_BYTES = 20_000_000  # of one file; the platform names no limit, and an upload is held in memory
_MARKDOWN = (".md", ".markdown")
_AS_FILE = "give what the page says as a file under `files:`"
# What the fonts of the extra `knowledge` have in every style (a test holds this against them): Latin, Greek, Cyrillic,
# Devanagari, the punctuation of these and the commonest signs. `pdf` writes the odd hyphens and blanks as plain ones.
_DRAWN = re.compile(
    "[\t\n -~\u00a0-\u02b2\u0300-\u0304\u0370-\u0377\u037a-\u037f\u0384-\u038a\u038c\u038e-\u03a1\u03a3-\u03e1"
    "\u03f0-\u0479\u048a-\u052f\u0901-\u0903\u0905-\u090d\u090f-\u0911\u0913-\u0928\u092a-\u0933\u0935-\u0939"
    "\u093c-\u0945\u0947-\u0949\u094b-\u094d\u0950\u0958-\u095e\u0960-\u0970\u0972\u1ea0-\u1ef9\u2002-\u200a\u200c\u200d"
    "\u2010-\u2016\u2018-\u201a\u201c-\u201e\u2020-\u2022\u2026\u202f\u2030\u2039\u203a\u2044\u20a1\u20a6\u20a9-\u20ac"
    "\u20b4\u20b9\u20ba\u20bd\u2116\u2122\u2153-\u215f\u2190-\u2193\u2211\u2212\u221e\u2248\u2260\u2264\u2265]*"
)


def read_source(files: ProjectFiles, path: str) -> SourceFile:
    """The file at the project path `path`, as a part of a knowledge base.

    Raises FileProblem where the platform could not take it, SourceError for the place in a Markdown file.
    """
    folder, _, name = path.rpartition("/")
    stem, dot, ending = name.rpartition(".")
    if (dot + ending).lower() not in (".pdf", *_MARKDOWN):
        hint = "the platform takes PDF, and Markdown (.md) is rendered to it: convert the file to one of them"
        raise FileProblem("unsupported-file", f"{path} is neither PDF nor Markdown", hint)
    data = files.content(path, MOST_BYTES)
    if len(data) > MOST_BYTES:
        hint = "split it, or make its pictures smaller"
        raise FileProblem("file-size", f"{path} is larger than {MOST_BYTES // 1_000_000} MB", hint)
    if not data.strip():
        raise FileProblem("file-size", f"{path} is empty", "put text into it, or take it out")
    uploaded = f"{'-'.join(filter(None, (*folder.split('/')[1:], stem)))}.pdf"
    digest = hashlib.sha256(data).hexdigest()
    if ending.lower() == "pdf":
        if not data.startswith(b"%PDF-"):
            raise FileProblem("unsupported-file", f"{path} is called PDF and is none", "export it as a PDF again")
        return SourceFile(path, uploaded, digest, len(data))
    text = decode(data, path)
    if not is_drawn(text):
        at = next(at for at, character in enumerate(text) if not is_drawn(character))
        sign = unicodedata.name(text[at], f"U+{ord(text[at]):04X}")
        hint = "Latin, Greek, Cyrillic and Devanagari can be: take the sign out, or give the file as a PDF"
        summary = f"{sign} can't be rendered to PDF"
        raise SourceError("unsupported-script", summary, place_at(text, at, path), hint=hint)
    return SourceFile(path, uploaded, hashlib.sha256(text.encode()).hexdigest())


def markdown_of(files: ProjectFiles, source: SourceFile) -> str | None:
    """The Markdown of a file of a knowledge base as its digest is taken; None for a PDF."""
    return decode(files.content(source.path, MOST_BYTES), source.path) if source.size is None else None


def is_drawn(text: str) -> bool:
    """Whether all of `text` can be rendered to PDF."""
    return _DRAWN.fullmatch(text) is not None


def url_problem(url: str) -> tuple[str, str] | None:
    """(what is wrong, what to do) with a page that the platform is to read, judging by its address alone."""
    if not url.lower().startswith(("https://", "http://")) or not host_of(url) or re.search(r"\s", url):
        return f"{url!r} is not the address of a page", "write it with its scheme: https://host/path"
    if is_loopback(url):
        return f"{url} is on this machine, where the platform can't read it", _AS_FILE
    if not is_public(url):
        return f"{host_of(url)} is a name of a private network, where the platform can't read it", _AS_FILE
    return None
