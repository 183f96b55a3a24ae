"""`agentops.yaml` into one environment: its variables, its secrets, its rules. `resolve` does the agents."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import time
from pathlib import Path
from typing import Any, get_args

from agentops.closest import closest
from agentops.diagnostics import Diagnostic, Severity, Where
from agentops.document import (
    LABEL_LIMIT,
    LABEL_SIGNS,
    Deploy,
    Environment,
    IgnoredDrift,
    Limits,
    ModelEndpoint,
    OnFailure,
    Secret,
    SecretRef,
)
from agentops.errors import UsageError
from agentops.resources import Address, Ref
from agentops.spec.check import check
from agentops.spec.files import PROJECT_FILE, FileProblem, ProjectFiles
from agentops.spec.hosts import host_of, is_loopback, may_receive_key
from agentops.spec.merge import merge
from agentops.spec.model.project import (
    CalmHoursSpec,
    Day,
    EnvironmentSpec,
    FreezeSpec,
    LimitsSpec,
    LintSpec,
    ModelSpec,
    ProjectSpec,
)
from agentops.spec.model.tools import Tool
from agentops.spec.policies import Policy, read_policies
from agentops.spec.rendering import TreeRenderer
from agentops.spec.scope import Functions, GitFacts, Names, SecretOrigin, Secrets, git_names
from agentops.spec.secret_places import unfit_characters
from agentops.spec.source_text import SourceError
from agentops.spec.template import has_expression
from agentops.spec.template_bounds import Budget
from agentops.spec.template_values import BUDGET
from agentops.spec.tree import Map, Mark, key_place, to_plain, value_place
from agentops.spec.watch_rules import read_watch
from agentops.timing import CalmHours, Freeze, moment_of


@dataclass(slots=True)
class ProjectContext:
    """What every spec of the project is resolved in.

    environment: None when `agentops.yaml` has errors that leave no environment to speak of
    environments: the names of all environments; `defaults` is laid under every spec
    references: what `ref` is in an expression; files behind references are noted in its first argument
    tool_of: the tool that a reference names, where its file has no errors
    """

    files: ProjectFiles
    environ: Mapping[str, str]
    name: str
    environment_name: str
    environments: tuple[str, ...]
    environment: Environment | None
    variables: Names
    secrets: Secrets
    problems: list[Diagnostic]
    defaults: Map | None = None
    passthrough: frozenset[str] = frozenset()
    forgotten: frozenset[str] = frozenset()
    lint: LintSpec | None = None
    references: Callable[[dict[str, None], tuple[Address, ...]], Names] = lambda read, opened: Names("ref", {})
    tool_of: Callable[[Ref], Tool | None] = lambda ref: None
    policies: tuple[Policy, ...] = ()
    budget: Budget = field(default_factory=Budget)


_ROOM_FOR_MARK = 95  # characters that project, environment, key, fingerprint and hash of files take, roughly


def read_context(
    files: ProjectFiles,
    environ: Mapping[str, str],
    environment: str | None,
    *,
    needs_secrets: bool,
    git: GitFacts | None,
) -> ProjectContext | list[Diagnostic]:
    """The project in one environment, or its problems when they leave nothing to work with.

    Raises `UsageError` for an environment that is not there, or whose API key is needed and has no value.
    """
    problems: list[Diagnostic] = []
    try:
        tree, warnings = files.tree(PROJECT_FILE)
    except SourceError as error:
        return [error.diagnostic]
    problems += warnings
    if not isinstance(tree, Map):
        hint = "start with `project: name` and `environments:`; `agentops init` writes an example"
        return [*problems, Diagnostic("not-a-mapping", Severity.ERROR, "the file is empty", hint, Where(PROJECT_FILE))]
    spec, wrong = check(ProjectSpec, tree, lenient=True)
    problems += wrong
    for key in (key for key in ("project", "environments") if tree.get(key) is None):
        hint = f"add `{key}: ...`"
        problems.append(
            Diagnostic("missing-field", Severity.ERROR, f"{key} is missing", hint, Where(PROJECT_FILE), path=key)
        )
    environments = tree.get("environments")
    if not isinstance(environments, Map) or not environments:
        return problems
    name = choose_environment(environment, tree.get("default_environment"), tuple(environments))
    block = environments[name]
    if not isinstance(block, Map):
        block = Map(environments.marks[name])
    problems += _unmet_requirements(environments)
    policies, wrong = read_policies(files, tree, tuple(environments))
    problems += wrong
    reader = _EnvironmentReader(files, environ, name, problems)
    secrets = Secrets(reader.sources(block), environ, is_needed=needs_secrets)
    variables = reader.variables(tree.get("variables"), block.get("variables"), secrets)
    project = str(tree.get("project") or "")
    made = reader.environment(tree, block, environments.marks[name], (variables, secrets, git))
    if needs_secrets and made is not None and made.api_key is not None and not made.api_key.is_revealable:
        missing = next(ref for ref in made.api_key.parts if isinstance(ref, SecretRef) and ref.value is None)
        hint = secrets.how_to_set(missing.name)
        raise UsageError(f"there is no API key for {name}", hint=hint, code="no-key")
    return ProjectContext(
        files, environ, project, name, tuple(environments), made, variables, secrets, problems,
        defaults=tree["defaults"] if isinstance(tree.get("defaults"), Map) else None,
        passthrough=frozenset(spec.passthrough or ()) if spec else frozenset(),
        forgotten=frozenset(spec.forgotten or ()) if spec else frozenset(),
        lint=spec.lint if spec else None,
        policies=policies,
    )  # fmt: skip


def _unmet_requirements(environments: Map) -> Iterator[Diagnostic]:
    """Environments that require one that isn't there, or one that waits for them in turn."""
    wanted = {name: block.get("requires") for name, block in environments.items() if isinstance(block, Map)}
    for name, required in wanted.items():
        if not isinstance(required, str):
            continue
        place = value_place(environments[name].marks["requires"])
        if required not in environments:
            close = closest(required, tuple(environments))
            hint = f"did you mean {close}?" if close else f"{PROJECT_FILE} has: {', '.join(environments)}"
            yield Diagnostic(
                "unknown-environment", Severity.ERROR, f"there is no environment {required!r}", hint, place
            )
            continue
        chain = [name]
        while isinstance(following := wanted.get(chain[-1]), str) and following not in chain:
            chain.append(following)
        if following == name:
            circle = " -> ".join([*chain, name])
            hint = "leave `requires` out of the first environment that a change goes to"
            yield Diagnostic(
                "conflicting-fields", Severity.ERROR, f"environments wait for each other: {circle}", hint, place
            )


def environment_names(root: Path) -> tuple[str, ...]:
    """The environments of the project at `root`, in their order; none when its file can't be read."""
    try:
        tree, _ = ProjectFiles(root).tree(PROJECT_FILE)
    except (SourceError, FileProblem):
        return ()
    environments = tree.get("environments") if isinstance(tree, Map) else None
    return tuple(environments) if isinstance(environments, Map) else ()


def environment_to_name(root: Path) -> str | None:
    """The environment to name with `-e`: one on the emulator, else the first; None where the project has a default."""
    try:
        tree, _ = ProjectFiles(root).tree(PROJECT_FILE)
    except (SourceError, FileProblem):
        return None
    environments = tree.get("environments") if isinstance(tree, Map) else None
    if not isinstance(environments, Map) or len(environments) < 2 or isinstance(tree.get("default_environment"), str):
        return None
    on_emulator = (
        n for n, block in environments.items() if isinstance(block, Map) and block.get("target") == "emulator"
    )
    return next(on_emulator, next(iter(environments)))


def choose_environment(asked: str | None, default: Any, known: tuple[str, ...]) -> str:
    """The environment to work in. Raises `UsageError` when there is none of that name, or none was named."""
    name = asked or (default if isinstance(default, str) else None) or (known[0] if len(known) == 1 else None)
    listed = ", ".join(known)
    if asked is not None and not asked.strip():
        hint = f"a variable of the shell may be empty: use -e NAME with one of: {listed}"
        raise UsageError("-e names no environment: it is empty", hint=hint, code="no-environment")
    if name is None:
        raise UsageError("no environment was named", hint=f"use -e NAME with one of: {listed}", code="no-environment")
    if name not in known:
        close = closest(name, known)
        hint = (f"did you mean {close}? " if close else "") + f"{PROJECT_FILE} has: {listed}"
        raise UsageError(f"there is no environment {name!r}", hint=hint, code="unknown-environment")
    return name


class _EnvironmentReader:
    """Renders one environment block in the order in which its parts need each other."""

    def __init__(self, files: ProjectFiles, environ: Mapping[str, str], name: str, problems: list[Diagnostic]) -> None:
        self.files, self.environ, self.name, self.problems = files, environ, name, problems
        self.budget = Budget()

    def sources(self, block: Map) -> dict[str, SecretOrigin]:
        """Where secrets come from. A literal value is refused for anything but the emulator and this machine."""
        written = block.get("secrets")
        if not isinstance(written, Map):
            return {}
        found: dict[str, SecretOrigin] = {}
        for name, source in written.items():
            if not isinstance(source, Map):
                continue
            parts = {key: source.get(key) for key in ("env", "file", "value") if isinstance(source.get(key), str)}
            if "value" in parts and not self._is_local(block):
                summary = f"the secret {name} is written into the file"
                hint = (
                    "name an environment variable (env) or a file; "
                    "`value` is for the emulator and loopback addresses only"
                )
                place = key_place(written.marks[name])
                self.problems.append(Diagnostic("literal-secret", Severity.ERROR, summary, hint, place))
                parts = {"env": name}  # read on as if the literal were not there, so that it reaches nothing
            if isinstance(path := parts.get("file"), str):
                parts["file"] = str(self.files.root / path)
            found[name] = SecretOrigin(**parts)
        return found

    def _is_local(self, block: Map) -> bool:
        """Whether the environment stays on this machine; its address may come from `env()`, which needs no secret."""
        if block.get("target") == "emulator":
            return True
        written = block.get("base_url")
        if isinstance(written, str) and has_expression(written):
            renderer = TreeRenderer(self.files, {}, [])
            functions = Functions(self.files, self.environ, Secrets({}, {}, is_needed=False), lambda node, _: node)
            renderer.scope = {BUDGET: self.budget, "environment": self.name, "env": functions.env}
            written, _ = renderer.tree(written, block.marks["base_url"])
        return isinstance(written, str) and is_loopback(written)

    def variables(self, shared: Any, own: Any, secrets: Secrets) -> Names:
        """`vars`: those of the project with those of the environment laid over them."""
        base = shared if isinstance(shared, Map) else Map((PROJECT_FILE, 0, 0, PROJECT_FILE, 0, 0))
        over = own if isinstance(own, Map) else Map(base.mark)
        merged = merge(base, over, self.problems, lambda value, _: value)
        renderer = self._renderer({}, secrets)
        rendered, _ = renderer.tree(merged, merged.mark)
        return Names("vars", rendered)

    def _renderer(self, names: Mapping[str, Any], secrets: Secrets) -> TreeRenderer:
        renderer = TreeRenderer(self.files, {}, self.problems)
        functions = Functions(self.files, self.environ, secrets, lambda node, _: renderer.tree(node, node.mark)[0])
        renderer.scope = functions.scope = {
            BUDGET: self.budget,
            "environment": self.name,
            "env": functions.env,
            **names,
        }
        return renderer

    def environment(
        self, tree: Map, block: Map, mark: Mark, known: tuple[Names, Secrets, GitFacts | None]
    ) -> Environment | None:
        """The environment as the rest of the program sees it, or None when its block has errors."""
        variables, secrets, git = known
        for key in ("base_url", "api_key"):
            if key in block and block[key] is None:  # left out, it means the vendor's address, and the default key
                hint = "give it a value, or leave it out"
                place = key_place(block.marks[key])
                self.problems.append(Diagnostic("wrong-format", Severity.ERROR, f"{key} is empty", hint, place))
                return None
        rest = Map(block.mark)
        for key in block:
            if key not in ("variables", "secrets", "deploy", "api_key", "judge", "listen"):
                rest.put(key, block[key], block.marks[key])
        names: dict[str, Any] = {"vars": variables, "secrets": secrets}
        rendered, _ = self._renderer(names, secrets).tree(rest, mark)
        # Validation and plans don't need the key's value, so whoever uses a missing one reports it.
        with_key = self._renderer({**names, "secrets": secrets.unneeded()}, secrets)
        if "api_key" in block:
            rendered.put("api_key", *with_key.tree(block["api_key"], block.marks["api_key"]))
        for key in ("judge", "listen"):
            source = block if key in block else tree
            if key in source:
                rendered.put(key, *with_key.tree(source[key], source.marks[key]))
        if "deploy" in block:
            deploying = self._renderer({**names, "git": git_names(git)}, secrets)
            rendered.put("deploy", *deploying.tree(block["deploy"], block.marks["deploy"]))
        spec, wrong = check(EnvironmentSpec, rendered)
        if spec is not None:
            self._check_label(block)
        known_wrong = {(each.code, each.where) for each in self.problems}
        self.problems += [each for each in wrong if (each.code, each.where) not in known_wrong]
        if spec is None or not self._is_consistent(spec, rendered, mark):
            return None
        watch = read_watch(spec.deploy, rendered, self.problems)
        if watch is None:
            return None
        found = _to_environment(str(tree.get("project") or ""), self.name, spec, variables)
        return replace(found, deploy=replace(found.deploy, watch=watch))

    def _check_label(self, tree: Map) -> None:
        """Warns of what the platform would not keep of a label: characters it refuses, and length beside our mark.

        Only the literal text is checked: what an expression inserts, such as a commit's subject, can't be changed in
        this file.
        """
        written = tree["deploy"].get("label") if isinstance(tree.get("deploy"), Map) else None
        if not isinstance(written, str):
            return
        place = value_place(tree["deploy"].marks["label"])
        literal = re.sub(r"\$\{[{%#].{0,500}?[}%#]\}", " ", written)
        dropped = sorted({each for each in literal if not (each.isascii() and (each.isalnum() or each in LABEL_SIGNS))})
        if dropped:
            summary = f"the platform takes no {' '.join(dropped)} in a label"
            hint = "use letters, digits, spaces and basic punctuation; agentops replaces the rest by spaces"
            self.problems.append(Diagnostic("label-characters", Severity.WARNING, summary, hint, place))
        if len(literal) > LABEL_LIMIT - _ROOM_FOR_MARK:
            summary = f"the label has {len(literal)} characters; {LABEL_LIMIT} are kept, our mark included"
            hint = f"keep it under {LABEL_LIMIT - _ROOM_FOR_MARK} characters"
            self.problems.append(Diagnostic("label-too-long", Severity.WARNING, summary, hint, place))

    def _is_consistent(self, spec: EnvironmentSpec, tree: Map, mark: Mark) -> bool:
        place = value_place(tree.marks["api_key"]) if "api_key" in tree else key_place(mark)
        refs = spec.api_key.parts if isinstance(spec.api_key, Secret) else ()
        if (unfit := unfit_characters(ref for ref in refs if isinstance(ref, SecretRef))) is not None:
            hint = "set the value anew, without line ends: printf '%s' writes none"
            summary = f"{unfit}, which no request can carry"
            self.problems.append(Diagnostic("secret-value", Severity.ERROR, summary, hint, place))
            return False
        if isinstance(spec.api_key, str):
            hint = "write api_key: ${{ secrets.NAME }} and put the key into the environment variable NAME"
            summary = f"the API key of {self.name} is written into the file"
            self.problems.append(Diagnostic("literal-secret", Severity.ERROR, summary, hint, place))
            return False
        for key, model in (("judge", spec.judge), ("listen", spec.listen)):
            if model is not None and isinstance(model.api_key, str):
                hint = "write api_key: ${{ secrets.NAME }} and put the key into the environment variable NAME"
                place = value_place(tree[key].marks["api_key"])
                summary = f"the API key of `{key}` is written into the file"
                self.problems.append(Diagnostic("literal-secret", Severity.ERROR, summary, hint, place))
                return False
        if spec.target is not None and spec.base_url is not None:
            summary = f"{self.name} has both a target and a base_url"
            hint = "`target: emulator` is the embedded emulator; base_url is for one that runs elsewhere"
            self.problems.append(Diagnostic("conflicting-fields", Severity.ERROR, summary, hint, key_place(mark)))
            return False
        if spec.base_url is not None:
            return self._is_address(spec.base_url, spec.hosts or (), value_place(tree.marks["base_url"]))
        return True

    def _is_address(self, url: str, hosts: Sequence[str], place: Where) -> bool:
        """Whether `url` is one that the key may go to."""
        if not url.startswith(("https://", "http://")) or not host_of(url):
            hint = "write it with its scheme, such as https://api.smallest.ai, or leave it out for the vendor's own"
            expected = "a http or https address"
            summary = f"base_url is {url!r}" if url.strip() else "base_url is empty"
            self.problems.append(Diagnostic("wrong-format", Severity.ERROR, summary, hint, place, expected))
            return False
        if not may_receive_key(url, hosts):
            summary = f"the key would go to {host_of(url)}, which is not the platform's"
            hint = f"if that is right, name the host in this environment: `hosts: [{host_of(url)}]`"
            expected = "https to *.smallest.ai, an address of this machine, or a host under `hosts:`"
            self.problems.append(Diagnostic("unknown-host", Severity.ERROR, summary, hint, place, expected))
            return False
        return True


def _to_environment(project: str, name: str, spec: EnvironmentSpec, variables: Names) -> Environment:
    rate = spec.rate_limit.model_dump(exclude_none=True) if spec.rate_limit else {}
    return Environment(
        project=project,
        name=name,
        is_emulator=spec.target == "emulator",
        base_url=spec.base_url,
        api_key=spec.api_key if isinstance(spec.api_key, Secret) else None,
        variables=to_plain(dict(variables)),
        hosts=tuple(spec.hosts or ()),
        is_protected=bool(spec.protected),
        protected_agents=tuple(spec.protected_agents or ()),
        limits=_to_limits(spec.limits or LimitsSpec()),
        deploy=_to_deploy(spec),
        rules=to_plain(spec.rules or {}),
        ignore_drift=tuple(
            IgnoredDrift(each.path, each.reason, each.agent, each.until) for each in spec.ignore_drift or ()
        ),
        judge=_to_endpoint(spec.judge),
        listen=_to_endpoint(spec.listen),
        requires=spec.requires,
        freezes=tuple(_to_freeze(each) for each in spec.freeze or ()),
        calm_hours=_to_calm_hours(spec.calm_hours),
        **rate,
    )


def _to_freeze(spec: FreezeSpec) -> Freeze:
    starts, ends = moment_of(spec.starts, spec.timezone), moment_of(spec.ends, spec.timezone, is_end=True)
    return Freeze(spec.name, spec.reason, starts, ends, spec.timezone)


def _to_calm_hours(spec: CalmHoursSpec | None) -> CalmHours | None:
    if spec is None:
        return None
    days = frozenset(get_args(Day).index(day) for day in spec.days)
    opens, closes = time.fromisoformat(spec.from_), time.fromisoformat(spec.to)
    return CalmHours(opens, closes, days, spec.timezone, spec.reason)


def _to_endpoint(spec: ModelSpec | None) -> ModelEndpoint | None:
    if spec is None:
        return None
    written = spec.model_dump(exclude_none=True, exclude={"base_url", "model", "api_key"})
    key = spec.api_key if isinstance(spec.api_key, Secret) else None
    return ModelEndpoint(spec.base_url, spec.model, key, **written)


def _to_limits(spec: LimitsSpec) -> Limits:
    changed, changed_share = _amount(spec.max_changed)
    archived, archived_share = _amount(spec.max_archived)
    if spec.max_archived is None:  # unlike `max_changed`, left out it is a limit: by default nothing is archived
        archived = Limits().max_archived
    return Limits(changed, changed_share, archived, archived_share)


def _amount(written: int | str | None) -> tuple[int | None, float | None]:
    """(count, share) of a limit, of which at most one is given."""
    if isinstance(written, str):
        return None, float(written.rstrip("%")) / 100
    return written, None


def _to_deploy(spec: EnvironmentSpec) -> Deploy:
    deploy = spec.deploy
    if deploy is None:
        return Deploy()
    return Deploy(
        label=deploy.label or "",
        smoke=deploy.smoke == "live",
        gate_preview=deploy.gate == "preview",
        on_failure=OnFailure(deploy.on_failure or OnFailure.ROLLBACK),
        call_minutes=deploy.call_minutes,
        coverage_floor=float(deploy.coverage.rstrip("%")) / 100 if deploy.coverage is not None else None,
        watch_days=deploy.watch_days or Deploy().watch_days,
    )
