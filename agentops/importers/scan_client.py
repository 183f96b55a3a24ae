"""Finds in client code what belongs to ElevenLabs agents, and says for each line what replaces it on Atoms.

It reads code and converts none. Only files that import, link or connect to an ElevenLabs agent are examined: in any
other file the same words mean something else. The facts are in `clients`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agentops.errors import UsageError
from agentops.importers.clients.fact import Fact, Fate, Language, Within
from agentops.importers.clients.packages import PACKAGES
from agentops.importers.clients.protocol import CONNECTS, PACKAGES_OF_CLIENTS, PROTOCOL

MAX_BYTES = 2_000_000
_LANGUAGES = {
    **dict.fromkeys(
        (".js", ".mjs", ".cjs", ".ts", ".mts", ".tsx", ".jsx", ".vue", ".svelte", ".astro"), Language.SCRIPT
    ),
    **dict.fromkeys((".html", ".htm", ".php", ".erb", ".liquid", ".hbs", ".ejs", ".mdx"), Language.PAGE),
    ".py": Language.PYTHON,
    ".swift": Language.SWIFT,
    **dict.fromkeys((".kt", ".kts", ".java"), Language.KOTLIN),
    ".dart": Language.DART,
    **dict.fromkeys((".go", ".rb", ".cs", ".rs", ".sh"), Language.OTHER),
}
CODE_ENDINGS = frozenset(_LANGUAGES)
_SKIPPED = frozenset({"node_modules", ".git", "dist", "build", ".next", ".venv", "venv", "__pycache__", "Pods"})
_CONNECTS = re.compile("|".join(CONNECTS))
_PACKAGES = re.compile(PACKAGES_OF_CLIENTS)


@dataclass(frozen=True, slots=True)
class Finding:
    """One match: its place, what was found, what becomes of it, and what to write instead or to know."""

    file: str
    line: int
    found: str
    fate: Fate
    advice: str


@dataclass(frozen=True, slots=True)
class Scan:
    """All findings, in the order of the files.

    files:   everything that was read
    clients: the files among them that have to do with ElevenLabs agents
    unread:  files that are not UTF-8 text, or too large
    """

    files: tuple[str, ...]
    clients: tuple[str, ...]
    findings: tuple[Finding, ...]
    unread: tuple[str, ...] = ()


def scan_files(paths: list[Path]) -> Scan:
    """Scans files, and source files below folders. Raises UsageError for a path that does not exist."""
    files, clients, unread = [], [], []
    findings: list[Finding] = []
    for path in [each for given in paths for each in _sources(given)]:
        try:
            if path.stat().st_size > MAX_BYTES:
                raise OSError
            text = path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError):
            unread.append(path.as_posix())
            continue
        files.append(path.as_posix())
        if is_client(text):
            clients.append(path.as_posix())
            findings += scan_text(text, path.as_posix())
    return Scan(tuple(files), tuple(clients), tuple(findings), tuple(unread))


def is_client(text: str) -> bool:
    """Whether a file imports, links or connects to an ElevenLabs agent."""
    return bool(_CONNECTS.search(text)) or ("onversation" in text and bool(_PACKAGES.search(text)))


def scan_text(text: str, file: str) -> list[Finding]:
    """The findings in one source text. A longer match hides the shorter ones inside it."""
    if not is_client(text):
        return []
    language = _LANGUAGES.get(Path(file).suffix.lower(), Language.OTHER)
    starts = [0, *(match.end() for match in re.finditer(r"\n", text))]
    sessions, sdk = _session_spans(text), _uses_package(text)
    found: list[tuple[int, Finding]] = []
    taken: list[range] = []
    for fact, match in _matches(text, language):
        if any(match.start() in span for span in taken):
            continue
        if fact.within is Within.SESSION and not any(match.start() in span for span in sessions):
            continue
        if fact.within is Within.PACKAGE and not sdk:
            continue
        taken.append(range(match.start(), match.end()))
        line = _line_of(match.start(), starts)
        shown = " ".join(match[0].split())
        found.append((match.start(), Finding(file, line, shown, fact.fate, fact.advice_for(language))))
    return [finding for _, finding in sorted(found, key=lambda each: each[0])]


def _matches(text: str, language: Language) -> Iterator[tuple[Fact, re.Match[str]]]:
    for fact in (*PACKAGES, *PROTOCOL):  # earlier ones win where two match at one place
        if fact.languages is None or language in fact.languages:
            for match in fact.pattern.finditer(text):
                yield fact, match


def _uses_package(text: str) -> bool:
    """Whether a client package is imported: only then do the words of its interface have their meaning."""
    return bool(
        re.search(r"@elevenlabs/|@11labs/|\bimport\s+ElevenLabs|io\.elevenlabs|package:elevenlabs|elevenlabs", text)
    )


def _session_spans(text: str) -> list[range]:
    """The arguments of calls that start a session, in which callbacks are passed: from bracket to bracket."""
    spans = []
    for match in re.finditer(
        r"(?:useConversation\w*|startSession|\bConversation|AsyncConversation)\s*\(|<ConversationProvider\b", text
    ):
        opening, closing = ("(", ")") if match[0].endswith("(") else ("<", ">")
        depth, at = 1, match.end()
        while at < len(text) and depth:
            is_arrow = closing == ">" and text[at] == ">" and text[at - 1] == "="  # of `() => ...` in an attribute
            depth += (text[at] == opening) - (text[at] == closing and not is_arrow)
            at += 1
        spans.append(range(match.start(), at))
    return spans


def _line_of(offset: int, starts: list[int]) -> int:
    low, high = 0, len(starts)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if starts[middle] <= offset else (low, middle)
    return low + 1


def _sources(path: Path) -> list[Path]:
    if path.is_dir():
        inside = (each for each in sorted(path.rglob("*")) if each.is_file() and each.suffix.lower() in CODE_ENDINGS)
        return [each for each in inside if not _SKIPPED & set(each.relative_to(path).parts[:-1])]
    if not path.is_file():
        why = "is not a regular file" if path.exists() else "does not exist"
        raise UsageError(f"{path} {why}", hint="give files of client code, or folders", code="no-source")
    return [path]
