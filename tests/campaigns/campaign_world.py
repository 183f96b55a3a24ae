"""A campaign as its file has it, its people, and what they do when they are called."""

from __future__ import annotations

import os

from agentops.cli.app import run

CAMPAIGN = """\
agent: support
audience: {file: "${{ env('PEOPLE') }}", phone_column: phone, zone_column: zone}
retries: {max: 1, delay_min: 1}
window: {from: "00:00", to: "23:59"}
"""
CALLEES = """
callees:
  - {numbers: "*1", calls: [{does: busy}, {does: answers, lasts_s: 20, says: I am Zebedee}]}
  - {numbers: "*2", calls: {does: no_answer}}
  - {numbers: "*3", calls: {does: hangs_up, lasts_s: 5, refuses_calls: true}}
"""


def rows(count: int, zone: str = "Etc/UTC") -> str:
    return "phone,name,zone\n" + "".join(f"+1415200{n:04d},Zebedee Quux,{zone}\n" for n in range(count))


def create_and_start(root: str, digest: str, environ: dict[str, str]) -> None:
    """What somebody does who calls people, in a process of its own that may be killed."""
    os.environ.update(environ)  # a server of forks has the one of the first test that asked for it
    run(["campaign", "create", "renewals", "--project", root])
    run(["campaign", "start", "renewals", "--project", root, "--yes", "--digest", digest])
