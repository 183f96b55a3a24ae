"""The script that the page on calls shows is a script that works: noise, telephone voice and all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from agentops import speech
from agentops.calls.prepare import prepare
from agentops.calls.report import Verdict
from agentops.calls.run import Wiring, run_call
from agentops.calls.script import Script
from agentops.calls.session import Target
from agentops.document import Secret, SecretRef
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import start
from agentops.remote.connect import connect

ROOT = Path(__file__).parents[2]
KEY = Secret((SecretRef("key", "sk_test"),))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.speech,
    pytest.mark.real_time,
    pytest.mark.skipif(not speech.is_available(), reason="the speech extra is not installed"),
]


def documented_script() -> Script:
    page = (ROOT / "docs" / "calls.md").read_text("utf-8")
    (block,) = re.findall(r"## A script\n\n```yaml\n(.*?)```", page, re.DOTALL)
    return Script.model_validate(YAML(typ="safe").load(block))


async def test_the_example_on_the_page_passes(tmp_path: Path) -> None:
    script = documented_script()
    assert (script.noise is not None, script.band) == (True, "telephone")
    behaviour = {
        "agents": ["Desk"],
        "turns": [
            {"name": "hours", "hears": ["what are your opening hours"],
             "replies": {"say": "We are open Monday to Friday, nine to five."}},
            {"name": "bye", "hears": ["thank you goodbye"],
             "replies": {"say": "Thank you for calling. Goodbye!", "end_call": True}},
        ],
    }  # fmt: skip
    tools = [{"type": "end_call", "name": "end_call", "description": "End the call."}]
    config = {
        "firstMessage": "Hi {{customer_name}}, this is Acme. How can I help?",
        "denoisingConfig": {"isEnabled": True},
        "singlePromptConfig": {"prompt": "Be kind.", "tools": tools},
    }
    YAML().dump(behaviour, tmp_path / "behaviour.yaml")
    YAML().dump({"agents": [{"name": "Desk", "config": config}]}, tmp_path / "seed.yaml")
    options = EmulatorOptions(behaviours=(tmp_path / "behaviour.yaml",), seed_file=tmp_path / "seed.yaml")
    running = start(options)
    try:
        async with await connect(running.base_url, KEY) as account:
            (listing,) = await account.list_agents()
            target = Target(account.base_url, listing.agent_id, "sk_test")
            prepared = prepare(script, "agents/calls/support-hours.yaml", folder=tmp_path)
            report = (await run_call(prepared, target, Wiring(account))).report
    finally:
        running.stop()
    assert report.verdict is Verdict.PASSED, report.failures
    assert [turn.heard_as for turn in report.turns if turn.heard_as] == [
        "what are your opening hours",
        "thank you goodbye",
    ]
