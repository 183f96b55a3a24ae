"""Commands of ours as messages name them: in backticks, whole, so that each can be pasted into a shell.

A message names what has to be run and not where: the environment is added where it is known, in one way for all.
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
_NAMED = re.compile(r"\s(-e|--env|--environment|--help)\b")


def in_environment(text: str, environment: str) -> str:
    """`text` with `-e ENVIRONMENT` in every command of it that takes one and names none."""

    def complete(found: re.Match[str]) -> str:
        command = found[1]
        names_none = any(command == verb or command.startswith(f"{verb} ") for verb in WITHOUT_ENVIRONMENT)
        if names_none or _NAMED.search(command):
            return found[0]
        return f"`agentops {command} -e {shlex.quote(environment)}`"

    return COMMAND.sub(complete, text)


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
