"""Specs on all cores: the same results in the same order, whatever happens to a fork.

Forks are made only in a process without other threads, so these run in processes of their own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agentops.spec.workers import in_parallel

SPECS = 320


def python(program: str, *arguments: str) -> str:
    command = [sys.executable, "-W", "error", "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_large_project_gives_the_same_with_forks_as_without(tmp_path: Path) -> None:
    agents = tmp_path / "agents"
    agents.mkdir()
    (tmp_path / "agentops.yaml").write_text("project: p\nenvironments: {local: {target: emulator}}\n")
    for n in range(SPECS):
        message = ("Hi", "Hello", "${{ vars.nobody }}", "${{ env('TOKEN') }}")[n % 4]
        hook = "url: 'https://x.example.com', method: GET, headers: {X: '${{ secrets.TOKEN }}'}"
        other = ("globalPrompt: {$clear: true}", f"preCallAPI: {{{hook}}}", "slmModel: gpt-4o")[n % 3]
        (agents / f"a{n:03}.yaml").write_text(f'name: A{n}\nconfig: {{firstMessage: "{message}", {other}}}\n')
    program = """
import sys, threading
from pathlib import Path
from agentops.document import CLEARED
from agentops.spec import load_project
def told(cache):
    project = load_project(Path(sys.argv[1]), environ={"TOKEN": "t-1"}, needs_secrets=True, cache=cache)
    config = [agent.config for agent in project.agents]
    assert any(each.get("globalPrompt") is CLEARED for each in config)
    hooks = [each["preCallAPI"]["headers"]["X"].reveal() for each in config if "preCallAPI" in each]
    return project.agents, hooks, project.diagnostics, [dict(agent.where) for agent in project.agents]
cache = Path(sys.argv[1]) / "cache"
forked = told(cache)
with_cache = told(cache)
waiting = threading.Event()
threading.Thread(target=waiting.wait).start()
here = told(None)
waiting.set()
assert forked == here and with_cache == here
print(len(here[0]), set(here[1]), len(here[2]))
"""
    # env() of what is a secret elsewhere is found when all have been read
    assert python(program, str(tmp_path)).strip() == f"{SPECS * 3 // 4} {{'t-1'}} {SPECS // 2}"


def test_forks_and_this_process_share_the_work_and_the_results_are_in_order() -> None:
    program = f"""
import os
from agentops.spec.workers import in_parallel
cores, here = len(os.sched_getaffinity(0)), os.getpid()
from_fork, to_here = os.pipe()
from_here, to_forks = os.pipe()
firsts = []
def work(path):
    if cores > 1 and not firsts:  # each waits until both have drawn something
        firsts.append(path)
        is_here = os.getpid() == here
        os.write(to_forks if is_here else to_here, b"." * cores)
        os.read(from_fork if is_here else from_here, 1)
    return path, os.getpid()
found = in_parallel(work, [str(n) for n in range({SPECS})])
assert [path for path, _ in found] == [str(n) for n in range({SPECS})]
workers = {{pid for _, pid in found}}
assert here in workers and min(cores, 2) <= len(workers) <= cores, (cores, workers)
"""
    python(program)


# How a fork that draws the first part ends before its results are here.
ENDS = {
    "killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "raises": "raise LookupError(path)",
    "can't be sent": "return lambda: None",
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_what_a_fork_has_not_done_is_done_here(end: str) -> None:
    program = f"""
import os, signal
from agentops.spec.workers import in_parallel
cores, here = len(os.sched_getaffinity(0)), os.getpid()
outlet, inlet = os.pipe()
firsts = []
def work(path):
    if os.getpid() != here:
        os.write(inlet, b".")
        {end}
    if cores > 1 and not firsts:
        firsts.append(path)
        os.read(outlet, 1)  # until a fork has drawn something
    return path
assert in_parallel(work, [str(n) for n in range({SPECS})]) == [str(n) for n in range({SPECS})]
try:
    os.waitpid(-1, 0)
except ChildProcessError:
    pass  # nothing is left behind
else:
    raise AssertionError
"""
    python(program)


def test_an_error_is_raised_here_and_no_fork_is_left() -> None:
    program = f"""
import os
from agentops.spec.workers import in_parallel
def work(path):
    raise LookupError(path)
try:
    in_parallel(work, [str(n) for n in range({SPECS})])
except LookupError:
    pass
else:
    raise AssertionError
try:
    os.waitpid(-1, 0)
except ChildProcessError:
    pass
else:
    raise AssertionError
"""
    python(program)


def test_a_small_project_is_read_here() -> None:
    assert in_parallel(str.upper, ["a", "b"]) == ["A", "B"]
