"""`agentops scan-client`: what replaces the ElevenLabs calls in client code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from agentops.cli.options import TextOrJson
from agentops.cli.output import stdout_style
from agentops.errors import ExitCode
from agentops.importers.scan_client import scan_files
from agentops.render.scan.json import scan_json
from agentops.render.scan.text import scan_text


def scan_client(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Client code, or folders of it.")],
    output_format: Annotated[TextOrJson, typer.Option("--format", help="How to print it.")] = TextOrJson.TEXT,
) -> int:
    """Scan client code for ElevenLabs events, headers and calls, and say per line what replaces each."""
    scanned = scan_files(files)
    sys.stdout.write(scan_json(scanned) if output_format is TextOrJson.JSON else scan_text(scanned, stdout_style()))
    return ExitCode.DONE
