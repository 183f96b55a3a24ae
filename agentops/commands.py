"""Commands of ours as messages name them: in backticks, whole, so that each can be pasted into a shell.

A message names what has to be run and not where: the environment is added where it is known, in one way for all. The
folder of the project is added where it is shown to the one who named it, and nowhere else: a file or a page is read by
others, who have the project in another place.
"""

from __future__ import annotations

import itertools
import re
import shlex

COMMAND = re.compile(r"`agentops ([a-z][^`\n]*)`")
WITHOUT_ENVIRONMENT = frozenset(
    {
        "init",
        "fmt",
        "schema",
        "explain",
        "merge",
        "import elevenlabs",
        "scan-client",
        "emulator",
        "ci files",
        "forget",
        "promote",
        "help",
    }
)
WITHOUT_PROJECT = frozenset(
    {
        "init",
        "schema",
        "explain",
        "merge",
        "import elevenlabs",
        "import atoms",
        "scan-client",
        "emulator",
        "ci ack",
        "ci revert",
        "ci merge-calls",
        "help",
    }
)
_NAMED = re.compile(r"\s(-e|--env|--environment|--help)\b")
_PROJECT_NAMED = re.compile(r"\s(--project|--help)\b")


def in_environment(text: str, environment: str) -> str:
    """`text` with `-e ENVIRONMENT` in every command of it that takes one and names none."""
    return _completed(text, f"-e {shlex.quote(environment)}", WITHOUT_ENVIRONMENT, _NAMED)


def in_project(text: str, folder: str) -> str:
    """`text` with `--project FOLDER` in every command of it that takes one and names none."""
    return _completed(text, f"--project {quoted_path(folder)}", WITHOUT_PROJECT, _PROJECT_NAMED)


def _completed(text: str, option: str, without: frozenset[str], named: re.Pattern[str]) -> str:
    def complete(found: re.Match[str]) -> str:
        command = found[1]
        takes_none = any(command == verb or command.startswith(f"{verb} ") for verb in without)
        return found[0] if takes_none or named.search(command) else f"`agentops {command} {option}`"

    return COMMAND.sub(complete, text)


def quoted_path(path: str) -> str:
    """A path as a shell and the command line behind it take it: one that begins with a dash would be an option."""
    return shlex.quote(f"./{path}" if path.startswith("-") else path)


def named_project(arguments: list[str]) -> str | None:
    """The folder that a command line names with `--project`, the last where it names several."""
    named: str | None = None
    for word, after in itertools.zip_longest(arguments, arguments[1:]):
        if word == "--project":
            named = after
        elif word.startswith("--project="):
            named = word.partition("=")[2]
    return named or None


def named_environment(arguments: list[str]) -> str | None:
    """The environment that a command line names, the last where it names several."""
    return next(reversed(named_environments(arguments)), None)


def named_environments(arguments: list[str]) -> list[str]:
    """Every environment that a command line names, in its order."""
    named: list[str] = []
    for word, after in itertools.zip_longest(arguments, arguments[1:]):
        if word in ("-e", "--env", "--environment") and after is not None:
            named.append(after)
        elif found := re.match(r"(?:--env=|--environment=|-e=?)(?!-)(.+)", word):
            named.append(found[1])
    return named
