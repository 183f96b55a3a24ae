"""agentops starts where the POSIX-only modules are not: on Windows, nothing may import one at the top of a module."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

# Third-party libraries and the standard library ask for some of these themselves, each with a way out.
IMPORT_ALL = """
import importlib, pkgutil, sys
absent = ("fcntl", "grp", "posix_ipc", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty")
for name in absent:
    sys.modules[name] = None  # importing it raises ImportError
import agentops
for module in pkgutil.walk_packages(agentops.__path__, "agentops."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
        print(module.name)
"""


def test_every_module_imports_without_the_posix_only_ones() -> None:
    ended = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert "agentops.apply.journal" in ended.stdout.split()
