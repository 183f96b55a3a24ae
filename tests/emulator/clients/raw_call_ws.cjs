// A call with the npm package "ws": `node raw_call_ws.cjs URL INPUT.wav REPLY.pcm`, the key in the address.
const { readFileSync, writeFileSync } = require("node:fs");
const WebSocket = require("ws");

const [url, spoken, reply] = process.argv.slice(2);
const CHUNK = 1920; // 40 ms of 24 kHz PCM16
const pcm = readFileSync(spoken).subarray(44);
const heard = [];
const socket = new WebSocket(url);
const send = (message) => socket.send(JSON.stringify(message));

function speak(start = 0) {
  if (start >= pcm.length) return send({ type: "input_audio_buffer.commit" });
  send({ type: "input_audio_buffer.append", audio: pcm.subarray(start, start + CHUNK).toString("base64") });
  setTimeout(speak, 40, start + CHUNK);
}

socket.on("message", (data) => {
  const event = JSON.parse(data.toString());
  if (event.type === "session.created") speak();
  if (event.type === "output_audio.delta") heard.push(Buffer.from(event.audio, "base64"));
  if (event.type === "agent_stop_talking") {
    writeFileSync(reply, Buffer.concat(heard));
    socket.close();
  }
});
socket.on("close", () => process.exit(heard.length ? 0 : 1));
