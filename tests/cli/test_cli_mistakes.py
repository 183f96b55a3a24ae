"""What wrong input gets: a message with what was expected and what to do, an exit code, nothing written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from command_line import Agentops

USAGE = 64


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("plam", "did you mean `agentops plan`"),
        ("plan --frmat json", "did you mean `--format`?"),
        ("plan --dry-run", "it is one: it writes nothing"),
        ("apply --force", "--ack CODE"),
        ("plan --json", "--format json"),
        ("login", "did you mean `agentops doctor`"),
        ("frobnicate", "`agentops --help` lists the verbs"),
        ("plan local", "did you mean `agentops plan -e local`?"),
        ("plan support", "did you mean `agentops plan --agent support`?"),
        ("plan somewhere", "agentops plan --help"),
        ("plan -e", "agentops plan --help"),
        ("plan --select team=cxx", "did you mean cx?"),
        ("plan --changed-since --output=x", "does not begin with -"),
        ("plan --format xml", "text"),
        ("plan -e nowhere", "local, demo, staging, prod"),
        ("plan -e local -e staging", "names several environments: local, staging"),
        ("plan -e local --ack DRFIT", "did you mean DRIFT?"),
        ("plan -e local --ack NOTHING", "`agentops explain` lists all codes"),
        ("plan -e local --ack ADOPTT", "did you mean ADOPT?"),
        ("plan -e local --ack DRIFT", "can't be acknowledged"),
        ("smoke agents/calls/support-hour.yaml -e local", "did you mean agents/calls/support-hours.yaml?"),
        ("plan --agent nobody", "appointments, bilingual, support"),
        ("plan --select team", "TAG=VALUE"),
        ("plan --changed-since nowhere", "git"),
        ("apply", "--yes, --digest D"),
        ("apply nothing.json", "can't be read"),
        ("rollback", "name keys"),
        ("rollback support --to 3 --run x", "exclude each other"),
        ("history", "agentops apply"),
        ("smoke agents/calls/nothing.yaml", "can't be read"),
        ("smoke --mutate --dry-run", "--dry-run can't be combined with --mutate"),
        ("smoke --replay run.json --revision 3 --dry-run", "--dry-run can't be combined with --replay and --revision"),
        ("smoke --mutate --coverage --output out", "--mutate can't be combined with --coverage and --output"),
        ("smoke --mutate --baseline run.json", "--mutate can't be combined with --baseline"),
        ("smoke --rejudge out --coverage", "--rejudge can't be combined with --coverage"),
        ("smoke --preview pr-7 --revision 3", "--preview can't be combined with --revision"),
        ("plan -e staging", "SMALLEST_API_KEY_STAGING"),
    ],
)
def test_usage_errors_say_what_to_do(
    project: Path, agentops: Agentops, monkeypatch: pytest.MonkeyPatch, command: str, said: str
) -> None:
    monkeypatch.setenv("CRM_TOKEN", "a-token")
    ended = agentops(*command.split())
    assert ended.code == USAGE
    assert said in ended.err


def test_outside_of_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agentops: Agentops) -> None:
    monkeypatch.chdir(tmp_path)
    ended = agentops("plan")
    assert ended.code == USAGE
    assert "agentops init" in ended.err
    misplaced = agentops("plan", "staging")
    assert misplaced.code == USAGE
    assert "next: `agentops plan --help`" in misplaced.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("firstMessage:", "firstMesage:", "firstMessage"),
        ("timeout: 4000", "timeout: soon", "expected"),
        ("vars.company }} support", "vars.compny }} support", "company"),
        ("prompts/support.md", "prompts/suport.md", "support.md"),
        ("calls/support-hours", "calls/suport-hours", "support-hours"),
    ],
)
def test_mistakes_in_a_spec_have_a_place_and_a_way_out(
    project: Path, agentops: Agentops, old: str, new: str, said: str
) -> None:
    path = project / "agents/support.yaml"
    text = path.read_text()
    line = text[: text.index(old)].count("\n") + 1
    path.write_text(text.replace(old, new, 1))
    for verb in (["validate"], ["plan"], ["apply", "--yes"]):
        ended = agentops(*verb)
        assert ended.code == 1
        places = [int(each) for each in re.findall(r"agents/support\.yaml:(\d+):\d+: error", ended.out + ended.err)]
        assert line in places
        assert said in ended.out + ended.err
    assert not (project / ".agentops" / "runs").exists()


def test_yaml_that_does_not_parse(project: Path, agentops: Agentops) -> None:
    path = project / "agents/support.yaml"
    path.write_text(path.read_text().replace("tags:\n", "tags: [\n", 1))
    ended = agentops("validate")
    assert ended.code == 1
    assert re.search(r"agents/support\.yaml:\d+:\d+: error\[.*\n(.*\n)*  next: ", ended.out)


@pytest.mark.slow
def test_an_unreachable_host(project: Path, agentops: Agentops, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_TOKEN", "a-token")
    monkeypatch.setenv("SMALLEST_API_KEY_STAGING", "sk_not_to_be_shown")
    monkeypatch.setenv("SMALLEST_BASE_URL", "http://127.0.0.1:9")
    ended = agentops("plan", "-e", "staging")
    assert ended.code == 1
    assert "can't be reached" in ended.err
    assert "sk_not_to_be_shown" not in ended.err + ended.out


def test_an_empty_environment_is_not_the_default_one(project: Path, agentops: Agentops) -> None:
    ended = agentops("plan", "-e", "")
    assert (ended.code, ended.out) == (USAGE, "")
    assert "it is empty" in ended.err


def test_a_call_id_is_no_path(project: Path, agentops: Agentops) -> None:
    for verb in (["calls", "show"], ["record"]):
        ended = agentops(*verb, "../agent", "-e", "local", *(["-v"] if verb[0] == "calls" else []))
        assert ended.code == 1
        assert "there is no call '../agent'" in ended.err
        assert "/conversation/../agent" not in ended.err


def test_a_behaviour_file_that_can_not_be_read_is_named(project: Path, agentops: Agentops) -> None:
    (project / "agents/behaviours/support.yaml").unlink()
    (project / "agents/behaviours/support.yaml").mkdir()
    ended = agentops("validate")
    assert ended.code == 1
    assert "error[behaviour-file]: agents/behaviours/support.yaml is a folder\n" in ended.out
