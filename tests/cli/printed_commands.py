"""Reads the commands in what is printed, and says of each whether a shell could run it as it stands."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from typing import Any

import typer

from agentops.cli.main import _command_line
from agentops.commands import COMMAND, named_environment

OPTION = re.compile(r"`(--?[a-z][a-z-]*)")


@cache
def command_line() -> Any:
    return _command_line()


def commands_in(text: str) -> list[str]:
    """Every command that the text names, without the program's own name."""
    return COMMAND.findall(text)


def wrong_with(command: str) -> str | None:
    """Why `agentops COMMAND` could not be run; None where it could."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        return f"the shell refuses it: {error}"
    if words[:1] == ["help"]:
        words = [word for word in words[1:] if word != "VERB"]
    if not words:
        return None
    try:
        _parse(command_line(), "agentops", words, None)
    except typer.Exit:  # --help and --version
        return None
    except typer.TyperException as error:
        return str(getattr(error, "format_message", error.__str__)())
    return None


def require_pasteable(text: str, environment: str | None) -> None:
    """Fails for a command in `text` that can't be run, or forgets the environment of the one that printed it."""
    for command in commands_in(text):
        assert (problem := wrong_with(command)) is None, f"agentops {command}: {problem}"
        is_told = "--help" in command or re.match(r"apply [^-]", command)  # a plan file knows its environment
        if environment is not None and takes_environment(command) and not is_told:
            assert named_environment(command.split()), f"agentops {command} forgets -e {environment}"


def _parse(command: Any, name: str, words: list[str], parent: Any) -> None:
    context = command.make_context(name, list(words), parent=parent)
    if hasattr(command, "list_commands"):
        sub, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        _parse(found, sub, rest, context)


def takes_environment(command: str) -> bool:
    """Whether the verb of the command has `-e`."""
    return takes_option(command, "-e")


def takes_option(command: str, option: str) -> bool:
    """Whether the verb of the command has the option."""
    found = command_line()
    for word in shlex.split(command):
        if not hasattr(found, "list_commands"):
            break
        found = found.get_command(typer.Context(found), word) or found
    return any(option in each.opts for each in getattr(found, "params", ()))


def every_command() -> list[str]:
    """Every verb that can be run, with its own verb where it has some."""

    def below(command: Any, name: str) -> Iterator[str]:
        if not hasattr(command, "list_commands"):
            yield name
            return
        context = typer.Context(command)
        for each in command.list_commands(context):
            yield from below(command.get_command(context, each), f"{name} {each}".strip())

    return list(below(command_line(), ""))


@cache
def every_option() -> frozenset[str]:
    def options(command: Any) -> Iterator[str]:
        for each in command.params:
            yield from (*each.opts, *each.secondary_opts)
        if hasattr(command, "list_commands"):
            context = typer.Context(command)
            for name in command.list_commands(context):
                yield from options(command.get_command(context, name))

    return frozenset({*options(command_line()), "-h", "--help", "--install-completion", "--show-completion"})
