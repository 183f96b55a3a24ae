"""The entry point: fast answers without imports, then one verb inside the one error boundary.

Known failures end as a message and an exit code, never as a traceback; verbs return their exit code.
"""

from __future__ import annotations

import sys


def main(argv: list[str] | None = None) -> None:
    """Runs the command line and exits the process with the verb's exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    try:
        sys.exit(run(arguments))
    except KeyboardInterrupt:  # before the verb's own boundary stands, or after it has ended
        sys.stderr.write("\ninterrupted\n")
        sys.exit(130)


def run(arguments: list[str]) -> int:
    """Runs one command line and returns its exit code.

    Imports stand where they are needed: `--version`, `--help` and the Tab key must not wait for what verbs load.
    """
    if arguments in (["--version"], ["version"]):
        from agentops import __version__

        sys.stdout.write(f"agentops {__version__}\n")
        return 0
    from agentops.settings import is_completing

    if arguments[:1] == ["help"]:
        arguments = [*arguments[1:], "--help"]

    if arguments in ([], ["--help"], ["-h"]) and not is_completing():
        from agentops.cli.verbs import overview

        sys.stdout.write(overview() + "\n")
        return 0 if arguments else 64
    try:
        from agentops.cli.main import run_verb
        from agentops.cli.streams import safe_streams
        from agentops.commands import named_project
        from agentops.settings import is_on_runner

        with safe_streams(is_on_runner=is_on_runner(), project=named_project(arguments)):
            return run_verb(arguments)
    except ImportError as failure:
        from agentops.installation import install_advice

        summary, command = install_advice(failure)
        sys.stderr.write(f"error: {summary}\n  next: {command}\n")
        return 1


if __name__ == "__main__":
    main()
