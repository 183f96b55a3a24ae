"""The findings of a client scan: per line what was found and what replaces it, as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from agentops.importers.clients.fact import Fate
from agentops.importers.scan_client import Scan
from agentops.render.style import PLAIN, Style, plural

_ROLES = {Fate.REPLACE: "change", Fate.CHANGE: "change", Fate.DELETE: "remove", Fate.NOTHING: "bad"}


def scan_text(scan: Scan, style: Style = PLAIN) -> str:
    """One line per finding, then the advice below it, then the counts."""
    return "\n".join(_lines(scan, style)) + "\n"


def _lines(scan: Scan, style: Style) -> Iterator[str]:
    for finding in scan.findings:
        fate = style.paint(finding.fate.value, _ROLES[finding.fate])
        yield f"{finding.file}:{finding.line}: {finding.found}  [{fate}]"
        yield from style.wrap(finding.advice, "    ")
    for file in scan.unread:
        yield f"{file}: not read (no UTF-8 text, or too large)"
    counts = Counter(finding.fate for finding in scan.findings)
    fates = ", ".join(f"{counts[fate]} {fate.value}" for fate in Fate if counts[fate])
    places, files, clients = len(scan.findings), len(scan.files), len(scan.clients)
    yield f"{plural(files, 'file')} read, {clients or 'none'} with ElevenLabs agents; " + (
        f"{plural(places, 'place')}: {fates}" if places else "nothing found"
    )
