"""Writes console edits back into the project's files. Comments, order, expressions and `file()` references stay.

Every edit is checked by reading the spec again: the field must have its live value, and no other field may have
changed. An edit that can't be written like that is returned as a patch for a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from agentops.diagnostics import Where
from agentops.document import DesiredAgent, Path, Secret, path_text
from agentops.fields import NATURAL_KEYS
from agentops.importers.atoms.defaults import without_tool_defaults
from agentops.importers.atoms.restore_expressions import restore_expressions
from agentops.importers.atoms.secret_references import SecretReferences
from agentops.importers.atoms.shared import SharedFiles
from agentops.importers.atoms.specs import SpecWriter, in_tool_order
from agentops.importers.files import unified
from agentops.importers.yaml_text import block_lines, flow_text, literal
from agentops.plan.canonical import canonical, without
from agentops.plan.concealment import Concealer, KnownSecrets, Piece, spelled
from agentops.plan.diff import diff, value_at
from agentops.plan.model import AgentChange, ChangedBy, Drift, FieldChange
from agentops.plan.names import hide_in_path
from agentops.plan.references import with_fingerprints
from agentops.resources import DesiredResource, Ref
from agentops.spec.environment import ProjectContext, read_context
from agentops.spec.files import PROJECT_FILE, ProjectFiles
from agentops.spec.resolve import Resolved, SpecReader
from agentops.spec.resources import Library
from agentops.spec.source_edit import Writers, add_entry, add_item, node_at, remove_entry, remove_item, set_value
from agentops.spec.source_events import read_yaml
from agentops.spec.template import has_expression
from agentops.spec.tree import Map, Mark, mark_of

WRITERS = Writers(block_lines, flow_text)
MISSING: Any = object()
SECRET_NAME = "a name there holds a secret: give it another one in the console, and replace the secret"
_REFERENCE = re.compile(r"\$\{\{\s*ref\.[a-z]+\.\w+\s*\}\}")


@dataclass(frozen=True, slots=True)
class Written:
    """A field that was written into a file. `elsewhere`: other environments in which the agent changes as well."""

    agent: str
    path: Path
    file: str
    elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unwritten:
    """A field that a person must write: why, where, and the difference as a patch."""

    agent: str
    path: Path
    why: str
    where: Where | None
    patch: str = ""


@dataclass(frozen=True, slots=True)
class Pulled:
    """The outcome: changed files by project path (before, after), what was written, and what was not."""

    files: Mapping[str, tuple[str, str]]
    written: tuple[Written, ...]
    unwritten: tuple[Unwritten, ...]
    secrets: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


class _CannotWriteError(Exception):
    """The reason why a field stays unwritten."""


class _EditedFiles(ProjectFiles):
    """The project's files with some of them edited in memory."""

    def __init__(self, root: FilePath, edited: Mapping[str, str]) -> None:
        super().__init__(root)
        self._edited = edited

    def resources(self, folder: str) -> list[str]:
        added = (path.removeprefix(f"{folder}/") for path in self._edited if path.startswith(f"{folder}/"))
        return sorted({*super().resources(folder), *(name for name in added if "/" not in name)})

    def text(self, path: str) -> str:
        return self._edited[path] if path in self._edited else super().text(path)


@dataclass(slots=True)
class Puller:
    """Edits the files of one project in memory.

    takes_conflicts: fields that changed on both sides get the live value
    others:          the project's other environments
    overlays:        an edit that would change those goes into the environment's own block instead
    users:           project path -> keys of the agents that read the file
    agents:          keys of the project's agents
    secrets:         value -> name, of all secrets that are known: they are written as references, and never shown
    known:           those and the key of the account, for which there is no reference: never shown, never written
    """

    root: FilePath
    environ: Mapping[str, str]
    environment: str
    takes_conflicts: bool = False
    others: tuple[str, ...] = ()
    overlays: bool = False
    users: Mapping[str, frozenset[str]] = field(default_factory=dict)
    edited: dict[str, str] = field(default_factory=dict)
    original: dict[str, str] = field(default_factory=dict)
    written: list[Written] = field(default_factory=list)
    unwritten: list[Unwritten] = field(default_factory=list)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    known: KnownSecrets = field(default_factory=KnownSecrets, repr=False)
    resources: Sequence[DesiredResource] = ()
    agents: frozenset[str] = frozenset()
    shared: SharedFiles = field(default_factory=SharedFiles)
    _references: dict[str, SecretReferences] = field(default_factory=dict)

    def add(self, shared: SharedFiles) -> None:
        """Adds files for the tools and knowledge bases that somebody gave to agents in the console."""
        self.shared = shared
        self.original |= dict.fromkeys(shared.files, "")
        self.edited |= shared.files

    def pull(self, change: AgentChange) -> None:
        """Writes what was changed outside git on one agent."""
        desired, observed = change.desired, change.observed and self.shared.with_references(change.observed)
        if desired is None or observed is None or observed.live is None or observed.live.document is None:
            return
        live = observed.live.document
        if change.drift is Drift.RENAMED:
            self._pull_field(desired, ("name",), observed.listing.name, None, metadata=True)
        # Where an item got a secret for its name, the one that it had before is gone, and must not go from git alone.
        named = {each.exact_path[:-1] for each in change.fields if each.exact is not None}
        for each in change.fields:
            if each.is_immediate or not self._is_theirs(change, each):
                continue
            is_gone = raw_at(live, each.exact_path) is MISSING
            if each.exact is not None or (is_gone and each.path[:-1] in named):
                self._leave_unwritten(desired, each, live, SECRET_NAME)
                continue
            if each.changed_by is ChangedBy.BOTH and not self.takes_conflicts:
                self._leave_unwritten(desired, each, live, "changed here and there; --theirs takes the live value")
                continue
            self._pull_field(desired, each.exact_path, raw_at(live, each.exact_path), live)

    def result(self) -> Pulled:
        kept = {path for path in self.shared.files if self._is_referred(path)}
        edited = {path: text for path, text in self.edited.items() if path in kept or path not in self.shared.files}
        files = {path: (self.original[path], text) for path, text in edited.items() if text != self.original[path]}
        secrets = [name for name, place in self.shared.secrets.items() if place.partition(": ")[0] in kept]
        remarks = tuple(self.shared.remarks)
        return Pulled(files, tuple(self.written), tuple(self.unwritten), (*self._new_secrets(), *secrets), remarks)

    def _is_referred(self, path: str) -> bool:
        """Whether a reference to the new file was written, without which nobody needs it."""
        references = [ref.reference for ref in self.shared.references.by_id.values() if ref.address.file == path]
        return any(each in text for each in references for file, text in self.edited.items() if file != path)

    def _new_secrets(self) -> tuple[str, ...]:
        """The names of secrets that files refer to now, and for which no environment has a value yet."""
        texts = "".join(text for path, text in self.edited.items() if text != self.original[path])
        names = [name for each in self._references.values() for name in each.secrets]
        return tuple(name for name in names if f"secrets.{name} " in texts)

    def _concealer(self, desired: DesiredAgent) -> Concealer:
        return Concealer(self.known, desired.config, desired.metadata)

    def _references_of(self, desired: DesiredAgent) -> SecretReferences:
        concealer = self._concealer(desired)

        def is_hidden(piece: Piece) -> bool:
            return piece.may_be_reference and concealer.is_hidden(piece.text)

        return self._references.setdefault(desired.key, SecretReferences(desired.key, is_hidden, self.secrets))

    def _with_stand_ins(self, desired: DesiredAgent, path: Path, value: Any) -> Any:
        """`value` with stand-ins for its secrets. Raises `_CannotWriteError` where no reference can be."""
        references = self._references_of(desired)
        references.doubtful.clear()
        made = references.stand_in(path, value)
        if references.doubtful or self.known.deep(made) != made:
            raise _CannotWriteError("it holds a secret, and a spec can't refer to one there")
        return made

    def _is_theirs(self, change: AgentChange, each: FieldChange) -> bool:
        """Whether the field was changed in the console; on an agent that we never deployed, every field was."""
        return change.drift is Drift.UNMANAGED or each.changed_by in (ChangedBy.CONSOLE, ChangedBy.BOTH)

    # -- one field

    def _pull_field(
        self, desired: DesiredAgent, path: Path, value: Any, live: Mapping[str, Any] | None, *, metadata: bool = False
    ) -> None:
        before = dict(self.edited)
        full = path if metadata else ("config", *path)
        resolved = self._resolve(desired, self.environment)
        others_before = self._in_other_environments(desired)
        try:
            if resolved is None:
                raise _CannotWriteError("the spec can't be read any more")
            with_stand_ins = self._with_stand_ins(desired, path, value)
            file = self._edit(resolved, full, with_stand_ins)
            affected = self._changed_environments(others_before, desired)
            if affected and self.overlays:
                self.edited = dict(before)
                file, affected = self._overlay(resolved, full, with_stand_ins), ()
            self._check(resolved, self._resolve(desired, self.environment), path, live)
        except _CannotWriteError as reason:
            self.edited = before
            old = raw_at(resolved.target.tree, full) if resolved else MISSING
            where = desired.place_of(path)
            patch = self._patch(desired, path, old, value)
            self.unwritten.append(Unwritten(desired.key, self._shown_path(path), str(reason), where, patch))
        else:
            self.written.append(Written(desired.key, path, file, affected))

    def _leave_unwritten(self, desired: DesiredAgent, each: FieldChange, live: Mapping[str, Any], why: str) -> None:
        path = each.exact_path
        patch = self._patch(desired, path, raw_at(desired.config, path), raw_at(live, path))
        self.unwritten.append(Unwritten(desired.key, self._shown_path(path), why, desired.place_of(path), patch))

    def _shown_path(self, path: Path) -> Path:
        return hide_in_path(path, self.known)

    def _patch(self, desired: DesiredAgent, path: Path, old: Any, new: Any) -> str:
        """The difference for a person to apply, without the values of secrets."""
        if isinstance(old, Secret) or isinstance(new, Secret):
            return ""
        shown = spelled(self._concealer(desired).conceal(path, new))
        return unified(_shown(spelled(old)), _shown(shown), path_text(self._shown_path(path)))

    def _edit(self, resolved: Resolved, path: Path, value: Any) -> str:
        """Edits the file in which the value at `path` is written, and returns that file. Raises `_CannotWriteError`."""
        old = raw_at(resolved.target.tree, path)
        if isinstance(old, Secret):
            raise _CannotWriteError("the spec refers to a secret, and the live value is another one")
        if old is MISSING:
            return self._add(resolved, path, value)
        if value is MISSING:
            return self._remove(resolved, path)
        mark = _mark(resolved.target.tree, path)
        if self._is_fragment(mark[3], resolved):
            return self._override(resolved, path, mark, value)
        file = self._unshared(mark[3], resolved.target.key)
        if not file.endswith((".yaml", ".yml")):
            return self._write_text(file, old, value)
        return self._apply(file, lambda text: self._set(text, (mark[4], mark[5]), old, value))

    def _set(self, text: str, place: tuple[int, int], old: Any, value: Any) -> str | None:
        node = node_at(text, place)
        if node is None:
            return None
        written = _REFERENCE.sub("", text[node.start : node.end])  # the new value has its references again, too
        if not node.is_scalar and "${" in written:
            raise _CannotWriteError("the list holds an expression")
        if not node.is_scalar or not has_expression(written):
            return set_value(text, place, literal_tree(value), WRITERS)
        woven = restore_expressions(node.text, old, value) if isinstance(old, str) and isinstance(value, str) else None
        if woven is None:
            raise _CannotWriteError(f"the value comes from {node.text.strip()}; change it where that is defined")
        return set_value(text, place, woven, WRITERS)

    def _is_fragment(self, file: str, resolved: Resolved) -> bool:
        """Whether a value is in a YAML file that other agents use as well: it is overridden instead of edited."""
        is_shared = bool(self.users.get(file, frozenset()) - {resolved.target.key}) or file == PROJECT_FILE
        return is_shared and file.endswith((".yaml", ".yml")) and file != resolved.agent.source

    def _override(self, resolved: Resolved, path: Path, mark: Mark, value: Any) -> str:
        """Writes a value into the agent's own spec that overrides the one of a shared fragment."""
        node = node_at(self.text_of(mark[3]), (mark[4], mark[5]))
        if node is None or "${" in self.text_of(mark[3])[node.start : node.end]:
            raise _CannotWriteError(f"the value is an expression in {mark[3]}, which serves other agents, too")
        if any(isinstance(raw_at(resolved.target.tree, path[:end]), list) for end in range(1, len(path))):
            raise _CannotWriteError(f"the list is written in {mark[3]}, which serves other agents, too")
        return self._write_in_spec(resolved, path, value, f"it is written in {mark[3]}, which serves other agents, too")

    def _overlay(self, resolved: Resolved, path: Path, value: Any) -> str:
        """Writes a value into the environment's own block of the spec, so that the other environments keep theirs."""
        why = f"it would change other environments, and the block of {self.environment} can't say it"
        if value is MISSING or any(
            isinstance(raw_at(resolved.target.tree, path[:end]), list) for end in range(1, len(path))
        ):
            raise _CannotWriteError(why)
        self._unshared(resolved.agent.source, resolved.target.key)
        return self._write_in_spec(resolved, ("environments", self.environment, *path), value, why)

    def _write_in_spec(self, resolved: Resolved, path: Path, value: Any, why_not: str) -> str:
        """Adds `path` to the agent's own spec, inside the part of it that is there already."""
        source = resolved.agent.source
        own, _ = read_yaml(self.text_of(source), source)
        depth = 0
        while depth < len(path) - 1 and isinstance(inner := own.get(path[depth]), Map):
            own, depth = inner, depth + 1
        if path[depth] in own or not all(isinstance(part, str) for part in path[depth:]):
            raise _CannotWriteError(why_not)
        nested = literal_tree(value)
        for part in reversed(path[depth + 1 :]):
            nested = {part: nested}
        place = (own.mark[1], own.mark[2])
        return self._apply(source, lambda text: add_entry(text, place, str(path[depth]), nested, WRITERS))

    def _write_text(self, file: str, old: Any, value: Any) -> str:
        if not isinstance(old, str) or not isinstance(value, str):
            raise _CannotWriteError(f"{file} holds text, and the live value is none")
        woven = restore_expressions(self.text_of(file), old, value.replace("\r\n", "\n").replace("\r", "\n"))
        if woven is None:
            raise _CannotWriteError(f"the change touches an expression in {file}")
        return self._apply(file, lambda _: woven)

    def _add(self, resolved: Resolved, path: Path, value: Any) -> str:
        parent = path[:-1]
        holder = raw_at(resolved.target.tree, parent)
        if value is MISSING or not isinstance(holder, dict | list):
            raise _CannotWriteError(f"the spec has no {path_text(parent[1:])} to add it to")
        mark = _mark(resolved.target.tree, parent)
        file = self._unshared(mark[3], resolved.target.key)
        place = (mark[4], mark[5])
        if path[-2:-1] == ("tools",) and isinstance(value, dict):
            value = in_tool_order(without_tool_defaults(value))
        shaped = SpecWriter(resolved.target.key, self.environment).shaped(value, path_text(path))
        if isinstance(holder, list):
            return self._apply(file, lambda text: add_item(text, place, shaped, WRITERS))
        return self._apply(file, lambda text: add_entry(text, place, str(path[-1]), shaped, WRITERS))

    def _remove(self, resolved: Resolved, path: Path) -> str:
        parent = path[:-1]
        mark = _mark(resolved.target.tree, parent)
        file = self._unshared(mark[3], resolved.target.key)
        place = (mark[4], mark[5])
        if isinstance(raw_at(resolved.target.tree, parent), list):
            item = _mark(resolved.target.tree, path)
            if item[3] != file:
                raise _CannotWriteError(f"the item is written in {item[3]}")
            return self._apply(file, lambda text: remove_item(text, place, (item[4], item[5])))
        return self._apply(file, lambda text: remove_entry(text, place, str(path[-1])))

    def _apply(self, file: str, edit: Callable[[str], str | None]) -> str:
        changed = edit(self.text_of(file))
        if changed is None:
            raise _CannotWriteError(f"{file} is written in a way that can't be edited safely")
        self.original.setdefault(file, self.text_of(file))
        for references in self._references.values():
            changed = references.restored(changed)
        self.edited[file] = changed
        return file

    def _unshared(self, file: str, key: str) -> str:
        """`file`, if no other agent would change with it. Raises `_CannotWriteError` otherwise."""
        others = self.users.get(file, frozenset()) - {key}
        if file == PROJECT_FILE or others:
            shared = ", ".join(sorted(others)) or "every agent"
            raise _CannotWriteError(f"it is written in {file}, which also serves {shared}")
        return file

    # -- reading

    def files(self) -> ProjectFiles:
        """The project as it is edited so far."""
        return _EditedFiles(self.root, self.edited)

    def text_of(self, file: str) -> str:
        return self.files().text(file)

    def _in_other_environments(self, desired: DesiredAgent) -> dict[str, Any]:
        """The agent's name and configuration in each other environment, as the files are now."""
        found = {name: self._resolve(desired, name) for name in self.others}
        return {n: (each.agent.name, canonical(each.agent.config)) for n, each in found.items() if each is not None}

    def _changed_environments(self, before: Mapping[str, Any], desired: DesiredAgent) -> tuple[str, ...]:
        """The other environments in which the agent differs from what it was `before`."""
        now = self._in_other_environments(desired)
        return tuple(name for name, old in before.items() if name not in now or now[name] != old)

    def _resolve(self, desired: DesiredAgent, environment: str) -> Resolved | None:
        context = read_context(self.files(), self.environ, environment, needs_secrets=False, git=None)
        if not isinstance(context, ProjectContext):
            return None
        Library(context)
        return next(
            (each for each in SpecReader(context, desired.source).resolve() if each.target.key == desired.key), None
        )

    def _check(self, before: Resolved, after: Resolved | None, path: Path, live: Mapping[str, Any] | None) -> None:
        """Raises `_CannotWriteError` unless the edit gave the field its live value, and changed no other field."""
        if after is None:
            raise _CannotWriteError("the spec would not be valid any more")
        if live is None:
            return
        old = with_fingerprints(before.agent, self.resources).config
        new = with_fingerprints(after.agent, self.resources).config
        moved = [d.path for d in diff(canonical(old), canonical(new)) if d.path[: len(path)] != path]
        if any(path[: len(each)] != each for each in moved):
            raise _CannotWriteError("writing it would change other fields, too")
        form = canonical(live, new)
        wanted = canonical(without(new, ()), new)
        if value_at(form, path) != value_at(wanted, path):
            raise _CannotWriteError("it would not come out as it is live")


def users_of(agents: Sequence[DesiredAgent]) -> dict[str, frozenset[str]]:
    """Project path -> the keys of the agents that read the file."""
    users: dict[str, set[str]] = {}
    for agent in agents:
        for file in agent.files:
            users.setdefault(file, set()).add(agent.key)
    return {file: frozenset(keys) for file, keys in users.items()}


def raw_at(tree: Any, path: Path) -> Any:
    """The value at `path`, in which items of keyed lists go by their key; `MISSING` if there is none."""
    name: str | int = ""
    for part in path:
        if isinstance(tree, dict) and part in tree:
            tree = tree[part]
        elif isinstance(tree, list) and (item := _item(tree, name, part)) is not None:
            tree = item
        else:
            return MISSING
        name = part
    return tree


def _item(items: list[Any], name: str | int, part: str | int) -> Any:
    if isinstance(part, int):
        return items[part] if part < len(items) else None
    key = NATURAL_KEYS.get(str(name))
    return next((item for item in items if isinstance(item, dict) and key and item.get(key) == part), None)


def _mark(tree: Map, path: Path) -> Mark:
    mark = mark_of(tree, path)
    if mark is None:
        raise _CannotWriteError("its place in the files is not known")
    return mark


def literal_tree(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: literal_tree(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [literal_tree(inner) for inner in value]
    if isinstance(value, Ref):
        return value.reference
    return literal(value) if isinstance(value, str) else value


def _shown(value: Any) -> str:
    if value is MISSING:
        return ""
    lines = block_lines(value) if not isinstance(value, str) else value.rstrip("\n").split("\n")
    return "\n".join(lines) + "\n"
