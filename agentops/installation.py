"""How agentops was installed, and the advice when a package that it needs is missing or too old.

Loads nothing but the standard library: any package may be the one.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit

_DISTRIBUTION = "atoms-agentops"
_AT_LEAST = re.compile(r"(?P<name>[\w.-]+)>=(?P<version>[\d.]+)")


def is_of_installation(failure: ImportError) -> bool:
    """Whether what can't be imported is somebody else's; a module of our own that is missing is our defect."""
    return bool(failure.name) and str(failure.name).partition(".")[0] != "agentops"


def install_advice(failure: ImportError) -> tuple[str, str]:
    """What is wrong with the installation, and the command that mends it."""
    module = str(failure.name)
    if module.partition(".")[0] in sys.stdlib_module_names:
        return f"this Python was built without its module {module}", "install agentops with another Python"
    state = "is missing" if isinstance(failure, ModuleNotFoundError) else f"doesn't fit ({failure.msg})"
    what = f"the package {module} {state}; this installation of agentops is incomplete"
    return what, install_command(_extra_of(module))


def outdated_advice() -> tuple[str, str] | None:
    """What is wrong, and the command that mends it, where a package is older than this agentops needs; else None.

    A checkout says in its pyproject.toml what it needs now; what was true when it was installed may be out of date.
    """
    source, is_editable = _source()
    file = Path(source if source and is_editable else "no checkout", "pyproject.toml")
    try:
        required = tomllib.loads(file.read_text("utf-8"))["project"]["dependencies"]
    except (OSError, ValueError, KeyError):
        required = _required()
    for each in required:
        found = _AT_LEAST.fullmatch(each.replace(" ", ""))
        if found is None:
            continue
        try:
            present = metadata.version(found["name"])
        except metadata.PackageNotFoundError:
            present = ""
        if _numbers(present) < _numbers(found["version"]):
            state = f"is {present}, too old" if present else "is missing"
            return f"the package {found['name']} {state}: this agentops needs {each}", install_command(None)
    return None


def _numbers(version: str) -> tuple[int, ...]:
    """A version to compare by: its leading numbers."""
    return tuple(int(number) for number in re.findall(r"\d{1,9}", version)[:3])


def _required() -> list[str]:
    try:
        return metadata.requires(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return []


def install_command(extra: str | None) -> str:
    """What installs agentops again as it was installed, with `extra`. It can be pasted."""
    source, is_editable = _source()
    what = f"{source or _DISTRIBUTION}[{extra}]" if extra else source or _DISTRIBUTION
    return pip_install("--editable" if is_editable else "--upgrade", what)


def pip_install(*arguments: str) -> str:
    """The command that installs something beside this agentops, wherever that is."""
    python = shlex.quote(sys.executable)
    pip = f"{python} -m pip install" if importlib.util.find_spec("pip") else f"uv pip install --python {python}"
    return f"{pip} {shlex.join(arguments)}"


def _source() -> tuple[str | None, bool]:
    """The folder that agentops was installed from, and whether it runs in there; None for an index of packages, or
    where the folder is gone."""
    try:
        origin = json.loads(metadata.distribution(_DISTRIBUTION).read_text("direct_url.json") or "{}")
        is_editable = origin["dir_info"].get("editable", False)
    except (metadata.PackageNotFoundError, ValueError, KeyError):
        return None, False
    folder = unquote(urlsplit(origin["url"]).path)
    return (folder, is_editable) if Path(folder, "pyproject.toml").is_file() else (None, False)


def _extra_of(module: str) -> str | None:
    """The extra that brings the package of a module; None for what every installation has."""
    top = module.partition(".")[0].replace("_", "-")
    for each in _required():
        name, extra = re.match(r"[\w.-]+", each), re.search(r"extra == ['\"]([\w-]+)", each)
        if name and extra and name[0].replace("_", "-") == top:
            return extra[1]
    return None
