"""`agentops.yaml`: the project, its environments and their rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from agentops.spec.model.base import Format, Model, SecretText, Vocabulary
from agentops.spec.model.policy import PolicySpec
from agentops.watch_rules import WATCH_DISPOSITION, WATCH_METRICS

EnvironmentName = Annotated[
    str, Format(r"^[a-z0-9][a-z0-9_-]{0,31}$", expected="lower-case letters, digits, _ and -, at most 32")
]
ProjectName = Annotated[
    str, Format(r"^[a-z0-9][a-z0-9_-]{0,39}$", expected="lower-case letters, digits, _ and -, at most 40")
]
HostName = Annotated[str, Format(r"^[A-Za-z0-9.:-]{1,253}$", expected="a host name without scheme, port and path")]
Share = Annotated[str, Format(r"^(100|[0-9]{1,2})(\.[0-9]+)?%$", expected="a count, or a share such as 30%")]
Date = Annotated[str, Format(r"^\d{4}-\d{2}-\d{2}$", expected="a date such as 2026-12-31")]
Amount = Annotated[int, Field(ge=0)] | Share


class SecretSource(Model):
    """Where a secret's value comes from: exactly one of the three."""

    env: str | None = Field(default=None, min_length=1, description="An environment variable.")
    file: str | None = Field(default=None, min_length=1, description="A file that holds the value and nothing else.")
    value: str | None = Field(default=None, description="The value itself; only for the emulator and loopback.")

    @model_validator(mode="after")
    def _one_source(self) -> SecretSource:
        if len(self.model_fields_set) != 1:
            raise PydanticCustomError("one_source", "a secret has exactly one source: env, file or value")
        return self


class LimitsSpec(Model):
    """How much one apply may change; creating agents does not count."""

    max_changed: Amount | None = Field(default=None, description="Agents changed.")
    max_archived: Amount | None = Field(default=None, description="Agents archived; 0 by default.")


Metric = Annotated[
    str,
    Vocabulary(
        what="metric",
        known=(*WATCH_METRICS, f"{WATCH_DISPOSITION}NAME"),
        pattern=rf"^({'|'.join(WATCH_METRICS)}|{re.escape(WATCH_DISPOSITION)}.+)$",
    ),
]
Bound = Annotated[float, Field(ge=0)] | Share


class WatchSpec(Model):
    """What a metric must keep to after a deploy; shares such as 5%, milliseconds for the latency.

    A share that drops or rises by 5% does so by five points of a hundred.
    """

    drop_at_most: Bound | None = Field(default=None, description="It falls no further below the revision before.")
    rise_at_most: Bound | None = Field(default=None, description="It rises no further above the revision before.")
    at_least: Bound | None = Field(default=None, description="It is no lower than this, whatever it was before.")
    at_most: Bound | None = Field(default=None, description="It is no higher than this, whatever it was before.")
    answer: str | None = Field(
        default=None, min_length=1, description="disposition.NAME: the value that is counted; default: yes."
    )


class DeploySpec(Model):
    """How an environment deploys."""

    REMOVED: ClassVar[Mapping[str, str]] = {
        "strategy": "remove it: every deploy publishes where the agent serves; `gate: preview` calls a copy first",
        "keep_branches": "remove it together with `strategy`: deploys no longer make branches",
    }

    label: str | None = Field(
        default=None, description="The text saved with a revision; the only place where `git` is known."
    )
    gate: Literal["none", "preview"] | None = Field(
        default=None, description="`preview` calls a copy before anything goes live."
    )
    smoke: Literal["none", "live"] | None = Field(default=None, description="`live` makes calls after going live.")
    call_minutes: float | None = Field(
        default=None, gt=0, le=1440, description="The most minutes that all calls of one apply may take together."
    )
    coverage: Share | None = Field(
        default=None, description="The share of tools and playbooks that `smoke` must exercise, such as 80%."
    )
    on_failure: Literal["rollback", "keep"] | None = Field(
        default=None, description="What a failed call, or a failed rule of `watch`, leads to."
    )
    watch: dict[Metric, WatchSpec] | None = Field(
        default=None, description="What `agentops watch` holds callers' calls against after a deploy, by metric."
    )
    watch_days: float | None = Field(
        default=None, gt=0, le=90, description="How long after a deploy its calls are watched; default: 7 days."
    )


class DriftIgnored(Model):
    """A console edit that is left alone."""

    path: str = Field(min_length=1, description="A dotted path or glob, e.g. synthesizer.speed.")
    reason: str = Field(min_length=3, description="Why.")
    agent: str | None = Field(default=None, description="Only for this key.")
    until: Date | None = Field(default=None, description="An ISO date; after it no more.")


def _check_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        expected = "a time zone of the IANA database, such as Europe/Berlin"
        raise PydanticCustomError("wrong_format", "expected {expected}", {"expected": expected}) from None
    return name


Zone = Annotated[str, AfterValidator(_check_zone)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
TimeOfDay = Annotated[str, Format(r"^([01][0-9]|2[0-3]):[0-5][0-9]$", expected="a time such as 09:00, in quotes")]
Local = Annotated[
    str, Format(r"^\d{4}-\d{2}-\d{2}( \d{2}:\d{2})?$", expected="a date such as 2026-11-26, or 2026-11-26 08:00")
]


class FreezeSpec(Model):
    """A time in which nothing is deployed."""

    name: Annotated[str, Format(r"^[a-z0-9][a-z0-9_-]{0,39}$", expected="lower-case letters, digits, _ and -")] = Field(
        description="What an override names: --ack FREEZE:NAME."
    )
    from_: Local = Field(alias="from", description="A date, or a date and a time.")
    to: Local = Field(description="The last day, or the time when it ends.")
    timezone: Zone = Field(description="Whose clock that is, such as Europe/Berlin.")
    reason: str = Field(min_length=3, description="Why.")

    @model_validator(mode="after")
    def _freezes_something(self) -> FreezeSpec:
        if self.starts >= self.ends:
            raise PydanticCustomError("never_opens", "the freeze never begins: `to` is before `from`")
        return self

    @property
    def starts(self) -> datetime:
        return _local(self.from_)

    @property
    def ends(self) -> datetime:
        """Without a time the last day counts as a whole."""
        return _local(self.to) + (timedelta() if " " in self.to else timedelta(days=1))


def _local(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise PydanticCustomError("no_date", "there is no such date") from None


class CalmHoursSpec(Model):
    """The hours in which deploys happen, because somebody is there to look after them."""

    from_: TimeOfDay = Field(alias="from", description="Deploys begin at this time or later.")
    to: TimeOfDay = Field(
        description="Deploys begin before this time; the next day's, where it is earlier than `from`."
    )
    days: list[Day] = Field(
        default=["mon", "tue", "wed", "thu", "fri"],
        min_length=1,
        description="The days on which deploys happen; else Monday to Friday.",
    )
    timezone: Zone = Field(description="Whose clock that is, such as Europe/Berlin.")
    reason: str = Field(min_length=3, description="Why.")

    @model_validator(mode="after")
    def _opens(self) -> CalmHoursSpec:
        if self.from_ == self.to:
            raise PydanticCustomError("never_opens", "the calm hours never open: `from` and `to` are the same")
        return self


class RateLimitSpec(Model):
    """How fast requests are sent to the platform."""

    requests_per_second: float | None = Field(default=None, gt=0, le=1000, description="Requests/s; default: found.")
    max_in_flight: int | None = Field(default=None, ge=1, le=256, description="Requests at the same time.")


class ModelSpec(Model):
    """A model behind an OpenAI-compatible endpoint."""

    base_url: str = Field(pattern=r"^https?://", description="Its address as far as the version: https://host/v1.")
    model: str = Field(min_length=1, description="The model's name there.")
    api_key: SecretText | None = Field(default=None, description="Always a reference: ${{ secrets.NAME }}.")
    timeout_s: float | None = Field(default=None, gt=0, le=300, description="How long one answer may take.")


class JudgeSpec(ModelSpec):
    """The model that decides `meets` and `goals` of call scripts and speaks for simulated callers."""

    votes: Literal[1, 3, 5, 7, 9] | None = Field(default=None, description="How often it is asked, at most; default 3.")
    max_tokens: int | None = Field(default=None, ge=1, description="The most tokens that one run may take, estimated.")


class EnvironmentSpec(Model):
    """One target: an account, variables and rules."""

    target: Literal["emulator"] | None = Field(default=None, description="`emulator`: the embedded one, no network.")
    base_url: str | None = Field(default=None, description="The platform's address; default: the vendor's.")
    hosts: list[HostName] | None = Field(
        default=None, description="Hosts that get the key besides *.smallest.ai and loopback, such as a proxy's."
    )
    api_key: SecretText | None = Field(default=None, description="Always a reference: ${{ secrets.NAME }}.")
    variables: dict[str, Any] | None = Field(default=None, description="vars.NAME in this environment.")
    secrets: dict[str, SecretSource] | None = Field(default=None, description="Sources other than the environment.")
    protected: bool | None = Field(default=None, description="Apply needs the digest of a reviewed plan.")
    protected_agents: list[str] | None = Field(default=None, description="Keys that change only with acknowledgement.")
    limits: LimitsSpec | None = Field(default=None, description="How much one apply may change.")
    freeze: list[FreezeSpec] | None = Field(default=None, description="Times in which nothing is deployed.")
    calm_hours: CalmHoursSpec | None = Field(default=None, description="The hours in which deploys happen.")
    requires: EnvironmentName | None = Field(
        default=None, description="The environment where the same files have to serve and have passed their calls."
    )
    deploy: DeploySpec | None = Field(default=None, description="How this environment deploys.")
    rules: dict[str, Any] | None = Field(default=None, description="Deny rules by code, with their settings.")
    ignore_drift: list[DriftIgnored] | None = Field(default=None, description="Console edits that are left alone.")
    rate_limit: RateLimitSpec | None = Field(default=None, description="How fast requests are sent to the platform.")
    judge: JudgeSpec | None = Field(default=None, description="Decides what calls mean; instead of the project's.")
    listen: ModelSpec | None = Field(default=None, description="Hears what agents say; instead of the project's.")


class LintSpec(Model):
    """Lint settings for the whole project."""

    rules: dict[str, Literal["off", "note", "warning", "error"]] | None = Field(
        default=None, description="A severity per rule id, or off."
    )
    settings: dict[str, Any] | None = Field(default=None, description="Thresholds by name.")


class ProjectSpec(Model):
    """The whole of `agentops.yaml`."""

    project: ProjectName = Field(description="The project's name; part of the mark on every revision.")
    default_environment: str | None = Field(default=None, description="The environment when none is named.")
    variables: dict[str, Any] | None = Field(default=None, description="vars.NAME in every environment.")
    environments: dict[EnvironmentName, EnvironmentSpec] = Field(min_length=1, description="The targets by name.")
    defaults: dict[str, Any] | None = Field(default=None, description="A spec that is laid under every spec.")
    passthrough: list[str] | None = Field(
        default=None, description="Names of config fields newer than this release that are sent as written."
    )
    forgotten: list[str] | None = Field(
        default=None, description="Keys of agents that are no longer managed; `apply --prune` leaves them alone."
    )
    judge: JudgeSpec | None = Field(default=None, description="Decides what calls mean and speaks for callers.")
    listen: ModelSpec | None = Field(default=None, description="Hears what agents say, in any language.")
    lint: LintSpec | None = Field(default=None, description="Lint rules and thresholds.")
    policies: list[PolicySpec] | None = Field(
        default=None, description="What has to hold for an agent before it is deployed; also in policy/*.yaml."
    )
