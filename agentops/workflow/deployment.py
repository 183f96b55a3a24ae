"""Opens an environment: the project's specs and the account they are deployed to. Every other use case starts here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from agentops.diagnostics import Diagnostic
from agentops.document import DesiredAgent, Environment, Generation, Secret, SecretRef
from agentops.errors import AgentopsError, UsageError
from agentops.net import Exchange, NetOptions
from agentops.plan.concealment import KnownSecrets, known_secrets
from agentops.plan.selection import Selection
from agentops.remote.connect import connect
from agentops.remote.port import Writer
from agentops.scrub import Scrubber
from agentops.settings import Settings
from agentops.spec import Project, load_project
from agentops.spec.hosts import host_of, may_receive_key
from agentops.workflow.selecting import agents_of, as_warnings, deployed_agents, with_unresolved, without_doubtful

EVERYTHING = Selection()
_EMULATOR_KEY = Secret((SecretRef("the emulator's key", "sk_emulator"),))


@dataclass(frozen=True, slots=True)
class Deployment:
    """A project's environment with its account. `agents` are the selected ones, in the project's order.

    left_out:   warnings about agents that a selection by tags may have meant, but whose tags can't be read
    on_read:    called with the number of agents that have been read, and the number of all
    open_other: opens another environment of the project for the agents with these keys; None if there is no other
    """

    project: Project
    agents: tuple[DesiredAgent, ...]
    account: Writer
    api_key: Secret | None
    left_out: tuple[Diagnostic, ...] = ()
    on_read: Callable[[int, int], None] = lambda done, total: None
    open_other: Callable[[str, frozenset[str]], AbstractAsyncContextManager[Deployment]] | None = None

    @property
    def environment(self) -> Environment:
        return self.project.environment

    @property
    def secrets(self) -> KnownSecrets:
        """What must not be shown or written, wherever it stands."""
        return KnownSecrets(known_secrets(self.environment, self.project.agents))

    @property
    def root(self) -> Path:
        return self.project.root

    def narrowed(self, agents: tuple[DesiredAgent, ...]) -> Deployment:
        return replace(self, agents=agents)


@asynccontextmanager
async def open_deployment(
    project: Project,
    settings: Settings,
    *,
    selection: Selection = EVERYTHING,
    changed_since: str | None = None,
    needs_specs: bool = True,
    emulator_url: str | None = None,
    generation: Generation | None = None,
    on_exchange: Callable[[Exchange], None] | None = None,
    on_read: Callable[[int, int], None] = lambda done, total: None,
    on_wait: Callable[[str], None] = lambda text: None,
) -> AsyncIterator[Deployment]:
    """Connects to the project's account, for the selected agents.

    needs_specs:  mistakes in the specs of the selected agents are raised. Without it, agents whose spec can't be used
                  are known by their keys alone, and found by our marks: a rollback must not depend on files
    emulator_url: where the embedded emulator listens, for `target: emulator`

    Raises SpecError for such mistakes, UsageError for a selection that matches nothing or without a key, PlatformError
    if nothing answers.
    """
    left_out: tuple[Diagnostic, ...] = ()
    if needs_specs:
        agents = agents_of(project, selection, changed_since)
    else:
        project = with_unresolved(project, selection)
        agents, left_out = without_doubtful(deployed_agents(project, selection, changed_since), selection)
    project = replace(project, diagnostics=(*as_warnings(project.diagnostics), *left_out))
    environment = project.environment
    key = account_key(environment, settings)
    if not environment.is_emulator:
        # From here on the key is the environment's own, wherever it came from: what is hidden goes by that.
        environment = replace(environment, api_key=key)
        project = replace(project, environment=environment)
    secrets = frozenset((*known_secrets(environment, project.agents), key.reveal()))
    options = replace(net_options(environment), on_exchange=on_exchange, on_wait=on_wait, secrets=secrets)
    base_url = emulator_url or environment.base_url or settings.base_url
    check_host(base_url, environment.hosts)

    def open_other(name: str, keys: frozenset[str]) -> AbstractAsyncContextManager[Deployment]:
        other = load_project(project.root, environ=settings.for_specs, environment=name, needs_secrets=True)
        is_embedded = other.environment.is_emulator and other.environment.base_url is None
        if is_embedded and emulator_url is None:
            hint = "give it a base_url, or let both environments use the emulator"
            raise UsageError(f"{name} is the embedded emulator, which doesn't run now", hint=hint, code="no-emulator")
        url = emulator_url if is_embedded else None
        return open_deployment(other, settings, selection=Selection(keys=keys), emulator_url=url)

    async with await connect(base_url, key, generation=generation, options=options) as account:
        try:
            yield Deployment(project, agents, account, key, left_out, on_read, open_other)
        except Exception as error:
            _scrub_error(error, Scrubber(secrets))
            raise


def _scrub_error(error: BaseException | None, scrubber: Scrubber) -> None:
    """Takes secrets out of an error and of all that led to it, whatever raised it: a traceback shows them all."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        each.args = scrubber.deep(each.args)
        if isinstance(each, AgentopsError):
            each.summary, each.hint = scrubber.text(each.summary), each.hint and scrubber.text(each.hint)
        waiting += [each.__cause__, each.__context__]
        waiting += each.exceptions if isinstance(each, BaseExceptionGroup) else ()


def net_options(environment: Environment) -> NetOptions:
    """The request rate of the environment: its own setting, else the documented tiers. The emulator has no limit."""
    default = NetOptions(requests_per_second=None) if environment.is_emulator else NetOptions()
    return replace(
        default,
        requests_per_second=environment.requests_per_second or default.requests_per_second,
        max_in_flight=environment.max_in_flight or default.max_in_flight,
    )


def check_host(base_url: str, hosts: Collection[str] = ()) -> None:
    """Raises UsageError if the key would go to a host that is neither the platform's, nor local, nor in `hosts`."""
    if not may_receive_key(base_url, hosts):
        host = host_of(base_url)
        raise UsageError(
            f"the key would go to {host or repr(base_url)}, which is not the platform's",
            hint=f"unset SMALLEST_BASE_URL, or name the host in the environment: hosts: [{host or 'HOST'}]",
            code="unknown-host",
        )


def account_key(environment: Environment, settings: Settings) -> Secret:
    """The environment's key, else `SMALLEST_API_KEY`. The emulator accepts any. Raises UsageError if there is none."""
    if environment.is_emulator and environment.api_key is None:
        return _EMULATOR_KEY
    if environment.api_key is not None and environment.api_key.is_revealable:
        return environment.api_key
    if environment.api_key is None and settings.api_key:
        return Secret((SecretRef("SMALLEST_API_KEY", settings.api_key),))
    wanted = environment.api_key.names[0] if environment.api_key and environment.api_key.names else "SMALLEST_API_KEY"
    raise UsageError(
        f"environment {environment.name!r} has no API key: {wanted} is not set",
        hint=f"export {wanted}=sk_..., or point the environment's `api_key` in agentops.yaml to another secret",
        code="no-key",
    )
