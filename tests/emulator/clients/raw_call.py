"""A call with nothing but a WebSocket library: `raw_call.py URL INPUT.wav REPLY.wav`, the key in the address."""

import asyncio
import base64
import json
import sys
import wave

import websockets

CHUNK = 1920  # 40 ms of 24 kHz PCM16


async def main(url: str, spoken: str, reply: str) -> None:
    with wave.open(spoken, "rb") as file:
        pcm = file.readframes(file.getnframes())
    heard = bytearray()
    async with websockets.connect(url, max_size=None) as socket:
        assert json.loads(await socket.recv())["type"] == "session.created"
        for start in range(0, len(pcm), CHUNK):
            audio = base64.b64encode(pcm[start : start + CHUNK]).decode()
            await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
            await asyncio.sleep(0.04)
        await socket.send(json.dumps({"type": "input_audio_buffer.commit"}))
        while True:
            event = json.loads(await socket.recv())
            if event["type"] == "output_audio.delta":
                heard.extend(base64.b64decode(event["audio"]))
            elif event["type"] in ("agent_stop_talking", "session.closed"):
                break
    with wave.open(reply, "wb") as file:
        file.setparams((1, 2, 24000, 0, "NONE", ""))
        file.writeframes(bytes(heard))


asyncio.run(main(*sys.argv[1:]))
