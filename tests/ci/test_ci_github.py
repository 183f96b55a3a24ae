"""Comments and issues on the fake GitHub: a second run updates, nothing is doubled, refusals are named."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fake_github import ALL, BOT, FakeGithub
from github_job import InstantClock

from agentops.ci.comment import BODY_CHARACTERS, fit, keep_comment
from agentops.ci.github import Github
from agentops.ci.issue import LABEL, IssueStep, close_issue, keep_issue
from agentops.ci.stamp import Stamp, StampKind, Standing, stamp_line
from agentops.errors import ForbiddenError, NotFoundError, RateLimitedError, UnauthorizedError

PROD = Stamp(StampKind.PLAN, "acme-voice", "prod", digest="d1", commit="1" * 40, standing=Standing.APPLYABLE)
STAGING = Stamp(StampKind.PLAN, "acme-voice", "staging", digest="d2", commit="1" * 40, standing=Standing.APPLYABLE)
DRIFT = Stamp(StampKind.DRIFT, "acme-voice", "prod")


async def test_a_second_run_updates_the_comment(github: Github, fake: FakeGithub) -> None:
    first = await keep_comment(github, 7, PROD, "two changes", bot=BOT)
    later = Stamp(StampKind.PLAN, "acme-voice", "prod", digest="d9", commit="2" * 40, standing=Standing.APPLYABLE)
    second = await keep_comment(github, 7, later, "three changes", bot=BOT)
    assert first.comment_id == second.comment_id
    [only] = fake.comments_on(7)
    assert only["body"] == f"{stamp_line(later)}\nthree changes"


async def test_the_same_text_again_is_not_written_again(github: Github, fake: FakeGithub) -> None:
    await keep_comment(github, 7, PROD, "two changes", bot=BOT)
    fake.requests.clear()
    await keep_comment(github, 7, PROD, "two changes", bot=BOT)
    assert not [request for request in fake.requests if not request.startswith("GET")]


async def test_each_environment_has_its_own_comment(github: Github, fake: FakeGithub) -> None:
    await keep_comment(github, 7, PROD, "prod", bot=BOT)
    await keep_comment(github, 7, STAGING, "staging", bot=BOT)
    assert len(fake.comments_on(7)) == 2


async def test_peoples_comments_are_never_touched(github: Github, fake: FakeGithub) -> None:
    copied = f"{stamp_line(PROD)}\nI copied this"
    fake.add_comment(7, copied, author="dana")
    await keep_comment(github, 7, PROD, "two changes", bot=BOT)
    await keep_comment(github, 7, PROD, "three changes", bot=BOT)
    assert [row["body"] for row in fake.comments_on(7) if row["user"]["login"] == "dana"] == [copied]
    assert len(fake.comments_on(7)) == 2


async def test_the_comment_is_found_behind_a_hundred_others(github: Github, fake: FakeGithub) -> None:
    for number in range(205):
        fake.add_comment(7, f"talk {number}", author="dana")
    await keep_comment(github, 7, PROD, "two changes", bot=BOT)
    await keep_comment(github, 7, PROD, "three changes", bot=BOT)
    assert len([row for row in fake.comments_on(7) if row["user"]["login"] == BOT]) == 1


async def test_two_jobs_that_raced_leave_one_comment(github: Github, fake: FakeGithub) -> None:
    fake.add_comment(7, f"{stamp_line(PROD)}\none job")
    fake.add_comment(7, f"{stamp_line(PROD)}\nthe other")
    await keep_comment(github, 7, PROD, "the truth", bot=BOT)
    [only] = fake.comments_on(7)
    assert only["body"].endswith("the truth")


async def test_a_lost_answer_does_not_make_a_second_comment(github: Github, fake: FakeGithub) -> None:
    fake.lose_next_write = True
    await keep_comment(github, 7, PROD, "two changes", bot=BOT)
    assert len(fake.comments_on(7)) == 1


async def test_a_body_at_the_limit_is_taken(github: Github, fake: FakeGithub) -> None:
    body = fit("a line of the plan\n" * 10_000, link="https://example.com/run")
    assert len(body) <= BODY_CHARACTERS
    await keep_comment(github, 7, PROD, body, bot=BOT)
    assert "size limit" in fake.comments_on(7)[0]["body"]


async def test_a_missing_permission_is_named(github: Github, fake: FakeGithub) -> None:
    fake.permissions = ALL - {"pull-requests:write", "issues:write"} | {"pull-requests:read"}
    with pytest.raises(ForbiddenError) as refused:
        await keep_comment(github, 7, PROD, "two changes", bot=BOT)
    assert "pull-requests: write" in refused.value.summary
    assert refused.value.hint is not None
    assert "permissions:" in refused.value.hint


async def test_a_wrong_token_says_so_and_is_not_shown(connect: Callable[..., Github]) -> None:
    with pytest.raises(UnauthorizedError) as refused:
        await connect(token="ghs_wrong").comments(7)
    assert "does not accept the token" in refused.value.summary
    assert "ghs_wrong" not in str(refused.value)


async def test_both_kinds_of_rate_limit_are_waited_for(github: Github, fake: FakeGithub, clock: InstantClock) -> None:
    fake.limit_next(reset_at=int(clock.now().timestamp()) + 40)
    fake.limit_next(retry_after=20)
    await keep_comment(github, 7, PROD, "two changes", bot=BOT)
    assert len(fake.comments_on(7)) == 1
    assert sum(clock.slept) >= 60


async def test_a_rate_limit_that_lasts_an_hour_ends_the_job(
    github: Github, fake: FakeGithub, clock: InstantClock
) -> None:
    fake.limit_next(reset_at=int(clock.now().timestamp()) + 3000)
    with pytest.raises(RateLimitedError) as limited:
        await github.comments(7)
    assert "GitHub is limiting" in limited.value.summary
    assert "3001 s" in (limited.value.hint or "")


async def test_a_refusal_that_only_mentions_limits_in_passing_is_waited_for_a_minute(
    github: Github, fake: FakeGithub, clock: InstantClock
) -> None:
    fake.fail_next(403, "You have triggered a secondary rate limit")
    await github.comments(7)
    assert sum(clock.slept) >= 60


async def test_drift_opens_one_issue_updates_it_and_closes_it(github: Github, fake: FakeGithub) -> None:
    async def keep(text: str) -> IssueStep:
        return (await keep_issue(github, DRIFT, title="prod drifted", markdown=text, bot=BOT))[0]

    assert await keep("one field") is IssueStep.OPENED
    assert await keep("one field") is IssueStep.UNCHANGED
    assert await keep("two fields") is IssueStep.UPDATED
    [issue] = fake.issues.values()
    assert [label["name"] for label in issue["labels"]] == [LABEL]
    step, _ = await close_issue(github, DRIFT, farewell="clean again", bot=BOT)
    assert (step, issue["state"]) == (IssueStep.CLOSED, "closed")
    assert [row["body"] for row in fake.comments_on(issue["number"])] == ["clean again"]
    assert (await close_issue(github, DRIFT, farewell="clean again", bot=BOT))[0] is IssueStep.NONE


async def test_an_issue_whose_label_somebody_took_off_is_still_the_one(github: Github, fake: FakeGithub) -> None:
    await keep_issue(github, DRIFT, title="prod drifted", markdown="one field", bot=BOT)
    next(iter(fake.issues.values()))["labels"] = []
    await keep_issue(github, DRIFT, title="prod drifted", markdown="two fields", bot=BOT)
    assert len(fake.issues) == 1


async def test_an_issue_that_a_person_wrote_is_not_ours(github: Github, fake: FakeGithub) -> None:
    await keep_issue(github, DRIFT, title="prod drifted", markdown="one field", bot=BOT)
    next(iter(fake.issues.values()))["user"] = {"login": "dana"}
    await keep_issue(github, DRIFT, title="prod drifted", markdown="two fields", bot=BOT)
    assert len(fake.issues) == 2


async def test_issues_that_are_switched_off_are_explained(github: Github, fake: FakeGithub) -> None:
    fake.fail_next(410, "Issues has been disabled in this repository.")
    with pytest.raises(NotFoundError) as refused:
        await keep_issue(github, DRIFT, title="prod drifted", markdown="one field", bot=BOT)
    assert "switch issues on" in (refused.value.hint or "")
