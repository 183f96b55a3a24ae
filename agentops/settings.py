"""The only reader of the process environment. Everything else is handed a `Settings` or a plain mapping."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType

DEFAULT_HOST = "https://api.smallest.ai"
_TOKENS_OF_THE_JOB = frozenset({"GITHUB_TOKEN", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"})


COMPLETING = "_AGENTOPS_COMPLETE"  # what a shell sets when it asks for completions


class Settings:
    """What the environment says about where to go and as whom.

    `environ` is a read-only view for the spec language (`env()`, `secrets`); its values are never printed.
    """

    __slots__ = ("environ",)

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = MappingProxyType(dict(environ))

    @property
    def for_specs(self) -> Mapping[str, str]:
        """`environ` without the CI job's own tokens: whoever proposes a spec must not get at them through `env()`."""
        return {name: value for name, value in self.environ.items() if name not in _TOKENS_OF_THE_JOB}

    @property
    def base_url(self) -> str:
        """Where an environment without a `base_url` of its own goes."""
        return self.environ.get("SMALLEST_BASE_URL") or DEFAULT_HOST

    @property
    def api_key(self) -> str | None:
        """The key of an environment without an `api_key` of its own."""
        return self.environ.get("SMALLEST_API_KEY") or None

    @property
    def language_model_key(self) -> str | None:
        """The key of the language model that answers for the emulator's agents; many local ones need none."""
        return self.environ.get("AGENTOPS_LLM_API_KEY") or None

    @property
    def is_ci(self) -> bool:
        return self.environ.get("CI", "").lower() in ("1", "true")

    @property
    def can_redraw(self) -> bool:
        """Whether lines on a terminal may be overwritten: a CI log keeps them all, a dumb terminal can't."""
        return not self.is_ci and self.environ.get("TERM") != "dumb"

    @property
    def wants_color(self) -> bool:
        """https://no-color.org, and `FORCE_COLOR` as its counterpart."""
        return not self.environ.get("NO_COLOR") and self.environ.get("TERM") != "dumb"


def read_settings() -> Settings:
    return Settings(os.environ)


def is_debugging() -> bool:
    return os.environ.get("AGENTOPS_DEBUG", "") not in ("", "0")


def is_on_runner() -> bool:
    """A runner of GitHub Actions reads what is printed, and obeys it."""
    return os.environ.get("GITHUB_ACTIONS", "").lower() == "true"


def is_completing() -> bool:
    """A shell asks for completions: it sets this variable and gives no arguments."""
    return COMPLETING in os.environ
