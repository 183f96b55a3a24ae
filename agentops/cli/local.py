"""The emulator of a project: the one that `agentops emulator` runs for it, else one of this command's own.

The data file's lock says whether one runs, the file `emulator.address` beside it where. Only `agentops emulator` writes
that: a command's own emulator ends with the command, so others wait for it instead of using it.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agentops.cli.talking import talk
from agentops.document import Generation
from agentops.emulator.options import EmulatorOptions
from agentops.errors import SpecError, UsageError
from agentops.files import write_file
from agentops.state import state_folder

if TYPE_CHECKING:
    from agentops.spec import Project

_LOOK_EVERY_S = 0.2
_TELL_AFTER_S = 2.0
CAMPAIGN_SPEED = 60.0  # a minute of a campaign on the embedded emulator takes a second
_WAIT_S = 600.0  # longer than the calls of most deploys


def data_file(root: Path) -> Path:
    """Where a project's emulator keeps its state."""
    return state_folder(root) / "emulator.db"


@contextmanager
def announced(root: Path, address: str) -> Iterator[None]:
    """Lets the project's other commands find the emulator at `address` while it runs."""
    path = _address_file(root)
    write_file(path, address + "\n", is_private=True)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


@asynccontextmanager
async def emulator_for(project: Project, generation: Generation | None) -> AsyncIterator[str | None]:
    """The address of the project's emulator, for environments that target it; None for all others."""
    if not project.environment.is_emulator or project.environment.base_url:
        yield None
        return
    # Start-up time: only environments on the emulator need its web server.
    from agentops.cli.behaviours import check_behaviours
    from agentops.emulator.behaviour.behaviours import BehaviourError
    from agentops.emulator.server import RunningEmulator, start
    from agentops.emulator.store.database import DataInUseError, EmulatorError

    options = EmulatorOptions(
        api=generation.value if generation else "v2",
        data=data_file(project.root),
        behaviours=tuple(sorted((project.root / "agents" / "behaviours").glob("*.yaml"))),
        campaign_speed=CAMPAIGN_SPEED,
    )

    async def found() -> RunningEmulator | str:
        began, is_told = time.monotonic(), False
        while True:
            try:
                running = start(options)
            except DataInUseError:
                if (address := running_at(project.root)) is not None:
                    return address
                waited_s = time.monotonic() - began
                if waited_s > _WAIT_S:
                    raise
                if waited_s > _TELL_AFTER_S and not is_told:
                    is_told = True
                    talk("waiting for another agentops command that uses this project's emulator (Ctrl-C gives up) ...")
                await asyncio.sleep(_LOOK_EVERY_S)
            else:
                _address_file(project.root).unlink(missing_ok=True)  # of one that was killed
                return running

    try:
        emulator = await found()
    except BehaviourError as failure:
        raise SpecError(check_behaviours(project.root)) from failure
    except EmulatorError as failure:
        raise UsageError(str(failure), hint=failure.hint) from failure
    if isinstance(emulator, str):
        talk(f"Emulator and its console: {emulator}")
        yield emulator
        return
    with emulator:
        talk(f"Emulator and its console, until this has ended: {emulator.base_url}")
        yield emulator.base_url


def running_at(root: Path) -> str | None:
    """Where `agentops emulator` serves this project now, if it does."""
    try:
        address = _address_file(root).read_text("utf-8").strip()
        parts = urlsplit(address)
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=1.0).close()
    except (OSError, ValueError):
        return None
    return address


def _address_file(root: Path) -> Path:
    return state_folder(root) / "emulator.address"
