"""The files of `tools/`, `knowledge/` and `webhooks/` into what they describe in one environment.

A file is read when it is first asked for, by the project or by a reference in another file, so that files that refer to
each other in a circle are found out where the circle closes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from agentops.closest import closest
from agentops.diagnostics import Diagnostic, Severity, Where, has_errors
from agentops.document import CLEARED, DesiredAgent, Path, Secret
from agentops.errors import UsageError
from agentops.resources import Address, DesiredResource, Kind, Ref, SourceFile
from agentops.spec.check import check
from agentops.spec.environment import ProjectContext, read_context
from agentops.spec.files import FileProblem, ProjectFiles
from agentops.spec.hosts import host_of, is_loopback
from agentops.spec.knowledge import read_source, url_problem
from agentops.spec.layered import Layer, LayeredReader
from agentops.spec.lint_target import ResourceTarget
from agentops.spec.model.resources import MOST_HEADER_VALUE, KnowledgeSpec, ToolSpec, WebhookSpec
from agentops.spec.model.tools import Tool
from agentops.spec.rendering import checked_part, with_passthrough
from agentops.spec.rules import check_tool
from agentops.spec.scope import Names
from agentops.spec.secret_places import encode_secrets
from agentops.spec.source_text import SourceError
from agentops.spec.template import TemplateError
from agentops.spec.tree import Map, Seq, key_place, mark_of, to_document, value_place

RESOURCE_KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")
MODELS: Mapping[Kind, type[ToolSpec] | type[KnowledgeSpec] | type[WebhookSpec]] = {
    Kind.TOOL: ToolSpec,
    Kind.KNOWLEDGE: KnowledgeSpec,
    Kind.WEBHOOK: WebhookSpec,
}
_RESERVED_HEADERS = ("x-signature", "host", "content-length", "content-type", "connection", "transfer-encoding")


class _Referred(Names):
    """`ref.tool`: the tools by key. Naming one reads its file, and notes that it was read."""

    def __init__(self, library: Library, kind: Kind, read: dict[str, None], opened: tuple[Address, ...]) -> None:
        keys = {address.key: address for address in library.addresses if address.kind is kind}
        super().__init__(f"ref.{kind.value}", keys)
        self._library, self._read, self._opened = library, read, opened

    def __getitem__(self, key: str) -> Ref:
        address: Address = self._values[key]
        if address in self._opened:
            circle = " -> ".join(map(str, (*self._opened[self._opened.index(address) :], address)))
            summary = f"resources refer to each other in a circle: {circle}"
            raise TemplateError("reference-cycle", summary, hint="break the circle", needle=key)
        self._read.update(dict.fromkeys(self._library.files_of(address, self._opened)))
        return Ref(address.kind, key)


@dataclass(slots=True)
class Read:
    """One file: what it describes, as rules see it and as everything else does (both None where it has errors), what it
    was merged from, and all that was read for it."""

    address: Address
    resource: DesiredResource | None
    target: ResourceTarget | None
    problems: list[Diagnostic]
    files: tuple[str, ...]
    secrets: tuple[str, ...]
    layers: tuple[Layer, ...]


@dataclass(slots=True)
class Library:
    """All resources of a project in one environment."""

    context: ProjectContext
    _paths: dict[Address, list[str]] = field(default_factory=dict)  # two where there is a .yaml and a .yml
    _read: dict[Address, Read] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for kind in Kind:
            for name in self.context.files.resources(kind.folder):
                address = Address(kind, name.rpartition(".")[0])
                self._paths.setdefault(address, []).append(f"{kind.folder}/{name}")
        self.context.references, self.context.tool_of = self.names, self.tool_of

    @property
    def addresses(self) -> tuple[Address, ...]:
        return tuple(self._paths)

    def names(self, read: dict[str, None], opened: tuple[Address, ...]) -> Names:
        """What `ref` is in an expression. Files behind references are noted in `read`."""
        kinds = (Kind.TOOL, Kind.KNOWLEDGE)
        return Names("ref", {kind.value: _Referred(self, kind, read, opened) for kind in kinds})

    def files_of(self, address: Address, opened: tuple[Address, ...] = ()) -> tuple[str, ...]:
        return self.read(address, opened).files

    def read(self, address: Address, opened: tuple[Address, ...] = ()) -> Read:
        if address not in self._read:
            reader = _READERS[address.kind](self.context, self._paths[address][0], opened=(*opened, address))
            resource = reader.resource(address)
            files = tuple(dict.fromkeys((reader.path, *reader.read)))
            target = reader.target if resource is not None else None
            layers = tuple(reader.layers)
            self._read[address] = Read(address, resource, target, reader.problems, files, tuple(reader.secrets), layers)
        return self._read[address]

    def tool_of(self, ref: Ref) -> Tool | None:
        """The tool that a reference names; None where its file has errors."""
        target = self.read(ref.address).target if ref.kind is Kind.TOOL else None
        return target.spec.definition if target is not None and isinstance(target.spec, ToolSpec) else None

    def resources(self) -> tuple[DesiredResource, ...]:
        """Those without errors, in the order of their kinds and files."""
        found = (self.read(address).resource for address in self.addresses)
        return tuple(resource for resource in found if resource is not None)

    def read_all(self) -> None:
        for address in self.addresses:
            self.read(address)

    def secrets(self) -> Iterator[str]:
        for address in self.addresses:
            yield from self.read(address).secrets

    def problems(self) -> list[Diagnostic]:
        """Everything that is wrong in these files, each by itself and beside each other."""
        found = [problem for address in self.addresses for problem in self.read(address).problems]
        for address, (first, *others) in self._paths.items():
            for other in others:
                summary = f"{first} describes the {address} already"
                found.append(
                    Diagnostic("duplicate-resource", Severity.ERROR, summary, "keep one of the two", Where(other))
                )
        resources = self.resources()
        for kind, what in ((Kind.TOOL, "two tools are called"), (Kind.KNOWLEDGE, "two knowledge bases are called")):
            named = [(each.name, each, ("name",)) for each in resources if each.kind is kind]
            found += _duplicates("duplicate-resource", named, what, "rename one of them")
        webhooks = [each for each in resources if each.kind is Kind.WEBHOOK]
        sent = [(str(each.content["endpoint"]), each, ("endpoint",)) for each in webhooks]
        hint = "put all events of one endpoint into one file: the platform takes an address once"
        found += _duplicates("duplicate-resource", sent, "two webhooks send to", hint)
        subscribed = [(agent, each, ("events", agent)) for each in webhooks for agent in each.content["events"]]
        hint = "name the agent in one file: on the platform, subscribing it to one webhook takes it off every other"
        found += _duplicates("shared-agent", subscribed, "two webhooks name the agent", hint)
        return found


def read_resource(context: ProjectContext, address: Address, files: ProjectFiles) -> DesiredResource | None:
    """What `address` is in the environment of `context` with other files; None where they give no such thing."""
    try:
        other = read_context(files, context.environ, context.environment_name, needs_secrets=False, git=None)
    except (FileProblem, UsageError):
        return None
    if not isinstance(other, ProjectContext):
        return None
    library = Library(other)
    return library.read(address).resource if address in library.addresses else None


def check_agents(
    resources: Sequence[DesiredResource], agents: Sequence[DesiredAgent], others: Sequence[str], environment: str
) -> Iterator[Diagnostic]:
    """An error for each agent that a webhook names and the project does not have. `others` have specs with errors."""
    keys = [*(agent.key for agent in agents), *others]
    for webhook in resources:
        for agent in webhook.content["events"] if webhook.kind is Kind.WEBHOOK else ():
            if agent not in keys:
                close = closest(agent, keys)
                known = ", ".join(sorted(keys)) or "none"
                out = f"environments: {{{environment}: {{events: {{{agent}: null}}}}}}"
                hint = f"did you mean {close}?" if close else f"there is {known}; what is not for here goes by `{out}`"
                summary = f"there is no agent {agent!r} in {environment}"
                yield Diagnostic("unknown-agent", Severity.ERROR, summary, hint, webhook.place_of(("events", agent)))


def _duplicates(
    code: str, named: Sequence[tuple[str, DesiredResource, Path]], what: str, hint: str
) -> Iterator[Diagnostic]:
    """An error for each name that an earlier resource has already; it names both places."""
    seen: dict[str, Where] = {}
    for name, resource, path in named:
        where = resource.place_of(path) or Where(resource.source)
        if name in seen:
            summary = f"{what} {name!r}; the other is at {seen[name]}"
            yield Diagnostic(code, Severity.ERROR, summary, hint, where)
        seen.setdefault(name, where)


@dataclass(slots=True)
class _ResourceReader(LayeredReader):
    """What reading a resource has in common; each kind adds its own checks and its content."""

    target: ResourceTarget | None = None

    def resource(self, address: Address) -> DesiredResource | None:
        if not RESOURCE_KEY.fullmatch(address.key):
            hint = "name the file with lower-case letters, digits and _, so that an expression can name it"
            self._report("bad-key", f"the file's name gives the key {address.key!r}", hint, Where(self.path))
            return None
        written = self._tree(self.path, None)
        if written is None:
            return None
        merged = self._with_overlay(self._with_base(written))
        body = Map(merged.mark)
        for key in merged:
            if key != "extends":
                body.put(key, merged[key], merged.marks[key])
        with self._renderer({}) as (renderer, functions):
            tree, _ = renderer.tree(body, merged.mark)
        self.read.update(functions.read)
        self.asked.update(dict.fromkeys(functions.asked, value_place(merged.mark)))
        spec, wrong = check(MODELS[address.kind], tree, data=checked_part(tree) if renderer.has_extras else tree)
        self.problems += wrong
        if spec is None or has_errors(self.problems):
            return None
        self.target = ResourceTarget(address.name, spec, tree, self.context.files, tuple(self.read), kind=address.kind)
        for path, tool in self.target.tools:
            self.problems += check_tool(self.target, path, tool)
        self.problems += encode_secrets(tree, None)
        settled = with_passthrough(tree) if renderer.has_extras else tree
        found = self._found(address, settled)
        if has_errors(self.problems):
            return None
        self.target.sources = found.files
        return found

    def _found(self, address: Address, tree: Map) -> DesiredResource:
        raise NotImplementedError

    def _problem(self, code: str, summary: str, hint: str, tree: Map, path: Path) -> None:
        mark = mark_of(tree, path)
        self._report(code, summary, hint, value_place(mark) if mark else Where(self.path))


@dataclass(slots=True)
class _ToolReader(_ResourceReader):
    model: ClassVar[Any] = ToolSpec
    folder: ClassVar[str] = Kind.TOOL.folder
    beginning: ClassVar[str] = "`definition:`"

    def _found(self, address: Address, tree: Map) -> DesiredResource:
        content, where = to_document(tree["definition"], {})
        is_in_place = tree.get("in_place") is True
        return DesiredResource(address, content["name"], content, is_in_place, where=where, source=self.path)


@dataclass(slots=True)
class _KnowledgeReader(_ResourceReader):
    model: ClassVar[Any] = KnowledgeSpec
    folder: ClassVar[str] = Kind.KNOWLEDGE.folder
    beginning: ClassVar[str] = "`name:` and `files:` or `urls:`"

    def _found(self, address: Address, tree: Map) -> DesiredResource:
        tree = _emptied(tree)
        files = self._files(tree)
        urls = list(tree.get("urls", ()))
        for index, url in enumerate(urls):
            if url in urls[:index]:
                self._problem("duplicate-file", f"{url} is there twice", "take one out", tree, ("urls", index))
            elif (problem := url_problem(url)) is not None:
                self._problem("bad-url", *problem, tree, ("urls", index))
        if not files and not urls:
            hint = "name a file under `files:` or a page under `urls:`"
            self._problem("empty-knowledge", f"{address} has nothing in it", hint, tree, ())
        content = {"name": tree["name"], "files": {each.name: each.digest for each in files}, "urls": sorted(urls)}
        _, where = to_document(tree, {})
        is_in_place = tree.get("in_place") is True
        return DesiredResource(address, tree["name"], content, is_in_place, files, where, self.path)

    def _files(self, tree: Map) -> tuple[SourceFile, ...]:
        found: dict[str, SourceFile] = {}
        for index, written in enumerate(tree.get("files", ())):
            place = value_place(mark_of(tree, ("files", index)) or tree.mark)
            try:
                source = read_source(self.context.files, self.context.files.inside(written, self.folder))
            except FileProblem as problem:
                self._report(problem.code, problem.summary, problem.hint, place)
                continue
            except SourceError as error:
                self.problems.append(error.diagnostic)
                continue
            self.read[source.path] = None
            if source.name in found:
                summary = f"{source.path} and {found[source.name].path} would both be called {source.name}"
                self._report("duplicate-file", summary, "rename one of them, or take it out", place)
            found[source.name] = source
        return tuple(found.values())


@dataclass(slots=True)
class _WebhookReader(_ResourceReader):
    model: ClassVar[Any] = WebhookSpec
    folder: ClassVar[str] = Kind.WEBHOOK.folder
    beginning: ClassVar[str] = "`endpoint:` and `events:`"

    def _found(self, address: Address, tree: Map) -> DesiredResource:
        tree = _emptied(tree)
        self._check_endpoint(tree)
        self._check_headers(tree)
        for agent, events in tree["events"].items():
            for index, event in enumerate(events):
                if event in events[:index]:
                    summary = f"{agent} is subscribed to {event} twice"
                    self._problem("duplicate-event", summary, "take one out", tree, ("events", agent, index))
        names = ("endpoint", "description", "headers", "events")
        body, where = to_document(tree, {})
        content = {name: body[name] for name in names if name in body}
        content["events"] = {agent: sorted(events) for agent, events in body["events"].items()}
        agents: dict[Path, Where] = {("events", agent): key_place(mark) for agent, mark in tree["events"].marks.items()}
        return DesiredResource(address, address.key, content, where={**where, **agents}, source=self.path)

    def _check_endpoint(self, tree: Map) -> None:
        endpoint = tree["endpoint"]
        text = endpoint.reveal() if isinstance(endpoint, Secret) and endpoint.is_revealable else str(endpoint)
        # Where the URL begins with a secret whose value is not known here, there is no scheme to check yet.
        is_hidden = isinstance(endpoint, Secret) and not text.lower().startswith(("http://", "https://"))
        if not is_hidden and not text.lower().startswith("https://") and not is_loopback(text):
            hint = "write https://...; without it everybody on the way reads what callers said"
            self._problem("insecure-endpoint", f"the endpoint {endpoint} is not https", hint, tree, ("endpoint",))
        elif not is_hidden and (not host_of(text) or re.search(r"\s", text)):
            summary = f"{str(endpoint)!r} is not an address that events can be sent to"
            self._problem("bad-url", summary, "write it with its host: https://host/path", tree, ("endpoint",))

    def _check_headers(self, tree: Map) -> None:
        for name, value in tree.get("headers", {}).items():
            if name.lower() in _RESERVED_HEADERS:
                place = key_place(tree["headers"].marks[name])
                self._report("reserved-header", f"the platform sets the header {name} itself", "take it out", place)
            text = value.reveal() if isinstance(value, Secret) and value.is_revealable else str(value)
            if len(text) > MOST_HEADER_VALUE:
                summary = f"the value of {name} has {len(text)} characters, the platform takes {MOST_HEADER_VALUE}"
                self._problem("too-long", summary, "shorten it", tree, ("headers", name))


def _emptied(tree: Map) -> Map:
    """A knowledge base or a webhook with the empty value in each field that is cleared: it is written as a whole, so
    that unlike an agent's field, an empty one needs no sign of its own."""
    made = Map(tree.mark)
    for name, value in tree.items():
        mark = tree.marks[name]
        if value is CLEARED:
            empty = {"headers": Map(mark), "files": Seq(mark), "urls": Seq(mark)}
            made.put(name, empty.get(name, ""), mark)
        else:
            made.put(name, _emptied(value) if isinstance(value, Map) else value, mark)
    return made


_READERS: Mapping[Kind, type[_ResourceReader]] = {
    Kind.TOOL: _ToolReader,
    Kind.KNOWLEDGE: _KnowledgeReader,
    Kind.WEBHOOK: _WebhookReader,
}
