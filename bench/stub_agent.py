"""A server that only moves sound: it talks for two seconds, is silent for two, and reads whatever it is sent.

Run as a process of its own (`python -m bench.stub_agent`), so that what it costs is not charged to the caller's side.
The first line on stdout is its port.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import math
import sys
from array import array

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

RATE_HZ = 24_000
DELTA_MS = 40
TALK_MS = PAUSE_MS = 2_000


def _delta() -> str:
    wave = array("h", (round(8000 * math.sin(i / 9)) for i in range(RATE_HZ * DELTA_MS // 1000)))
    return json.dumps({"type": "output_audio.delta", "audio": base64.b64encode(wave.tobytes()).decode()})


DELTA = _delta()
CREATED = json.dumps(
    {"type": "session.created", "session_id": "s", "call_id": "", "sample_rate": RATE_HZ, "channels": 1}
)


async def _talk(socket: ServerConnection) -> None:
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        await socket.send('{"type":"agent_start_talking"}')
        for _ in range(TALK_MS // DELTA_MS):
            await socket.send(DELTA)
            due += DELTA_MS / 1000
            await asyncio.sleep(max(0.0, due - loop.time()))
        await socket.send('{"type":"agent_stop_talking"}')
        due += PAUSE_MS / 1000
        await asyncio.sleep(max(0.0, due - loop.time()))


async def _answer(socket: ServerConnection) -> None:
    await socket.send(CREATED)
    talking = asyncio.create_task(_talk(socket))
    with contextlib.suppress(ConnectionClosed):
        async for frame in socket:
            if '"session.close"' in frame[:40]:
                await socket.send('{"type":"session.closed","reason":"client_requested"}')
                break
    talking.cancel()
    await asyncio.gather(talking, return_exceptions=True)


async def _serve() -> None:
    async with serve(_answer, "127.0.0.1", 0, compression=None, max_queue=64) as server:
        sys.stdout.write(f"{next(iter(server.sockets)).getsockname()[1]}\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # until the parent goes away


if __name__ == "__main__":
    asyncio.run(_serve())
