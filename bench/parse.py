"""A thousand specs of about 4 KB with a prompt each: loading, rendering and checking them all.

Three yardsticks in the same run: ruamel's safe loader on its C parser, which keeps no positions, on all the same texts;
and on some of them the YAML events alone, which is the floor for anything built on libyaml, and ruamel's round-trip
loader, which keeps positions. The rounds of all sides take turns.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from _ruamel_yaml import CParser
from ruamel.yaml import YAML

from agentops.spec import load_project
from agentops.spec.source_events import read_yaml
from bench import report

SPECS = 1000
SAMPLE = 100
ROUNDS = 7

PROJECT = """
project: bench
environments: {local: {target: emulator, variables: {voice: nyah, company: Acme, crm: "https://crm.example.com"}}}
"""
HEAD = """
name: ${{{{ vars.company }}}} Line {n} (${{{{ environment }}}})
tags: {{team: cx}}
inbound: true
config:
  slmModel: gpt-4o
  firstMessage: Hi {{{{customer_name}}}}, this is ${{{{ vars.company }}}}. How can I help?
  defaultVariables: {{customer_name: there}}
  synthesizer:
    voiceConfig: {{model: waves_lightning_v3_1, voiceId: "${{{{ vars.voice }}}}"}}
    speed: 1.1
  singlePromptConfig:
    prompt: ${{{{ file('prompts/line{n}.md') }}}}
    tools:
      - type: end_call
        name: end_call
        description: Ends the call after the caller has said goodbye.
"""
TOOL = """
      - type: api_call
        name: look_up_{m}
        description: Looks up matter {m} once the caller has said what it is about.
        url: ${{{{ vars.crm }}}}/v1/matters/{m}
        method: POST
        timeout: 4000
        requestBody: '{{"matter": "{{{{matter_{m}}}}}"}}'
        llmParameters:
          - name: matter_{m}
            description: The number of the matter, digits only.
            type: text
            required: true
        responseVariables:
          - variableName: status_{m}
            jsonPath: $.status
"""
PROMPT = "You answer line {n} of ${{{{ vars.company }}}}.\n" + "Be brief, be kind, and say goodbye.\n" * 40


def spec(n: int) -> str:
    return HEAD.format(n=n).lstrip("\n") + "".join(TOOL.format(m=m).lstrip("\n") for m in range(7))


def write_project(root: Path, specs: int) -> None:
    (root / "agents" / "prompts").mkdir(parents=True)
    (root / "agentops.yaml").write_text(PROJECT)
    for n in range(specs):
        (root / "agents" / f"line{n}.yaml").write_text(spec(n))
        (root / "agents" / "prompts" / f"line{n}.md").write_text(PROMPT.format(n=n))


def best_ms_each(sides: Mapping[str, tuple[Callable[[], object], int]]) -> dict[str, float]:
    """The best round of each side, in milliseconds for one of its specs."""
    best = dict.fromkeys(sides, float("inf"))
    for _ in range(ROUNDS):
        for name, (work, count) in sides.items():
            started = time.perf_counter()
            work()
            best[name] = min(best[name], (time.perf_counter() - started) * 1000 / count)
    return best


def events_only(texts: list[bytes]) -> None:
    for text in texts:
        get_event = CParser(text).get_event
        while get_event() is not None:
            pass


def main() -> None:
    """Prints milliseconds per spec and the ratios."""
    texts = [spec(n) for n in range(SPECS)]
    sample = texts[:SAMPLE]
    encoded = [text.encode() for text in sample]
    safe, round_trip = YAML(typ="safe", pure=False), YAML(typ="rt")
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        write_project(root, SPECS)
        project = load_project(root, environ={})
        assert len(project.agents) == SPECS
        assert project.diagnostics == ()

        found = best_ms_each(
            {
                "libyaml's events alone": (lambda: events_only(encoded), SAMPLE),
                "our data with every position": (lambda: [read_yaml(text, "x.yaml") for text in texts], SPECS),
                "ruamel's safe loader on the C parser": (lambda: [safe.load(text) for text in texts], SPECS),
                "ruamel's round-trip loader": (lambda: [round_trip.load(text) for text in sample[:5]], 5),
                "loaded, rendered, checked": (lambda: load_project(root, environ={}), SPECS),
            }
        )
    print(f"specs of {len(encoded[0])} bytes, milliseconds each (best of {ROUNDS}; {os.cpu_count()} cores)")
    for side, taken in found.items():
        print(f"  {side:<44}{taken:8.3f}")
    events, marked, loader, _, loaded = found.values()
    report("ruamel safe C loader / our data with positions", loader / marked)
    report("ruamel safe C loader / 1,000 specs loaded", loader / loaded)
    report("1,000 specs loaded / YAML events alone", loaded / events)


if __name__ == "__main__":
    main()
