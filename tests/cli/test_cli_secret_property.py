"""No secret in anything that a run leaves: not one stream, not one file, however the platform gives it back.

A whole working day is run in this process, with generated secrets in every place that takes one, against an account
that answers with them: in transcripts, errors, reasons and ids, each time in another encoding. Then every byte is read.
`make secrets EXAMPLES=50` runs more days.
"""

from __future__ import annotations

import base64
import html
import io
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

import httpx2
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from agentops.cli.app import run
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.realtime.frames import Outbox
from agentops.emulator.server import RunningEmulator, start

PROJECT = """\
project: acme
default_environment: test
environments:
  test:
    base_url: "{url}"
    api_key: "${{{{ secrets.KEY }}}}"
    secrets:
      HOOK: {{env: HOOK}}
      TENANT: {{env: TENANT}}
      QUERY: {{env: QUERY}}
      HEADER: {{env: HEADER}}
      BODY: {{env: BODY}}
"""
SPEC = """\
name: Desk
config:
  firstMessage: "Hello"
  defaultVariables: {{greeting: "{greeting}"}}
  singlePromptConfig:
    prompt: Help the caller.
    tools:
      - type: api_call
        name: lookup
        description: Looks the caller up.
        method: POST
        url: "${{{{ secrets.HOOK }}}}/v2/${{{{ secrets.TENANT }}}}?key=${{{{ secrets.QUERY }}}}"
        headers: {{X-Token: "${{{{ secrets.HEADER }}}}", Authorization: "Bearer ${{{{ secrets.HEADER }}}}"}}
        requestBody: '{{"token": "${{{{ secrets.BODY }}}}", "who": "caller"}}'
  synthesizer: {{voiceConfig: {{model: waves_lightning_v3_1, voiceId: nyah}}}}
calls: [calls/hello.yaml]
"""
SCRIPT = """\
agent: desk
mode: chat
steps:
  - expect: {contains: Hello, within_s: 5}
  - say: Goodbye
  - expect: {contains: something that it never says, within_s: 1}
"""
ECHOES: tuple[Callable[[str], str], ...] = (
    str,
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(json.dumps(text))[1:-1],
    lambda text: quote(text, safe=""),
    quote_plus,
    html.escape,
    str.upper,
    lambda text: base64.b64encode(f"k:{text}".encode()).decode(),
    lambda text: text.encode().hex(),
    repr,
)


@dataclass
class Day:
    """What was printed and what was left, and whose account it was."""

    secrets: dict[str, str]
    streams: dict[str, str] = field(default_factory=dict)

    def do(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> str:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = run(list(arguments))
        said = f"{out.getvalue()}\n{err.getvalue()}"
        self.streams[f"{len(self.streams)}: agentops {' '.join(arguments)}"] = said
        assert code in codes, self.hidden(said)
        return out.getvalue()

    def hidden(self, text: str) -> str:
        """For a message of this test, which is printed as well."""
        return text if not leaks(text, self.secrets) else f"{leaks(text, self.secrets)} in what was said"


def echoing(secrets: dict[str, str]) -> Iterator[str]:
    """All secrets at once, each time in the next encoding."""
    for encode in cycle(ECHOES):
        yield " and ".join(encode(secret) for secret in secrets.values())


@contextmanager
def account(secrets: dict[str, str], patch: pytest.MonkeyPatch) -> Iterator[RunningEmulator]:
    """An account whose agents say what they were told in confidence, in every message that has room for it."""
    echo, send = echoing(secrets), Outbox.send

    def tell(box: Outbox, **message: Any) -> None:
        match message["type"]:
            case "transcript":
                message["text"] = f"{message['text']} {next(echo)}"
                send(box, type="error", code=f"odd {next(echo)}", message=f"refused {next(echo)}")
                send(box, type=f"odd {next(echo)}", more=next(echo))
                send(box, type="function_call", call_id=next(echo), name="f", arguments={next(echo): [next(echo)]})
            case "session.created":
                message["session_id"] = next(echo)
            case "session.closed":
                message["reason"] = f"{message['reason']} {next(echo)}"
        send(box, **message)

    patch.setattr(Outbox, "send", tell)
    with start(EmulatorOptions(keys=(secrets["KEY"],), scan_delay_s=0.0)) as running:
        yield running


def a_day(day: Day, folder: Path, patch: pytest.MonkeyPatch) -> None:
    (folder / "agents" / "calls").mkdir(parents=True)
    (folder / "agents" / "calls" / "hello.yaml").write_text(SCRIPT)
    patch.chdir(folder)
    for name, value in day.secrets.items():
        patch.setenv(name, value)
    with account(day.secrets, patch) as emulator:
        (folder / "agentops.yaml").write_text(PROJECT.format(url=emulator.base_url))
        spec = folder / "agents" / "desk.yaml"
        spec.write_text(SPEC.format(greeting="Hi"))
        echo = echoing(day.secrets)
        day.do("validate")
        day.do("doctor", codes=(0, 1))
        for form in ("text", "markdown", "json", "html"):
            day.do("plan", "--format", form)
        assert "${{ secrets.HEADER }}" in day.do("render")
        day.do("plan", "--out", "plan.json")
        day.do("apply", "--yes", "-v", codes=(0, 6))
        assert json.dumps(day.secrets["HEADER"])[1:-1] in stored(emulator, day.secrets["KEY"])
        for status in (400, 401, 403, 422):
            with breaking(emulator, "*/agent", status, f"no: {next(echo)}"):
                day.do("plan", "-v", codes=(1,))
        spec.write_text(SPEC.format(greeting="Good day"))
        for path in ("*/draft", "*/publish"):
            with breaking(emulator, path, 400, f"no: {next(echo)}"):
                day.do("apply", "--yes", "--no-smoke", codes=(1, 3, 4, 5))
        day.do("apply", "--yes", "--no-smoke", "--format", "json")
        # What is taken out of git is shown from the platform's side.
        spec.write_text(re.sub(r"(?s)    tools:.*?  synth", "  synth", SPEC.format(greeting="Good day")))
        day.do("diff", "--from", "live", "--to", "files", codes=(0, 1, 2, 64))
        day.do("plan")
        day.do("apply", "--yes", "--no-smoke")
        day.do("history", "--format", "json", "--ledger", "ledger.jsonl")
        day.do("rollback", "desk", "--yes", codes=(0, 4))
        day.do("drift", codes=(0, 2))
        day.do("pull", "--dry-run", codes=(0, 1, 2))
        day.do("explain", "desk", codes=(0, 1, 64))
        day.do("status", codes=(0, 1, 2))
        day.do("smoke", "--output", "one", codes=(6,))
        day.do("merge", "reports", "one/report.json", "one/report.json", "--output", "merged", codes=(6,))
        call = json.loads((folder / "one" / "report.json").read_text())["scripts"][0]["calls"][0]["call_id"]
        day.do("record", call, "--output", "agents/calls/recorded.yaml")
        day.do("import", "atoms", "--all", "--output", "imported", codes=(0, 1, 64))
        patch.setenv("AGENTOPS_DEBUG", "1")
        patch.setattr("agentops.workflow.planning.plan_deployment", failing(day.secrets))
        day.do("plan", codes=(1,))
        day.streams |= console_pages(emulator, day.secrets["KEY"])


@contextmanager
def breaking(emulator: RunningEmulator, path: str, status: int, text: str) -> Iterator[None]:
    fault = {"kind": "status", "path": path, "status": status, "text": text}
    address = f"{emulator.base_url}/_emulator/faults"
    httpx2.post(address, json=fault).raise_for_status()
    yield
    httpx2.delete(address).raise_for_status()


def failing(secrets: dict[str, str]) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError(f"a defect that quotes {list(secrets.values())}")

    return fail


def stored(emulator: RunningEmulator, key: str) -> str:
    """What the platform holds of the agent: there the secret has to be."""
    client = httpx2.Client(base_url=f"{emulator.base_url}/atoms/v1", headers={"Authorization": f"Bearer {key}"})
    with client:
        [agent] = client.get("/agent").json()["data"]["agents"]
        return client.get(f"/agent/{agent['_id']}").text


def console_pages(emulator: RunningEmulator, key: str) -> dict[str, str]:
    """The pages that show requests and calls. Those of an agent show what it was given, as the platform's own do."""
    pages = {}
    with httpx2.Client(base_url=emulator.base_url) as client:
        for path in ("/", "/console/requests", "/console/calls"):
            answer = client.get(path)
            assert answer.status_code == 200
            pages[path] = answer.text
    return pages


def leaks(text: str, secrets: dict[str, str]) -> list[str]:
    """The names of the secrets that can be read in `text`, in whatever form."""
    views = {
        "as it is": text,
        "as HTML": html.unescape(html.unescape(text)),
        "as an address": unquote_plus(unquote_plus(text)),
        "as JSON": re.sub(r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text).replace("\\", ""),
        "decoded": " ".join(map(decoded, re.findall(r"[A-Za-z0-9+/_-]{8,}={0,2}", text))),
    }
    flattened = {name: flat(view) for name, view in views.items()}
    found = []
    for name, secret in secrets.items():
        # What is cut where it is too long gives away a half as well. A host is no secret.
        parts = [part for part in re.split(r"https://|@?hooks\.example\.com/", secret) if part]
        halves = [half for part in parts for half in (part[: max(len(part) // 2, 8)], part[-max(len(part) // 2, 8) :])]
        wanted = {flat(each) for half in halves for each in (half, half.replace("\\", ""))} | {secret.encode().hex()}
        found += [f"{name} {view}" for view, seen in flattened.items() if any(each in seen for each in wanted)]
    return found


def flat(text: str) -> str:
    """Without what wrapping, colours and cases change."""
    return re.sub(r"\s+", "", text).casefold()


def decoded(word: str) -> str:
    word = word.replace("-", "+").replace("_", "/").rstrip("=")
    return " ".join(
        base64.b64decode(part + "=" * (-len(part) % 4)).decode("utf-8", "replace")
        for part in (word[:length] for length in (len(word) - len(word) % 4, len(word)))
        if len(part) % 4 != 1
    )


EXAMPLES = int(os.environ.get("EXAMPLES", "0"))  # generated days; without, the one with the worst secrets


def is_telling(text: str) -> bool:
    """Not made up of so few letters that it stands in any text."""
    return all(len(set(half)) > 5 for half in (text[: len(text) // 2], text[len(text) // 2 :])) and text.strip() == text


PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=20, max_size=40)
LETTERS = st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.sampled_from(' "\\é#&%+/{}[]<>')
ANY = st.text(LETTERS, min_size=20)
MIXED = st.one_of(
    PRINTABLE,
    ANY,
    st.binary(min_size=12, max_size=40).map(lambda data: base64.b64encode(data).decode()),
    PRINTABLE.map(lambda text: json.dumps({"key": text})),
    PRINTABLE.map(lambda text: text * 20),
)
WORD = st.text("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", min_size=12, max_size=30)
SECRETS = st.fixed_dictionaries(
    {
        "KEY": WORD.map(lambda word: f"sk_{word}9x"),
        "HOOK": WORD.map(lambda word: f"https://hooks.example.com/{word}7"),
        "TENANT": MIXED.filter(is_telling),
        "QUERY": MIXED.filter(is_telling),
        "HEADER": PRINTABLE.filter(is_telling),
        "BODY": MIXED.filter(is_telling),
    }
)
WORST = {
    "KEY": "sk_live_0123456789abcdefXYZ",
    "HOOK": "https://user:pa55w0rdpa55@hooks.example.com/T0K3NT0K3N",
    "TENANT": 'two words/"é\\9" & <b>more</b>#100%',
    "QUERY": "#&=+%25?{{x}} ünï/c0de\\\\",
    "HEADER": "Tm9-b2R5;,\"q'uote\\d{}[]=",
    "BODY": '{"kind": "a", "pass": "w\\"ord\'é"} ' + "long" * 60,
}


@pytest.mark.slow
@example(secrets=WORST)
@given(secrets=SECRETS)
@settings(
    max_examples=EXAMPLES or 1,
    phases=[Phase.explicit, *([Phase.generate] if EXAMPLES else [])],
    suppress_health_check=list(HealthCheck),
)
def test_no_secret_is_in_anything_that_a_day_of_work_leaves(secrets: dict[str, str]) -> None:
    folder = Path(tempfile.mkdtemp(prefix="agentops-day-"))
    day = Day(secrets)
    try:
        with pytest.MonkeyPatch.context() as patch:
            a_day(day, folder, patch)
        left = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        assert len(left) > 15, sorted(left)
        texts = day.streams | {name: data.decode("utf-8", "replace") for name, data in left.items()}
        found = {name: leaked for name, text in texts.items() if (leaked := leaks(text, secrets))}
        assert not found
        assert sum("***" in text for text in texts.values()) > 5, "the account answered with no secret at all"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
