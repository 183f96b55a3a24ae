"""The project's files: read once, only from inside the project, and kept with their text for diagnostics."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from agentops.closest import closest
from agentops.diagnostics import Diagnostic
from agentops.spec.hidden import control_character
from agentops.spec.source_events import read_yaml
from agentops.spec.source_text import MAX_BYTES, SourceError, decode, place_at

PROJECT_FILE = "agentops.yaml"
AGENTS = "agents"
# Looked for in the raw bytes, because listing the specs must not take parsing all of them.
_TABLE = re.compile(rb"""^for_each:[ \t]+["']?([^\s"'#{\[]{1,200}\.ya?ml)""", re.M)
_ASIDE = ("prompts", "calls", "behaviours")  # folders of agents/ that hold no specs


class FileProblem(Exception):
    """A file that can't be read. It has no place: what is reported is where the file was named."""

    def __init__(self, code: str, summary: str, hint: str) -> None:
        super().__init__(summary)
        self.code, self.summary, self.hint = code, summary, hint


class ProjectFiles:
    """Reads below `root`. Paths are relative to it, with forward slashes, and so are the names in marks."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._resolved = root.resolve()
        self._inside: dict[str, bool] = {}
        self._texts: dict[str, str] = {}
        self._trees: dict[str, tuple[Any, list[Diagnostic]]] = {}
        self.digests: dict[str, str] = {}  # of what was read, kept when it is forgotten; see `sources`

    def text(self, path: str) -> str:
        """The text of a file. Raises `FileProblem` when it can't be had and `SourceError` when it is no text."""
        if path not in self._texts:
            text = decode(self._read(path), path)
            if not path.endswith((".yaml", ".yml")) and (position := control_character(text)) >= 0:
                where = place_at(text, position, path)
                summary = f"the character U+{ord(text[position]):04X} is a control character, which no text needs"
                raise SourceError("control-character", summary, where, hint="remove it")
            self._texts[path] = text
        return self._texts[path]

    def forget(self, path: str) -> None:
        """Lets go of what was read of one file: the trees of a large project would fill the memory."""
        self._texts.pop(path, None)
        self._trees.pop(path, None)

    def forget_all(self) -> None:
        """Lets go of everything but the project file, which later diagnostics point into."""
        self._texts = {path: text for path, text in self._texts.items() if path == PROJECT_FILE}
        self._trees = {path: tree for path, tree in self._trees.items() if path == PROJECT_FILE}

    def tree(self, path: str) -> tuple[Any, list[Diagnostic]]:
        """The marked document of a YAML file and the warnings about it. Raises as `text` does."""
        if path not in self._trees:
            self._trees[path] = read_yaml(self.text(path), path)
        return self._trees[path]

    def known_text(self, path: str) -> str:
        """The text of a file that was read before, else nothing."""
        return self._texts.get(path, "")

    def line(self, path: str, number: int) -> str | None:
        """One line of a file, from 1; None when it can't be had."""
        try:
            lines = self.text(path).split("\n")
        except (FileProblem, SourceError):
            return None
        return lines[number - 1] if 0 < number <= len(lines) else None

    def inside_agents(self, path: str) -> str:
        """The project path of a path that a spec writes relative to `agents/`. Raises `FileProblem`."""
        return self.inside(path, AGENTS)

    def inside(self, path: str, base: str = "") -> str:
        """`path`, relative to `base`, as a project path. Raises `FileProblem` when it leaves the project."""
        if not path or "\\" in path or "\0" in path or path.startswith("/"):
            hint = f"write a path relative to {f'{base}/' if base else 'the project'}, with forward slashes"
            raise FileProblem("bad-path", f"{path!r} is not a path inside the project", hint)
        parts: list[str] = [base] if base else []
        for part in path.split("/"):
            if part in ("", "."):
                continue
            if part != "..":
                parts.append(part)
            elif parts:
                parts.pop()
            else:
                raise FileProblem("bad-path", f"{path!r} leaves the project", "keep every file inside the project")
        found = "/".join(parts)
        if any(part in (".git", ".agentops") or part.startswith(".env") for part in found.split("/")):
            hint = "keep what is deployed in files of its own; a secret is written ${{ secrets.NAME }}"
            raise FileProblem("bad-path", f"{found} holds keys or history, not text to deploy", hint)
        return found

    def exists(self, path: str) -> bool:
        return os.path.isfile(os.path.join(self.root, path))

    def specs(self) -> list[str]:
        """The spec files: `agents/**/*.yaml` outside of prompts/, calls/, behaviours/ and names that start with _."""
        found: list[str] = []
        for folder, folders, names in os.walk(self.root / AGENTS):
            base = Path(folder).relative_to(self.root).as_posix()
            is_top = base == AGENTS
            folders[:] = [
                each for each in folders if not each.startswith((".", "_")) and not (is_top and each in _ASIDE)
            ]
            found += [f"{base}/{name}" for name in names if name.endswith((".yaml", ".yml")) and name[0] not in "._"]
        tables = {table for path in found for table in self._tables_of(path)}
        return sorted(path for path in found if path not in tables)

    def resources(self, folder: str) -> list[str]:
        """The names of the files in `tools/`, `knowledge/` or `webhooks/` that describe a resource each."""
        try:
            names = os.listdir(self.root / folder)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return _descriptions(names)

    def below(self, folder: str) -> list[str]:
        """The project paths of all files in a folder, but for names, of folders too, that begin with . or _."""
        found: list[str] = []
        for here, folders, names in os.walk(self.root / folder):
            folders[:] = [each for each in folders if each[0] not in "._"]
            base = Path(here).relative_to(self.root).as_posix()
            found += [f"{base}/{name}" for name in names if name[0] not in "._"]
        return sorted(found)

    def content(self, path: str, most: int) -> bytes:
        """The bytes of a file that is no text, cut one byte above `most`. Raises `FileProblem`."""
        return self._read(path, most)

    def _tables_of(self, path: str) -> Iterator[str]:
        """The YAML files that a spec makes its agents from with `for_each`: beside the specs, they are none."""
        try:
            written = _TABLE.findall(_content(f"{self.root}/{path}")) if self._is_regular(path) else []
        except OSError:
            return  # reported when the spec is read
        for name in written:
            try:
                yield self.inside_agents(name.decode("utf-8", "replace"))
            except FileProblem:
                continue

    def _is_regular(self, path: str) -> bool:
        return stat.S_ISREG(os.stat(f"{self.root}/{path}").st_mode)

    def _read(self, path: str, most: int = MAX_BYTES) -> bytes:
        target = f"{self.root}/{path}"
        try:
            if not self._stays_inside(target):
                hint = "a link must not lead out of the project"
                raise FileProblem("bad-path", f"{path} leads out of the project", hint)
            if not self._is_regular(path) and not os.path.isdir(target):
                raise FileProblem("bad-path", f"{path} is not a regular file", "a pipe, socket or device holds no text")
            return _content(target, most)
        except IsADirectoryError:
            raise FileProblem("missing-file", f"{path} is a folder", "name a file in it") from None
        except FileNotFoundError:
            raise FileProblem("missing-file", f"{path} does not exist", self.nearby(path)) from None
        except OSError as error:
            hint = "make the file readable"
            raise FileProblem("missing-file", f"{path} can't be read: {error.strerror}", hint) from None

    def _stays_inside(self, target: str) -> bool:
        """Whether the file is below the root with every link followed. Folders are looked at once."""
        folder = target.rpartition("/")[0]
        if folder not in self._inside:
            self._inside[folder] = Path(folder).resolve().is_relative_to(self._resolved)
        if os.path.islink(target):
            return Path(target).resolve().is_relative_to(self._resolved)
        return self._inside[folder]

    def nearby(self, path: str) -> str:
        """What to do about a file that is not there: the closest name beside it, if any."""
        target = self.root / path
        folder = target.parent
        names = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
        close = closest(target.name, names, cutoff=0.6)
        if close:
            return f"did you mean {(folder / close).relative_to(self.root).as_posix()}?"
        top, inside, _ = path.partition("/")
        return f"create the file, or correct the path{f' (paths are relative to {top}/)' if inside else ''}"


class PastFiles(ProjectFiles):
    """The files as a commit has them: `names`, and by `content_of` what is in each, None where that can't be had."""

    def __init__(self, root: Path, names: Iterable[str], content_of: Callable[[str], bytes | None]) -> None:
        super().__init__(root)
        self._names = frozenset(names)
        self._content_of = content_of

    def exists(self, path: str) -> bool:
        return path in self._names

    def resources(self, folder: str) -> list[str]:
        names = (path.removeprefix(f"{folder}/") for path in self._names if path.startswith(f"{folder}/"))
        return _descriptions(name for name in names if "/" not in name)

    def _read(self, path: str, most: int = MAX_BYTES) -> bytes:
        data = self._content_of(path) if path in self._names else None
        if data is None:
            raise FileProblem("missing-file", f"{path} is not in that commit", "look at a later one")
        return data[: most + 1]


def _descriptions(names: Iterable[str]) -> list[str]:
    """Those of the files in a folder that describe a resource each."""
    return sorted(name for name in names if name.endswith((".yaml", ".yml")) and name[0] not in "._")


def _content(target: str, most: int = MAX_BYTES) -> bytes:
    """The bytes of a file, cut one byte above the limit. `os.read` takes half the time of a stream."""
    # Without O_BINARY, Windows would turn CRLF into LF while reading.
    descriptor = os.open(target, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        data = os.read(descriptor, most + 1)
        while 0 < len(data) <= most and (more := os.read(descriptor, most + 1 - len(data))):
            data += more
        return data
    finally:
        os.close(descriptor)


__all__ = ["AGENTS", "PROJECT_FILE", "FileProblem", "PastFiles", "ProjectFiles"]
