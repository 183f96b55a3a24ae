"""The options that verbs share, each defined once, so that they read and behave the same everywhere."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from agentops.cli import completion
from agentops.document import Generation
from agentops.errors import UsageError


class Gate(StrEnum):
    """What must pass before anything goes live."""

    PREVIEW = "preview"


class ProgressFormat(StrEnum):
    """How an apply shows what it is doing, on stderr. TEXT is a live view on a terminal and lines elsewhere."""

    TEXT = "text"
    LINES = "lines"
    JSON = "json"


EnvironmentOption = Annotated[
    str | None,
    typer.Option(
        "-e",
        "--environment",
        "--env",
        metavar="NAME",
        help="The environment; default: the project's own default.",
        autocompletion=completion.environments,
    ),
]
ProjectOption = Annotated[
    Path,
    typer.Option("--project", metavar="DIR", help="Where to look for agentops.yaml, upwards; default: here."),
]
AgentOption = Annotated[
    list[str] | None,
    typer.Option(
        "--agent",
        metavar="KEY",
        help="Only agents with this key or glob; repeatable.",
        autocompletion=completion.agents,
    ),
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="KEY",
        help="Leave out agents with this key or glob; repeatable.",
        autocompletion=completion.agents,
    ),
]
SelectOption = Annotated[
    list[str] | None,
    typer.Option(
        "--select",
        metavar="TAG=VALUE",
        help="Only agents whose spec has this tag; repeatable.",
        autocompletion=completion.tags,
    ),
]
ChangedSinceOption = Annotated[
    str | None,
    typer.Option("--changed-since", metavar="REF", help="Only agents whose files changed since this git reference."),
]
ApiOption = Annotated[
    Generation | None,
    typer.Option("--api", help="The platform's versioning generation; default: detected."),
]
NoInputOption = Annotated[bool, typer.Option("--no-input", help="Never ask; fail where an answer would be needed.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Go ahead without asking.")]
VerboseOption = Annotated[bool, typer.Option("-v", "--verbose", help="Say more about what is being done.")]
ProgressOption = Annotated[
    ProgressFormat,
    typer.Option("--progress", help="How to follow the work on stderr; text: live on a terminal, else lines."),
]
AckOption = Annotated[
    list[str] | None,
    typer.Option(
        "--ack",
        metavar="CODE",
        help="Acknowledge this refusal and go on; repeatable.",
        autocompletion=completion.acknowledgements,
    ),
]
KeysArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[KEY]...", help="Agents by key or glob.", autocompletion=completion.agents),
]


def read_shard(text: str | None) -> tuple[int, int] | None:
    """`2/5` as (2, 5). Raises UsageError."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,4})/(\d{1,4})", text.strip())
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise UsageError(
            f"--shard {text!r} is not I/N, with I from 1 to N", hint="write --shard 2/5 for the second of five"
        )
    return int(match[1]), int(match[2])


class ReportFormat(StrEnum):
    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"


class PageFormat(StrEnum):
    """Of what people read in a terminal or put onto a page, and programs read as well."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


class TextOrJson(StrEnum):
    TEXT = "text"
    JSON = "json"
