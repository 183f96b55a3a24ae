"""What calls in an environment need: its account, the models that judge and listen, and the secrets to scrub."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

from agentops.calls.baseline import NO_BASELINE, Baseline
from agentops.calls.judge import Judge
from agentops.calls.model_client import ModelClient
from agentops.calls.report import NO_USAGE, Usage
from agentops.calls.run import Wiring
from agentops.calls.script import Script
from agentops.calls.selection import estimate_model
from agentops.document import Environment, ModelEndpoint
from agentops.errors import RefusedError, UsageError
from agentops.scrub import Scrubber, secret_values
from agentops.workflow.deployment import Deployment


@asynccontextmanager
async def open_wiring(
    deployment: Deployment, scripts: Iterable[Script], baseline: Baseline = NO_BASELINE
) -> AsyncIterator[Wiring]:
    """Opens everything that calls by `scripts` need. Raises UsageError for a model's key without a value."""
    environment, scripts = deployment.environment, list(scripts)
    judge = model = transcribe = None
    async with AsyncExitStack() as stack:
        if environment.judge is not None and any(script.needs_model for script in scripts):
            endpoint = await stack.enter_async_context(ModelClient(_with_key(environment.judge, "judge")))
            judge, model = Judge(endpoint.ask, environment.judge.votes), endpoint.ask
        if environment.listen is not None and any(script.checks.says_transcript for script in scripts):
            listener = await stack.enter_async_context(ModelClient(_with_key(environment.listen, "listen")))
            transcribe = listener.transcribe
        yield Wiring(
            platform=deployment.account,
            judge=judge,
            model=model,
            transcribe=transcribe,
            baseline=baseline,
            scrubber=scrubber_of(deployment),
        )


def _with_key(settings: ModelEndpoint, name: str) -> ModelEndpoint:
    key = settings.api_key
    if key is not None and not key.is_revealable:
        raise UsageError(
            f"the key of `{name}` in agentops.yaml has no value: {', '.join(key.names)}",
            hint=f"export {key.names[0]}=..., or name another source under the environment's `secrets`",
            code="no-key",
        )
    return settings


def scrubber_of(deployment: Deployment) -> Scrubber:
    """A scrubber for every secret of the environment that has a value, whether it is used or not."""
    environment = deployment.environment
    endpoints = [each.api_key for each in (environment.judge, environment.listen) if each is not None]
    documents = [[agent.config, agent.metadata] for agent in deployment.project.agents]
    return Scrubber(
        secret_values([deployment.api_key, environment.api_key, *endpoints, *documents, *environment.secrets])
    )


def estimate_usage(scripts: Iterable[Script], environment: Environment) -> Usage:
    """The most that calls by `scripts` may use of the judge."""
    votes = environment.judge.votes if environment.judge is not None else 0
    return sum((estimate_model(script, votes) for script in scripts), NO_USAGE)


def require_tokens(usage: Usage, environment: Environment) -> None:
    """Raises RefusedError when the judge may take more tokens than `judge.max_tokens` allows."""
    most = environment.judge.max_tokens if environment.judge is not None else None
    if most is not None and usage.tokens > most:
        raise RefusedError(
            f"the judge may take about {usage.tokens:,} tokens, the budget is {most:,}",
            hint="choose fewer scripts with --tag or --agent, or raise judge.max_tokens in agentops.yaml",
            code="call-budget",
        )
