"""Finds the verb, runs it, and turns every way it can end into a message on stderr and an exit code."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import typer
from typer.completion import get_completion_script, install  # type: ignore[attr-defined]  # not in its __all__
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from agentops.cli.instead import meant_option, meant_verb, place_of, removed_or_foreign
from agentops.cli.verbs import overview, verbs
from agentops.commands import in_environment, named_environment, named_environments
from agentops.credentials import is_secret_variable
from agentops.errors import AgentopsError, ExitCode, LocalError, PlatformError, SpecError, UsageError
from agentops.installation import is_of_installation, outdated_advice
from agentops.render.diagnostics.text import diagnostics_text
from agentops.scrub import Scrubber
from agentops.settings import COMPLETING, is_completing, is_debugging, read_settings

_SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")


class LazyGroup(TyperGroup):
    """The verbs as a command group that imports a verb's module only when that verb runs or is completed."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        return list(verbs())

    is_listing = False  # whether verbs are only named, for which their line in the table is enough

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]
        entry = verbs().get(cmd_name)
        if entry is None:
            return None
        target, summary = entry
        return TyperCommand(cmd_name, help=summary) if self.is_listing else load_verb(cmd_name, target)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        self.is_listing = True
        try:
            return super().shell_complete(ctx, incomplete)
        finally:
            self.is_listing = False

    def get_help(self, ctx: Any) -> str:
        return overview()


def load_verb(name: str, target: str) -> Any:
    """The verb's command, built from its function (or its own `typer.Typer`) in the module the table names."""
    module, _, attribute = target.partition(":")
    verb = getattr(importlib.import_module(module), attribute)
    if isinstance(verb, typer.Typer):
        command: Any = get_group(verb)
        command.name = name
        return command
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(name)(verb)
    return get_command(app)


def _command_line() -> Any:
    """All verbs, and typer's own options that install shell completion or show it."""
    app = typer.Typer(
        cls=LazyGroup,
        rich_markup_mode=None,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},  # every verb inherits it
    )
    app.callback()(lambda: None)
    return get_command(app)


def _complete_in(option: str, shell: str) -> int:
    """Completion for a shell by its name. Typer's own option takes no name where it can detect the shell, and detects
    none in a container or a service."""
    if shell not in _SHELLS:
        _say(f"error: there is no completion for {shell!r}")
        _say(f"  next: name one of {', '.join(_SHELLS)}")
        return ExitCode.USAGE
    if option == "--show-completion":
        sys.stdout.write(get_completion_script(prog_name="agentops", complete_var=COMPLETING, shell=shell) + "\n")
    else:
        _, path = install(shell=shell, prog_name="agentops", complete_var=COMPLETING)
        _say(f"Completion is installed in {path}: it works in the next shell that you start.")
    return ExitCode.DONE


def run_verb(arguments: list[str]) -> int:
    """Runs the command line `arguments` and returns the exit code; prints what a failure has to say."""
    if arguments and not arguments[0].startswith("-") and arguments[0] not in verbs():
        return _unknown_verb(arguments[0])
    if len(arguments) == 2 and arguments[0] in ("--show-completion", "--install-completion"):
        return _complete_in(*arguments)
    try:
        # Typer would let the last one win without a word.
        if len(named := dict.fromkeys(named_environments(arguments))) > 1:
            raise UsageError(f"-e names several environments: {', '.join(named)}", hint="name one")
        command = _command_line()
        if is_completing():
            return int(command.main(arguments, prog_name="agentops", standalone_mode=False) or 0)
        # Not `main`: it turns Ctrl-C into an exit code that can't be distinguished from a verb's own.
        with command.make_context("agentops", arguments) as context:
            result = command.invoke(context)
        sys.stdout.flush()
    except typer.Exit as ended:
        return ended.exit_code
    except typer.TyperException as failure:
        if type(failure).__name__ == "NoArgsIsHelpError":  # its text is the help
            _say(str(failure))
            return ExitCode.USAGE
        return _misused(failure, arguments)
    except (typer.Abort, KeyboardInterrupt):
        _say("\ninterrupted" if sys.stderr.isatty() else "interrupted")  # the terminal shows ^C where it stood
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`agentops plan | head`): say nothing more, on any stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.FAILED
    except AgentopsError as failure:
        return _explain(failure, named_environment(arguments))
    except OSError as failure:
        return _explain(LocalError.of(failure), None)
    except ImportError as failure:
        if is_of_installation(failure):
            raise  # reported by whoever imports this module, which may be the one that can't be imported
        return _own_up(failure)
    except Exception as bug:  # noqa: BLE001 - the boundary: a defect of ours still ends in one line and exit code 1
        return _own_up(bug)
    return int(result or 0)


def _unknown_verb(name: str) -> int:
    meant = meant_verb(name)
    _say(f"error: there is no verb {name!r}")
    _say(f"  next: did you mean `agentops {meant}`?" if meant else "  next: `agentops --help` lists the verbs")
    return ExitCode.USAGE


def _misused(failure: typer.TyperException, arguments: list[str]) -> int:
    """Typer's complaint in our words, with what was likely meant."""
    verb, context = arguments[0], getattr(failure, "ctx", None)
    option = getattr(failure, "option_name", "")
    if (removed := removed_or_foreign(arguments, option)) is not None:
        environment = named_environment(arguments)
        _say(f"error: {in_environment(removed, environment) if environment else removed}")
        return ExitCode.USAGE
    message = str(failure) if option else getattr(failure, "format_message", failure.__str__)()
    _say(f"error: {message.replace('Value error, ', '')}")
    if option and context is not None:
        known = [name for each in context.command.params for name in (*each.opts, *each.secondary_opts)]
        meant = meant_option(option, known)
    else:
        extra = [word for word in arguments[1:] if f"({word})" in str(failure)]
        meant = place_of(extra[0], verb, Path()) if extra else None
    where = context.command_path if context is not None else f"agentops {verb}"
    _say(f"  next: did you mean `{meant}`?" if meant else f"  next: `{where} --help`")
    return ExitCode.USAGE


def _explain(failure: AgentopsError, environment: str | None) -> int:
    if isinstance(failure, SpecError):
        _say(diagnostics_text(failure.diagnostics))
    _say(f"error: {failure.summary}")
    if isinstance(failure, PlatformError) and failure.request:
        request_id = f" (request id {failure.request_id})" if failure.request_id else ""
        _say(f"  while: {failure.request}{request_id}")
    acknowledgement = getattr(failure, "acknowledgement", None)
    if failure.hint:
        _say(f"  next: {in_environment(failure.hint, environment) if environment else failure.hint}")
    if acknowledgement:
        _say(f"  to go on all the same: --ack {acknowledgement}")
    return failure.exit_code


def _own_up(bug: Exception) -> int:
    if (outdated := outdated_advice()) is not None:  # which fails in ways that look like a defect of ours
        _say(f"error: {outdated[0]}")
        _say(f"  next: {outdated[1]}")
        return ExitCode.FAILED
    _say(f"internal error: {type(bug).__name__}; this is a bug in agentops, not in your files")
    _say("  next: run it again with AGENTOPS_DEBUG=1 for the traceback and report that")
    if is_debugging():
        secrets = [value for name, value in read_settings().environ.items() if is_secret_variable(name, value)]
        _say(Scrubber(secrets).text("".join(traceback.format_exception(bug))))
    return ExitCode.FAILED


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
