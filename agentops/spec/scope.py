"""What an expression can name: variables, the environment, secrets, files and, in a label only, the commit."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import asdict, dataclass
from typing import Any

from agentops.closest import closest
from agentops.credentials import is_secret_variable
from agentops.diagnostics import Where
from agentops.document import SecretRef
from agentops.resources import Kind
from agentops.spec.files import AGENTS, FileProblem, ProjectFiles
from agentops.spec.origins import FileText, TracedText, found_again
from agentops.spec.source_text import SourceError, place_at
from agentops.spec.template import SecretValue, TemplateError, UndefinedNameError, compile_text, has_expression
from agentops.spec.template_values import BUDGET, to_text

SHORT_SECRET = 6  # characters; anything shorter may be part of an ordinary word


@dataclass(frozen=True, slots=True)
class GitFacts:
    """The commit that is deployed, for labels. All empty outside of a git checkout."""

    sha: str = ""
    short_sha: str = ""
    subject: str = ""
    branch: str = ""
    author: str = ""
    committed_at: str = ""
    is_dirty: bool = False


class Names(Mapping[str, Any]):
    """A group of names such as `vars`; `label` is how messages call it."""

    def __init__(self, label: str, values: Mapping[str, Any]) -> None:
        self.label = label
        self._values = values

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(frozen=True, slots=True)
class SecretOrigin:
    """Where the value of one secret comes from: an environment variable, a file, or the project file itself."""

    env: str | None = None
    file: str | None = None
    value: str | None = None


class Secrets(Mapping[str, SecretValue]):
    """`secrets.NAME`: any name, from the environment variable of that name unless a source is given.

    Expressions get names; `reference` gives those who have rendered them what is written to the platform. Notes which
    names are used. With `is_needed`, a secret without a value is an error where it is used.
    """

    label = "secrets"

    def __init__(self, sources: Mapping[str, SecretOrigin], environ: Mapping[str, str], *, is_needed: bool) -> None:
        self._sources = sources
        self._environ = environ
        self.is_needed = is_needed
        self._known: dict[str, SecretRef] = {}
        self._noted: dict[str, None] = {}

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.isidentifier() and name.isascii()

    def __getitem__(self, name: str) -> SecretValue:
        self.reference(name)
        return SecretValue(name)

    def reference(self, name: str) -> SecretRef:
        """The secret with its value. Raises TemplateError when it has none and is needed."""
        self._noted[name] = None
        if name not in self._known:
            source = self._sources.get(name, SecretOrigin(env=name))
            value = self._value(source)
            if not value and self.is_needed:
                summary = f"the secret {name} has no value here"
                raise TemplateError("missing-secret", summary, hint=self.how_to_set(name), needle=name)
            self._known[name] = SecretRef(name, value or None)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)

    def known(self, also: Iterable[str] = ()) -> tuple[SecretRef, ...]:
        """Every secret that has a value: declared, noted here, `also` these, and what an environment variable holds
        whose name says that it is one. A spec that used it may be gone, and the platform still holds the value."""
        names = {*self._sources, *self._noted, *also}
        found = {name: self._value(self._sources.get(name, SecretOrigin(env=name))) for name in names}
        found |= {name: value for name, value in self._environ.items() if is_secret_variable(name, value)}
        return tuple(SecretRef(name, value) for name, value in sorted(found.items()) if value)

    def variables(self, also: Iterable[str] = ()) -> set[str]:
        """The environment variables that hold secrets: those with a source, those noted here, and `also` these."""
        noted = {*self._noted, *also}
        sources = [self._sources.get(name, SecretOrigin(env=name)) for name in {*noted, *self._sources}]
        return {source.env for source in sources if source.env} | noted

    def variable_of(self, name: str) -> str | None:
        """The environment variable that one secret comes from; None when it is in a file or in the project itself."""
        return self._sources.get(name, SecretOrigin(env=name)).env

    def noting(self, names: dict[str, None]) -> Secrets:
        """The same secrets, noting in `names` what is used through them."""
        noting = copy(self)
        noting._noted = names
        return noting

    def unneeded(self) -> Secrets:
        """The same secrets, but one without a value is no error."""
        return Secrets(self._sources, self._environ, is_needed=False)

    def short(self) -> list[str]:
        """The names of the used secrets whose value is so short that it can't be told from ordinary text."""
        return [name for name, ref in self._known.items() if ref.value and len(ref.value) < SHORT_SECRET]

    def how_to_set(self, name: str) -> str:
        """What to do about a secret that has no value."""
        source = self._sources.get(name, SecretOrigin(env=name))
        if source.file is not None:
            return f"put the value into the file {source.file}"
        return f"set the environment variable {source.env}, or name another source under `secrets:` in agentops.yaml"

    def source_of(self, name: str) -> str:
        """Where the value of a secret comes from, without the value."""
        source = self._sources.get(name, SecretOrigin(env=name))
        if source.value is not None:
            return "a literal in agentops.yaml"
        return f"the file {source.file}" if source.file is not None else f"the environment variable {source.env}"

    def _value(self, source: SecretOrigin) -> str | None:
        if source.value is not None:
            return source.value
        if source.env is not None:
            return self._environ.get(source.env)
        try:
            with open(source.file or "", encoding="utf-8") as stream:
                return stream.read(65536).rstrip("\r\n")  # editors and `echo` end a file with a line end
        except (OSError, ValueError):
            return None


class Functions:
    """`file`, `yaml` and `env`: what an expression can call. One per spec, so that it knows what the spec has read.

    `read` lists the project paths that were read, `asked` the environment variables.
    """

    def __init__(
        self,
        files: ProjectFiles,
        environ: Mapping[str, str],
        secrets: Secrets,
        render_tree: Callable[[Any, Mapping[str, Any]], Any],
        folder: str = AGENTS,
    ) -> None:
        self._files = files
        self._environ = environ
        self._secrets = secrets
        self._render_tree = render_tree
        self._folder = folder  # that paths are relative to
        self._open: list[str] = []
        self._texts: list[FileText] = []
        self.scope: Mapping[str, Any] = {}
        self.read: dict[str, None] = {}
        self.asked: dict[str, None] = {}

    def names(self) -> dict[str, Any]:
        return {"file": self.file, "yaml": self.yaml, "env": self.env}

    def file(self, path: str) -> FileText:
        """The text of a file below the project, rendered."""
        text: FileText = self._enter("file", path, self._render_file)
        self._texts.append(text)
        return text

    def yaml(self, path: str) -> Any:
        """The data of a YAML file below the project, rendered, with its own marks."""
        return self._enter("yaml", path, lambda found: self._render_tree(self._files.tree(found)[0], self.scope))

    def env(self, name: str, default: Any = None) -> Any:
        """An environment variable that is no secret."""
        if not isinstance(name, str):
            raise TemplateError("bad-expression", "env() takes a name in quotes", hint="write env('NAME', 'default')")
        if name in self._secrets.variables():
            raise secret_in_env(name)
        self.asked[name] = None
        value = self._environ.get(name, default)
        if value is None:
            hint = f"set it, or give a default: env('{name}', 'value')"
            summary = f"the environment variable {name} is not set"
            raise TemplateError("undefined-variable", summary, hint=hint, needle=name)
        return value

    def _enter(self, function: str, path: str, work: Callable[[str], Any]) -> Any:
        """Runs `work` on the project path of `path`, guarding against files that read each other in a circle."""
        if not isinstance(path, str):
            hint = f"write {function}('prompts/name.md')"
            raise TemplateError("bad-expression", f"{function}() takes a path in quotes", hint=hint, needle=function)
        try:
            found = self._files.inside(path, self._folder)
            if found in self._open:
                circle = " -> ".join([*self._open[self._open.index(found) :], found])
                raise FileProblem("file-cycle", f"files read each other in a circle: {circle}", "break the circle")
            self._open.append(found)
            self.read[found] = None
            try:
                return work(found)
            finally:
                self._open.pop()
        except FileProblem as problem:
            raise TemplateError(problem.code, problem.summary, hint=problem.hint, needle=path) from None
        except SourceError as error:
            found_at = error.diagnostic
            raised = TemplateError(found_at.code, found_at.summary, hint=found_at.hint or "")
            raised.where = found_at.where
            raise raised from None

    def _render_file(self, path: str) -> FileText:
        text = self._files.text(path)
        if not has_expression(text):
            return FileText(text, path)
        try:
            read, self._texts = self._texts, []
            try:
                # A secret inside stays in its half-made form, so that the text around this one can take it up.
                made = compile_text(text)(self.scope)
                traced = made if isinstance(made, TracedText) else found_again(text, str(made), self._texts)
                return FileText(traced, path, traced.origins)
            finally:
                self._texts = read
        except TemplateError as error:
            place = functools.partial(place_in, text, path)
            first, *rest = every_error(error, text, self.scope, lambda each, skip: place(each, skip=skip))
            first.more = rest
            raise first from None


def secret_in_env(name: str) -> TemplateError:
    return TemplateError(
        "secret-in-env",
        f"env('{name}') would put a secret into the document as plain text",
        hint=f"write ${{{{ secrets.{name} }}}}",
        needle=name,
    )


def every_error(
    error: TemplateError, text: str, scope: Mapping[str, Any], place: Callable[[TemplateError, int], Where]
) -> list[TemplateError]:
    """The errors of all expressions of a text whose rendering ended with `error`, each with its place.

    `place` finds an error in the source; it gets how many expressions of the text come before.
    """
    if "${%" in text or "${#" in text:
        is_placed = error.where is not None or error.needle is not None
        error.where = error.where or place(error, 0)
        others = _between_statements(text, scope, place)
        places = {(each.where, each.summary) for each in others}
        is_among = (error.where, error.summary) in places or (
            not is_placed and any(each.summary == error.summary for each in others)
        )
        more = [each for each in error.more if (each.where, each.summary) not in places]
        return [*([] if is_among else [error]), *more, *others]
    # An error that has its place is from a file that was read: reading it again would find the same, at twice the cost.
    found = [error, *error.more] if error.where is not None else []
    for skip, expression in enumerate(_EXPRESSION.findall(text)):
        if error.where is not None and _READS.search(expression):
            continue
        try:
            to_text(compile_text(expression)(scope))
        except TemplateError as each:
            if each.where is None:
                each.line = None  # it counts from the beginning of the expression, `place` from that of the text
                each.where = place(each, skip)
            found += [each, *each.more]
    if not found:
        error.where = place(error, 0)
        return [error]
    return found


def _between_statements(
    text: str, scope: Mapping[str, Any], place: Callable[[TemplateError, int], Where]
) -> list[TemplateError]:
    """What is wrong, as far as it is certain: statements decide what of the text is rendered at all.

    Inside of a statement an expression is only read; outside of all, it is rendered, too.
    """
    found: dict[Where | None, TemplateError] = {}
    depth = 0
    for tag in _TAG.finditer(text):
        is_statement = tag[0].startswith("${%")
        word = tag["word"] if is_statement else ""
        depth -= word.startswith("end")
        try:
            if is_statement:
                compile_text(_ALONE.get(word, "{}").format(tag[0]) if not word.startswith(("end", "el")) else "")
            elif not tag[0].startswith("${#"):
                rendered = compile_text(tag[0])
                if depth == 0 and _is_of_scope(tag[0], scope):
                    to_text(rendered(scope))
        except TemplateError as each:
            each.line, each.needle = text.count("\n", 0, tag.start()) + 1, each.needle or tag[0]
            each.where = each.where or place(each, 0)
            found.setdefault(each.where, each)
        depth += word in _ALONE
    return list(found.values())


def _is_of_scope(expression: str, scope: Mapping[str, Any]) -> bool:
    """Whether it is about a name of the project: a statement may have made any other."""
    named = re.match(r"\$\{\{\s*([A-Za-z_]\w*)", expression)
    return named is not None and named[1] in scope and not _READS.search(expression)


# None holds its own beginning, so that one without an end is not looked for in all that follows, again and again.
_TAG = re.compile(
    r"\$\{\{(?:(?!\$\{\{).)*?\}\}|\$\{%-?\s*+(?P<word>\w*+)(?:(?!\$\{%).)*?%\}|\$\{#(?:(?!\$\{#).)*?#\}", re.S
)
_ALONE = {"if": "{}${{% endif %}}", "for": "{}${{% endfor %}}"}  # what makes a whole of a statement that opens a block
_EXPRESSION = re.compile(r"\$\{\{(?:(?!\$\{\{).)*?\}\}", re.S)
_READS = re.compile(r"\b(?:file|yaml)\(")


def place_in(text: str, file: str, error: TemplateError, line: int = 0, column: int = 0, *, skip: int = 0) -> Where:
    """Where in `text` the expression is wrong, looking from `line` and `column` (from 0) on, behind `skip` others."""
    lines = text.split("\n")
    start = sum(len(each) + 1 for each in lines[:line]) + column
    if error.line is not None and error.line > 1:
        start = max(start, sum(len(each) + 1 for each in lines[: line + error.line - 1]))
    for _ in range(skip):
        start = text.find("${{", start) + 1
    found = text.find("${", start)
    found = start if found < 0 else found
    if error.needle:
        position = _word(text, error.needle, found)
        found = position if position >= 0 else found
    return place_at(text, found, file)


def _word(text: str, needle: str, start: int) -> int:
    """The position of `needle` as a whole word, from `start` on; -1 when it is not there."""
    while (position := text.find(needle, start)) >= 0:
        end = position + len(needle)
        before, after = text[position - 1 : position], text[end : end + 1]
        if not (before.isalnum() or before == "_") and not (after.isalnum() or after == "_"):
            return position
        start = position + 1
    return -1


def hint_for(error: TemplateError, scope: Mapping[str, Any]) -> str:
    """The hint of an error; for an undefined name the closest one that exists."""
    if error.hint or not isinstance(error, UndefinedNameError):
        return error.hint
    names = [name for name in (scope if error.owner is None else error.owner) if name != BUDGET]
    if error.owner is None and error.name in ("item", "row", "it") and "each" in scope:
        return "what `for_each` goes through is called `each`"
    close = closest(error.name, names)
    prefix = f"{error.owner.label}." if isinstance(error.owner, Names) else ""
    if close:
        return f"did you mean {prefix}{close}?"
    if isinstance(error.owner, Names) and error.owner.label == "ref":  # there is no kind of resource of that name
        if error.name == Kind.WEBHOOK.value:
            return "nothing refers to a webhook: it names its agents itself, under `events:` of its file"
        kinds = [kind for kind, keys in error.owner.items() if error.name in keys]
        written = " or ".join(f"ref.{kind}.{error.name}" for kind in kinds) or "ref.tool.KEY or ref.knowledge.KEY"
        return f"write {written}"
    if isinstance(error.owner, Names) and error.owner.label.startswith("ref."):
        folder = Kind(error.owner.label.removeprefix("ref.")).folder
        return f"describe it in {folder}/{error.name}.yaml; known: {', '.join(sorted(names)) or 'none'}"
    if isinstance(error.owner, Names) and error.owner.label == "vars":
        return f"define it under `variables:` in agentops.yaml; known: {', '.join(sorted(names)) or 'none'}"
    known = ", ".join(sorted(str(name) for name in names)[:12]) or "none"
    return f"known here: {known}; a call-time variable is written {{{{{error.name}}}}} without the $"


def git_names(facts: GitFacts | None) -> Names:
    return Names("git", asdict(facts or GitFacts()))
