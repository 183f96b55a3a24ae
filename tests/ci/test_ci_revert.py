"""The revert proposal, on a real repository with a bare remote and the fake GitHub."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from fake_github import TOKEN, FakeGithub
from github_job import read_event, variables

from agentops.ci.event import GithubRun, read_run
from agentops.ci.github import Github
from agentops.ci.revert import Restore, Revert, propose_revert, read_restores, write_restores
from agentops.errors import AgentopsError, ForbiddenError, UsageError


class Repository:
    """A checkout with a bare remote beside it, as a job has them."""

    def __init__(self, folder: Path) -> None:
        self.remote, self.place = folder / "remote.git", folder / "work"
        self.place.mkdir()
        self.git("init", "--quiet", "--initial-branch=main", cwd=self.place)
        self.git("init", "--quiet", "--bare", str(self.remote))
        self.git("remote", "add", "origin", str(self.remote))
        self.commit("prompt.md", "Open Monday to Friday.\n")

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        done = subprocess.run(["git", *identity, *arguments], cwd=cwd or self.place, check=True, capture_output=True)
        return done.stdout.decode().strip()

    def commit(self, file: str, text: str) -> str:
        (self.place / file).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", f"Write {file}")
        self.git("push", "--quiet", "origin", "HEAD:main")
        return self.git("rev-parse", "HEAD")

    def merge(self, file: str, text: str) -> str:
        self.git("checkout", "--quiet", "-b", "change")
        (self.place / file).write_text(text)
        self.git("commit", "--quiet", "--all", "--message", "Change")
        self.git("checkout", "--quiet", "main")
        self.git("merge", "--quiet", "--no-ff", "--message", "Merge pull request #7", "change")
        self.git("push", "--quiet", "origin", "main")
        return self.git("rev-parse", "HEAD")

    def remote_text(self, branch: str, file: str) -> str:
        return self.git("show", f"{branch}:{file}", cwd=self.remote)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def job(repository: Repository) -> GithubRun:
    return read_run(variables("push", GITHUB_WORKSPACE=str(repository.place)), read_event("push"))


async def revert(github: Github, repository: Repository, sha: str) -> str:
    wanted = Revert(sha, "main", title="Revert", body="It was restored.")
    pull = await propose_revert(github, job(repository), wanted, dict(os.environ))
    assert pull.url
    return wanted.branch


async def test_a_commit_is_reverted_on_a_branch_and_proposed_once(
    github: Github, fake: FakeGithub, repository: Repository
) -> None:
    bad = repository.commit("prompt.md", "Never open.\n")
    repository.commit("other.md", "Something after it.\n")
    branch = await revert(github, repository, bad)
    assert repository.remote_text(branch, "prompt.md") == "Open Monday to Friday."
    assert repository.remote_text(branch, "other.md") == "Something after it."
    await revert(github, repository, bad)
    [pull] = fake.pulls.values()
    assert (pull["head"]["ref"], pull["base"]["ref"]) == (branch, "main")


async def test_a_merge_is_reverted_to_its_first_parent(github: Github, repository: Repository) -> None:
    bad = repository.merge("prompt.md", "Never open.\n")
    branch = await revert(github, repository, bad)
    assert repository.remote_text(branch, "prompt.md") == "Open Monday to Friday."


async def test_the_jobs_own_files_stay_what_they_are(github: Github, repository: Repository) -> None:
    bad = repository.commit("prompt.md", "Never open.\n")
    (repository.place / "report.html").write_text("a report")
    await revert(github, repository, bad)
    assert (repository.place / "prompt.md").read_text() == "Never open.\n"
    assert (repository.place / "report.html").exists()
    assert repository.git("worktree", "list").count("\n") == 0


@pytest.mark.slow
async def test_the_token_reaches_git_as_a_header_and_nothing_else(github: Github, repository: Repository) -> None:
    """A server that refuses everything: what git sent is what counts."""
    asked: list[str | None] = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers.get("Authorization"))
            self.send_error(404)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        repository.git("remote", "set-url", "origin", f"{address}/acme/voice.git")
        run = replace(job(repository), server_url=address)
        with pytest.raises(AgentopsError, match="git fetch failed") as refused:
            await propose_revert(github, run, Revert("3" * 40, "main", "Revert", ""), dict(os.environ))
        server.shutdown()
    expected = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
    assert asked[0] == f"basic {expected}"
    assert TOKEN not in str(refused.value)
    assert TOKEN not in (repository.place / ".git" / "config").read_text()


async def test_a_conflict_says_what_to_do_by_hand(github: Github, fake: FakeGithub, repository: Repository) -> None:
    bad = repository.commit("prompt.md", "Never open.\n")
    repository.commit("prompt.md", "Rewritten since.\n")
    with pytest.raises(AgentopsError, match="git revert failed") as refused:
        await revert(github, repository, bad)
    assert "by hand" in (refused.value.hint or "")
    assert not fake.pulls


async def test_a_repository_that_lets_no_workflow_open_pull_requests_is_explained(
    github: Github, fake: FakeGithub, repository: Repository
) -> None:
    fake.may_open_pulls = False
    bad = repository.commit("prompt.md", "Never open.\n")
    with pytest.raises(ForbiddenError) as refused:
        await revert(github, repository, bad)
    assert "Settings > Actions" in (refused.value.hint or "")


async def set_back(github: Github, repository: Repository, *restores: Restore) -> Revert:
    wanted = Revert(repository.git("rev-parse", "HEAD"), "main", "Set back", "It was restored.", restores)
    await propose_revert(github, job(repository), wanted, dict(os.environ))
    return wanted


async def test_the_files_of_the_agents_are_set_back_whatever_came_with_them(
    github: Github, fake: FakeGithub, repository: Repository
) -> None:
    """Two commits in one push: the bad one first, a harmless one at the head."""
    good = repository.git("rev-parse", "HEAD")
    repository.commit("prompt.md", "Never open.\n")
    repository.commit("other.md", "Something after it.\n")
    wanted = await set_back(github, repository, Restore("desk", good[:8], ("prompt.md",)))
    assert repository.remote_text(wanted.branch, "prompt.md") == "Open Monday to Friday."
    assert repository.remote_text(wanted.branch, "other.md") == "Something after it."
    [pull] = fake.pulls.values()
    assert "Write prompt.md" in pull["body"]
    assert "Write other.md" not in pull["body"]


async def test_a_file_that_was_renamed_comes_back_under_its_old_name(github: Github, repository: Repository) -> None:
    repository.commit("desk.yaml", "prompt: prompt.md\n")
    good = repository.git("rev-parse", "HEAD")
    repository.git("mv", "prompt.md", "words.md")
    repository.commit("desk.yaml", "prompt: words.md\n")
    wanted = await set_back(github, repository, Restore("desk", good, ("desk.yaml", "words.md")))
    files = repository.git("ls-tree", "--name-only", wanted.branch, cwd=repository.remote).split()
    assert files == ["desk.yaml", "prompt.md"]


async def test_a_shared_fragment_that_is_set_back_names_the_other_agents(
    github: Github, fake: FakeGithub, repository: Repository
) -> None:
    """Those that are set back as well are no surprise, and a fragment that stays as it is reaches nobody."""
    repository.commit("house.md", "Be brief.\n")
    good = repository.git("rev-parse", "HEAD")
    repository.commit("house.md", "Be long.\n")
    shared = {"house.md": ("sales", "billing"), "prompt.md": ("night",)}
    desk = Restore("desk", good, ("prompt.md", "house.md"), shared)
    await set_back(github, repository, desk, Restore("billing", good, ("house.md",), {"house.md": ("desk", "sales")}))
    [pull] = fake.pulls.values()
    assert "`house.md` is shared: setting it back changes `sales`, too" in pull["body"]
    assert "`billing`, too" not in pull["body"]
    assert "night" not in pull["body"]


async def test_an_agent_that_no_spec_describes_any_more_sets_nothing_back(
    github: Github, fake: FakeGithub, repository: Repository
) -> None:
    good = repository.git("rev-parse", "HEAD")
    repository.commit("prompt.md", "Never open.\n")
    await set_back(github, repository, Restore("desk", good, ("prompt.md",)), Restore("gone", good, ()))
    [pull] = fake.pulls.values()
    assert "`gone`: no spec describes it any more" in pull["body"]


@pytest.mark.parametrize("good", [None, "0" * 40])
async def test_where_no_good_commit_is_known_it_says_so(
    github: Github, fake: FakeGithub, repository: Repository, good: str | None
) -> None:
    with pytest.raises(AgentopsError, match="no commit is known that served well") as refused:
        await set_back(github, repository, Restore("desk", good, ("prompt.md",)))
    assert "deploy.label" in (refused.value.hint or "")
    assert not fake.pulls


def test_what_one_job_hands_to_another() -> None:
    shared = {"agents/_house.md": ("sales", "billing")}
    restores = (
        Restore("desk", "abc1234", ("agents/desk.yaml", "agents/_house.md"), shared),
        Restore("sales", None, ()),
    )
    assert read_restores(write_restores(restores)) == restores
    assert read_restores("") == ()
    with pytest.raises(UsageError):
        read_restores('{"key": 1}')
