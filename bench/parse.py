"""A thousand specs of about 5 KB with a prompt each: loading, rendering and checking them all, from cold.

Three yardsticks in the same run on the same texts: the YAML events alone, which is the floor for anything built on
libyaml; ruamel's safe loader on its C parser, which keeps no positions; ruamel's round-trip loader, which does.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from _ruamel_yaml import CParser
from ruamel.yaml import YAML

from agentops.spec import load_project
from agentops.spec.source import read_yaml
from bench import report

SPECS = 1000
SAMPLE = 60
ROUNDS = 3

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


def cpu_ms_each(work: Callable[[], object], count: int) -> float:
    """The best of some rounds, in milliseconds of CPU for one of `count` specs."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        best = min(best, (time.process_time() - started) * 1000 / count)
    return best


def events_only(texts: list[bytes]) -> None:
    for text in texts:
        get_event = CParser(text).get_event
        while get_event() is not None:
            pass


def main() -> None:
    """Prints milliseconds of CPU per spec and the ratios."""
    texts = [spec(n) for n in range(SAMPLE)]
    safe, round_trip = YAML(typ="safe", pure=False), YAML(typ="rt")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_project(root, SPECS)
        project = load_project(root, environ={})
        assert len(project.agents) == SPECS
        assert project.diagnostics == ()
        whole = cpu_ms_each(lambda: load_project(root, environ={}), SPECS)
    floor = cpu_ms_each(lambda: events_only([text.encode() for text in texts]), SAMPLE)
    marked = cpu_ms_each(lambda: [read_yaml(text, "x.yaml") for text in texts], SAMPLE)
    loaded = cpu_ms_each(lambda: [safe.load(text) for text in texts], SAMPLE)
    kept = cpu_ms_each(lambda: [round_trip.load(text) for text in texts[:10]], 10)
    print(f"specs of {len(texts[0])} bytes, milliseconds of CPU each (best of {ROUNDS})")
    print(f"  libyaml's events alone, the floor       {floor:8.3f}")
    print(f"  our data with every position            {marked:8.3f}")
    print(f"  {SPECS} specs loaded, rendered, checked   {whole:8.3f}")
    print(f"  ruamel's safe loader on the C parser    {loaded:8.3f}")
    print(f"  ruamel's round-trip loader              {kept:8.3f}")
    report("ruamel safe C loader / our data with positions", loaded / marked, at_least=3)
    report("ruamel safe C loader / specs loaded, rendered, checked", loaded / whole, at_least=1.5)
    report("specs loaded, rendered, checked / YAML events alone", whole / floor)


if __name__ == "__main__":
    main()
