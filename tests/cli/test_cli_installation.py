"""An installation that lacks what it needs is told as that, with a command that mends it, and as no defect of ours."""

from __future__ import annotations

import json
import shlex
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from command_line import Agentops

from agentops.cli.app import run
from agentops.installation import install_advice, install_command, is_of_installation, outdated_advice


def test_a_package_that_is_not_there_is_named(
    project: Path, agentops: Agentops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(
        sys.modules, "agentops.emulator.server", raising=False
    )  # so that it is imported anew, now without uvicorn
    monkeypatch.setitem(sys.modules, "uvicorn", None)  # how Python itself marks what can't be imported
    ended = agentops("plan")
    assert ended.code == 1
    assert "error: the package uvicorn is missing" in ended.err
    command = shlex.split(ended.err.rpartition("next: ")[2])
    assert "install" in command
    assert sys.executable in command
    assert "defect" not in ended.err


@pytest.mark.parametrize(
    ("name", "stands_for_it", "told"),
    [
        ("typer", None, "the package typer is missing"),
        ("typer.core", ModuleType("typer.core"), "the package typer.core doesn't fit (cannot import name"),
    ],
)
def test_it_is_told_even_where_the_command_line_itself_can_not_be_loaded(
    name: str,
    stands_for_it: ModuleType | None,
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "agentops.cli.main", raising=False)
    monkeypatch.setitem(sys.modules, name, stands_for_it)
    assert run(["plan"]) == 1
    assert f"error: {told}" in capsys.readouterr().err


def test_a_package_that_is_too_old_is_no_defect_of_ours(
    project: Path, agentops: Agentops, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise AttributeError("module 'deepdiff' has no attribute 'DeepDiff'")

    monkeypatch.setattr("agentops.workflow.projects.read_project", fail)
    known = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "8.6.1" if name == "deepdiff" else known(name))
    ended = agentops("plan")
    assert ended.code == 1
    assert "the package deepdiff is 8.6.1, too old: this agentops needs deepdiff>=" in ended.err
    assert "install" in ended.err


def test_what_is_installed_for_these_tests_is_new_enough() -> None:
    assert outdated_advice() is None


@pytest.mark.parametrize(
    ("module", "extra"), [("numpy", "[speech]"), ("espeakng_loader.x", "[speech]"), ("phonenumbers", "[campaigns]")]
)
def test_what_an_extra_brings_is_installed_with_it(module: str, extra: str) -> None:
    _, command = install_advice(ModuleNotFoundError(f"No module named {module!r}", name=module))
    assert shlex.split(command)[-1].endswith(extra)


def test_without_a_checkout_the_published_package_is_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> Any:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", unknown)
    monkeypatch.setattr(metadata, "requires", unknown)
    _, command = install_advice(ModuleNotFoundError("no", name="httpx2"))
    assert command.endswith("install --upgrade atoms-agentops") or "uv pip install" in command


@pytest.mark.parametrize(
    ("origin", "installed"),
    [
        ({"url": "file://{root}", "dir_info": {"editable": True}}, "--editable '{root}[speech]'"),
        ({"url": "file://{root}", "dir_info": {}}, "--upgrade '{root}[speech]'"),
        ({"url": "file:///gone", "dir_info": {}}, "--upgrade 'atoms-agentops[speech]'"),
        ({"url": "https://index.example/x.whl", "archive_info": {}}, "--upgrade 'atoms-agentops[speech]'"),
        (None, "--upgrade 'atoms-agentops[speech]'"),
    ],
)
def test_an_extra_comes_from_where_agentops_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origin: Any, installed: str
) -> None:
    """From a checkout, as the README installs it, nothing is asked of an index that may not have it."""
    (tmp_path / "pyproject.toml").touch()
    written = json.dumps(origin).replace("{root}", str(tmp_path)) if origin else None
    monkeypatch.setattr(metadata, "distribution", lambda name: SimpleNamespace(read_text=lambda file: written))
    assert install_command("speech").endswith(f" {installed.replace('{root}', str(tmp_path))}")


def test_where_there_is_no_checkout_its_metadata_says_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an index of packages installs it, and with uv, which gives an environment no pip."""
    needed = ['numpy>=99 ; extra == "speech"', "typer", "gone-without-trace>=1.2"]

    def distribution(name: str) -> Any:
        if name == "atoms-agentops":
            return SimpleNamespace(read_text=lambda file: None)
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", distribution)
    monkeypatch.setattr(metadata, "requires", lambda name: needed)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    told, command = outdated_advice() or ("", "")
    assert told == "the package gone-without-trace is missing: this agentops needs gone-without-trace>=1.2"
    assert command == f"uv pip install --python {shlex.quote(sys.executable)} --upgrade atoms-agentops"


def test_what_python_lacks_and_what_we_lack_are_told_apart() -> None:
    assert "this Python" in install_advice(ModuleNotFoundError("no", name="_sqlite3"))[0]
    assert not is_of_installation(ModuleNotFoundError("no", name="agentops.gone"))
    assert not is_of_installation(ImportError("something raised by hand"))
