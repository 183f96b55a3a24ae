"""The behaviour files of a project, checked with its other files: the emulator reads them, and nothing else of ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from agentops.closest import closest
from agentops.diagnostics import Diagnostic, Severity, Where
from agentops.emulator.behaviour.behaviours import Behaviour, BehaviourError, read_behaviour
from agentops.emulator.store.database import EmulatorError
from agentops.spec import find_root
from agentops.spec.files import FileProblem, ProjectFiles
from agentops.spec.project import with_sources
from agentops.spec.source_text import SourceError
from agentops.spec.tree import key_place, mark_of

if TYPE_CHECKING:
    from agentops.workflow.validating import Validation

_DESCRIBED = "`agentops schema behaviour` describes what it may hold"


def with_behaviours(found: Validation, start: Path) -> Validation:
    """`found`, and what is wrong in the behaviour files of the project around `start`."""
    return replace(found, diagnostics=(*found.diagnostics, *check_behaviours(find_root(start))))


def check_behaviours(root: Path) -> tuple[Diagnostic, ...]:
    """Every problem of the project's behaviour files, with its place."""
    files = ProjectFiles(root)
    paths = sorted((root / "agents/behaviours").glob("*.yaml"))
    return with_sources(
        [each for path in paths for each in _check(files, path, path.relative_to(root).as_posix())], files
    )


def _check(files: ProjectFiles, path: Path, name: str) -> Iterator[Diagnostic]:
    try:
        tree, _ = files.tree(name)
        read_behaviour(path)
    except SourceError as error:
        yield error.diagnostic
    except BehaviourError as error:
        for at, why in error.problems:
            # The nearest place that the file has: what is missing has none of its own.
            mark = next((mark for end in range(len(at), 0, -1) if (mark := mark_of(tree, at[:end]))), None)
            where = key_place(mark) if mark else Where(name)
            yield Diagnostic(
                "behaviour-file", Severity.ERROR, *_in_our_words(at, why), where=where, path=".".join(map(str, at))
            )
    except (EmulatorError, FileProblem) as error:
        yield Diagnostic("behaviour-file", Severity.ERROR, str(error), _DESCRIBED, Where(name))


def _in_our_words(at: tuple[str | int, ...], why: str) -> tuple[str, str]:
    """What is wrong, in our words, and what to do."""
    path = ".".join(map(str, at)) or "the file"
    if why.startswith("Extra inputs"):
        schema = Behaviour.model_json_schema()
        parts = (schema, *schema["$defs"].values())
        near = closest(at[-1], sorted({name for part in parts for name in part.get("properties", ())}))
        return f"there is no field `{at[-1]}` here ({path})", f"did you mean `{near}`?" if near else _DESCRIBED
    message = why.removeprefix("Value error, ")
    return f"{path}: {message[:1].lower()}{message[1:]}", _DESCRIBED
