// A call with Node's own WebSocket: `node raw_call.mjs URL INPUT.wav REPLY.pcm`, the key in the address.
import { readFileSync, writeFileSync } from "node:fs";

const [url, spoken, reply] = process.argv.slice(2);
const CHUNK = 1920; // 40 ms of 24 kHz PCM16
const pcm = readFileSync(spoken).subarray(44);
const heard = [];
const socket = new WebSocket(url);

async function speak() {
  for (let start = 0; start < pcm.length; start += CHUNK) {
    const audio = pcm.subarray(start, start + CHUNK).toString("base64");
    socket.send(JSON.stringify({ type: "input_audio_buffer.append", audio }));
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

socket.addEventListener("message", ({ data }) => {
  const event = JSON.parse(data);
  if (event.type === "session.created") speak();
  if (event.type === "output_audio.delta") heard.push(Buffer.from(event.audio, "base64"));
  if (event.type === "agent_stop_talking") {
    writeFileSync(reply, Buffer.concat(heard));
    socket.close();
  }
});
socket.addEventListener("close", () => process.exit(heard.length ? 0 : 1));
