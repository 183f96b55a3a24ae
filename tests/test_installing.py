"""What a new machine gets: the Python that the Makefile picks, and packages that need no compiler."""

from __future__ import annotations

import os
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MACHINES = {  # what markers see there
    "linux-x86_64": {"sys_platform": "linux", "platform_machine": "x86_64"},
    "linux-aarch64": {"sys_platform": "linux", "platform_machine": "aarch64"},
    "macos-x86_64": {"sys_platform": "darwin", "platform_machine": "x86_64"},
    "macos-arm64": {"sys_platform": "darwin", "platform_machine": "arm64"},
    "windows-amd64": {"sys_platform": "win32", "platform_machine": "AMD64"},
    "windows-arm64": {"sys_platform": "win32", "platform_machine": "ARM64"},
}
# The wheels that pocketsphinx published, read off its index in November 2026; what has no wheel is compiled.
COMMON = {"linux-x86_64", "macos-x86_64", "macos-arm64", "windows-amd64"}
WHEELS = {
    "5.0.4": dict.fromkeys(("3.11", "3.12", "3.13"), COMMON),
    "5.1.1": {python: COMMON | {"linux-aarch64"} for python in ("3.11", "3.13")},
}


def recogniser(python: str, machine: str) -> str | None:
    """The version of pocketsphinx that an install of the speech extra takes there: the newest that its lines allow."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["speech"]
    environment = {"python_version": python, "python_full_version": f"{python}.0", **MACHINES[machine]}
    wanted = [
        line
        for line in map(Requirement, extras)
        if line.name == "pocketsphinx" and (line.marker is None or line.marker.evaluate(environment))
    ]
    allowed = [version for version in WHEELS if all(line.specifier.contains(version) for line in wanted)]
    return max(allowed, key=Version) if wanted else None


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("python", PYTHONS)
def test_the_speech_extra_hears_where_there_is_a_wheel_and_compiles_nowhere(python: str, machine: str) -> None:
    taken = recogniser(python, machine)
    has_wheel = any(machine in places.get(python, set()) for places in WHEELS.values())
    assert (taken is not None) is has_wheel
    assert taken is None or machine in WHEELS[taken][python]


def picked(tmp_path: Path, *pythons: str, stubs: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """What `make` would do on a machine with these Pythons, and with these names that nothing is behind."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("make", "sh", "test", "echo"):
        (folder / name).symlink_to(next(p for d in os.defpath.split(":") if (p := Path(d, name)).exists()))
    for name in pythons:
        answer = name.removeprefix("python") if name != "python3" else "3.10"
        script = f'#!/bin/sh\ncase "$2" in *version_info*) ;; *) echo {name} ;; esac\n# {answer}\n'
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    for name in stubs:
        (folder / name).write_text("#!/bin/sh\nexit 127\n")
        (folder / name).chmod(0o755)
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "Makefile").symlink_to(ROOT / "Makefile")
    return subprocess.run(
        ["make", "--dry-run", ".venv/.ready"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": str(folder)},
    )


def test_the_newest_python_that_is_there_is_taken(tmp_path: Path) -> None:
    assert "\npython3.13 -m venv .venv\n" in picked(tmp_path, "python3.11", "python3.12", "python3.13").stdout


def test_a_python_without_the_recogniser_is_taken_only_where_there_is_no_other(tmp_path: Path) -> None:
    assert "\npython3.11 -m venv .venv\n" in picked(tmp_path, "python3.11", "python3.14").stdout


def test_the_only_python_is_taken(tmp_path: Path) -> None:
    assert "\npython3.14 -m venv .venv\n" in picked(tmp_path, "python3.14").stdout


def test_a_version_managers_stub_is_no_python(tmp_path: Path) -> None:
    assert "\npython3.12 -m venv .venv\n" in picked(tmp_path, "python3.12", stubs=("python3.13",)).stdout


def test_without_a_python_make_says_what_to_install(tmp_path: Path) -> None:
    done = picked(tmp_path, "python3")
    first = done.stdout.partition("-m venv")[0]
    assert 'test -n ""' in first
    assert "agentops needs Python 3.11, 3.12, 3.13 or 3.14" in first
    assert "apt install python3" in first
