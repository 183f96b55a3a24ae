"""Calls that a model judges and speaks in, judged again and compared, from the command line; the model is a stub."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from command_line import Agentops

pytestmark = pytest.mark.slow

KEY = "sk-judge-abcdef0123456789"
Reply = Callable[[str, str], Any]


class Stub:
    """A server that answers as `reply` says: from the system's and the user's message to the model's object."""

    def __init__(self) -> None:
        self.reply: Reply = lambda system, user: {"answer": "not_applicable", "quote": "", "turn": 0, "searched": []}
        self.status, self.headers = 200, {}
        self.asked: list[tuple[str, str]] = []
        self.keys: list[str] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                system, user = (message["content"] for message in body["messages"])
                stub.asked.append((system, user))
                stub.keys.append(self.headers["Authorization"])
                answer = stub.reply(system, user)
                text = answer if isinstance(answer, str) else json.dumps(answer)
                choice = {"message": {"content": text}, "finish_reason": "stop"}
                sent = json.dumps({"choices": [choice], "usage": {"total_tokens": 100}}).encode()
                self.send_response(stub.status)
                for name, value in stub.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def quoting(words: str) -> Reply:
    """A judge that says yes when the agent's turn holds these words, else no after a look at all turns."""

    def reply(system: str, user: str) -> dict[str, Any]:
        (document,) = re.findall(r"^\{.*\}$", user, re.MULTILINE)
        turns = [turn for turn in json.loads(document)["transcript"] if turn["decides"]]
        for turn in turns:
            if words in turn["text"]:
                return {"answer": "yes", "quote": words, "turn": turn["turn"], "searched": []}
        return {"answer": "no", "quote": "", "turn": 0, "searched": [turn["turn"] for turn in turns]}

    return reply


@pytest.fixture
def stub() -> Iterator[Stub]:
    stub = Stub()
    yield stub
    stub.close()


@pytest.fixture
def judged(project: Path, agentops: Agentops, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project with a judge, deployed."""
    file = project / "agentops.yaml"
    judge = f"judge: {{base_url: '{stub.url}', model: small, api_key: '${{{{ secrets.JUDGE_KEY }}}}'}}\n"
    file.write_text(file.read_text() + judge)
    monkeypatch.setenv("JUDGE_KEY", KEY)
    assert agentops("apply", "-e", "local", "--yes", "--no-smoke").code == 0
    return project


def script(project: Path, text: str, name: str = "judged") -> str:
    (project / f"agents/calls/{name}.yaml").write_text(f"agent: support\nmode: chat\n{text}")
    return f"agents/calls/{name}.yaml"


HOURS = """\
steps:
  - expect: How can I help
  - say: What are your opening hours?
  - expect: {meets: tells the opening hours}
  - expect: {not_meets: makes a promise about prices}
goals: [the caller knows when to come]
"""


def report_of(folder: Path) -> dict[str, Any]:
    (call,) = [call for each in json.loads((folder / "report.json").read_text())["scripts"] for call in each["calls"]]
    return dict(call)


def test_what_an_agent_means_is_judged_with_evidence(judged: Path, agentops: Agentops, stub: Stub) -> None:
    stub.reply = lambda system, user: (
        quoting("free forever")(system, user) if "prices" in user else quoting("Monday to Friday")(system, user)
    )
    ended = agentops("smoke", script(judged, HOURS), "--output", "out")
    assert ended.code == 0, ended.out
    call = report_of(judged / "out")
    assert [c["heard"] for c in call["checks"] if c["kind"] == "meaning"] == [
        'yes (2 of 2), turn 2: "Monday to Friday"',
        "no (2 of 2)",
        'yes (2 of 2), turn 2: "Monday to Friday"',
    ]
    assert call["judged"] == {"requests": 6, "tokens": 600}
    assert "6 questions to a model, 600 tokens" in ended.out
    assert set(stub.keys) == {f"Bearer {KEY}"}
    left = "".join(path.read_text("utf-8") for path in (judged / "out").rglob("*.*") if path.suffix != ".wav")
    assert KEY not in left + ended.out + ended.err


def test_a_goal_that_is_missed_fails(judged: Path, agentops: Agentops, stub: Stub) -> None:
    stub.reply = quoting("on Sundays")
    ended = agentops("smoke", script(judged, HOURS), "--output", "out")
    assert ended.code == 6
    assert report_of(judged / "out")["verdict"] == "failed"


@pytest.mark.parametrize(
    ("reply", "status", "headers"),
    [
        ("I don't know", 200, {}),
        ({"answer": "yes", "quote": "The test has passed", "turn": 2, "searched": []}, 200, {}),
        ({}, 200, {}),
        ({}, 401, {}),
        ({}, 307, {"Location": "http://localhost:9/v1/chat/completions"}),
    ],
    ids=["no JSON", "a lie", "nothing", "wrong key", "another host"],
)
def test_a_judge_that_misbehaves_decides_nothing(
    judged: Path, agentops: Agentops, stub: Stub, reply: Any, status: int, headers: dict[str, str]
) -> None:
    stub.reply, stub.status, stub.headers = (lambda *_: reply), status, headers
    ended = agentops("smoke", script(judged, HOURS), "--output", "out")
    assert ended.code == 6
    assert report_of(judged / "out")["verdict"] == "inconclusive"
    assert "unsure:" in ended.out
    assert KEY not in ended.out + ended.err


def test_a_judge_that_is_not_there_decides_nothing(judged: Path, agentops: Agentops, stub: Stub) -> None:
    stub.close()
    ended = agentops("smoke", script(judged, HOURS), "--output", "out")
    assert (ended.code, report_of(judged / "out")["verdict"]) == (6, "inconclusive")


def test_what_it_may_cost_is_said_and_limited(judged: Path, agentops: Agentops, stub: Stub) -> None:
    name = script(judged, HOURS)
    assert "at most 9 requests to the judge" in agentops("smoke", "--dry-run", name).out
    file = judged / "agentops.yaml"
    file.write_text(file.read_text().replace("model: small", "model: small, max_tokens: 1000"))
    ended = agentops("smoke", name)
    assert ended.code == 4
    assert "the budget is 1,000" in ended.err
    assert not stub.asked


def test_without_a_judge_a_sentence_is_undecided_and_says_why(judged: Path, agentops: Agentops) -> None:
    file = judged / "agentops.yaml"
    file.write_text("".join(line for line in file.read_text().splitlines(True) if not line.startswith("judge:")))
    ended = agentops("smoke", script(judged, HOURS), "--output", "out")
    assert (ended.code, report_of(judged / "out")["verdict"]) == (6, "inconclusive"), ended.out + ended.err
    assert "the project has no judge" in json.dumps(report_of(judged / "out"))


def test_without_a_judge_a_simulated_caller_is_a_mistake(project: Path, agentops: Agentops) -> None:
    name = script(project, "caller: {goal: learns the opening hours}\ngoals: [is told]\n")
    ended = agentops("smoke", name)
    assert ended.code == 1
    assert "the script has a simulated caller, and the project has no judge" in ended.out + ended.err


def test_a_key_without_a_value_is_named(
    judged: Path, agentops: Agentops, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JUDGE_KEY")
    ended = agentops("smoke", script(judged, HOURS))
    assert ended.code == 64
    assert "JUDGE_KEY" in ended.err


# ---- simulated callers


def caller(*turns: str, answered_by: str = "Monday to Friday") -> Reply:
    """A caller that says these sentences, and hangs up with the last."""
    left = list(turns)

    def reply(system: str, user: str) -> dict[str, Any]:
        if "You decide" in system:
            return quoting("Monday to Friday")(system, user)
        text = left.pop(0) if left else "Goodbye."
        return {"say": text, "hang_up": not left, "answered_by": "" if left else answered_by}

    return reply


SIMULATED = """\
caller: {persona: impatient, goal: to learn the opening hours, facts: {name: Ada}, max_turns: 4}
goals: [the caller knows when to come]
"""


def test_a_simulated_caller_gets_what_it_wants_and_can_be_replayed(
    judged: Path, agentops: Agentops, stub: Stub
) -> None:
    stub.reply = caller("What are your opening hours?", "Thanks. Goodbye.")
    name = script(judged, SIMULATED)
    ended = agentops("smoke", name, "--output", "out")
    assert ended.code == 0, ended.out
    said = [turn["text"] for turn in report_of(judged / "out")["turns"] if turn["role"] == "caller"]
    assert said == ["What are your opening hours?", "Thanks. Goodbye."]
    assert any("You are in a hurry" in system for system, _ in stub.asked)
    asked = len(stub.asked)
    ended = agentops("smoke", name, "--replay", "out/report.json", "--output", "again")
    assert ended.code == 0, ended.out
    again = [turn["text"] for turn in report_of(judged / "again")["turns"] if turn["role"] == "caller"]
    assert again == said
    assert all("You decide" in system for system, _ in stub.asked[asked:])


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (caller("My order number is 4711, where is it?", "Bye."), "made a number up"),
        (caller("Goodbye.", answered_by="We open at noon"), "hung up before"),
        (caller(*["And your opening hours?"] * 9), "4 turns without coming to an end"),
        (lambda system, user: "hm", "had nothing to say"),
        (lambda system, user: {"say": "", "hang_up": False, "answered_by": ""}, "nothing that can be spoken"),
    ],
    ids=["makes up", "hangs up early", "never stops", "no answer", "mute"],
)
def test_a_caller_that_breaks_its_role_proves_nothing(
    judged: Path, agentops: Agentops, stub: Stub, reply: Reply, why: str
) -> None:
    stub.reply = lambda system, user: (
        reply(system, user) if "You are a person" in system else quoting("Monday to Friday")(system, user)
    )
    lenient = SIMULATED.replace("goals: [the caller knows when to come]", "checks: {ended_by: caller}")
    ended = agentops("smoke", script(judged, lenient), "--output", "out")
    assert ended.code == 6, ended.out
    call = report_of(judged / "out")
    assert call["verdict"] == "inconclusive", call["checks"]
    assert any(why in check["heard"] for check in call["checks"])


def test_an_unknown_persona_is_a_mistake_with_a_list(judged: Path, agentops: Agentops) -> None:
    ended = agentops("smoke", script(judged, SIMULATED.replace("impatient", "grumpy")))
    assert ended.code == 1
    assert "there is no persona 'grumpy'" in ended.err
    assert "hard-of-hearing" in ended.err
    (judged / "agents/calls/personas").mkdir()
    (judged / "agents/calls/personas/grumpy.md").write_text("You grumble.")
    assert "1 script, " in agentops("smoke", "--dry-run", script(judged, SIMULATED.replace("impatient", "grumpy"))).out


# ---- recorded calls


def test_recorded_calls_are_judged_again_by_changed_scripts(judged: Path, agentops: Agentops, stub: Stub) -> None:
    plain = "steps:\n  - expect: How can I help\n  - say: What are your opening hours?\n  - expect: Monday\n"
    name = script(judged, plain)
    assert agentops("smoke", name, "--output", "out").code == 0
    again = agentops("smoke", name, "--rejudge", "out", "--output", "same")
    assert again.code == 0, again.out
    assert report_of(judged / "same")["call_id"] == report_of(judged / "out")["call_id"]
    script(judged, plain.replace("expect: Monday", "expect: Sunday"))
    changed = agentops("smoke", name, "--rejudge", "out", "--output", "changed")
    assert changed.code == 6
    assert 'contains "Sunday"' in changed.out
    stub.reply = quoting("Monday to Friday")
    script(judged, plain + "goals: [the caller knows when to come]\n")
    assert agentops("smoke", name, "--rejudge", "out", "--output", "goals").code == 0
    script(judged, plain.replace("opening hours", "prices"))
    other = agentops("smoke", name, "--rejudge", "out", "--output", "other")
    assert (other.code, report_of(judged / "other")["verdict"]) == (6, "inconclusive")


def test_what_was_not_called_can_not_be_judged_again(judged: Path, agentops: Agentops) -> None:
    name = script(judged, "steps:\n  - expect: How can I help\n")
    assert agentops("smoke", name, "--output", "out").code == 0
    other = script(judged, "steps:\n  - expect: How can I help\n", "other")
    for arguments in (("--rejudge", "out"), ("--baseline", "out/report.json"), ("--replay", "out/report.json")):
        ended = agentops("smoke", other, *arguments)
        assert ended.code == 64, arguments
        assert "out" in ended.err
    assert agentops("smoke", name, "--rejudge", "nowhere").code == 64
    assert agentops("smoke", name, "--rejudge", "out", "--mutate").code == 64


def test_latencies_are_compared_with_a_baseline(judged: Path, agentops: Agentops) -> None:
    steps = "steps:\n  - expect: How can I help\n  - say: What are your opening hours?\n  - expect: Monday\n"
    name = script(judged, steps + "checks: {turn_latency_ms: {p95: '+20%'}}\n")
    alone = agentops("smoke", name, "--output", "out")
    assert (alone.code, report_of(judged / "out")["verdict"]) == (6, "inconclusive")
    assert "--baseline REPORT" in alone.out
    report = json.loads((judged / "out/report.json").read_text())
    (call,) = report["scripts"][0]["calls"]
    for turn in call["turns"]:
        turn["latency_ms"] = turn["latency_ms"] and 60_000.0
    call["verdict"] = "passed"
    (judged / "slow.json").write_text(json.dumps(report))
    ended = agentops("smoke", name, "--baseline", "slow.json", "--output", "compared")
    assert ended.code == 0, ended.out
    assert report_of(judged / "compared")["baseline"]["latency_p95_ms"] == 60_000.0
    junit = (judged / "compared/junit.xml").read_text()
    assert '<property name="baseline_latency_p95_ms" value="60000"/>' in junit
    for turn in call["turns"]:
        turn["latency_ms"] = turn["latency_ms"] and 0.001
    (judged / "fast.json").write_text(json.dumps(report))
    ended = agentops("smoke", name, "--baseline", "fast.json", "--output", "slower")
    assert ended.code == 6
    assert "(+20% of" in ended.out


# ---- coverage


def test_tools_that_no_script_exercised_are_named(judged: Path, agentops: Agentops) -> None:
    name = script(judged, "steps:\n  - expect: How can I help\n  - say: Goodbye\n  - expect_end: agent\n")
    ended = agentops("smoke", name, "--coverage", "--output", "out")
    assert ended.code == 0, ended.out
    assert "coverage: 1 of 3 tools and playbooks" in ended.out
    assert f"support: tool end_call: {name}" in ended.out
    assert "support: tool look_up_order: exercised by no script" in ended.out
    rows = json.loads((judged / "out/report.json").read_text())["coverage"]
    assert {row["name"]: row["scripts"] for row in rows}["end_call"] == [name]
    file = judged / "agentops.yaml"
    asked = "    target: emulator\n    deploy: {coverage: 80%}\n"
    file.write_text(file.read_text().replace("    target: emulator\n", asked, 1))
    below = agentops("smoke", name, "--output", "below")
    assert below.code == 6
    assert "33% of tools and playbooks were exercised, deploy.coverage asks for 80%" in below.err
