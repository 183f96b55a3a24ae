"""From pull request to live line and back, through the shell steps of the workflows that `init --github` writes.

A temporary repository with a bare remote, the emulator, and the fake GitHub; nothing of ours is replaced.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fake_github import ALL, BOT, TOKEN, FakeGithub, serving
from github_job import variables
from runner import JobResult, Runner

from agentops.ci.scaffold import GuardedEnvironment, Scaffold, github_files
from agentops.emulator.options import EmulatorOptions
from agentops.emulator.server import start

PROJECT = Path(__file__).parent / "project"
KEYS = {"SMALLEST_API_KEY_STAGING": "sk_staging", "SMALLEST_API_KEY_PROD": "sk_prod"}
SCAFFOLD = Scaffold(
    "acme-voice",
    (
        GuardedEnvironment("staging", ("SMALLEST_API_KEY_STAGING",)),
        GuardedEnvironment("prod", ("SMALLEST_API_KEY_PROD",), is_protected=True),
    ),
)

pytestmark = pytest.mark.slow


class Team:
    """A repository, its remote, its pull requests, and the jobs that GitHub would start for them."""

    def __init__(self, folder: Path, fake: FakeGithub, api: str, emulator: str) -> None:
        self.fake, self.api, self.emulator, self.folder = fake, api, emulator, folder
        self.place, self.remote, self.has_shell = folder / "work", folder / "remote.git", False
        self.downloads = folder / "downloads"  # what earlier jobs kept
        self.downloads.mkdir()
        shutil.copytree(PROJECT, self.place)
        for name, text in github_files(SCAFFOLD).items():
            (self.place / name).parent.mkdir(parents=True, exist_ok=True)
            (self.place / name).write_text(text)
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("init", "--quiet", "--bare", str(self.remote))
        self.git("remote", "add", "origin", str(self.remote))
        self.commit("Our desk as code")
        self.git("push", "--quiet", "origin", "main")

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=dana", "-c", "user.email=dana@example.com"]
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=self.place, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def write(self, file: str, before: str, after: str) -> None:
        path = self.place / file
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))

    # ---- what people do

    def open_pull(self, number: int, message: str) -> str:
        """Everything that was written goes onto a branch of its own, as a pull request."""
        self.git("checkout", "--quiet", "-b", f"change-{number}")
        return self.push_to_pull(number, message)

    def push_to_pull(self, number: int, message: str) -> str:
        head = self.commit(message)
        self.git("push", "--quiet", "origin", f"change-{number}")
        self.fake.add_pull(number, head_sha=head)
        return head

    def merge(self, number: int) -> str:
        head = self.git("rev-parse", f"change-{number}")
        self.git("checkout", "--quiet", "main")
        self.git("merge", "--quiet", "--no-ff", "--message", f"Merge pull request #{number}", f"change-{number}")
        self.git("push", "--quiet", "origin", "main")
        merged = self.git("rev-parse", "HEAD")
        self.fake.add_pull(number, head_sha=head, merge_sha=merged)
        return merged

    # ---- what GitHub does

    def plan(self, number: int, environment: str = "prod", **event: Any) -> JobResult:
        payload = self.event(number, "synchronize", event.pop("repository", "acme/voice"))
        return self.run("pull_request", payload, "agentops-plan", "plan", {"environment": environment}, **event)

    def preview(self, number: int, action: str = "synchronize", **event: Any) -> JobResult:
        payload = self.event(number, action, event.pop("repository", "acme/voice"))
        inputs = {"environment": "staging", "preview": True}
        return self.run("pull_request", payload, "agentops-plan", "preview", inputs, **event)

    def event(self, number: int, action: str, repository: str) -> dict[str, Any]:
        pull = self.fake.pulls[number]
        head = {"sha": pull["head"]["sha"], "repo": {"full_name": repository}}
        return {"action": action, "pull_request": {**pull, "head": head, "title": "$(touch owned) `id`"}}

    def apply(self, environment: str = "prod") -> JobResult:
        self.fake.branches["main"] = self.git("rev-parse", "main")
        return self.run("push", {}, "agentops-apply", "apply", {"environment": environment})

    def comment(self, number: int, body: str, author: str = "dana", kind: str = "User", **event: Any) -> JobResult:
        """Somebody writes a comment on a pull request."""
        row = self.fake.add_comment(number, body, author)
        told = {"body": body, "user": {"login": author, "type": kind}, "html_url": row["html_url"]}
        payload = {
            "action": "created",
            "issue": {"number": number, "pull_request": {"url": "it"}},
            "comment": told,
            **event,
        }
        return self.run("issue_comment", payload, "agentops-ack", "ack", {})

    def drift(self, environment: str = "staging") -> JobResult:
        return self.run("schedule", {}, "agentops-drift", "drift", {"environment": environment})

    def deploy(self, number: int, message: str) -> JobResult:
        """A pull request that is planned, merged and applied."""
        self.open_pull(number, message)
        assert self.plan(number).exit_code == 0
        self.merge(number)
        return self.apply()

    def agents(self) -> list[dict[str, Any]]:
        """What the account lists."""
        answer = httpx2.get(f"{self.emulator}/atoms/v1/agent", headers={"Authorization": "Bearer sk_console"})
        found: list[dict[str, Any]] = answer.json()["data"]["agents"]
        return found

    def break_next(self, **fault: Any) -> None:
        httpx2.post(f"{self.emulator}/_emulator/faults", json=fault).raise_for_status()

    def edit_in_console(self, environment: str, prompt: str) -> None:
        """Somebody changes the desk's prompt in the console and publishes it."""
        headers = {"Authorization": "Bearer sk_console"}
        with httpx2.Client(base_url=f"{self.emulator}/atoms/v1", headers=headers) as console:
            [agent] = [row["_id"] for row in self.agents() if row["name"] == f"Desk ({environment})"]
            [branch] = [
                row["branch"]["_id"] for row in console.get(f"/agent/{agent}/branches").json()["data"]["branches"]
            ]
            draft = f"/agent/{agent}/branches/{branch}/draft"
            console.put(draft, json={"singlePromptConfig": {"prompt": prompt}}).raise_for_status()
            console.post(f"{draft}/publish", json={"label": "Quick fix"}).raise_for_status()

    def run(
        self,
        event: str,
        payload: Any,
        workflow: str,
        job: str,
        inputs: dict[str, Any],
        *,
        keys: Any = KEYS,
        **contexts: Any,
    ) -> JobResult:
        path = self.folder / "event.json"
        path.write_text(json.dumps(payload))
        temporary = self.folder / "temporary"
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.copytree(self.downloads, temporary / "shards")
        told = variables(
            event,
            GITHUB_EVENT_PATH=str(path),
            GITHUB_API_URL=self.api,
            GITHUB_SHA=self.git("rev-parse", "HEAD"),
            TEST_EMULATOR=self.emulator,
        )
        return Runner(self.place, temporary, told, keys, has_shell=self.has_shell).job(
            workflow, job, inputs, **contexts
        )


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    fake = FakeGithub()
    behaviours = tuple((PROJECT / "agents" / "behaviours").glob("*.yaml"))
    with serving(fake) as api, start(EmulatorOptions(behaviours=behaviours, seed=1)) as emulator:
        yield Team(tmp_path, fake, api, emulator.base_url)


def comment_of(team: Team, number: int) -> str:
    [comment] = team.fake.comments_on(number)
    assert comment["user"]["login"] == BOT
    text: str = comment["body"]
    return text


def test_from_pull_request_to_live_line_and_back(team: Team) -> None:
    team.has_shell = True
    # A pull request is opened: one comment, with the digest.
    team.write("agents/prompts/desk.md", "You answer", "You kindly answer")
    team.open_pull(7, "Be kind")
    first = team.plan(7)
    assert (first.exit_code, first.outputs["changes"]) == (0, "true"), first.log
    assert first.outputs["digest"] in comment_of(team, 7)
    assert "`plan-prod.html` in [`agentops-plan-prod`](https://github.com/acme/voice/actions/runs/4242#artifacts)" in (
        comment_of(team, 7)
    )
    assert "approves the digest" in comment_of(team, 7)
    assert not (team.place / "owned").exists(), "the pull request's title was run"
    assert Path(first.outputs["plan-file"]).exists()

    # It is changed: the same comment.
    team.write("agents/prompts/desk.md", "kindly", "very kindly")
    team.push_to_pull(7, "Be very kind")
    second = team.plan(7)
    assert second.outputs["digest"] != first.outputs["digest"]
    assert second.outputs["digest"] in comment_of(team, 7)

    # It is merged: applied with the digest that was approved.
    team.merge(7)
    applied = team.apply()
    assert applied.exit_code == 0, applied.log
    assert applied.outputs["digest"] == second.outputs["digest"]
    assert "approved by [#7]" in applied.summary
    assert "nothing to do" in team.apply().summary


def test_a_direct_push_to_a_protected_environment_is_refused(team: Team) -> None:
    refused = team.apply()
    assert refused.exit_code == 4, refused.log
    assert "direct_push" in refused.log
    assert "pull request only" in refused.summary
    assert team.apply("staging").exit_code == 0


def test_only_the_bots_comment_on_the_merged_head_approves(team: Team) -> None:
    team.open_pull(7, "Start")
    planned = team.plan(7)
    [comment] = team.fake.comments.values()
    comment["user"] = {"login": "mallory"}
    team.merge(7)
    refused = team.apply()
    assert (refused.exit_code, "no_plan_comment" in refused.log) == (4, True)

    comment["user"] = {"login": BOT}
    comment["body"] = comment["body"].replace(planned.outputs["digest"], "0" * 16).replace('"desk:', '"desk:0')
    stale = team.apply()
    assert stale.exit_code == 5, stale.log
    assert "run the plan workflow of pull request #7 again" in stale.summary


def test_a_commit_that_was_pushed_after_the_plan_is_refused_until_it_is_planned(team: Team) -> None:
    team.open_pull(7, "Start")
    team.plan(7)
    team.merge(7)
    assert team.apply().exit_code == 0
    team.write("agents/prompts/desk.md", "You answer", "You kindly answer")
    team.open_pull(8, "Be kind")
    team.plan(8)
    team.write("agents/prompts/desk.md", "kindly", "rudely")
    team.git("commit", "--quiet", "--all", "--message", "Slipped in after the plan")
    team.fake.pulls[8]["head"]["sha"] = team.git("rev-parse", "HEAD")
    team.merge(8)
    refused = team.apply()
    assert (refused.exit_code, "plan_of_other_commit" in refused.log) == (4, True), refused.log

    # The way out: the plan workflow runs again, although the pull request is closed by now.
    team.plan(8)
    assert len(team.fake.comments_on(8)) == 1
    assert team.apply().exit_code == 0


def test_a_fork_is_checked_without_secrets_and_without_a_comment(team: Team) -> None:
    team.fake.permissions = frozenset({"pull-requests:read"})
    team.write("agents/desk.yaml", "firstMessage:", "firstMesage:")
    team.open_pull(7, "A typo")
    checked = team.plan(7, repository="stranger/voice", keys={})
    assert checked.exit_code == 1, checked.log
    assert "Checked, not planned" in checked.summary
    assert "::error file=agents/desk.yaml,line=3" in checked.log
    assert not team.fake.comments


def test_a_fork_is_planned_where_no_secret_is_needed(team: Team) -> None:
    team.fake.permissions = frozenset({"pull-requests:read"})
    team.open_pull(7, "Start")
    planned = team.plan(7, "local", repository="stranger/voice", keys={})
    assert (planned.exit_code, planned.outputs["changes"]) == (0, "true"), planned.log
    assert "Merging this applies it to `local`" in planned.summary
    assert not team.fake.comments


def test_a_spec_cannot_read_the_jobs_token(team: Team) -> None:
    team.write("agents/desk.yaml", "Good morning,", "${{ env('GITHUB_TOKEN', 'no token') }},")
    team.open_pull(7, "Curious")
    planned = team.plan(7)
    assert planned.exit_code == 0, planned.log
    assert "no token, this is the desk" in comment_of(team, 7)
    assert TOKEN not in comment_of(team, 7) + planned.log + planned.summary


def test_a_closed_pull_request_is_not_planned(team: Team) -> None:
    team.open_pull(7, "Start")
    payload = team.event(7, "closed", "acme/voice")
    closed = team.run("pull_request", payload, "agentops-plan", "plan", {"environment": "prod"})
    assert (closed.exit_code, closed.summary) == (0, "")
    assert not team.fake.requests


def test_a_plan_that_fails_replaces_the_comment_of_the_last_one(team: Team) -> None:
    team.write("agents/prompts/desk.md", "You answer", "You kindly answer")
    team.open_pull(7, "Be kind")
    digest = team.plan(7).outputs["digest"]
    team.write("agents/desk.yaml", "firstMessage:", "firstMesage:")
    team.push_to_pull(7, "A typo")
    failed = team.plan(7)
    assert failed.exit_code == 1, failed.log
    assert digest not in comment_of(team, 7)
    assert "did you mean" in comment_of(team, 7)
    assert failed.outputs["exit-code"] == "1"
    assert "::error file=agents/desk.yaml,line=" in failed.log


def test_a_job_without_the_permission_says_which_one(team: Team) -> None:
    team.fake.permissions = ALL - {"pull-requests:write", "issues:write"} | {"pull-requests:read"}
    team.open_pull(7, "Start")
    refused = team.plan(7)
    assert refused.exit_code == 1
    assert "needs the permission `pull-requests: write`" in refused.log


def test_a_console_edit_opens_an_issue_that_closes_when_it_is_undone(team: Team) -> None:
    assert team.apply("staging").exit_code == 0
    assert "Nothing was changed outside git" in team.drift().summary
    assert not team.fake.issues

    team.edit_in_console("staging", "You answer for the desk, quickly.\nWe are open Monday to Friday.\n")
    found = team.drift()
    assert (found.exit_code, found.outputs["changes"]) == (0, "true"), found.log
    [issue] = team.fake.issues.values()
    assert issue["title"] == "staging: 1 agent changed outside git"
    assert "quickly" in issue["body"]
    assert "Nothing new" in team.drift().summary
    assert len(team.fake.issues) == 1

    team.write("agents/prompts/desk.md", "desk.", "desk, quickly.")
    team.commit("Bring the quick fix into git")
    assert team.apply("staging").exit_code == 0
    assert "clean again" in team.drift().summary
    assert issue["state"] == "closed"


def test_a_bad_change_is_restored_the_job_is_red_and_the_revert_is_proposed(team: Team) -> None:
    assert team.deploy(7, "Start").exit_code == 0
    team.has_shell = True
    team.write("agents/prompts/desk.md", "We are open Monday to Friday.\n", "Ask them to call again.\n")
    bad = team.deploy(8, "Tidy up")
    assert (bad.exit_code, bad.outputs["rolled-back"]) == (6, "true"), bad.log
    assert "expected agent contains" in bad.summary
    assert f"git revert {team.git('rev-parse', 'HEAD')[:10]}" in bad.summary
    assert "Calls failed: 0 of 1 script passed" in bad.summary
    assert Path(bad.outputs["report"]).name == "report.html"
    assert Path(bad.outputs["report"]).is_relative_to(bad.outputs["artifact-path"])

    needs = {"apply.outputs.restore": bad.outputs["restore"]}
    proposed = team.run("push", {}, "agentops-apply", "revert", {"environment": "prod"}, needs=needs)
    assert proposed.exit_code == 0, proposed.log
    again = team.run("push", {}, "agentops-apply", "revert", {"environment": "prod"}, needs=needs)
    [pull] = [pull for pull in team.fake.pulls.values() if pull["state"] == "open"]
    assert f"#{pull['number']}" in again.summary

    # Merging the revert needs no approval: git says again what serves, so there is nothing to apply.
    team.git("fetch", "--quiet", "origin")
    team.git("merge", "--quiet", "--ff-only", f"origin/{pull['head']['ref']}")
    assert "nothing to do" in team.apply().summary


def test_a_rollback_by_hand_puts_the_revision_before_back(team: Team) -> None:
    assert team.deploy(7, "Start").exit_code == 0
    team.write("agents/prompts/desk.md", "You answer", "You kindly answer")
    assert team.deploy(8, "Be kind").exit_code == 0
    inputs = {"environment": "prod", "agent": "desk", "to": "previous"}
    back = team.run("workflow_dispatch", {}, "agentops-rollback", "rollback", inputs)
    assert back.exit_code == 0, back.log
    deployed = team.git("log", "-1", "--format=%h", "main")
    assert f"Revert `{deployed}`, which deployed `desk`" in back.summary

    needs = {"rollback.outputs.restore": back.outputs["restore"]}
    proposed = team.run("workflow_dispatch", {}, "agentops-rollback", "revert", inputs, needs=needs)
    assert proposed.exit_code == 0, proposed.log
    [pull] = [pull for pull in team.fake.pulls.values() if pull["state"] == "open"]
    assert pull["title"] == "Set desk back to what serves: rolled back in prod"
    assert "`desk` was rolled back in `prod`" in pull["body"]
    assert "Be kind" in pull["body"]
    prompt = subprocess.run(
        ["git", "show", f"{pull['head']['ref']}:agents/prompts/desk.md"],
        cwd=team.remote,
        check=True,
        capture_output=True,
        text=True,
    )
    assert "kindly" not in prompt.stdout
    assert "Nothing was changed outside git" in team.drift("prod").summary
    nobody = team.run("workflow_dispatch", {}, "agentops-rollback", "rollback", {**inputs, "agent": ""})
    assert nobody.exit_code == 64


def test_calls_in_shards_are_put_together(team: Team, tmp_path: Path) -> None:
    assert team.apply("staging").exit_code == 0
    shards = tmp_path / "temporary" / "shards"
    kept = {}
    for number in (1, 2):
        contexts = {"matrix": {"shard": number}, "strategy": {"job-total": 2}}
        called = team.run("schedule", {}, "agentops-calls", "calls", {"environment": "staging"}, **contexts)
        assert called.exit_code == 0, called.log
        assert called.outputs["artifact-name"] == f"agentops-calls-staging-shard-{number}-of-2"
        kept[called.outputs["artifact-name"]] = shutil.copytree(called.outputs["artifact-path"], tmp_path / str(number))

    for name, folder in kept.items():
        shutil.copytree(folder, team.downloads / name)
    merged = team.run("schedule", {}, "agentops-calls", "report", {"environment": "staging"})
    assert merged.exit_code == 0, merged.log
    assert "1 of 1 script passed" in merged.summary
    assert Path(merged.outputs["report"]).is_relative_to(shards)


def test_failed_calls_turn_the_job_red(team: Team) -> None:
    team.write("agents/prompts/desk.md", "We are open Monday to Friday.\n", "")
    assert team.apply("staging").exit_code == 0
    contexts = {"matrix": {"shard": 1}, "strategy": {"job-total": 1}}
    called = team.run("schedule", {}, "agentops-calls", "calls", {"environment": "staging"}, **contexts)
    assert called.exit_code == 6, called.log
    assert "::error title=The desk tells when it is open::expected" in called.log


def test_an_old_job_that_runs_again_does_not_deploy_old_specs(team: Team) -> None:
    assert team.apply("staging").exit_code == 0
    team.write("agents/prompts/desk.md", "You answer", "You kindly answer")
    team.commit("Be kind")
    assert team.apply("staging").outputs["changes"] == "true"
    team.git("checkout", "--quiet", "--detach", "HEAD~1")
    old = team.apply("staging")
    assert (old.exit_code, old.outputs["changes"]) == (0, "false"), old.log
    assert "left to a newer commit" in old.summary


def test_copies_are_called_before_the_merge_and_archived_after_it(team: Team) -> None:
    assert team.apply("staging").exit_code == 0
    team.write("agents/prompts/desk.md", "You answer", "You kindly answer")
    team.open_pull(7, "Be kind")
    up = team.preview(7)
    assert up.exit_code == 0, up.log
    assert "Calls passed: 1 of 1" in up.summary
    assert "Desk (staging) (preview pr-7)" in [agent["name"] for agent in team.agents()]

    team.write("agents/prompts/desk.md", "We are open Monday to Friday.\n", "")
    team.push_to_pull(7, "Tidy up")
    red = team.preview(7)
    assert red.exit_code == 6, red.log
    assert "Calls failed" in red.summary
    comment = comment_of(team, 7)  # one, of the newest push
    assert "Calls failed" in comment
    for page in (red.summary, comment):
        assert f"[`{red.outputs['artifact-name']}`](https://github.com/acme/voice/actions/runs/4242#artifacts)" in page
        named = re.findall(r"^- `(run/\S+report\.html)`$", page, re.MULTILINE)
        assert named
        assert all((Path(red.outputs["artifact-path"]) / each).is_file() for each in named)

    over = team.preview(7, "closed")
    assert over.exit_code == 0, over.log
    assert [agent["name"] for agent in team.agents()] == ["Desk (staging)"]
    left = team.run("schedule", {}, "agentops-preview-gc", "gc", {"environment": "staging"})
    assert (left.exit_code, left.outputs["changes"]) == (0, "false"), left.log


def test_there_is_no_preview_without_secrets_or_without_a_change(team: Team) -> None:
    assert team.apply("staging").exit_code == 0
    team.open_pull(7, "Nothing")
    assert "changes no agent" in team.preview(7).summary
    assert "given no secrets" in team.preview(7, repository="stranger/voice", keys={}).summary


def test_an_apply_that_got_halfway_goes_on_when_the_job_runs_again(team: Team) -> None:
    other = (team.place / "agents/desk.yaml").read_text().replace("Desk", "Night desk")
    other = other.replace("calls: [calls/hours.yaml]", "calls: {none: it rings at night only}")
    (team.place / "agents/night.yaml").write_text(other)
    assert team.deploy(7, "Start").exit_code == 0
    team.write("agents/prompts/desk.md", "You answer", "You kindly answer")
    team.break_next(kind="status", method="POST", path="*/draft/publish", status=400, nth=2, times=1)
    half = team.deploy(8, "Be kind")
    assert (half.exit_code, "1 applied, 1 failed" in half.summary) == (3, True), half.log
    again = team.apply()
    assert again.exit_code == 0, again.log
    assert "nothing to do" in team.apply().summary


FROZEN = "    freeze: [{name: fair, from: 2020-01-01, to: 2099-12-31, timezone: Etc/UTC, reason: the fair}]\n"


def test_somebody_who_may_write_acknowledges_by_comment_and_nobody_else(team: Team) -> None:
    team.write("agentops.yaml", "    protected: true\n", f"    protected: true\n{FROZEN}")
    team.write("agents/prompts/desk.md", "You answer", "You kindly answer")
    team.open_pull(7, "Be kind")
    refused = team.plan(7)
    assert refused.exit_code == 4
    assert "FREEZE" in comment_of(team, 7)
    digest = refused.outputs["digest"]
    asked = f"/agentops ack FREEZE:fair {digest}"
    for body, author, kind, said in (
        (asked, "stranger", "User", "ack_not_allowed"),
        (asked, "some-app[bot]", "Bot", "ack_not_allowed"),
        (f"/agentops ack FREEZE:fair {'0' * 16}", "dana", "User", "ack_other_digest"),
        (f"/agentops ack FREEZE:other {digest}", "dana", "User", "ack_unknown"),
        (f"/agentops ack $(id) {digest}", "dana", "User", "ack_unreadable"),
    ):
        ended = team.comment(7, body, author, kind)
        assert ended.is_red
        assert said in ended.log
    assert team.comment(7, asked, action="edited").exit_code == 0  # changed later: it asks for nothing
    assert team.comment(7, "Looks good").exit_code == 0
    assert team.plan(7).exit_code == 4

    # A comment that only looks like the bot's note counts for nothing.
    noted = team.comment(7, asked)
    assert noted.exit_code == 0, noted.log
    assert "`FREEZE:fair` acknowledged for `prod`" in noted.summary
    [note] = [row for row in team.fake.comments_on(7) if "acknowledged for" in row["body"]]
    assert note["user"]["login"] == BOT
    assert "- `FREEZE:fair` by `dana` ([comment]" in note["body"]
    note["user"] = {"login": "stranger", "type": "User"}
    assert team.plan(7).exit_code == 4
    note["user"] = {"login": BOT, "type": "Bot"}
    assert team.comment(7, asked).exit_code == 0  # twice is once
    assert len([row for row in team.fake.comments_on(7) if "acknowledged for" in row["body"]]) == 1
    planned = team.plan(7)
    assert planned.exit_code == 0, planned.log
    assert planned.outputs["digest"] == digest

    # Another push is another plan: what was acknowledged holds for the one that was looked at.
    team.write("agents/prompts/desk.md", "kindly", "very kindly")
    team.push_to_pull(7, "Be very kind")
    again = team.plan(7)
    assert again.exit_code == 4
    assert team.comment(7, f"/agentops ack FREEZE:fair {again.outputs['digest']}").exit_code == 0
    assert team.plan(7).exit_code == 0
    team.merge(7)
    applied = team.apply()
    assert applied.exit_code == 0, applied.log
    assert "approved by [#7]" in applied.summary


def test_edits_in_the_console_come_back_as_a_pull_request(team: Team) -> None:
    team.write("agents/prompts/desk.md", "You answer", "You kindly answer")
    team.commit("Be kind")
    team.git("push", "--quiet", "origin", "main")
    assert team.apply("staging").exit_code == 0
    team.edit_in_console("staging", "You answer in one word.")
    drift = team.drift()
    assert drift.outputs["changes"] == "true"

    def pull() -> JobResult:
        return team.run("schedule", {}, "agentops-drift", "pull", {"environment": "staging"})

    def proposed() -> str:
        return team.git("--git-dir", str(team.remote), "show", "agentops/pull-staging:agents/prompts/desk.md")

    first = pull()
    assert first.exit_code == 0, first.log
    [request] = [row for row in team.fake.pulls.values() if row["head"]["ref"] == "agentops/pull-staging"]
    assert f"#{request['number']}" in first.summary
    assert request["title"] == "Bring console edits of desk in staging into git"
    assert "Quick fix" in request["body"]  # the revision, by its label and its author
    assert "`agentops apply -e staging --overwrite-drift`" in request["body"]
    assert proposed() == "You answer in one word."
    assert team.git("status", "--porcelain") == ""  # the job's own checkout stays as it is
    before = team.git("ls-remote", "origin", "agentops/pull-staging")
    assert pull().exit_code == 0
    assert team.git("ls-remote", "origin", "agentops/pull-staging") == before  # nothing new, nothing pushed
    team.edit_in_console("staging", "You answer in two words.")
    assert pull().exit_code == 0
    assert proposed() == "You answer in two words."
    assert len([row for row in team.fake.pulls.values() if row["head"]["ref"] == "agentops/pull-staging"]) == 1

    # Where somebody has pushed meanwhile, nothing is overwritten.
    team.write("agents/prompts/desk.md", "kindly", "gladly")
    team.commit("Be glad")
    team.git("push", "--quiet", "origin", "main")
    team.git("reset", "--quiet", "--hard", "HEAD~1")
    assert "pull_moved" in pull().log


def test_production_takes_only_what_staging_serves_and_has_passed(team: Team) -> None:
    team.write("agentops.yaml", "    protected: true\n", "    requires: staging\n")
    team.write("agentops.yaml", "  prod:\n", "    deploy: {smoke: live}\n  prod:\n")
    team.write("agents/prompts/desk.md", "You answer", "You kindly answer")
    team.open_pull(7, "Be kind")
    assert team.plan(7).exit_code == 4
    assert "UNTESTED" in comment_of(team, 7)
    team.merge(7)
    early = team.apply()
    assert (early.exit_code, "UNTESTED" in early.log) == (4, True), early.log
    assert team.apply("staging").exit_code == 0
    late = team.apply()
    assert (late.exit_code, "1 applied" in late.summary) == (0, True), late.log
