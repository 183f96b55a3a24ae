"""Fleets to measure with: a project of so many specs of about 5 KB, and a stub platform that serves them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agentops.document import DesiredAgent, Mark, Secret, SecretRef, build_label
from agentops.plan.canonical import fingerprint
from agentops.spec import Project, load_project

KEY = Secret((SecretRef("key", "sk_bench"),))
PROJECT = """\
project: bench
default_environment: far
environments:
  far:
    base_url: http://127.0.0.1:9
"""
SENTENCES = (
    "You answer the phone of branch {n} and you are calm, friendly and quick.",
    "The branch opens at nine in the morning and closes at five in the afternoon.",
    "Ask for the order number first, one digit at a time, and repeat it to be sure.",
    "When the caller asks for a person, offer a call back within the hour.",
)
SPEC = """\
name: Branch {n}
config:
  slmModel: gpt-4o
  firstMessage: "Hello {{{{customer_name}}}}, this is branch {n}. How can I help?"
  defaultVariables: {{customer_name: there}}
  language: {{default: en, supported: [en], switching: {{isEnabled: false}}}}
  synthesizer: {{voiceConfig: {{model: waves_lightning_v3_1, voiceId: nyah, gender: female}}, speed: 1.1}}
  sessionTimeoutConfig: {{timeoutTimeInSecs: 900}}
  singlePromptConfig:
    prompt: |
{prompt}
    tools:
      - {{type: end_call, name: end_call, description: Ends the call after the caller said goodbye.}}
      - type: api_call
        name: look_up_order
        description: Looks up an order by its number.
        url: https://crm.example.com/v1/orders
        method: POST
        llmParameters:
          - {{name: order_number, description: The order number, type: text, required: true}}
"""


def write_fleet(folder: Path, count: int) -> None:
    """A project with `count` specs below `folder`."""
    (folder / "agents").mkdir(parents=True, exist_ok=True)
    (folder / "agentops.yaml").write_text(PROJECT)
    for number in range(count):
        prompt = "\n".join(f"      {line.format(n=number)}" for line in SENTENCES * 14)
        (folder / "agents" / f"branch-{number:05}.yaml").write_text(SPEC.format(n=number, prompt=prompt))


def load_fleet(folder: Path) -> Project:
    project = load_project(folder, environ={})
    assert not [each for each in project.diagnostics if each.is_error], project.diagnostics[:3]
    return project


def write_seeds(path: Path, agents: tuple[DesiredAgent, ...], *, stale: int = 0, calls: int = 0) -> None:
    """What the stub serves: every agent as its spec wants it, the first `stale` with another session limit; each of two
    revisions of an agent has taken so many `calls`."""
    seeds = []
    for number, agent in enumerate(agents):
        config = dict(agent.config)
        if number < stale:
            config["sessionTimeoutConfig"] = {"timeoutTimeInSecs": 600}
        label = build_label("bench", Mark("bench", "far", agent.key, fingerprint(config)))
        seeds.append({"name": agent.name, "label": label, "config": config, "calls": calls})
    path.write_text(json.dumps(seeds))


def aim(folder: Path, base_url: str, *, per_second: int | None = None) -> None:
    """Lets the project's environment go to `base_url`, with a rate limit of its own or without."""
    own = f"    rate_limit: {{requests_per_second: {per_second}}}\n" if per_second else ""
    (folder / "agentops.yaml").write_text(PROJECT.replace("http://127.0.0.1:9", base_url) + own)


@dataclass(frozen=True, slots=True)
class Served:
    """What a stub platform was asked for: requests in all, those that write, and those it refused with 429."""

    requests: int
    writes: int
    refused: int


@dataclass(slots=True)
class StubPlatform:
    """A stub that runs at `base_url`; `served` is known when it has ended."""

    base_url: str
    served: Served = Served(0, 0, 0)


@contextmanager
def stub_platform(seeds: Path, latency_ms: float, per_second: float | None = None) -> Iterator[StubPlatform]:
    """A stub in a process of its own that answers `per_second` requests a second and refuses others."""
    command = [sys.executable, "-m", "bench.stub_platform", str(seeds), str(latency_ms), str(per_second or 0)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        running = StubPlatform(f"http://127.0.0.1:{int(process.stdout.readline())}")
        try:
            yield running
        finally:
            process.stdin.close()
            running.served = Served(**json.loads(process.stdout.readline()))
            process.wait(10)
