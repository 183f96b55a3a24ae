from __future__ import annotations

import pytest
from github_job import read_event, variables

from agentops.ci.event import Trigger, read_run
from agentops.errors import UsageError


def test_a_pull_request_is_read_from_its_event() -> None:
    run = read_run(variables("pull_request"), read_event("pull_request"))
    assert run.trigger is Trigger.PULL_REQUEST
    assert run.pull_request is not None
    assert (run.pull_request.number, run.pull_request.head_sha) == (7, "1" * 40)
    assert run.url == "https://github.com/acme/voice/actions/runs/4242"
    assert not run.has_no_secrets


@pytest.mark.parametrize("event", ["pull_request_from_fork", "pull_request_from_deleted_fork"])
def test_a_fork_has_no_secrets(event: str) -> None:
    assert read_run(variables("pull_request"), read_event(event)).has_no_secrets


def test_dependabot_has_no_secrets_either() -> None:
    run = read_run(variables("pull_request", GITHUB_ACTOR="dependabot[bot]"), read_event("pull_request"))
    assert run.has_no_secrets


def test_a_closed_pull_request_is_its_own_trigger() -> None:
    run = read_run(variables("pull_request"), read_event("pull_request_merged"))
    assert run.trigger is Trigger.PULL_REQUEST_CLOSED
    assert run.pull_request is not None
    assert run.pull_request.number == 7


def test_a_push_names_its_branch_and_no_pull_request() -> None:
    run = read_run(variables("push"), read_event("push"))
    assert (run.trigger, run.branch, run.sha, run.pull_request) == (Trigger.OTHER, "main", "3" * 40, None)


def test_a_tag_is_no_branch() -> None:
    run = read_run(variables("push", GITHUB_REF_TYPE="tag", GITHUB_REF_NAME="v1"), read_event("push"))
    assert run.branch is None


def test_the_token_is_never_shown() -> None:
    run = read_run(variables("push"), read_event("push"))
    assert "ghs_" not in repr(run)


@pytest.mark.parametrize(
    ("environ", "event", "said"),
    [
        ({}, {}, "not a GitHub Actions job"),
        (variables("pull_request_target"), {}, "does not run on pull_request_target"),
        (variables("push", GITHUB_REPOSITORY=""), {}, "GITHUB_REPOSITORY is not set"),
        (variables("pull_request"), {"action": "opened"}, "does not describe a pull request"),
        (variables("pull_request"), {"pull_request": {"number": "x", "head": {"sha": "1"}}}, "does not describe"),
    ],
)
def test_what_is_not_github_is_refused_with_a_way_out(
    environ: dict[str, str], event: dict[str, object], said: str
) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        read_run(environ, event)
    assert refused.value.hint
